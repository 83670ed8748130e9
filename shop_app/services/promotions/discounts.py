"""Discounts: what promotions take off a cart, lane by lane, before tax; pure functions.

In a lane the best offer wins, and lanes stack in their order. What is reduced or discounted already gets
no further discount, unless the lane says so.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import groupby

from ...core.money import round_half_up, share_out
from ...models import PromotionKind


@dataclass(frozen=True, slots=True)
class Item:
    """Units of one variant at its list price. `key` is unique in the cart."""

    key: str
    quantity: int
    unit_minor: int
    reduced: bool = False
    """Whether the list price is already below a compare-at price."""
    tax_class: str = "standard"
    product_id: int = 0
    categories: frozenset[int] = frozenset()
    """Its category, and those above it."""
    is_sent: bool = True
    """Whether it is delivered; what is downloaded isn't."""

    @property
    def list_minor(self) -> int:
        return self.unit_minor * self.quantity


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
    lane_position: int = 0
    on_discounted: bool = False
    """Whether its lane also takes something off prices that are reduced or discounted already."""
    minimum_minor: int = 0
    """The goods that it is about have to come to this much at list prices."""
    minimum_quantity: int = 0
    buy_quantity: int = 0
    get_quantity: int = 0
    gift_variant_id: int | None = None
    gift: Item | None = None
    """One unit of that variant at its list price; None where there is none left."""
    products: frozenset[int] = frozenset()
    categories: frozenset[int] = frozenset()
    """What it is about: these products and those in these categories; all goods where both are empty."""
    left_minor: int | None = None
    """What its budget still has; None without a budget."""

    @property
    def is_limited(self) -> bool:
        """Whether it is about some goods only."""
        return bool(self.products or self.categories)

    def is_about(self, item: Item) -> bool:
        if not self.is_limited:
            return True
        return item.product_id in self.products or not self.categories.isdisjoint(item.categories)


@dataclass(frozen=True, slots=True)
class Applied:
    """What one offer takes off one line, or off shipping where `key` is ""."""

    offer: Offer
    key: str
    amount_minor: int


@dataclass(frozen=True, slots=True)
class Miss:
    """An offer that gives nothing, and what it lacks."""

    offer: Offer
    why: str
    """empty, other_goods, spend, units, no_gift, reduced, discounted, nothing, used_up, outbid or
    free_already."""
    missing: int = 0
    """Minor units for spend, units for units."""
    winner: Offer | None = None
    """Who outbid it."""


@dataclass(slots=True)
class Discounts:
    """What is left of each line after all lanes, and the discounts that led there."""

    left: dict[str, int]
    gifts: list[Item] = field(default_factory=list)
    applied: list[Applied] = field(default_factory=list)
    misses: list[Miss] = field(default_factory=list)
    free_shipping: list[Offer] = field(default_factory=list)
    """Winners of their lanes, in that order; the first whose budget suffices pays for shipping."""


ShippingPrice = Callable[[int], int]
"""The price of shipping for goods of this amount, both in minor units."""


def discount_goods(
    items: Sequence[Item], offers: Iterable[Offer], shipping_price: ShippingPrice, step: int = 1
) -> Discounts:
    """Take the lanes in their order. The order of items and offers changes no amount.

    Units   list prices are multiples of `step`, and so is each discount.
    """
    # Sorted by key, so that a cent left over by the shares goes to the same line in any order of lines.
    ranked = sorted(items, key=lambda item: item.key)
    result = Discounts({item.key: item.list_minor for item in ranked})
    in_order = sorted(offers, key=lambda offer: (offer.lane_position, offer.lane, offer.id, offer.code))
    for _lane, in_lane in groupby(in_order, key=lambda offer: (offer.lane_position, offer.lane)):
        _take_lane(list(in_lane), ranked, shipping_price, result, step)
    return result


def discount_shipping(price_minor: int, result: Discounts) -> int:
    """What is left of the price of shipping; adds to `result` which offer pays for it, and which don't."""
    for offer in result.free_shipping:
        if not price_minor:
            result.misses.append(Miss(offer, "free_already"))
        elif _over_budget(offer, price_minor):
            result.misses.append(Miss(offer, "used_up"))
        else:
            result.applied.append(Applied(offer, "", price_minor))
            price_minor = 0
    return price_minor


def unmet(offer: Offer, items: Iterable[Item]) -> Miss | None:
    """What the goods lack to use the offer at all; None where its conditions are met."""
    about = [item for item in items if offer.is_about(item)]
    if not about:
        return Miss(offer, "other_goods" if offer.is_limited and items else "empty")
    spent = sum(item.list_minor for item in about)
    if not spent:
        return Miss(offer, "empty")
    if spent < offer.minimum_minor:
        return Miss(offer, "spend", offer.minimum_minor - spent)
    units = sum(item.quantity for item in about)
    needed = offer.minimum_quantity
    if offer.kind == PromotionKind.BUY_X_GET_Y:
        needed = max(needed, offer.buy_quantity + 1)
    return Miss(offer, "units", needed - units) if units < needed else None


def _take_lane(
    offers: list[Offer], items: list[Item], shipping_price: ShippingPrice, result: Discounts, step: int
) -> None:
    bids: list[tuple[Offer, dict[str, int]]] = []
    for offer in offers:
        miss = unmet(offer, items)
        shares = {} if miss else _bid(offer, items, shipping_price, result, step)
        if not miss and not shares:
            miss = Miss(offer, _why_nothing(offer, items, result.left))
        elif shares and _over_budget(offer, sum(shares.values())):
            miss = Miss(offer, "used_up")
        if miss:
            result.misses.append(miss)
        else:
            bids.append((offer, shares))
    if not bids:
        return
    winner, shares = max(bids, key=lambda bid: sum(bid[1].values()))
    result.misses += [Miss(offer, "outbid", winner=winner) for offer, _shares in bids if offer is not winner]
    if winner.kind == PromotionKind.FREE_SHIPPING:
        result.free_shipping.append(winner)
        return
    if winner.kind == PromotionKind.GIFT and winner.gift:
        result.gifts.append(winner.gift)
        result.left[winner.gift.key] = winner.gift.list_minor
    for key, amount in shares.items():
        result.left[key] -= amount
        result.applied.append(Applied(winner, key, amount))


def _over_budget(offer: Offer, amount_minor: int) -> bool:
    return offer.left_minor is not None and amount_minor > offer.left_minor


def _bid(
    offer: Offer, items: list[Item], shipping_price: ShippingPrice, result: Discounts, step: int
) -> dict[str, int]:
    """What the offer would take off each line by its key, "" for shipping; {} where it is nothing."""
    if offer.kind == PromotionKind.FREE_SHIPPING:
        price = shipping_price(sum(result.left.values()))
        return {"": price} if price else {}
    if offer.kind == PromotionKind.GIFT:
        return {offer.gift.key: offer.gift.list_minor} if offer.gift and offer.gift.list_minor else {}
    open_to = [item for item in items if offer.is_about(item) and _is_open(offer, item, result.left)]
    if offer.kind == PromotionKind.BUY_X_GET_Y:
        return _cheapest(offer, open_to, result.left, step)
    base = {item.key: result.left[item.key] for item in open_to}
    whole = sum(base.values())
    if offer.kind == PromotionKind.PERCENT:
        amount = round_half_up(Fraction(whole * offer.percent, 100), step)
    else:
        amount = min(offer.amount_minor - offer.amount_minor % step, whole)
    if amount <= 0:
        return {}
    parts = share_out(amount, list(base.values()), step)
    return {key: part for key, part in zip(base, parts, strict=True) if part}


def _is_open(offer: Offer, item: Item, left: dict[str, int]) -> bool:
    return offer.on_discounted or (not item.reduced and left[item.key] == item.list_minor)


def _cheapest(offer: Offer, items: list[Item], left: dict[str, int], step: int) -> dict[str, int]:
    """For every `buy_quantity` units the next `get_quantity` cheapest ones, at `percent` off."""
    if offer.buy_quantity < 1 or offer.get_quantity < 1:
        return {}
    whole, rest = divmod(sum(item.quantity for item in items), offer.buy_quantity + offer.get_quantity)
    count = whole * offer.get_quantity + max(0, rest - offer.buy_quantity)
    taken: dict[str, int] = {}
    for item in sorted(items, key=lambda item: (Fraction(left[item.key], item.quantity), item.key)):
        units = min(count, item.quantity)
        count -= units
        amount = round_half_up(Fraction(left[item.key] * units * offer.percent, item.quantity * 100), step)
        if amount:
            taken[item.key] = amount
    return taken


def _why_nothing(offer: Offer, items: list[Item], left: dict[str, int]) -> str:
    """Why an offer whose conditions are met takes nothing."""
    if offer.kind == PromotionKind.FREE_SHIPPING:
        return "free_already"
    if offer.kind == PromotionKind.GIFT:
        return "no_gift"
    shut = [item for item in items if offer.is_about(item) and not _is_open(offer, item, left)]
    if not shut:
        return "nothing"
    return "reduced" if any(item.reduced for item in shut) else "discounted"


@dataclass(frozen=True, slots=True)
class DiscountLine:
    offer: Offer
    amount_minor: int
