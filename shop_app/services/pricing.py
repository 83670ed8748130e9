"""Pricing: what a cart comes to, in one pure function; no database, no clock.

The sequence is list price, discounts lane by lane, shipping and its discounts, then the tax on the
discounted amounts, rounded once per line. Totals are sums of these parts and of nothing else.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import groupby

from ..errors import ShopError
from ..models import PromotionKind
from ..money import MAX_MINOR, round_half_up, share_out, show, tax_on_top, tax_within
from ..words import _


@dataclass(frozen=True, slots=True)
class Item:
    """So many units of a thing at its list price. `key` is unique in the cart."""

    key: str
    quantity: int
    unit_minor: int
    reduced: bool = False
    """Whether the list price is already below a compare-at price."""
    tax_class: str = "standard"


@dataclass(frozen=True, slots=True)
class Rate:
    label: str
    ppm: int
    """Parts per million: 190,000 is 19 %."""


NO_TAX = Rate("", 0)


@dataclass(frozen=True, slots=True)
class Shipping:
    """A way of delivery at its price for this cart, before discounts."""

    code: str
    price_minor: int
    tax_class: str = "standard"


@dataclass(frozen=True, slots=True)
class Offer:
    """A promotion that is live for this cart; its code is "" where it applies by itself."""

    id: int
    label: str
    kind: str
    percent: int = 0
    amount_minor: int = 0
    code: str = ""
    lane: str = "default"
    minimum_minor: int = 0
    on_reduced: bool = False


@dataclass(frozen=True, slots=True)
class Applied:
    """What one offer takes off one line, or off shipping where `key` is ""."""

    offer: Offer
    key: str
    amount_minor: int


@dataclass(frozen=True, slots=True)
class PricedLine:
    key: str
    quantity: int
    unit_minor: int
    subtotal_minor: int
    discount_minor: int
    total_minor: int
    rate: Rate
    tax_minor: int


@dataclass(frozen=True, slots=True)
class PricedShipping:
    code: str
    price_minor: int
    discount_minor: int
    total_minor: int
    rate: Rate
    tax_minor: int


@dataclass(frozen=True, slots=True)
class DiscountLine:
    offer: Offer
    amount_minor: int


@dataclass(frozen=True, slots=True)
class TaxLine:
    label: str
    ppm: int
    base_minor: int
    """What the tax is worked out from, without the tax."""
    amount_minor: int


@dataclass(frozen=True, slots=True)
class Reason:
    code: str
    text: str


@dataclass(frozen=True, slots=True)
class Totals:
    """All parts of a price. `total_minor` is goods and shipping, and the tax where it isn't in them."""

    lines: tuple[PricedLine, ...]
    shipping: PricedShipping | None
    applied: tuple[Applied, ...]
    discounts: tuple[DiscountLine, ...]
    """One for each offer that gives something, in the order in which they were taken."""
    taxes: tuple[TaxLine, ...]
    """Grouped by rate, the highest first."""
    reasons: tuple[Reason, ...]
    """Why a code gives nothing."""
    subtotal_minor: int
    discount_minor: int
    """On goods alone."""
    goods_minor: int
    """Goods after discounts."""
    shipping_minor: int
    """After a discount on shipping."""
    tax_minor: int
    total_minor: int
    tax_included: bool


def price_cart(
    items: Sequence[Item],
    *,
    shipping: Shipping | Callable[[int], Shipping | None] | None = None,
    offers: Iterable[Offer] = (),
    rates: Mapping[str, Rate],
    currency: str,
    tax_included: bool = True,
    locale: str = "en",
) -> Totals:
    """What the items come to.

    Shape   lines come back in the order of the items; the order of items changes no amount.
    Units   minor units of `currency`. `shipping` may be a function of the goods after discounts,
            because "free above" depends on them.
    Errors  ShopError for a cart worth more than the shop takes.
    """
    left = {item.key: item.unit_minor * item.quantity for item in items}
    subtotal = sum(left.values())
    if subtotal > MAX_MINOR:
        raise ShopError(_("This is more than the shop can sell in one order. Take some units out."))
    ranked = sorted(offers, key=lambda offer: (offer.lane, offer.id, offer.code))
    applied: list[Applied] = []
    reasons: list[Reason] = []
    if ranked:
        on_goods = [offer for offer in ranked if offer.kind != PromotionKind.FREE_SHIPPING]
        _discount_goods(items, left, on_goods, subtotal, currency, locale, applied, reasons)
    goods = sum(left.values())
    way = shipping(goods) if callable(shipping) else shipping
    to_ship = way.price_minor if way else 0
    if ranked:
        free = [offer for offer in ranked if offer.kind == PromotionKind.FREE_SHIPPING]
        to_ship = _discount_shipping(way, free, subtotal, currency, locale, applied, reasons)
    tax_of = tax_within if tax_included else tax_on_top
    lines = tuple(_line(item, left[item.key], rates.get(item.tax_class, NO_TAX), tax_of) for item in items)
    carried = _shipping_line(way, to_ship, rates, tax_of) if way else None
    taxes = _group_taxes(lines, carried, tax_included)
    tax = sum(line.amount_minor for line in taxes)
    return Totals(
        lines=lines, shipping=carried, applied=tuple(applied), discounts=_by_offer(applied), taxes=taxes,
        reasons=tuple(reasons), subtotal_minor=subtotal, discount_minor=subtotal - goods, goods_minor=goods,
        shipping_minor=to_ship, tax_minor=tax, total_minor=goods + to_ship + (0 if tax_included else tax),
        tax_included=tax_included,
    )  # fmt: skip


def _discount_goods(
    items: Sequence[Item],
    left: dict[str, int],
    offers: list[Offer],
    subtotal: int,
    currency: str,
    locale: str,
    applied: list[Applied],
    reasons: list[Reason],
) -> None:
    # Sorted by key, so that a cent left over by the shares goes to the same line in any order of lines.
    by_key = sorted(items, key=lambda item: item.key)
    for _lane, in_lane in groupby(offers, key=lambda offer: offer.lane):
        bids: list[tuple[Offer, dict[str, int]]] = []
        for offer in in_lane:
            shares = _shares(offer, by_key, left) if subtotal >= offer.minimum_minor else {}
            if shares:
                bids.append((offer, shares))
            elif offer.code:
                reasons.append(Reason(offer.code, _why_nothing(offer, subtotal, currency, locale)))
        if not bids:
            continue
        best = max(bids, key=lambda bid: sum(bid[1].values()))
        for key, amount in best[1].items():
            left[key] -= amount
            applied.append(Applied(best[0], key, amount))
        reasons.extend(_outbid(bid[0], best[0]) for bid in bids if bid is not best and bid[0].code)


def _shares(offer: Offer, items: list[Item], left: dict[str, int]) -> dict[str, int]:
    """What the offer would take off each line; {} where it would take nothing."""
    base = {item.key: left[item.key] for item in items if offer.on_reduced or not item.reduced}
    whole = sum(base.values())
    if offer.kind == PromotionKind.PERCENT:
        amount = round_half_up(Fraction(whole * offer.percent, 100))
    else:
        amount = min(offer.amount_minor, whole)
    if amount <= 0:
        return {}
    parts = share_out(amount, list(base.values()))
    return {key: part for key, part in zip(base, parts, strict=True) if part}


def _discount_shipping(
    way: Shipping | None,
    offers: list[Offer],
    subtotal: int,
    currency: str,
    locale: str,
    applied: list[Applied],
    reasons: list[Reason],
) -> int:
    price = way.price_minor if way else 0
    winner: Offer | None = None
    for offer in offers:
        if subtotal < offer.minimum_minor:
            if offer.code:
                reasons.append(Reason(offer.code, _why_nothing(offer, subtotal, currency, locale)))
        elif winner or not price:
            if offer.code:
                reasons.append(Reason(offer.code, _("Delivery is free already")))
        else:
            winner = offer
            applied.append(Applied(offer, "", price))
    return 0 if winner else price


def _why_nothing(offer: Offer, subtotal: int, currency: str, locale: str) -> str:
    if not subtotal:
        return _("Put something into the cart to use {code}").format(code=offer.code)
    if subtotal < offer.minimum_minor:
        missing = show(offer.minimum_minor - subtotal, currency, locale)
        return _("Spend {amount} more to use {code}").format(amount=missing, code=offer.code)
    if not offer.on_reduced:
        return _("{code} doesn't apply to prices that are already reduced").format(code=offer.code)
    return _("{code} gives nothing on this cart").format(code=offer.code)


def _outbid(loser: Offer, winner: Offer) -> Reason:
    text = _("{winner} saves you as much or more, and the two can't be combined")
    return Reason(loser.code, text.format(winner=winner.code or winner.label))


def _line(item: Item, total: int, rate: Rate, tax_of: Callable[[int, int], int]) -> PricedLine:
    subtotal = item.unit_minor * item.quantity
    return PricedLine(
        item.key,
        item.quantity,
        item.unit_minor,
        subtotal,
        subtotal - total,
        total,
        rate,
        tax_of(total, rate.ppm),
    )


def _shipping_line(
    way: Shipping, total: int, rates: Mapping[str, Rate], tax_of: Callable[[int, int], int]
) -> PricedShipping:
    rate = rates.get(way.tax_class, NO_TAX)
    tax = tax_of(total, rate.ppm)
    return PricedShipping(way.code, way.price_minor, way.price_minor - total, total, rate, tax)


def _group_taxes(
    lines: Iterable[PricedLine], shipping: PricedShipping | None, included: bool
) -> tuple[TaxLine, ...]:
    groups: dict[Rate, TaxLine] = {}
    for line in (*lines, *((shipping,) if shipping else ())):
        if not line.rate.ppm:
            continue
        base = line.total_minor - (line.tax_minor if included else 0)
        known = groups.get(line.rate) or TaxLine(line.rate.label, line.rate.ppm, 0, 0)
        groups[line.rate] = replace(
            known, base_minor=known.base_minor + base, amount_minor=known.amount_minor + line.tax_minor
        )
    return tuple(sorted(groups.values(), key=lambda tax: (-tax.ppm, tax.label)))


def _by_offer(applied: list[Applied]) -> tuple[DiscountLine, ...]:
    sums: dict[Offer, int] = {}
    for part in applied:
        sums[part.offer] = sums.get(part.offer, 0) + part.amount_minor
    return tuple(DiscountLine(offer, amount) for offer, amount in sums.items())
