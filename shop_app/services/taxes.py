"""Taxes: which rate a class of goods has in a country or region on a day."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from sqlalchemy import select
from sqlmodel import Session, SQLModel

from .. import models  # noqa: F401
from .pricing import Rate
from .remembered import Remembered

_tax_rate = SQLModel.metadata.tables["tax_rate"]

PRICES_INCLUDE_TAX = True
"""The catalogue's prices are what the shopper pays, in every country."""


_ALL = select(
    _tax_rate.c.country, _tax_rate.c.region, _tax_rate.c.valid_from, _tax_rate.c.tax_class,
    _tax_rate.c.label, _tax_rate.c.rate_ppm,
).order_by(_tax_rate.c.valid_from)  # fmt: skip


def _read(session: Session) -> dict[tuple[str, str], list[tuple[date, str, Rate]]]:
    rates: dict[tuple[str, str], list[tuple[date, str, Rate]]] = {}
    for country, region, valid_from, tax_class, label, ppm in session.connection().execute(_ALL):
        rates.setdefault((country, region), []).append((valid_from, tax_class, Rate(label, ppm)))
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
