"""The counts of limits in this process: sliding windows for a bounded number of keys."""

from __future__ import annotations

import time
from math import floor

from cachetools import LRUCache
from limits.aio.storage import MemoryStorage

MAX_KEPT = 50_000
"""Keys that are counted at the same time; the one that was used longest ago is dropped first."""


class BoundedStorage(MemoryStorage):
    """Memory for `SlidingWindowCounterRateLimiter`, bounded, without a search of all keys at each hit."""

    def __init__(self) -> None:
        super().__init__()
        self._kept: LRUCache[str, tuple[int, int, int]] = LRUCache(MAX_KEPT)
        """Key -> the number of its window, and the hits in that one and in the one before."""

    async def acquire_sliding_window_entry(self, key: str, limit: int, expiry: int, amount: int = 1) -> bool:
        """Count `amount` hits where they fit below `limit`; True where they did."""
        at = time.time()
        window, current, before = self._counts(key, expiry, at)
        if floor(before * _rest(expiry, at) + current) + amount > limit:
            return False
        self._kept[key] = (window, current + amount, before)
        return True

    async def get_sliding_window(self, key: str, expiry: int) -> tuple[int, float, int, float]:
        """Hits of the window before and its seconds that count, of this one and its seconds."""
        at = time.time()
        _window, current, before = self._counts(key, expiry, at)
        rest_seconds = _rest(expiry, at) * expiry
        return before, rest_seconds, current, rest_seconds + expiry

    def _counts(self, key: str, expiry: int, at: float) -> tuple[int, int, int]:
        window = int(at // expiry)
        kept_window, current, before = self._kept.get(key, (window, 0, 0))
        if kept_window == window:
            return window, current, before
        return window, 0, current if kept_window == window - 1 else 0


def _rest(expiry: int, at: float) -> float:
    """The share of the window before that still counts."""
    return 1 - (at / expiry) % 1
