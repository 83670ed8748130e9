"""Price tags: prices, reductions and price ranges as text."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction
from typing import NamedTuple

from babel.numbers import format_decimal

from ...core import money
from ...core.currencies import currency
from ...core.i18n import _
from ...core.shop import shop


class Tag(NamedTuple):
    """The price of a card as text."""

    price: str
    compare_at: str
    saving: str


def shown(minor: int) -> str:
    """A price of the catalogue in the shop's currency and locale, as it is sold."""
    return money.show(sold_minor(minor), shop().currency, shop().locale)


def sold_minor(minor: int) -> int:
    """A stored price as a cart charges it: on the currency's step, even one that no draft has checked."""
    return money.round_half_up(minor, money.step(shop().currency))


def plain(minor: int | None) -> str:
    """An amount as it is typed into a field: "24" or "24.50", "" for none."""
    if minor is None:
        return ""
    text = money.decimal_text(minor, shop().currency)
    return text.removesuffix(".00").removesuffix(".000")


def number(value: int, over: int) -> str:
    """A quotient with one decimal at most, in the shop's locale: number(112, 10) is 11.2 in English."""
    return format_decimal(Decimal(value) / over, "#,##0.#", locale=shop().locale)


def saved(price_minor: int, compare_at_minor: int | None) -> str:
    """ "You save €24.00", "" where nothing is reduced."""
    if not compare_at_minor or compare_at_minor <= price_minor:
        return ""
    return _("You save {amount}").format(amount=shown(compare_at_minor - price_minor))


def percent_off(price_minor: int, compare_at_minor: int | None) -> str:
    """ "−20 %", rounded half up but never to 0 or 100; "" where nothing is reduced."""
    if not compare_at_minor or compare_at_minor <= price_minor:
        return ""
    percent = money.round_half_up(Fraction(100 * (compare_at_minor - price_minor), compare_at_minor))
    return _("−{percent} %").format(percent=min(99, max(1, percent)))


def unit_price(price_minor: int, contents: int, unit: str) -> str:
    """ "€12.00 per kg" for contents in g, "per l" in ml; "" for what is sold by the piece.

    Source  Directive 98/6/EC, articles 2 and 3.
    """
    if not contents:
        return ""
    whole = {"g": _("{price} per kg"), "ml": _("{price} per l")}[unit]
    code = shop().currency
    unit_minor = money.round_half_up(Fraction(1000 * price_minor, contents), currency(code).last_digit_minor)
    return whole.format(price=money.show(unit_minor, code, shop().locale))


def tag(low_minor: int, high_minor: int, compare_at_minor: int | None) -> Tag:
    """The tag of a product whose variants cost from `low` to `high`; `compare_at` is the cheapest's."""
    price = shown(low_minor)
    if high_minor > low_minor:
        price = _("from {price}").format(price=price)
    reduced = compare_at_minor is not None and compare_at_minor > low_minor
    return Tag(
        price,
        shown(compare_at_minor) if reduced and compare_at_minor else "",
        percent_off(low_minor, compare_at_minor),
    )


def range_tag(variants: Sequence[tuple[int, int | None]]) -> Tag:
    """The same, from the (price, compare-at) of each variant."""
    low, compare_at = min(variants, key=lambda pair: pair[0])
    return tag(low, max(price for price, _compare_at in variants), compare_at)
