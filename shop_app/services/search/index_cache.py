"""Index caches: what this process has computed from the listing index, until that changes.

Everything here can be thrown away at any moment. A value that takes long to compute is renewed by what has
changed, where it can be; else in the background while the old one is served.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Generic, TypeVar
from weakref import WeakKeyDictionary

from sqlalchemy import Engine, select
from sqlmodel import Session

from ...core import clock, db, fact_cache
from ...models import ListingChange

log = logging.getLogger(__name__)
T = TypeVar("T")

LISTING = "listing"
"""The tag of what depends on which products there are, on their order or their counts."""
AT_ONCE_S = 0.05
"""A value that took less than this is renewed while the caller waits."""
REST = 20
"""A slower one is renewed again only after this many times its own duration."""
OLD_FOR = timedelta(seconds=1)
"""So long a view is kept that was made with an old value."""

WHOLE_FOR_SECONDS = 600
"""After this time a value that follows changes is computed from the beginning, in the background."""
CHANGED = "listing index changed"
"""In the info of a session that has changed the listing index: what it computes is nobody else's yet."""

_TOGETHER = 32
"""Changes that may be under way at once: on PostgreSQL a later one may be committed before an earlier."""
_NEWEST = select(ListingChange.stamp).order_by(ListingChange.id.desc()).limit(_TOGETHER)  # pyright: ignore


def stamp(session: Session) -> str:
    """The newest changes of the listing index: another text after each change, "" before the first."""
    return "".join(text[:4] for text in session.connection().execute(_NEWEST).scalars())


@dataclass(slots=True)
class _Value(Generic[T]):
    stamp: str
    value: T
    took_s: float
    made_at: float
    renewing: bool = False

    @property
    def age_s(self) -> float:
        return time.monotonic() - self.made_at

    @property
    def may_be_renewed(self) -> bool:
        return not self.renewing and self.age_s >= REST * self.took_s


class IndexCache(Generic[T]):
    """One value per database, built by `build` and valid while the stamp stays the same.

    What is made with it depends on `tag`.

    Building takes longer the larger the catalogue is: a server calls `warm` before its first request.
    `renew` makes the value of a session from an older one, or from a newer one that has all of it in it, in
    less time; it gives None where it can't.
    """

    def __init__(
        self,
        build: Callable[[Session], T],
        tag: str = LISTING,
        renew: Callable[[Session, T], T | None] | None = None,
    ) -> None:
        self._build, self._tag, self._renew_by_changes = build, tag, renew
        self._values: WeakKeyDictionary[Engine, _Value[T]] = WeakKeyDictionary()
        self._lock, self._first = threading.Lock(), threading.Lock()
        _all.append(self)

    def get(self, session: Session, at: str) -> T:
        """The value as of the stamp `at`, or an older one while a slow one is being renewed."""
        fact_cache.depends(self._tag)
        entry = self._value(session, at)
        if entry.stamp != at:
            fact_cache.until(clock.now() + OLD_FOR)
        return entry.value

    def _value(self, session: Session, at: str) -> _Value[T]:
        engine = session.connection().engine
        entry = self._values.get(engine)
        if entry is not None and entry.stamp == at:
            return entry
        if session.info.get(CHANGED):
            return self._own(session, at)
        if entry is None:
            return self._once(session, engine, at)
        if entry.took_s < AT_ONCE_S:
            return self._renew(session, engine, at)
        followed = self._followed(session, engine, at)
        if followed is None or followed.age_s > WHOLE_FOR_SECONDS:
            self._start_behind(engine)
        return followed or entry

    def _own(self, session: Session, at: str) -> _Value[T]:
        """The value with what this session has changed and not committed, kept for it alone."""
        kept: _Value[T] | None = session.info.get(self)
        if kept is None or kept.stamp != at:
            kept = session.info[self] = _Value(at, self._build(session), 0, time.monotonic())
        return kept

    def _followed(self, session: Session, engine: Engine, at: str) -> _Value[T] | None:
        """The value made from the one before by what has changed; None where it can't be."""
        if self._renew_by_changes is None:
            return None
        with self._lock:
            entry = self._values[engine]
            if entry.stamp == at:
                return entry
            value = self._renew_by_changes(session, entry.value)
            if value is None:
                return None
            # As old as the whole is, and as long in the making.
            fresh = _Value(at, value, entry.took_s, entry.made_at, entry.renewing)
            if value is not entry.value:
                self._values[engine] = fresh
            return fresh

    def _start_behind(self, engine: Engine) -> None:
        with self._lock:
            entry = self._values[engine]
            start = entry.may_be_renewed
            entry.renewing |= start
        if start:
            threading.Thread(
                target=self._renew_behind, args=(engine,), daemon=True, name="index-cache"
            ).start()

    def _once(self, session: Session, engine: Engine, at: str) -> _Value[T]:
        """Build the first value once; other threads that need it wait."""
        with self._first:
            return self._values.get(engine) or self._renew(session, engine, at)

    def _renew(self, session: Session, engine: Engine, at: str) -> _Value[T]:
        fresh = self._values[engine] = self._made(session, at)
        return fresh

    def _made(self, session: Session, at: str) -> _Value[T]:
        began = time.monotonic()
        value = self._build(session)
        return _Value(at, value, time.monotonic() - began, time.monotonic())

    def _renew_behind(self, engine: Engine) -> None:
        try:
            with db.reading(on=engine) as session:
                fresh = self._made(session, stamp(session))
            with self._lock:
                # What is being made from the value before is kept first, and replaced.
                self._values[engine] = fresh
        except Exception:
            log.exception("Renewing %s failed; the old value is still served", self._build.__name__)
            with self._lock:
                self._values[engine].renewing = False


_all: list[IndexCache] = []


def warm(session: Session) -> None:
    """Compute what isn't cached yet. Takes seconds with a large catalogue: call it on a thread."""
    at = stamp(session)
    for cache in _all:
        cache.get(session, at)
