"""What `doctor` found out about one thing."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from ...core.clock import now

Mark = Literal["ok", "missing", "warns", "fails"]
CLOCKS_APART = timedelta(seconds=3)
"""So far clocks may differ: an answer takes its time, and some have whole seconds alone."""
SIGNATURES_FAIL = timedelta(minutes=4)
"""Webhooks whose signature is five minutes old are refused."""


@dataclass(frozen=True, slots=True)
class Finding:
    """`missing` marks what the shop can do without, `warns` what should be looked at, `fails` what it can't
    work with."""

    mark: Mark
    subject: str
    text: str


def beside_clock_of(name: str, theirs: datetime) -> Finding:
    """This machine's clock beside another one, which was read just now."""
    apart = abs(now() - theirs)
    if apart <= CLOCKS_APART:
        return Finding("ok", "clock", f"as {name}'s")
    return Finding(
        "fails" if apart >= SIGNATURES_FAIL else "warns",
        "clock",
        f"{apart.total_seconds():,.0f} s apart from {name}'s: set both by NTP (timedatectl set-ntp true)",
    )
