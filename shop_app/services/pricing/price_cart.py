"""Pricing: what a cart comes to, in one pure function; no database, no clock.

The sequence is list price, discounts lane by lane, shipping and its discounts, then the tax on the
discounted amounts, rounded once per line. Totals are sums of these parts and of nothing else.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from ...core.errors import ShopError
from ...core.i18n import _
from ...core.money import MAX_MINOR, tax_on_top, tax_within
from ..promotions.discount_reasons import Reason, reasons
from ..promotions.discounts import Applied, DiscountLine, Item, Offer, discount_goods, discount_shipping
from ..taxes.rate import NO_TAX, Rate


@dataclass(frozen=True, slots=True)
class Shipping:
    """A shipping method with its price for this cart, before discounts."""

    code: str
    price_minor: int
    tax_class: str = "standard"


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
class TaxLine:
    label: str
    ppm: int
    base_minor: int
    """The amount that is taxed, without the tax."""
    amount_minor: int


@dataclass(frozen=True, slots=True)
class Totals:
    """All parts of a price. `total_minor` is goods and shipping, and the tax where it isn't in them."""

    lines: tuple[PricedLine, ...]
    """The items, and then a line for each gift."""
    shipping: PricedShipping | None
    applied: tuple[Applied, ...]
    discounts: tuple[DiscountLine, ...]
    """One for each offer that gives something, in the order in which they were taken."""
    taxes: tuple[TaxLine, ...]
    """Grouped by rate, the highest first; by reverse charge one line of 0."""
    reasons: tuple[Reason, ...]
    """Why a code gives nothing, and what automatic promotions lack."""
    gifts: tuple[Item, ...]
    """What offers add for nothing: the items of the last lines."""
    subtotal_minor: int
    """At list prices, gifts too."""
    discount_minor: int
    """On goods alone."""
    goods_minor: int
    """Goods after discounts."""
    shipping_minor: int
    """After a discount on shipping."""
    tax_minor: int
    total_minor: int
    tax_included: bool
    """Whether the tax is in the prices of lines and shipping."""
    reverse_charge: bool = False
    """Whether the buyer owes the VAT: then no price holds any."""


def price_cart(
    items: Sequence[Item],
    *,
    shipping: Shipping | Callable[[int], Shipping | None] | None = None,
    offers: Iterable[Offer] = (),
    rates: Mapping[str, Rate],
    currency: str,
    tax_included: bool = True,
    reverse_charge: bool = False,
    locale: str = "en",
) -> Totals:
    """What the items come to.

    Shape   lines come back in the order of the items, then gifts; the order of items changes no amount.
    Units   minor units of `currency`. `shipping` may be a function of the goods after discounts,
            because "free above" depends on them. By `reverse_charge` unit and shipping prices lose the
            tax that is in them first; thresholds and fixed discounts stay as they are.
    Errors  ShopError for a cart worth more than the shop takes.
    """

    def net(minor: int, tax_class: str) -> int:
        return net_of(minor, rates, tax_class) if tax_included and reverse_charge else minor

    def shipping_for(goods_minor: int) -> Shipping | None:
        chosen = shipping(goods_minor) if callable(shipping) else shipping
        return replace(chosen, price_minor=net(chosen.price_minor, chosen.tax_class)) if chosen else None

    def shipping_price(goods_minor: int) -> int:
        chosen = shipping_for(goods_minor)
        return chosen.price_minor if chosen else 0

    if reverse_charge:
        items = [replace(item, unit_minor=net(item.unit_minor, item.tax_class)) for item in items]
        offers = [
            replace(offer, gift=replace(gift, unit_minor=net(gift.unit_minor, gift.tax_class)))
            if (gift := offer.gift)
            else offer
            for offer in offers
        ]
    if sum(item.list_minor for item in items) > MAX_MINOR:
        raise ShopError(_("This is more than the shop can sell in one order. Take some units out."))
    result = discount_goods(items, offers, shipping_price)
    goods = sum(result.left.values())
    method = shipping_for(goods)
    to_ship = discount_shipping(method.price_minor if method else 0, result)
    taxing = _Taxing(rates, tax_included and not reverse_charge, reverse_charge)
    lines = tuple(taxing.line(item, result.left[item.key]) for item in (*items, *result.gifts))
    shipped = taxing.shipping(method, to_ship) if method else None
    taxes = taxing.groups((*lines, *((shipped,) if shipped else ())))
    subtotal = sum(line.subtotal_minor for line in lines)
    tax = sum(line.amount_minor for line in taxes)
    return Totals(
        lines=lines, shipping=shipped, applied=tuple(result.applied), discounts=_by_offer(result.applied),
        taxes=taxes, reasons=tuple(reasons(result.misses, currency, locale)), gifts=tuple(result.gifts),
        subtotal_minor=subtotal, discount_minor=subtotal - goods, goods_minor=goods, shipping_minor=to_ship,
        tax_minor=tax, total_minor=goods + to_ship + (0 if taxing.included else tax),
        tax_included=taxing.included, reverse_charge=reverse_charge,
    )  # fmt: skip


def net_of(minor: int, rates: Mapping[str, Rate], tax_class: str) -> int:
    """A price without the tax that is in it."""
    return minor - tax_within(minor, rates.get(tax_class, NO_TAX).ppm)


@dataclass(frozen=True, slots=True)
class _Taxing:
    """How lines and shipping are taxed: once each, after their discounts."""

    rates: Mapping[str, Rate]
    included: bool
    reverse_charge: bool

    def line(self, item: Item, total: int) -> PricedLine:
        rate, tax = self._tax(item.tax_class, total)
        subtotal = item.list_minor
        return PricedLine(
            item.key, item.quantity, item.unit_minor, subtotal, subtotal - total, total, rate, tax
        )

    def shipping(self, method: Shipping, total: int) -> PricedShipping:
        rate, tax = self._tax(method.tax_class, total)
        price = method.price_minor
        return PricedShipping(method.code, price, price - total, total, rate, tax)

    def _tax(self, tax_class: str, total: int) -> tuple[Rate, int]:
        if self.reverse_charge:
            return Rate(_("Reverse charge"), 0), 0
        rate = self.rates.get(tax_class, NO_TAX)
        return rate, (tax_within if self.included else tax_on_top)(total, rate.ppm)

    def groups(self, parts: Iterable[PricedLine | PricedShipping]) -> tuple[TaxLine, ...]:
        groups: dict[Rate, tuple[int, int]] = {}
        for part in parts:
            if part.total_minor and (part.rate.ppm or self.reverse_charge):
                base, amount = groups.get(part.rate, (0, 0))
                net = part.total_minor - (part.tax_minor if self.included else 0)
                groups[part.rate] = (base + net, amount + part.tax_minor)
        tax_lines = [TaxLine(rate.label, rate.ppm, base, amount) for rate, (base, amount) in groups.items()]
        return tuple(sorted(tax_lines, key=lambda tax: (-tax.ppm, tax.label)))


def _by_offer(applied: list[Applied]) -> tuple[DiscountLine, ...]:
    sums: dict[Offer, int] = {}
    for part in applied:
        sums[part.offer] = sums.get(part.offer, 0) + part.amount_minor
    return tuple(DiscountLine(offer, amount) for offer, amount in sums.items())
