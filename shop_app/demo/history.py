"""Two years of orders: seasons, growth and every way an order can end, with frozen copies that add up.

An order is priced by the same function as a real one. What happened to it is decided first (`Fate`),
then written as far as it has happened by now.
"""

from __future__ import annotations

import hmac
import math
from bisect import bisect
from collections import Counter
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import accumulate
from random import Random

from sqlmodel import Session, select

from .. import models as m
from ..core import clock
from ..core.settings import settings
from ..core.shop import shop
from ..services.pricing.price_cart import Shipping, price_cart
from ..services.promotions.discounts import Item, Offer
from ..services.shipping import queries as shipping_queries
from ..services.taxes import queries as taxes_queries
from ..services.taxes.rate import Rate
from . import people
from .bulk import Bulk
from .catalogue import DAYS, SHOPPER, Goods
from .people import Person
from .stock_ledger import StockLedger
from .written_order import Happened, write_order

FIRST_NUMBER = 1001
MONTHS = (0.80, 0.85, 0.95, 1.0, 1.0, 0.9, 0.8, 0.85, 1.0, 1.1, 1.45, 1.9)
WEEKDAYS = (1.05, 1.0, 1.0, 0.98, 0.9, 0.88, 1.22)
HOURS = (1, 1, 0, 0, 0, 1, 2, 4, 5, 6, 6, 6, 7, 6, 5, 5, 6, 7, 9, 11, 12, 11, 7, 3)
SEASONS = {
    "lighting": (1.4, 1.2, 1, 0.9, 0.8, 0.7, 0.7, 0.8, 1, 1.3, 1.5, 1.5),
    "vases-planters": (0.8, 0.9, 1.4, 1.7, 1.7, 1.3, 1, 0.9, 0.9, 0.9, 0.9, 1),
    "table": (0.9, 0.9, 1, 1, 1, 1, 1, 1, 1, 1, 1.3, 1.5),
    "decor": (0.8, 0.8, 0.9, 1, 0.9, 0.9, 0.9, 0.9, 1, 1.2, 1.5, 1.8),
    "furniture": (1.3, 1.1, 1, 1, 1, 1, 0.9, 1, 1.3, 1.1, 1, 0.7),
}
OUTCOMES = {"normal": 93.6, "expired": 1.9, "cancelled": 1.8, "returned": 1.2, "partly_refunded": 1.5}


@dataclass(frozen=True, slots=True)
class Terms:
    """What every order of the history is priced with."""

    on: date
    rates: dict[tuple[str, str], dict[str, Rate]]
    methods: dict[str, tuple[shipping_queries.Method, ...]]
    promotion_ids: dict[str, int]


def load(
    session: Session,
    bulk: Bulk,
    rng: Random,
    now: datetime,
    goods: list[Goods],
    promotion_ids: dict[str, int],
) -> dict[int, int]:
    """Write the orders and the stock that they leave; returns units sold by product id.

    `Goods.sold` counts only what was sold before today, so that what is built on it doesn't depend on
    the hour.
    """
    today = clock.start_of(clock.day_of(now))
    terms = Terms(clock.day_of(now), {}, dict(shipping_queries.methods(session, fresh=True)), promotion_ids)
    everyone = [_shopper(session, rng, today), *people.invent(bulk, rng, today, 1500, DAYS)]
    ledger, market = StockLedger(bulk, rng, today), _Market(goods, rng)
    secret, number, sold = (
        settings().signing_key,
        FIRST_NUMBER - 1,
        dict.fromkeys((g.product_id for g in goods), 0),
    )
    uses: dict[str, int] = {}
    for day in range(DAYS, -1, -1):
        midnight = clock.start_of(terms.on - timedelta(days=day))
        moments = sorted(_moment(midnight, rng) for _ in range(_how_many(day, midnight, rng)))
        crowd = _Crowd([person for person in everyone if person.since < midnight] or everyone[:1])
        for at in moments:
            # Decided in full before the hour is looked at, so that earlier orders are the same all day.
            order = _order(session, rng, at, market.basket(rng, at), crowd.somebody(rng), terms)
            if order is None or at >= now:
                continue
            number += 1
            token = hmac.digest(secret.encode(), f"demo order {number}".encode(), "sha256").hex()[:40]
            is_sold = write_order(bulk, ledger, order, number, token, now, promotion_ids, uses)
            order.person.orders += 1
            for item, quantity, _price, _compare in order.basket if is_sold else ():
                sold[item.product_id] += quantity
                item.sold += quantity if day else 0
    ledger.write(goods, now)
    bulk.add(m.Counter, name="order", value=number)
    _count_uses(bulk, uses, promotion_ids)
    return sold


def _shopper(session: Session, rng: Random, today: datetime) -> Person:
    email, _password, name = SHOPPER
    customer = session.exec(select(m.Customer).where(m.Customer.email == email)).first()
    # In production mode there is no such login.
    return people.demo_shopper(
        rng, customer.id if customer else None, email, name, today - timedelta(days=400)
    )


def _how_many(day: int, midnight: datetime, rng: Random) -> int:
    growth, on = 3.1 + 5.2 * (DAYS - day) / DAYS, clock.day_of(midnight)
    month = MONTHS[on.month - 1]
    if on.month == 11 and on.day < 20:
        month = 1.2
    if on.month == 12 and on.day > 21:
        month = 0.6
    return _poisson(growth * month * WEEKDAYS[on.weekday()], rng)


def _poisson(mean: float, rng: Random) -> int:
    limit, product, count = math.exp(-mean), rng.random(), 0
    while product > limit:
        product *= rng.random()
        count += 1
    return count


def _moment(midnight: datetime, rng: Random) -> datetime:
    hour = rng.choices(range(24), HOURS)[0]
    return midnight + timedelta(hours=hour, minutes=rng.randint(0, 59), seconds=rng.randint(0, 59))


class _Crowd:
    """Those who may order on a day, the eager ones more often."""

    def __init__(self, persons: list[Person]) -> None:
        self._persons = persons
        self._upto = list(accumulate(person.eagerness for person in persons))

    def somebody(self, rng: Random) -> Person:
        return self._persons[bisect(self._upto, rng.random() * self._upto[-1])]


class _Market:
    """The demand for each variant in each month."""

    def __init__(self, goods: list[Goods], rng: Random) -> None:
        self._goods = goods
        variants = Counter(item.product_id for item in goods)
        weights: dict[int, float] = {}
        base = []
        for item in goods:
            if item.product_id not in weights:
                liked = math.exp(rng.gauss(0, 0.5)) * (5000 / item.price_minor) ** 0.35
                weights[item.product_id] = liked / math.sqrt(variants[item.product_id])
            base.append(weights[item.product_id] * rng.uniform(0.35, 1))
        self._upto = [
            list(
                accumulate(
                    weight * SEASONS.get(item.category, (1,) * 12)[month]
                    for item, weight in zip(goods, base, strict=True)
                )
            )
            for month in range(12)
        ]

    def basket(self, rng: Random, at: datetime) -> list[tuple[Goods, int, int, int | None]]:
        """(variant, units, unit price then, compare-at price then), each variant once; [] if too new."""
        upto = self._upto[at.month - 1]
        lines: dict[str, tuple[Goods, int, int, int | None]] = {}
        for _ in range(rng.choices((1, 2, 3, 4), (58, 27, 11, 4))[0]):
            item = self._goods[bisect(upto, rng.random() * upto[-1])]
            units = rng.choices((1, 2, 3, 4, 6), (30, 30, 6, 22, 12))[0] if item.price_minor < 3000 else 1
            if item.price_minor >= 3000 and rng.random() < 0.1:
                units = 2
            if item.published_at <= at:
                price = item.price_minor if at >= item.changed_at else item.old_price_minor
                compare = item.compare_at_minor if price == item.price_minor else None
                lines[item.sku] = (item, units, price, compare)
        return list(lines.values())


def _order(
    session: Session,
    rng: Random,
    at: datetime,
    basket: list[tuple[Goods, int, int, int | None]],
    person: Person,
    terms: Terms,
) -> Happened | None:
    fate = rng.choices(list(OUTCOMES), list(OUTCOMES.values()))[0]
    provider = "manual" if rng.random() < 0.1 else "stripe"
    chance, luck = rng.random(), Random(rng.random())
    if not basket:
        return None
    country, region = person.address["country"], person.address["region"]
    offers = _offers(at, person, chance, terms.promotion_ids)
    weight = sum(item.weight_grams * units for item, units, _price, _compare in basket)
    methods = terms.methods[country]
    preference = luck.random()
    chosen: list[shipping_queries.Method] = []

    def way(goods_minor: int) -> Shipping | None:
        offered = [method for method in methods if method.price_for(goods_minor, weight) is not None]
        if not offered:
            return None
        method = offered[1] if preference < 0.12 and len(offered) > 1 else offered[0]
        if country == "DE" and person.address["locality"] == "Berlin" and preference > 0.75:
            method = offered[-1]
        chosen[:] = [method]
        return Shipping(method.code, method.price_for(goods_minor, weight) or 0)

    totals = price_cart(
        [Item(item.sku, units, price, bool(compare)) for item, units, price, compare in basket],
        shipping=way,
        offers=offers,
        rates=_rates(session, terms, country, region),
        currency=shop().currency,
    )
    if not chosen or not totals.total_minor:
        return None
    return Happened(at, person, basket, totals, chosen[0], provider, fate, luck)


def _rates(session: Session, terms: Terms, country: str, region: str) -> dict[str, Rate]:
    where = (country, region)
    if where not in terms.rates:
        terms.rates[where] = dict(
            taxes_queries.rates(session, taxes_queries.place_of(country, region, ""), terms.on, fresh=True)
        )
    return terms.rates[where]


def _offers(at: datetime, person: Person, chance: float, ids: dict[str, int]) -> list[Offer]:
    if at.month in (9, 10, 11) and chance < 0.12:
        return [
            Offer(
                ids["AUTUMN10"],
                "10 % off from €40",
                "percent",
                percent=10,
                code="AUTUMN10",
                minimum_minor=4000,
                on_discounted=True,
            )
        ]
    if at.month in (6, 7, 8) and chance < 0.1:
        return [Offer(ids["SUMMER15"], "15 % off in summer", "percent", percent=15, code="SUMMER15")]
    if not person.orders and 0.2 < chance < 0.28:
        return [
            Offer(
                ids["WELCOME5"],
                "€5 off your first order from €30",
                "fixed",
                amount_minor=500,
                code="WELCOME5",
                minimum_minor=3000,
                on_discounted=True,
            )
        ]
    if 0.4 < chance < 0.42:
        return [Offer(ids["FREESHIP"], "Free delivery", "free_shipping", code="FREESHIP", lane="shipping")]
    return []


def _count_uses(bulk: Bulk, uses: dict[str, int], ids: dict[str, int]) -> None:
    for row in bulk.rows(m.Promotion):
        row["used"] = sum(count for code, count in uses.items() if ids[code] == row["id"])
        row["spent_minor"] = sum(
            use["amount_minor"]
            for use in bulk.rows(m.PromotionUse)
            if use["promotion_id"] == row["id"] and use["given_back_at"] is None
        )
    for row in bulk.rows(m.PromotionCode):
        row["used"] = uses.get(row["code"], 0)
