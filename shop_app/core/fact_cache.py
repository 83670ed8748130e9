"""The fact cache: what was made from the database, kept until a fact changes what it depends on.

Whoever reads for a view says what it depends on: `depends("listing", product_tag(7))`, and `until` where the
clock changes it. Whoever changes that publishes `events.ShownChanged` with the same tags, and `deliver`
empties what has one of them before the commit is answered.

Facts are numbered as they are delivered. What began to be made before a fact that it depends on may have
seen the database from before, so it isn't kept, nor given to anybody who asked after the fact.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict, defaultdict
from collections.abc import Callable, Collection, Hashable, Iterable
from concurrent.futures import Future
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Generic, TypeVar
from weakref import WeakSet

V = TypeVar("V")

LONGEST_SECONDS = 60.0
"""So long an entry is kept at most: for units sold, which order lists and are no fact, and for whatever was
changed without the shop's own code."""
REMEMBERED = 50_000
"""The newest fact is remembered for so many tags."""
MOST_TAGS = 2_000
"""A fact with more tags empties everything: that takes less time."""
JOINS = 2
"""So often an asker waits for what others make, before it makes its own."""

# One lock for all caches: an entry that was made from an entry of another cache goes at the same moment.
_lock = threading.Lock()
_caches: WeakSet[FactCache[Any]] = WeakSet()


@dataclass(slots=True)
class _Facts:
    number: int = 0
    """Of the newest fact."""
    newest: OrderedDict[str, int] = field(default_factory=OrderedDict)
    """Of each tag, the number of its newest fact; the tags of the oldest ones are forgotten."""
    forgotten: int = 0
    """The newest number that may have been forgotten: what began before can't be judged any more."""

    def since(self, number: int, tags: Iterable[str]) -> bool:
        """Whether a fact with one of the tags came after that number."""
        return self.forgotten > number or any(self.newest.get(tag, 0) > number for tag in tags)


_facts = _Facts()


@dataclass(slots=True)
class _Making:
    """Something that is being made, and what it has said so far of what it depends on."""

    since: int
    """The newest fact when it began."""
    tags: set[str] = field(default_factory=set)
    until: float = 0.0
    is_kept: bool = True
    done: Future[_Entry | None] = field(default_factory=Future)

    def includes(self, entry: _Entry) -> None:
        self.tags |= entry.tags
        self.until = min(self.until, entry.until)
        self.is_kept &= entry.is_kept


@dataclass(frozen=True, slots=True)
class _Entry:
    value: Any
    tags: frozenset[str]
    until: float
    size: int
    is_kept: bool


_current: ContextVar[_Making | None] = ContextVar("making", default=None)


def product_tag(product_id: int) -> str:
    """The tag of all that is shown of a product: its texts, pictures, prices, stock and reviews."""
    return f"product:{product_id}"


def depends(*tags: str) -> None:
    """Say what is being made just now depends on these tags. Does nothing where it isn't for a cache."""
    if making := _current.get():
        making.tags.update(tags)


def until(moment: datetime) -> None:
    """Say that the clock changes at that moment what is being made just now."""
    if making := _current.get():
        making.until = min(making.until, moment.timestamp())


def dont_keep() -> None:
    """Say that what is being made just now is for who asks now alone."""
    if making := _current.get():
        making.is_kept = False


def number() -> int:
    """The number of the newest fact: what is read from now on has seen it, and all before it."""
    return _facts.number


def changed_since(number: int, tag: str) -> bool:
    """Whether a fact with this tag came after that number."""
    with _lock:
        return _facts.since(number, (tag,))


def deliver(tags: Collection[str]) -> None:
    """Empty what depends on one of these tags in every cache of this process; from any thread.

    Once it returns, nobody who asks gets anything from before the fact.
    """
    if len(tags) > MOST_TAGS:
        deliver_unknown()
        return
    with _lock:
        _facts.number += 1
        for tag in tags:
            _facts.newest[tag] = _facts.number
            _facts.newest.move_to_end(tag)
            for cache in _caches:
                cache._drop(tag)
        while len(_facts.newest) > REMEMBERED:
            _facts.forgotten = _facts.newest.popitem(last=False)[1]


def deliver_unknown() -> None:
    """Empty all caches: something has changed, and nobody says what."""
    with _lock:
        _facts.number += 1
        _facts.newest.clear()
        _facts.forgotten = _facts.number
        for cache in _caches:
            cache._clear()


class FactCache(Generic[V]):
    """Values by key, `most` of them at most; those that nobody asked for the longest go first.

    `size` says what a value takes up of `most`: bytes, or 1 for each.
    """

    def __init__(self, most: int, size: Callable[[V], int]) -> None:
        self._most, self._size = most, size
        self._entries: OrderedDict[Hashable, _Entry] = OrderedDict()
        self._keys: defaultdict[str, set[Hashable]] = defaultdict(set)
        """The entries of each tag."""
        self._makings: dict[Hashable, _Making] = {}
        self.size = 0
        with _lock:
            _caches.add(self)

    def __len__(self) -> int:
        return len(self._entries)

    def find(self, key: Hashable) -> V | None:
        """The value that is kept, None where there is none. Never waits, so the loop may call it."""
        with _lock:
            entry = self._kept(key)
        if entry is None:
            return None
        if making := _current.get():
            making.includes(entry)
        return entry.value

    def get(self, key: Hashable, make: Callable[[], V]) -> V:
        """The value that is kept, else what `make` returns: called once for all who ask meanwhile.

        `make` opens its session itself, so that it sees every fact from before. Waits, so never on the loop.

        Errors  what `make` raises, for its own caller alone: others who waited make theirs.
        """
        for attempt in range(JOINS + 1):
            with _lock:
                entry, making = self._kept(key), self._makings.get(key)
                if entry is None and (making is None or attempt == JOINS):
                    making = _Making(_facts.number, until=time.time() + LONGEST_SECONDS)
                    self._makings.setdefault(key, making)
                    break
            if entry is None and making is not None:
                entry = making.done.result()
            if entry is not None:
                if outer := _current.get():
                    outer.includes(entry)
                return entry.value
        return self._make(key, making, make)  # pyright: ignore[reportPossiblyUnboundVariable, reportArgumentType]

    def _make(self, key: Hashable, making: _Making, make: Callable[[], V]) -> V:
        outer, entry = _current.get(), None
        before = _current.set(making)
        try:
            value = make()
            _current.reset(before)
            entry = _Entry(value, frozenset(making.tags), making.until, self._size(value), making.is_kept)
            if outer:
                outer.includes(entry)
            return value
        finally:
            if _current.get() is making:
                _current.reset(before)
            with _lock:
                if self._makings.get(key) is making:
                    del self._makings[key]
                if entry and _facts.since(making.since, entry.tags):
                    entry = None
                if entry and entry.is_kept:
                    self._keep(key, entry)
            # Whoever asked before a fact that came meanwhile could have it, but who asked after could not.
            making.done.set_result(entry)

    # All below is called with the lock.

    def _kept(self, key: Hashable) -> _Entry | None:
        entry = self._entries.get(key)
        if entry is not None and entry.until <= time.time():
            self._remove(key)
            return None
        if entry is not None:
            self._entries.move_to_end(key)
        return entry

    def _keep(self, key: Hashable, entry: _Entry) -> None:
        if entry.size > self._most:
            return
        if key in self._entries:
            self._remove(key)
        self._entries[key] = entry
        self.size += entry.size
        for tag in entry.tags:
            self._keys[tag].add(key)
        while self.size > self._most:
            self._remove(next(iter(self._entries)))

    def _remove(self, key: Hashable) -> None:
        entry = self._entries.pop(key)
        self.size -= entry.size
        for tag in entry.tags:
            self._keys[tag].discard(key)
            if not self._keys[tag]:
                del self._keys[tag]

    def _drop(self, tag: str) -> None:
        for key in tuple(self._keys.get(tag, ())):
            self._remove(key)

    def _clear(self) -> None:
        self._entries.clear()
        self._keys.clear()
        self.size = 0
