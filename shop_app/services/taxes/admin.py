"""Taxes as staff see them: classes, and for each place what is charged now, before and later."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal

from sqlalchemy import func, select
from sqlmodel import Session

from ...core.access.principal import Principal
from ...core.clock import day_of, today
from ...core.dates import full_day
from ...core.i18n import _
from ...core.shop import shop
from ...models import Order, Product, TaxClass, TaxRate, UntaxedPlace, table_of
from ..customers import addresses
from . import base_rates
from .rate import DELIVERY

VIEW, EDIT = "settings.view", "settings.edit"

class_table = table_of(TaxClass)
rate_table = table_of(TaxRate)
untaxed_table = table_of(UntaxedPlace)
_order = table_of(Order)
_product = table_of(Product)


@dataclass(frozen=True, slots=True)
class ClassView:
    code: str
    label: str
    products: int = 0
    note: str = ""


@dataclass(frozen=True, slots=True)
class RateView:
    id: int
    tax_class: str
    class_label: str
    label: str
    percent: str
    """As it stands in a field: "25.5"."""
    since: str
    """The first day as people read it, "" for one that nobody needs to know."""
    phase: str
    """now, later or before."""
    can_change: bool
    version: int


@dataclass(frozen=True, slots=True)
class PlaceView:
    """A country, or a part of one, with its rates."""

    key: str = ""
    """The country's code, and behind a hyphen its region's."""
    name: str = ""
    charged: bool = True
    summary: str = ""
    """What is charged now, the class of most goods first."""
    rates: list[RateView] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class TaxesView:
    classes: list[ClassView] = field(default_factory=list)
    charged: list[PlaceView] = field(default_factory=list)
    """Where tax is charged, the shop's own country first."""
    others: list[PlaceView] = field(default_factory=list)
    """Where there are rates, and none is charged."""
    without: list[PlaceView] = field(default_factory=list)
    """Every country that has no rates."""
    missing: str = ""
    """Why the shop's own country is charged no tax; "" where it is."""


def taxes(session: Session, *, by: Principal) -> TaxesView:
    """The whole page, without the rates of each place.

    Errors  Forbidden.
    """
    by.need(VIEW)
    classes, home = _classes(session), shop().country
    places = [replace(place, rates=[]) for place in _places(session, classes)]
    charged = [place for place in places if place.charged]
    own = [place for place in charged if place.key.split("-")[0] == home]
    rest = [place for place in charged if place not in own]
    return TaxesView(
        classes=classes,
        charged=[*own, *rest],
        others=[place for place in places if not place.charged],
        without=_without({place.key.split("-")[0] for place in places}),
        missing="" if own else _missing(),
    )


def place(session: Session, key: str, *, by: Principal) -> PlaceView:
    """One place with all its rates; one without rates for a country that has none yet.

    Errors  Forbidden.
    """
    by.need(VIEW)
    known = {one.key: one for one in _places(session, _classes(session))}
    return known.get(key) or PlaceView(key, place_name(key), charged=key not in _untaxed(session))


def _without(known: set[str]) -> list[PlaceView]:
    countries = addresses.countries(shop().locale)
    return [PlaceView(code, name) for code, name in countries if code not in known]


def _missing() -> str:
    name = addresses.country_name(shop().country, shop().locale)
    return _("No tax is charged in {country}, where the shop is.").format(country=name)


def _classes(session: Session) -> list[ClassView]:
    counted = select(_product.c.tax_class, func.count()).group_by(_product.c.tax_class)
    counts = {row[0]: row[1] for row in session.connection().execute(counted)}
    first = {base_rates.STANDARD: 0, base_rates.REDUCED: 1, base_rates.ZERO: 2, DELIVERY: 9}
    rows = session.connection().execute(select(class_table.c.code, class_table.c.label)).all()
    note = _("Only where delivery has a rate of its own; elsewhere it is taxed as its goods.")
    return [
        ClassView(row.code, row.label, counts.get(row.code, 0), note if row.code == DELIVERY else "")
        for row in sorted(rows, key=lambda row: (first.get(row.code, 5), row.label))
    ]


def _places(session: Session, classes: list[ClassView]) -> list[PlaceView]:
    """Every place with rates, by name."""
    untaxed, labels = _untaxed(session), {one.code: one.label for one in classes}
    frozen = frozen_until(session)
    by_place: dict[str, list[TaxRate]] = {}
    statement = select(rate_table).order_by(rate_table.c.valid_from.desc(), rate_table.c.id)
    for row in session.connection().execute(statement).mappings():
        by_place.setdefault(place_key(row["country"], row["region"]), []).append(TaxRate(**row))
    places = []
    for key, rows in by_place.items():
        rates = _rates(rows, labels, list(labels), frozen)
        charged = key not in untaxed and key.split("-")[0] not in untaxed
        places.append(PlaceView(key, place_name(key), charged, _summary(rates), rates))
    return sorted(places, key=lambda one: one.name)


def _rates(
    rows: list[TaxRate], labels: dict[str, str], order: list[str], frozen: date | None
) -> list[RateView]:
    """Of each class first what is charged now, then what will be, then what was."""
    day, current = today(), set[str]()
    views = []
    for row in rows:
        begun = row.valid_from <= day
        phase = "later" if not begun else "before" if row.tax_class in current else "now"
        if begun:
            current.add(row.tax_class)
        views.append(_rate(row, labels.get(row.tax_class, row.tax_class), phase, frozen))
    phases = ("now", "later", "before")
    return sorted(views, key=lambda one: (order.index(one.tax_class), phases.index(one.phase)))


def _rate(row: TaxRate, class_label: str, phase: str, frozen: date | None) -> RateView:
    old = row.valid_from.year <= 2000
    return RateView(
        id=row.id or 0,
        tax_class=row.tax_class,
        class_label=class_label,
        label=row.label,
        percent=percent_text(row.rate_ppm),
        since="" if old else full_day(row.valid_from),
        phase=phase,
        can_change=frozen is None or row.valid_from > frozen,
        version=row.version,
    )


def _summary(rates: list[RateView]) -> str:
    now = [f"{rate.class_label} {rate.percent} %" for rate in rates if rate.phase == "now"]
    later = [
        _("{percent} % from {day}").format(percent=rate.percent, day=rate.since)
        for rate in rates
        if rate.phase == "later"
    ]
    return " · ".join([*now, *later])


def frozen_until(session: Session) -> date | None:
    """The last day that an order was placed on: rates that had begun by then stay. None without orders."""
    placed_at = session.connection().execute(select(func.max(_order.c.placed_at))).scalar()
    return None if placed_at is None else day_of(placed_at)


def _untaxed(session: Session) -> set[str]:
    rows = session.connection().execute(select(untaxed_table.c.country, untaxed_table.c.region))
    return {place_key(row.country, row.region) for row in rows}


def place_key(country: str, region: str) -> str:
    return f"{country}-{region}" if region else country


def place_name(key: str) -> str:
    country, _hyphen, region = key.partition("-")
    name = addresses.country_name(country, shop().locale)
    return f"{name}, {dict(addresses.regions(country)).get(region, region)}" if region else name


def percent_text(ppm: int) -> str:
    """A rate in percent as it stands in a field.

    >>> percent_text(190_000), percent_text(255_000), percent_text(0)
    ('19', '25.5', '0')
    """
    text = f"{Decimal(ppm) / 10_000:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
