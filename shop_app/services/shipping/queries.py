"""Shipping: the methods that a cart has to a country, their prices and days of arrival."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from functools import lru_cache

from sqlalchemy import select
from sqlmodel import Session

from ...core import working_days
from ...core.dates import from_to, weekday
from ...core.i18n import _
from ...core.money import round_half_up, step
from ...core.shop import shop
from ...models import MethodKind, ShippingMethod, ShippingRate, ZoneCountry, table_of
from ..terms_cache import TermsCache

_method = table_of(ShippingMethod)
_rate = table_of(ShippingRate)
_country = table_of(ZoneCountry)


@dataclass(frozen=True, slots=True)
class Method:
    """A shipping method as stored. `steps` are (up to grams, price), lightest first."""

    code: str
    kind: str
    label: str
    note: str
    price_minor: int
    free_above_minor: int | None
    min_days: int
    max_days: int
    position: int
    steps: tuple[tuple[int, int], ...] = ()

    @property
    def is_pick_up(self) -> bool:
        return self.kind == MethodKind.PICK_UP

    def price_for(self, goods_minor: int, weight_grams: int) -> int | None:
        """Its price; None where the goods are too heavy for it.

        Units   goods after discounts in minor units, weight in grams.
        """
        price: int | None = self.price_minor
        if self.kind == MethodKind.BY_WEIGHT:
            price = next((step for up_to, step in self.steps if weight_grams <= up_to), None)
        if price is None:
            return None
        free = self.free_above_minor is not None and goods_minor >= self.free_above_minor
        return 0 if free else price


@dataclass(frozen=True, slots=True)
class Quote:
    method: Method
    price_minor: int
    arrives_from: date
    arrives_until: date


_STEPS = select(_rate.c.method_id, _rate.c.up_to_grams, _rate.c.price_minor).order_by(_rate.c.up_to_grams)
_METHODS = select(
    _method.c.id,
    _method.c.zone_id,
    _method.c.code,
    _method.c.kind,
    _method.c.label,
    _method.c.note,
    _method.c.price_minor,
    _method.c.free_above_minor,
    _method.c.min_days,
    _method.c.max_days,
    _method.c.position,
).where(_method.c.active)
_COUNTRIES = select(_country.c.country, _country.c.zone_id)


def _read(session: Session) -> dict[str, tuple[Method, ...]]:
    """All methods by country, their prices on the currency's step: nothing else refuses another one."""
    connection, by = session.connection(), step(shop().currency)
    steps: dict[int, list[tuple[int, int]]] = {}
    for method_id, up_to_grams, price_minor in connection.execute(_STEPS):
        steps.setdefault(method_id, []).append((up_to_grams, round_half_up(price_minor, by)))
    zones: dict[int, list[Method]] = {}
    for method_id, zone_id, *columns in connection.execute(_METHODS):
        method = Method(*columns, steps=tuple(steps.get(method_id, ())))
        method = replace(method, price_minor=round_half_up(method.price_minor, by))
        zones.setdefault(zone_id, []).append(method)
    return {
        country: tuple(zones[zone_id])
        for country, zone_id in connection.execute(_COUNTRIES)
        if zone_id in zones
    }


_methods = TermsCache(_read)


def methods(session: Session, *, fresh: bool = False) -> Mapping[str, tuple[Method, ...]]:
    """The shipping methods of each country that the shop delivers to."""
    return _methods.get(session, fresh=fresh)


def quotes(
    session: Session, country: str, goods_minor: int, weight_grams: int, ordered: date, *, fresh: bool = False
) -> list[Quote]:
    """All methods to the country for these goods, ordered that day, in the shopkeeper's order; or []."""
    offered = []
    for method in methods(session, fresh=fresh).get(country, ()):
        price = method.price_for(goods_minor, weight_grams)
        if price is not None:
            first, last = arrival_range(ordered, method, country)
            offered.append(Quote(method, price, first, last))
    return sorted(offered, key=lambda quote: (quote.method.position, quote.price_minor, quote.method.code))


def cheapest(methods: tuple[Method, ...], goods_minor: int, weight_grams: int) -> tuple[Method, int] | None:
    """The cheapest delivery and its price; pick-up counts only where nothing is delivered."""
    priced = [(method, method.price_for(goods_minor, weight_grams)) for method in methods]
    ranked = sorted(
        (method.is_pick_up, price, method.position, method.code, method)
        for method, price in priced
        if price is not None
    )  # The code is unique: methods themselves are never compared.
    return (ranked[0][4], ranked[0][1]) if ranked else None


@lru_cache(maxsize=1024)
def arrival_range(ordered: date, method: Method, country: str) -> tuple[date, date]:
    """The first and the last day on which it arrives in the country.

    Counted in working days where the shop is, from the day after the order; a day that is none where it
    arrives makes it the next one there.
    """
    here = shop().country
    arrives_in = here if method.is_pick_up else country
    packed = (working_days.after(ordered, days, here) for days in (method.min_days, method.max_days))
    first, last = (working_days.this_or_next(day, arrives_in) for day in packed)
    return first, last


@lru_cache(maxsize=256)
def arrival_text(first: date, last: date, locale: str, *, pick_up: bool = False) -> str:
    """The range as people read it: "Wed 25 to Fri 27 November", "Tue 24 November"."""
    if pick_up:
        return _("From {day}").format(day=weekday(first, locale))
    return from_to(first, last, locale)
