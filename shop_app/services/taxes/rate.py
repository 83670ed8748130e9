"""A tax rate as prices are made with it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Rate:
    label: str
    ppm: int
    """Parts per million: 190,000 is 19 %."""


NO_TAX = Rate("", 0)

DELIVERY = "delivery"
"""The tax class whose rate, where a place has one, delivery is taxed at instead of as its goods."""
