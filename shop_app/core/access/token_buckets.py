"""Token buckets: how much someone may do at once, and how much a second from then on, in this process.

For what is counted at every message and may wait. `rates` has the limits that refuse.
"""

from __future__ import annotations

import time

from cachetools import LRUCache

MAX_BUCKETS = 10_000
"""Names that one set counts at the same time; the one that was used longest ago is dropped first."""


class TokenBucket:
    """`burst` tokens at once, `rate` a second from then on."""

    __slots__ = ("burst", "filled_at", "left", "rate")

    def __init__(self, rate: float, burst: float) -> None:
        self.rate, self.burst = rate, burst
        self.left, self.filled_at = burst, time.monotonic()

    def take(self) -> bool:
        """Take one token; False where none is left."""
        self._fill()
        if self.left < 1:
            return False
        self.left -= 1
        return True

    def reserve(self) -> float:
        """Take one token even where none is left; the seconds until it is there."""
        self._fill()
        self.left -= 1
        return max(0.0, -self.left / self.rate)

    def give_back(self) -> None:
        """Put back one token that was taken and not used."""
        self.left += 1

    def _fill(self) -> None:
        now = time.monotonic()
        self.left = min(self.burst, self.left + (now - self.filled_at) * self.rate)
        self.filled_at = now


class TokenBuckets(LRUCache[str, TokenBucket]):
    """A bucket for each name, made full on first use; their number is bounded."""

    def __init__(self, rate: float, burst: float) -> None:
        super().__init__(MAX_BUCKETS)
        self._rate, self._burst = rate, burst

    def __missing__(self, name: str) -> TokenBucket:
        bucket = self[name] = TokenBucket(self._rate, self._burst)
        return bucket
