"""The terms cache: tax rates, shipping methods and automatic promotions, for some seconds per database.

They are read for each view of a cart and hardly ever change. Whoever edits them publishes
`events.TermsChanged`, after which what was read before counts no more in this process; other processes
follow within `SECONDS`. Placing an order reads past the cache (`fresh`).
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

from ..core import fact_cache

T = TypeVar("T")

SECONDS = 5.0
MAX_DATABASES = 4
TAG = "terms"


class TermsCache(Generic[T]):
    """What `read` returns, cached for `SECONDS`."""

    def __init__(self, read: Callable[[Session], T]) -> None:
        self._read = read
        # With the newest fact that its session had seen.
        self._values: TTLCache[Engine, tuple[int, T]] = TTLCache(
            MAX_DATABASES, SECONDS, timer=lambda: monotonic()
        )
        self._lock = threading.Lock()

    def get(self, session: Session, *, fresh: bool = False) -> T:
        fact_cache.depends(TAG)
        engine = session.get_bind().engine
        with self._lock, suppress(KeyError):
            seen, value = self._values[engine]
            if not fresh and not fact_cache.changed_since(seen, TAG):
                return value
        seen = session.info.get("facts", fact_cache.number())
        value = self._read(session)
        with self._lock:
            self._values[engine] = seen, value
        return value


def clear_all() -> None:
    """Have everything read anew in this process: for who finds that another one has changed it."""
    fact_cache.deliver((TAG,))
