"""Pricing: what a cart comes to, in one pure function; no database, no clock.

The sequence is list price, discounts lane by lane, shipping and its discounts, then the tax on the
discounted amounts, rounded once per line. Totals are sums of these parts and of nothing else.
Whatever is charged is a multiple of the currency's step; `delivery_tax` says how delivery is taxed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from ...core.currencies import Currency
from ...core.currencies import currency as currency_of
from ...core.errors import ShopError
from ...core.i18n import _
from ...core.money import MAX_MINOR, round_half_up, tax_on_top, tax_within
from ..promotions.discount_reasons import Reason, reasons
from ..promotions.discounts import Applied, DiscountLine, Item, Offer, discount_goods, discount_shipping
from ..taxes.rate import NO_TAX, Rate
from .delivery_tax import net_delivery, split_delivery


@dataclass(frozen=True, slots=True)
class Shipping:
    """A shipping method with its price for this cart, before discounts."""

    code: str
    price_minor: int


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
class TaxedPart:
    """A part of the delivery, and the tax in it or on it."""

    total_minor: int
    rate: Rate
    tax_minor: int


@dataclass(frozen=True, slots=True)
class PricedShipping:
    code: str
    price_minor: int
    discount_minor: int
    total_minor: int
    parts: tuple[TaxedPart, ...]
    """One for each rate that it is taxed at, the highest first; they come to its total."""

    @property
    def tax_minor(self) -> int:
        return sum(part.tax_minor for part in self.parts)


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
    money = currency_of(currency)
    net = tax_included and reverse_charge
    listed = list(items)

    def shipping_for(goods_minor: int) -> Shipping | None:
        chosen = shipping(goods_minor) if callable(shipping) else shipping
        if chosen is None:
            return None
        return replace(chosen, price_minor=seen_delivery(chosen.price_minor, listed, rates, money, net))

    def shipping_price(goods_minor: int) -> int:
        chosen = shipping_for(goods_minor)
        return chosen.price_minor if chosen else 0

    if net or money.step_minor != 1:

        def seen(item: Item) -> Item:
            return replace(item, unit_minor=seen_price(item.unit_minor, item.tax_class, rates, money, net))

        items = [seen(item) for item in items]
        offers = [replace(offer, gift=seen(offer.gift)) if offer.gift else offer for offer in offers]
    if sum(item.list_minor for item in items) > MAX_MINOR:
        raise ShopError(_("This is more than the shop can sell in one order. Take some units out."))
    result = discount_goods(items, offers, shipping_price, money.step_minor)
    goods = sum(result.left.values())
    method = shipping_for(goods)
    to_ship = discount_shipping(method.price_minor if method else 0, result)
    taxing = _Taxing(rates, tax_included and not reverse_charge, reverse_charge, money)
    carried = (*items, *result.gifts)
    lines = tuple(taxing.line(item, result.left[item.key]) for item in carried)
    shipped = taxing.shipping(method, to_ship, carried, result.left) if method else None
    taxes = taxing.groups((*lines, *(shipped.parts if shipped else ())))
    subtotal = sum(line.subtotal_minor for line in lines)
    tax = sum(line.amount_minor for line in taxes)
    return Totals(
        lines=lines, shipping=shipped, applied=tuple(result.applied), discounts=_by_offer(result.applied),
        taxes=taxes, reasons=tuple(reasons(result.misses, currency, locale)), gifts=tuple(result.gifts),
        subtotal_minor=subtotal, discount_minor=subtotal - goods, goods_minor=goods, shipping_minor=to_ship,
        tax_minor=tax, total_minor=goods + to_ship + (0 if taxing.included else tax),
        tax_included=taxing.included, reverse_charge=reverse_charge,
    )  # fmt: skip


def seen_price(minor: int, tax_class: str, rates: Mapping[str, Rate], money: Currency, net: bool) -> int:
    """A catalogue price as its buyer pays it: on the currency's step, and by `net` without its tax."""
    minor = round_half_up(minor, money.step_minor)
    return minor - tax_within(minor, rates.get(tax_class, NO_TAX).ppm, money.step_minor) if net else minor


def seen_delivery(
    minor: int, items: Sequence[Item], rates: Mapping[str, Rate], money: Currency, net: bool
) -> int:
    """The same for a price of delivery, for a cart with these items at their catalogue prices."""
    minor = round_half_up(minor, money.step_minor)
    return net_delivery(minor, items, rates, money) if net else minor


@dataclass(frozen=True, slots=True)
class _Taxing:
    """How lines and shipping are taxed: once each, after their discounts."""

    rates: Mapping[str, Rate]
    included: bool
    reverse_charge: bool
    money: Currency

    def line(self, item: Item, total: int) -> PricedLine:
        rate = self._rate(self.rates.get(item.tax_class, NO_TAX))
        subtotal = item.list_minor
        return PricedLine(
            item.key, item.quantity, item.unit_minor, subtotal, subtotal - total, total, rate,
            self._tax(total, rate),
        )  # fmt: skip

    def shipping(
        self, method: Shipping, total: int, carried: Sequence[Item], left: Mapping[str, int]
    ) -> PricedShipping:
        shares = split_delivery(total, carried, self.rates, self.money, left)
        if self.reverse_charge:
            shares = {self._rate(NO_TAX): total}
        parts = tuple(TaxedPart(share, rate, self._tax(share, rate)) for rate, share in shares.items())
        price = method.price_minor
        return PricedShipping(method.code, price, price - total, total, parts)

    def _rate(self, rate: Rate) -> Rate:
        return Rate(_("Reverse charge"), 0) if self.reverse_charge else rate

    def _tax(self, total: int, rate: Rate) -> int:
        if self.included:
            return tax_within(total, rate.ppm, self.money.last_digit_minor)
        return tax_on_top(total, rate.ppm, self.money.step_minor)

    def groups(self, parts: Iterable[PricedLine | TaxedPart]) -> tuple[TaxLine, ...]:
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
