"""The log of refused requests and events: one line a minute for each kind and address, with a count."""

from __future__ import annotations

import logging
import time

from cachetools import LRUCache

log = logging.getLogger(__name__)

WINDOW_SECONDS = 60.0
MAX_KEPT = 5_000
"""Kinds and addresses that are counted at the same time; the one that was used longest ago goes first."""

_counted: LRUCache[tuple[str, str], list[float]] = LRUCache(MAX_KEPT)
"""(kind, address) -> [when the window began, how often since the last line]."""


def note(kind: str, *, address: str, visitor: str = "", detail: str = "") -> None:
    """Log that something was refused.

    kind     such as "event refused", "limit", "look-up failed"
    address  where it came from, as `clients.client_address` returns it
    visitor  the hash of the visitor's key; its first eight digits are logged
    detail   what exactly, never a value that a client sent unless it is known to be harmless

    The first of a kind from an address is logged at once; those of the following minute are counted,
    and the count stands in the next line. So a flood is a line a minute for each address.
    """
    now = time.monotonic()
    key = (kind, address)
    window = _counted.setdefault(key, [0.0, 0.0])
    window[1] += 1
    if window[0] and now - window[0] < WINDOW_SECONDS:
        return
    count, window[0], window[1] = int(window[1]), now, 0.0
    log.warning(
        "Security: %s, from %s, visitor %s, %d time(s)%s",
        kind,
        address or "unknown",
        visitor[:8] or "none",
        count,
        f": {detail}" if detail else "",
    )


def forget() -> None:
    """Start counting anew: for tests."""
    _counted.clear()
