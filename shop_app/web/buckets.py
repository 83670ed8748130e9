"""Token buckets: how much somebody may do at once, and how much a second from then on."""

from __future__ import annotations

import time
from collections import OrderedDict

MOST_BUCKETS = 10_000
"""Somebodies that one set counts at the same time; who was silent longest is forgotten first."""


class Bucket:
    """A token bucket: `burst` at once, `rate` a second from then on."""

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

    def wait_seconds(self) -> float:
        """Take one token even where none is left; how long until it would have been there."""
        self._fill()
        self.left -= 1
        return max(0.0, -self.left / self.rate)

    def give_back(self) -> None:
        """Put one token back that was taken in vain."""
        self.left += 1

    def _fill(self) -> None:
        now = time.monotonic()
        self.left = min(self.burst, self.left + (now - self.filled_at) * self.rate)
        self.filled_at = now


class Buckets:
    """One bucket for each somebody, of a bounded number of them."""

    def __init__(self, rate: float, burst: float) -> None:
        self._rate, self._burst = rate, burst
        self._of: OrderedDict[str, Bucket] = OrderedDict()

    def of(self, somebody: str) -> Bucket:
        """Their bucket; a full one for who is new or long silent."""
        bucket = self._of.get(somebody)
        if bucket is None:
            bucket = self._of[somebody] = Bucket(self._rate, self._burst)
            if len(self._of) > MOST_BUCKETS:
                self._of.popitem(last=False)
        self._of.move_to_end(somebody)
        return bucket
