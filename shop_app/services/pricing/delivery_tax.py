"""How delivery is taxed: as the goods that it carries, by shares of their worth, or at a rate of its own.

Source  Directive 2006/112/EC, article 78 (b); CJEU C-349/96; German UStAE 3.10; UK VAT Notice 700/24;
        Swiss MWSTG, article 19 (4). Where the law says otherwise, a place has a rate of the class `delivery`
        (docs/operations.md).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from ...core.currencies import Currency
from ...core.money import share_out, tax_within
from ..promotions.discounts import Item
from ..taxes.rate import DELIVERY, NO_TAX, Rate


def split_delivery(
    minor: int,
    carried: Sequence[Item],
    rates: Mapping[str, Rate],
    money: Currency,
    left: Mapping[str, int] | None = None,
) -> dict[Rate, int]:
    """The parts of a delivery's price by the rate that each is taxed at, the highest first.

    Units   minor units, multiples of the currency's step; the parts come to `minor`, and none is 0 but where
            `minor` is. `left` is what the lines come to after discounts, by their keys; without it they
            count at list prices.
    """
    if own := rates.get(DELIVERY):
        return {own: minor}
    worth = _worth(carried, rates, left)
    if len(worth) == 1:
        return dict.fromkeys(worth, minor)
    in_order = sorted(worth, key=lambda rate: (-rate.ppm, rate.label))
    parts = share_out(minor, [worth[rate] for rate in in_order], money.step_minor)
    return {rate: part for rate, part in zip(in_order, parts, strict=True) if part} or {in_order[0]: minor}


def net_delivery(minor: int, carried: Sequence[Item], rates: Mapping[str, Rate], money: Currency) -> int:
    """A delivery's price without the tax that is in it, by the list prices of the goods."""
    parts = split_delivery(minor, carried, rates, money)
    return minor - sum(tax_within(part, rate.ppm, money.step_minor) for rate, part in parts.items())


def _worth(
    carried: Sequence[Item], rates: Mapping[str, Rate], left: Mapping[str, int] | None
) -> dict[Rate, int]:
    """What the goods of each rate are worth, without those that aren't sent where others are.

    Where nothing is left of any price the list prices count, and where there are none the units.
    """
    sent = [item for item in carried if item.is_sent] or carried
    measures: tuple[Callable[[Item], int], ...] = (
        lambda item: item.list_minor if left is None else left[item.key],
        lambda item: item.list_minor,
        lambda item: item.quantity,
    )
    for measure in measures:
        worth: dict[Rate, int] = {}
        for item in sent:
            rate = rates.get(item.tax_class, NO_TAX)
            worth[rate] = worth.get(rate, 0) + measure(item)
        if any(worth.values()):
            return worth
    return {NO_TAX: 1}
