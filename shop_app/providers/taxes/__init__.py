"""Tax engines: what the shop asks of a provider that knows the tax of every place.

Without one the shop's own tables hold. An engine is asked before an order's transaction begins, what it
says is written down, and only that is read inside; one that doesn't answer never keeps anyone from buying.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Place:
    """Where goods go, as far as it is known."""

    country: str
    region: str = ""
    postal_code: str = ""


@dataclass(frozen=True, slots=True)
class QuotedRate:
    label: str
    """As it stands on the order: "CA sales tax"."""
    rate_ppm: int
    """Parts per million: 72,500 is 7.25 %."""


class TaxEngine(Protocol):
    """A provider that knows tax rates. Called on a thread, with no transaction open."""

    name: str

    def rates(self, place: Place, tax_classes: Sequence[str]) -> Mapping[str, QuotedRate]:
        """The rate of each of these classes there; a class that it leaves out is the shop's own affair.

        Errors  ProviderDown when it doesn't answer in a usable way.
        """
        ...


ENGINE: Callable[[], TaxEngine] | None = None
"""Makes the engine that is asked."""


def use(make: Callable[[], TaxEngine] | None) -> None:
    """Ask the engine that `make` makes from now on, or none; the composition calls this."""
    global ENGINE
    ENGINE = make
    engine.cache_clear()


@lru_cache(maxsize=1)
def engine() -> TaxEngine | None:
    """The engine of this process, None where the shop's own tables are all there is."""
    return ENGINE() if ENGINE else None
