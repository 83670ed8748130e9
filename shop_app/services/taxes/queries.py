"""Taxes: which rate a class of goods has at a place on a day, by the shop's tables or an outside engine."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from datetime import date, timedelta

from sqlalchemy import and_, bindparam, select, text
from sqlmodel import Session, SQLModel

from ... import models  # noqa: F401
from ...core.clock import now
from ...providers.taxes import Place, QuotedRate, engine
from ..customers import addresses
from ..pricing.price_cart import Rate
from ..remembered import Remembered

log = logging.getLogger(__name__)

QUOTE_LASTS = timedelta(hours=1)
"""So long an engine isn't asked again for the same place; what it said last holds until it says otherwise."""
MAX_PPM = 1_000_000

_tax_rate = SQLModel.metadata.tables["tax_rate"]
_tax_class = SQLModel.metadata.tables["tax_class"]
_quote = SQLModel.metadata.tables["tax_quote"]

_ALL = select(
    _tax_rate.c.country, _tax_rate.c.region, _tax_rate.c.valid_from, _tax_rate.c.tax_class,
    _tax_rate.c.label, _tax_rate.c.rate_ppm,
).order_by(_tax_rate.c.valid_from)  # fmt: skip
_OF_COUNTRY = _ALL.where(_tax_rate.c.country == bindparam("country"))
_CLASSES = select(_tax_class.c.code).order_by(_tax_class.c.code)
_QUOTES = select(_quote.c.tax_class, _quote.c.label, _quote.c.rate_ppm, _quote.c.asked_at).where(
    and_(
        _quote.c.country == bindparam("country"),
        _quote.c.region == bindparam("region"),
        _quote.c.postal_code == bindparam("postal_code"),
    )
)
_KEEP = text("""
    INSERT INTO tax_quote (country, region, postal_code, tax_class, label, rate_ppm, asked_at)
    VALUES (:country, :region, :postal_code, :tax_class, :label, :rate_ppm, :asked_at)
    ON CONFLICT (country, region, postal_code, tax_class)
    DO UPDATE SET label = excluded.label, rate_ppm = excluded.rate_ppm, asked_at = excluded.asked_at
""").bindparams(bindparam("asked_at", type_=_quote.c.asked_at.type))


def _read(session: Session, country: str = "") -> dict[tuple[str, str], list[tuple[date, str, Rate]]]:
    """All rates, or those of one country; by country and region, the oldest first."""
    rates: dict[tuple[str, str], list[tuple[date, str, Rate]]] = {}
    of_country = {"country": country} if country else {}
    rows = session.connection().execute(_OF_COUNTRY if country else _ALL, of_country)
    for rate_country, region, valid_from, tax_class, label, ppm in rows:
        rates.setdefault((rate_country, region), []).append((valid_from, tax_class, Rate(label, ppm)))
    return rates


_rates = Remembered(_read)


def rates(session: Session, place: Place, on: date, *, fresh: bool = False) -> Mapping[str, Rate]:
    """The rate of each tax class, by the class's code; a region's own rate wins over its country's.

    Where an engine is there, what it said of the place wins over both.
    """
    country, region = place.country, place.region
    known = _read(session, country) if fresh else _rates.get(session)
    found: dict[str, Rate] = {}
    for where in ((country, ""), (country, region)) if region else ((country, ""),):
        for valid_from, tax_class, rate in known.get(where, ()):
            if valid_from <= on:
                found[tax_class] = rate
    if engine() is not None:
        for row in session.connection().execute(_QUOTES, _place(place)):
            found[row.tax_class] = Rate(row.label, row.rate_ppm)
    return found


def place_of(country: str, region: str, postal_code: str) -> Place:
    """The place as rates are kept for it; the postcode counts only where an engine knows more by it."""
    if engine() is None:
        return Place(country, region)
    return Place(country, region, addresses.normal_postcode(country, postal_code))


def to_ask(session: Session, place: Place) -> list[str]:
    """The tax classes that an engine has to be asked about for that place now; [] where it said lately."""
    quoted = session.connection().execute(_QUOTES, _place(place)).all()
    if quoted and all(now() - QUOTE_LASTS <= row.asked_at for row in quoted):
        return []
    return list(session.connection().execute(_CLASSES).scalars())


def keep_quotes(session: Session, place: Place, quoted: Mapping[str, QuotedRate]) -> None:
    """Write down what the engine said. A rate that can't be one is left out, and the log says so."""
    rows = []
    for tax_class, rate in sorted(quoted.items()):
        if not 0 <= rate.rate_ppm <= MAX_PPM:
            log.warning("The tax engine quoted %s ppm for %s in %s", rate.rate_ppm, tax_class, place.country)
            continue
        rows.append(
            _place(place)
            | {"tax_class": tax_class[:32], "label": rate.label[:100], "rate_ppm": rate.rate_ppm,
               "asked_at": now()}
        )  # fmt: skip
    if rows:
        session.connection().execute(_KEEP, rows)


def _place(place: Place) -> dict[str, str]:
    return {
        "country": place.country[:2], "region": place.region[:16], "postal_code": place.postal_code[:20],
    }  # fmt: skip
