"""Tax engines: the Protocol of providers of tax rates, and the one that this process uses.

Without one the shop's own tables are used. An engine is called before an order's transaction begins, its
rates are stored, and only those are read inside; one that doesn't answer blocks no checkout.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Place:
    """Where goods go; region and postal code may be missing."""

    country: str
    region: str = ""
    postal_code: str = ""


@dataclass(frozen=True, slots=True)
class QuotedRate:
    label: str
    """The order shows it: "CA sales tax"."""
    rate_ppm: int
    """Parts per million: 72,500 is 7.25 %."""


class TaxEngine(Protocol):
    """A provider of tax rates. Called on a thread, with no transaction open."""

    name: str

    def rates(self, place: Place, tax_classes: Sequence[str]) -> Mapping[str, QuotedRate]:
        """The rate of each of these classes there; the shop's own tables have those that it leaves out.

        `delivery` among them is the tax on delivery; without it, delivery is taxed as its goods.

        Errors  ProviderDown when it doesn't answer in a usable way.
        """
        ...


ENGINE: Callable[[], TaxEngine] | None = None
"""Makes the engine of this process."""


def use(make: Callable[[], TaxEngine] | None) -> None:
    """Use the engine that `make` makes from now on, or none; `build` calls this."""
    global ENGINE
    ENGINE = make
    engine.cache_clear()


@lru_cache(maxsize=1)
def engine() -> TaxEngine | None:
    """The engine of this process, None where there is none."""
    return ENGINE() if ENGINE else None
