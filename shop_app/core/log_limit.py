"""Bounds how often one line is logged, and counts what was left out."""

from __future__ import annotations

import threading
from collections import OrderedDict

from .clock import now

WINDOW_SECONDS = 10.0
MOST_KEPT = 100
"""Lines that are counted at the same time; the one that was silent for longest goes first."""


class LogLimit:
    """Lets each line through once in WINDOW_SECONDS. From any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counted: OrderedDict[str, tuple[float, int]] = OrderedDict()
        """Line -> when it was last let through, and how often it came since."""

    def count_if_due(self, line: str) -> int:
        """How often the line came since it was last let through, this time included; 0 for not now."""
        with self._lock:
            moment = now().timestamp()
            logged_at, count = self._counted.pop(line, (0.0, 0))
            due = not 0 <= moment - logged_at < WINDOW_SECONDS
            self._counted[line] = (moment, 0) if due else (logged_at, count + 1)
            if len(self._counted) > MOST_KEPT:
                self._counted.popitem(last=False)
        return count + 1 if due else 0

    def forget(self) -> None:
        """Start counting anew: for tests."""
        with self._lock:
            self._counted.clear()
