"""Caches of what this process has computed from the listing index, until it changes.

Everything here can be thrown away at any moment. A fold that takes long is renewed in the background
while the old one still serves: for counts beside a facet a second doesn't matter.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar
from weakref import WeakKeyDictionary

from sqlalchemy import Engine, select
from sqlmodel import Session

from ...core.db import reading
from ...models import ListingChange

log = logging.getLogger(__name__)
T = TypeVar("T")

AT_ONCE_S = 0.05
"""A fold quicker than this is renewed while the caller waits."""
REST = 20
"""A longer one is renewed again only after so many times its own duration, however much changes."""

_NEWEST = select(ListingChange.stamp).order_by(ListingChange.id.desc()).limit(1)  # pyright: ignore


def stamp(session: Session) -> str:
    """A word that is another one after each change of the listing index."""
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
    """One fold for each database, built by `build` and kept while the stamp stays the same.

    The first one takes as long as the catalogue is large: a server has it made by `warm` before it
    answers anybody.
    """

    def __init__(self, build: Callable[[Session], T]) -> None:
        self._build = build
        self._values: WeakKeyDictionary[Engine, _Value[T]] = WeakKeyDictionary()
        self._lock, self._first = threading.Lock(), threading.Lock()
        _all.append(self)

    def get(self, session: Session, at: str) -> T:
        """The fold as of the stamp `at`, or an older one while a long fold is being renewed."""
        engine = session.connection().engine
        held = self._values.get(engine)
        if held is not None and held.stamp == at:
            return held.value
        if held is None:
            return self._once(session, engine, at)
        if held.took_s < AT_ONCE_S:
            return self._renew(session, engine, at).value
        with self._lock:
            start = held.may_be_renewed
            held.renewing |= start
        if start:
            threading.Thread(target=self._behind, args=(engine, held), daemon=True, name="kept").start()
        return held.value

    def _once(self, session: Session, engine: Engine, at: str) -> T:
        """Of many who come first, one builds it and the others wait for theirs."""
        with self._first:
            held = self._values.get(engine) or self._renew(session, engine, at)
        return held.value

    def _renew(self, session: Session, engine: Engine, at: str) -> _Value[T]:
        began = time.monotonic()
        value = self._build(session)
        fresh = _Value(at, value, time.monotonic() - began, time.monotonic())
        self._values[engine] = fresh
        return fresh

    def _behind(self, engine: Engine, held: _Value[T]) -> None:
        try:
            with reading(on=engine) as session:
                self._renew(session, engine, stamp(session))
        except Exception:
            log.exception("Renewing %s failed; the old one still serves", self._build.__name__)
            held.renewing = False


_all: list[IndexCache] = []


def warm(session: Session) -> None:
    """Have everything computed that isn't yet. Takes seconds with a large catalogue: call it on a thread."""
    at = stamp(session)
    for fold in _all:
        fold.get(session, at)
