"""The terms cache: tax rates, shipping methods and automatic promotions, for some seconds per database.

They are read for each view of a cart and hardly ever change. Whoever edits them publishes
`events.TermsChanged`, which clears the caches of this process at once; other processes follow within
`SECONDS`. Placing an order reads past the cache (`fresh`).
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import suppress
from time import monotonic
from typing import Generic, TypeVar

from cachetools import TTLCache
from sqlalchemy import Engine
from sqlmodel import Session

from ..core import events

T = TypeVar("T")

SECONDS = 5.0
MAX_DATABASES = 4

_all: list[TermsCache] = []


class TermsCache(Generic[T]):
    """What `read` returns, cached for `SECONDS`."""

    def __init__(self, read: Callable[[Session], T]) -> None:
        self._read = read
        self._values: TTLCache[Engine, T] = TTLCache(MAX_DATABASES, SECONDS, timer=lambda: monotonic())
        self._lock = threading.Lock()
        _all.append(self)

    def get(self, session: Session, *, fresh: bool = False) -> T:
        engine = session.get_bind().engine
        with self._lock, suppress(KeyError):
            if not fresh:
                return self._values[engine]
        value = self._read(session)
        with self._lock:
            self._values[engine] = value
        return value

    def clear(self) -> None:
        with self._lock:
            self._values.clear()


def clear_all(_event: object = None) -> None:
    for cache in _all:
        cache.clear()


events.subscribe(events.TermsChanged, clear_all)
