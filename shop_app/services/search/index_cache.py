"""Index caches: what this process has computed from the listing index, until that changes.

Everything here can be thrown away at any moment. A value that takes long to compute is renewed in the
background while the old one is served: counts beside a facet may be a second old.
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

_NEWEST = select(ListingChange.stamp).order_by(ListingChange.id.desc()).limit(1)  # pyright: ignore


def stamp(session: Session) -> str:
    """The newest change of the listing index: another text after each change, "" before the first."""
    return session.connection().execute(_NEWEST).scalar() or ""


@dataclass(slots=True)
class _Value(Generic[T]):
    stamp: str
    value: T
    took_s: float
    made_at: float
    renewing: bool = False

    @property
    def may_be_renewed(self) -> bool:
        return not self.renewing and time.monotonic() - self.made_at >= REST * self.took_s


class IndexCache(Generic[T]):
    """One value per database, built by `build` and valid while the stamp stays the same.

    What is made with it depends on `tag`.

    Building takes longer the larger the catalogue is: a server calls `warm` before its first request.
    """

    def __init__(self, build: Callable[[Session], T], tag: str = LISTING) -> None:
        self._build, self._tag = build, tag
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
        if entry is None:
            return self._once(session, engine, at)
        if entry.took_s < AT_ONCE_S:
            return self._renew(session, engine, at)
        with self._lock:
            start = entry.may_be_renewed
            entry.renewing |= start
        if start:
            threading.Thread(
                target=self._renew_behind, args=(engine, entry), daemon=True, name="index-cache"
            ).start()
        return entry

    def _once(self, session: Session, engine: Engine, at: str) -> _Value[T]:
        """Build the first value once; other threads that need it wait."""
        with self._first:
            return self._values.get(engine) or self._renew(session, engine, at)

    def _renew(self, session: Session, engine: Engine, at: str) -> _Value[T]:
        began = time.monotonic()
        value = self._build(session)
        fresh = _Value(at, value, time.monotonic() - began, time.monotonic())
        self._values[engine] = fresh
        return fresh

    def _renew_behind(self, engine: Engine, entry: _Value[T]) -> None:
        try:
            with db.reading(on=engine) as session:
                self._renew(session, engine, stamp(session))
        except Exception:
            log.exception("Renewing %s failed; the old value is still served", self._build.__name__)
            entry.renewing = False


_all: list[IndexCache] = []


def warm(session: Session) -> None:
    """Compute what isn't cached yet. Takes seconds with a large catalogue: call it on a thread."""
    at = stamp(session)
    for cache in _all:
        cache.get(session, at)
