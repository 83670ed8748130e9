"""Delivery as staff see it: zones, their countries and ways of delivery, and what a shopper is offered."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import select
from sqlmodel import Session

from ...core import money
from ...core.access.principal import Principal
from ...core.clock import today
from ...core.i18n import _, plural
from ...core.shop import shop
from ...models import MethodKind, ShippingMethod, ShippingRate, ShippingZone, ZoneCountry, table_of
from ..customers import addresses
from . import queries, typed_method
from .typed_method import amount_text, weight_text

VIEW, EDIT = "settings.view", "settings.edit"

zone_table = table_of(ShippingZone)
country_table = table_of(ZoneCountry)
method_table = table_of(ShippingMethod)
rate_table = table_of(ShippingRate)


@dataclass(frozen=True, slots=True)
class StepView:
    """A step by weight, as it stands in its two fields."""

    weight: str = ""
    price: str = ""


@dataclass(frozen=True, slots=True)
class MethodView:
    """A way of delivery; `price` and `free_above` as they stand in a field, in the shop's currency."""

    id: int = 0
    zone_id: int = 0
    label: str = ""
    note: str = ""
    kind: str = MethodKind.FLAT.value
    price: str = ""
    free_above: str = ""
    min_days: str = "2"
    max_days: str = "4"
    active: bool = True
    version: int = 0
    summary: str = ""
    """Kind, price and days in one line."""
    is_first: bool = True
    is_last: bool = True
    steps: list[StepView] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class CountryView:
    code: str
    name: str


@dataclass(frozen=True, slots=True)
class ZoneView:
    id: int = 0
    name: str = ""
    version: int = 0
    countries: list[CountryView] = field(default_factory=list)
    countries_text: str = ""
    is_offered: bool = False
    """Whether one of its ways of delivery is switched on."""
    methods: list[MethodView] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class DeliveryView:
    currency: str = ""
    zones: list[ZoneView] = field(default_factory=list)
    countries: list[CountryView] = field(default_factory=list)
    """Every country, for choosing."""
    delivered: list[CountryView] = field(default_factory=list)
    """Those that something is delivered to."""
    missing: str = ""
    """What keeps the shop from delivering in its own country; "" for nothing."""


def delivery(session: Session, *, by: Principal) -> DeliveryView:
    """The whole page.

    Errors  Forbidden.
    """
    by.need(VIEW)
    locale = shop().locale
    methods = _methods(session)
    countries = _countries(session, locale)
    rows = session.connection().execute(
        select(zone_table.c.id, zone_table.c.name, zone_table.c.version).order_by(zone_table.c.id)
    )
    zones = [
        _zone(row.id, row.name, row.version, countries.get(row.id, []), methods.get(row.id, []))
        for row in rows
    ]
    offered = {one.code: one for zone in zones if zone.is_offered for one in zone.countries}
    return DeliveryView(
        currency=shop().currency,
        zones=zones,
        countries=[CountryView(code, name) for code, name in addresses.countries(locale)],
        delivered=sorted(offered.values(), key=lambda country: country.name),
        missing="" if shop().country in offered else _missing(locale),
    )


def _zone(
    zone_id: int, name: str, version: int, countries: list[CountryView], methods: list[MethodView]
) -> ZoneView:
    return ZoneView(
        zone_id,
        name,
        version,
        countries,
        _countries_text(countries),
        any(method.active for method in methods),
        methods,
    )


def _countries_text(countries: list[CountryView]) -> str:
    names = ", ".join(country.name for country in countries[:6])
    more = len(countries) - 6
    if more <= 0:
        return names or _("No country yet")
    return names + " " + plural("and {count} more", "and {count} more", more)


def _missing(locale: str) -> str:
    name = addresses.country_name(shop().country, locale)
    return _("Nothing is delivered in {country} yet, where the shop is.").format(country=name)


def _countries(session: Session, locale: str) -> dict[int, list[CountryView]]:
    """The countries of each zone, by name."""
    by_zone: dict[int, list[CountryView]] = {}
    for code, zone_id in session.connection().execute(
        select(country_table.c.country, country_table.c.zone_id)
    ):
        by_zone.setdefault(zone_id, []).append(CountryView(code, addresses.country_name(code, locale)))
    return {zone_id: sorted(these, key=lambda one: one.name) for zone_id, these in by_zone.items()}


def _methods(session: Session) -> dict[int, list[MethodView]]:
    """The ways of delivery of each zone, in their order."""
    steps = steps_of(session)
    by_zone: dict[int, list[Any]] = {}
    order = (method_table.c.position, method_table.c.id)
    for row in session.connection().execute(select(method_table).order_by(*order)).mappings():
        by_zone.setdefault(row["zone_id"], []).append(row)
    return {
        zone_id: [
            view_of(row, steps.get(row["id"], ()), is_first=at == 0, is_last=at == len(rows) - 1)
            for at, row in enumerate(rows)
        ]
        for zone_id, rows in by_zone.items()
    }


def steps_of(session: Session, method_id: int = 0) -> dict[int, typed_method.Steps]:
    """The steps by weight of each way of delivery, or of one."""
    statement = select(rate_table).order_by(rate_table.c.up_to_grams)
    if method_id:
        statement = statement.where(rate_table.c.method_id == method_id)
    steps: dict[int, typed_method.Steps] = {}
    for row in session.connection().execute(statement):
        steps[row.method_id] = (*steps.get(row.method_id, ()), (row.up_to_grams, row.price_minor))
    return steps


def view_of(
    row: Mapping[str, Any], steps: typed_method.Steps, *, is_first: bool = True, is_last: bool = True
) -> MethodView:
    """A row as it is shown and filled into a form."""
    return MethodView(
        id=row["id"],
        zone_id=row["zone_id"],
        label=row["label"],
        note=row["note"],
        kind=row["kind"],
        price=amount_text(row["price_minor"]),
        free_above=amount_text(row["free_above_minor"]),
        min_days=str(row["min_days"]),
        max_days=str(row["max_days"]),
        active=row["active"],
        version=row["version"],
        summary=_summary(row, steps),
        is_first=is_first,
        is_last=is_last,
        steps=[StepView(weight_text(grams), amount_text(price)) for grams, price in steps],
    )


def _summary(row: Mapping[str, Any], steps: typed_method.Steps) -> str:
    if row["kind"] == MethodKind.BY_WEIGHT and steps:
        prices = [price for _grams, price in steps]
        price = _("{from_price} to {to_price}, up to {weight} kg").format(
            from_price=shown(min(prices)), to_price=shown(max(prices)), weight=weight_text(steps[-1][0])
        )
    else:
        price = shown(row["price_minor"]) if row["price_minor"] else _("Free")
    parts = [typed_method.kinds()[row["kind"]], price]
    if row["free_above_minor"] is not None:
        parts.append(_("free from {amount}").format(amount=shown(row["free_above_minor"])))
    first, last = row["min_days"], row["max_days"]
    if first == last:
        parts.append(plural("{count} working day", "{count} working days", last))
    else:
        parts.append(_("{first} to {last} working days").format(first=first, last=last))
    return " · ".join(parts)


def shown(minor: int) -> str:
    return money.show(minor, shop().currency, shop().locale)


@dataclass(frozen=True, slots=True)
class OfferView:
    """One way of delivery as a shopper sees it."""

    label: str
    note: str
    price: str
    arrives: str


def offers(session: Session, country: str, goods: str, kilograms: str, *, by: Principal) -> list[OfferView]:
    """What a shopper in that country is offered for goods of that price and weight, typed as in a form.

    Errors  Forbidden; Invalid for a price or weight that can't be read.
    """
    by.need(VIEW)
    goods_minor = typed_method.amount(goods, "goods")
    grams = typed_method.grams(kilograms, "weight")
    locale = shop().locale
    return [
        OfferView(
            quote.method.label,
            quote.method.note,
            shown(quote.price_minor) if quote.price_minor else _("Free"),
            queries.arrival_text(
                quote.arrives_from, quote.arrives_until, locale, pick_up=quote.method.is_pick_up
            ),
        )
        for quote in queries.quotes(session, country, goods_minor, grams, today(), fresh=True)
    ]
