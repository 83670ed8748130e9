"""Taxes: which rate a class of goods has in a country or region on a day."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from sqlmodel import Session, SQLModel, select

from ..models import TaxRate
from .pricing import Rate
from .remembered import Remembered

PRICES_INCLUDE_TAX = True
"""The catalogue's prices are what the shopper pays, in every country."""


def _read(session: Session) -> dict[tuple[str, str], list[tuple[date, str, Rate]]]:
    rates: dict[tuple[str, str], list[tuple[date, str, Rate]]] = {}
    for row in session.exec(select(TaxRate).order_by(SQLModel.metadata.tables["tax_rate"].c.valid_from)):
        entry = (row.valid_from, row.tax_class, Rate(row.label, row.rate_ppm))
        rates.setdefault((row.country, row.region), []).append(entry)
    return rates


_rates = Remembered(_read)


def rates(
    session: Session, country: str, region: str, on: date, *, fresh: bool = False
) -> Mapping[str, Rate]:
    """The rate of each tax class, by the class's code; a region's own rate wins over its country's."""
    known = _rates.get(session, fresh=fresh)
    found: dict[str, Rate] = {}
    for where in ((country, ""), (country, region)) if region else ((country, ""),):
        for valid_from, tax_class, rate in known.get(where, ()):
            if valid_from <= on:
                found[tax_class] = rate
    return found
