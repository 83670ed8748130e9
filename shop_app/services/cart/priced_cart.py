"""Prices a cart: its lines and gifts, with the promotions, shipping methods and tax rates of now."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import select
from sqlmodel import Session

from ...core import clock
from ...core.clock import now
from ...core.currencies import Currency, currency
from ...core.shop import shop
from ...models import Category, PromotionKind, table_of
from ...providers.taxes import Place
from ..pricing.price_cart import Shipping, Totals, price_cart, seen_delivery, seen_price
from ..promotions import queries as promotions_queries
from ..promotions.discount_reasons import Reason
from ..promotions.discounts import Item, Offer, unmet
from ..shipping import queries as shipping_queries
from ..taxes import queries as taxes_queries
from ..taxes import vat_numbers
from ..taxes.rate import Rate
from ..terms_cache import TermsCache
from .lines import Head, Line, gift_lines


@dataclass(frozen=True, slots=True)
class Priced:
    lines: tuple[Line, ...]
    """The cart's lines, then one for each gift; in the order of `totals.lines`."""
    totals: Totals
    reasons: tuple[Reason, ...]
    method: shipping_queries.Method | None
    """The way of delivery that is in the totals."""
    methods: tuple[shipping_queries.Method, ...]
    weight_grams: int
    at: datetime
    rates: Mapping[str, Rate]
    items: tuple[Item, ...]
    """The cart's lines at catalogue prices."""
    money: Currency

    @property
    def gifts(self) -> tuple[Line, ...]:
        return tuple(line for line in self.lines if line.is_gift)

    def shown_minor(self, minor: int, tax_class: str) -> int:
        """A catalogue price as this buyer sees it: without its tax by reverse charge."""
        return seen_price(minor, tax_class, self.rates, self.money, self._is_net)

    def shown_delivery_minor(self, minor: int) -> int:
        """The same for a price of delivery."""
        return seen_delivery(minor, self.items, self.rates, self.money, self._is_net)

    @property
    def _is_net(self) -> bool:
        return self.totals.reverse_charge and shop().prices_include_tax


def price(
    session: Session,
    cart_head: Head,
    lines: Sequence[Line],
    *,
    method_code: str = "",
    place: Place | None = None,
    email: str = "",
    vat_number: str = "",
    fresh: bool = False,
    with_gifts: bool = True,
) -> Priced:
    """What these lines come to, with the way of delivery of that code, or the cheapest one.

    `fresh` reads rates, methods and promotions from the database instead of from memory. `with_gifts`
    is False where a gift couldn't be had: then there are none.
    """
    at = now()
    live = promotions_queries.live(
        session, cart_head.codes, at, cart_id=cart_head.id, email=email, customer_id=cart_head.customer_id,
        fresh=fresh,
    )  # fmt: skip
    methods = shipping_queries.methods(session, fresh=fresh).get(cart_head.country, ())
    chosen = tuple(method for method in methods if method.code == method_code) or methods
    weight = sum(line.weight_grams * line.quantity for line in lines)
    used_methods: list[shipping_queries.Method] = []

    def way(goods_minor: int) -> Shipping | None:
        best = shipping_queries.cheapest(chosen, goods_minor, weight) or shipping_queries.cheapest(
            methods, goods_minor, weight
        )
        if best is None:
            return None
        used_methods.append(best[0])
        return Shipping(best[0].code, best[1])

    items = _items(session, lines, live.offers, fresh)
    offers, gifts = live.offers, {}
    if with_gifts and any(offer.gift_variant_id for offer in offers):
        offers, gifts = _with_gifts(session, cart_head.id, lines, items, offers)
    rates = taxes_queries.rates(session, place or Place(cart_head.country), clock.day_of(at), fresh=fresh)
    totals = price_cart(
        items,
        shipping=way if lines else None,
        offers=offers,
        rates=rates,
        currency=cart_head.currency,
        tax_included=shop().prices_include_tax,
        reverse_charge=vat_numbers.reverses(vat_number, cart_head.country),
        locale=shop().locale,
    )
    return Priced(
        (*lines, *(gifts[gift.key] for gift in totals.gifts)), totals, live.reasons + totals.reasons,
        used_methods[-1] if used_methods else None, methods, weight, at, rates, tuple(items),
        currency(cart_head.currency),
    )  # fmt: skip


def _items(session: Session, lines: Sequence[Line], offers: Sequence[Offer], fresh: bool) -> list[Item]:
    # Categories are only read where a promotion is about one.
    above = _above.get(session, fresh=fresh) if any(offer.categories for offer in offers) else {}
    return [
        Item(
            line.key, line.quantity, line.price_minor, line.compare_at_minor is not None, line.tax_class,
            line.product_id, above.get(line.category_id or 0, frozenset()), line.requires_shipping,
        )
        for line in lines
    ]  # fmt: skip


def _with_gifts(
    session: Session, cart_id: int, lines: Sequence[Line], items: Sequence[Item], offers: Sequence[Offer]
) -> tuple[tuple[Offer, ...], dict[str, Line]]:
    """The offers with their gifts, where those are earned and in stock; and the gifts' lines by key."""
    earned = [
        offer for offer in offers
        if offer.kind == PromotionKind.GIFT and offer.gift_variant_id and not unmet(offer, items)
    ]  # fmt: skip
    if not earned:
        return tuple(offers), {}
    gifts = gift_lines(session, cart_id, {offer.gift_variant_id or 0 for offer in earned})
    taken = Counter({line.variant_id: line.quantity for line in lines})
    given: dict[Offer, Item] = {}
    by_key: dict[str, Line] = {}
    for offer in sorted(earned, key=lambda offer: (offer.lane_position, offer.lane, offer.id)):
        line = gifts.get(offer.gift_variant_id or 0)
        if line is None or not line.for_sale or taken[line.variant_id] >= line.available:
            continue
        taken[line.variant_id] += 1
        line = replace(line, gift_of=offer.id)
        by_key[line.key] = line
        given[offer] = Item(line.key, 1, line.price_minor, tax_class=line.tax_class)
    return tuple(replace(offer, gift=given.get(offer)) for offer in offers), by_key


def _read_above(session: Session) -> dict[int, frozenset[int]]:
    """Each category's id, with the ids of it and all above it."""
    table = table_of(Category)
    parents = dict(tuple(row) for row in session.connection().execute(select(table.c.id, table.c.parent_id)))

    def above(id: int) -> frozenset[int]:
        ids: list[int] = []
        at: int | None = id
        while at is not None and at not in ids:
            ids.append(at)
            at = parents.get(at)
        return frozenset(ids)

    return {id: above(id) for id in parents}


_above = TermsCache(_read_above)
