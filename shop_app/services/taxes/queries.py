"""Taxes: the rate of a tax class at a place on a day, from the shop's tables or an outside engine."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta

from sqlalchemy import and_, bindparam, select
from sqlmodel import Session

from ...core.clock import now
from ...models import TaxClass, TaxQuote, TaxRate, UntaxedPlace, table_of
from ...providers.taxes import Place, engine
from ..customers import postcodes
from ..terms_cache import TermsCache
from .rate import Rate

QUOTE_LASTS = timedelta(hours=1)
"""The engine isn't called again for a place so soon; its last quote is used however old it is."""

_tax_rate = table_of(TaxRate)
_tax_class = table_of(TaxClass)
_quote = table_of(TaxQuote)
_untaxed = table_of(UntaxedPlace)

_ALL = select(
    _tax_rate.c.country,
    _tax_rate.c.region,
    _tax_rate.c.valid_from,
    _tax_rate.c.tax_class,
    _tax_rate.c.label,
    _tax_rate.c.rate_ppm,
).order_by(_tax_rate.c.valid_from)
_UNTAXED = select(_untaxed.c.country, _untaxed.c.region)
_OF_COUNTRY = _ALL.where(_tax_rate.c.country == bindparam("country"))
_CLASSES = select(_tax_class.c.code).order_by(_tax_class.c.code)
_QUOTES = select(_quote.c.tax_class, _quote.c.label, _quote.c.rate_ppm, _quote.c.asked_at).where(
    and_(
        _quote.c.country == bindparam("country"),
        _quote.c.region == bindparam("region"),
        _quote.c.postal_code == bindparam("postal_code"),
    )
)


def _read(session: Session, country: str = "") -> dict[tuple[str, str], list[tuple[date, str, Rate]]]:
    """All rates, or those of one country; by country and region, the oldest first.

    Without those of places where the shop charges no tax.
    """
    untaxed = {(row.country, row.region) for row in session.connection().execute(_UNTAXED)}
    rates: dict[tuple[str, str], list[tuple[date, str, Rate]]] = {}
    of_country = {"country": country} if country else {}
    rows = session.connection().execute(_OF_COUNTRY if country else _ALL, of_country)
    for rate_country, region, valid_from, tax_class, label, ppm in rows:
        if untaxed & {(rate_country, ""), (rate_country, region)}:
            continue
        rates.setdefault((rate_country, region), []).append((valid_from, tax_class, Rate(label, ppm)))
    return rates


_rates = TermsCache(_read)


def rates(session: Session, place: Place, on: date, *, fresh: bool = False) -> Mapping[str, Rate]:
    """The rate of each tax class, by the class's code; a region's own rate wins over its country's.

    With an outside engine, its quotes for the place win over both.
    """
    country, region = place.country, place.region
    rate_rows = _read(session, country) if fresh else _rates.get(session)
    rates_by_class: dict[str, Rate] = {}
    for where in ((country, ""), (country, region)) if region else ((country, ""),):
        for valid_from, tax_class, rate in rate_rows.get(where, ()):
            if valid_from <= on:
                rates_by_class[tax_class] = rate
    if engine() is not None:
        for row in session.connection().execute(_QUOTES, place_values(place)):
            rates_by_class[row.tax_class] = Rate(row.label, row.rate_ppm)
    return rates_by_class


def place_of(country: str, region: str, postal_code: str) -> Place:
    """The place by which rates are stored; with the postcode only for an outside engine."""
    if engine() is None:
        return Place(country, region)
    return Place(country, region, postcodes.normal(country, postal_code))


def to_ask(session: Session, place: Place) -> list[str]:
    """The tax classes to get quotes for at that place; [] where the last ones are new enough."""
    quoted = session.connection().execute(_QUOTES, place_values(place)).all()
    if quoted and all(now() - QUOTE_LASTS <= row.asked_at for row in quoted):
        return []
    return list(session.connection().execute(_CLASSES).scalars())


def place_values(place: Place) -> dict[str, str]:
    """The place as parameters of a statement."""
    return {
        "country": place.country[:2],
        "region": place.region[:16],
        "postal_code": place.postal_code[:20],
    }
