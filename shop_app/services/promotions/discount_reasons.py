"""Why an offer gives nothing, in the shopper's words."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from ...core.i18n import _, plural
from ...core.money import show
from .discounts import Miss


@dataclass(frozen=True, slots=True)
class Reason:
    """`code` is "" for a promotion that would apply by itself."""

    code: str
    text: str


def reasons(misses: Iterable[Miss], currency: str, locale: str) -> list[Reason]:
    """A sentence for each code, and for automatic promotions that are nearly reached or lack their gift."""
    return [
        Reason(miss.offer.code, sentence(miss, currency, locale))
        for miss in misses
        if miss.offer.code or _is_shown(miss)
    ]


def _is_shown(miss: Miss) -> bool:
    """Once the cart has half of what is needed, or when the gift is sold out."""
    if miss.why == "spend":
        return 2 * miss.missing <= miss.offer.minimum_minor
    if miss.why == "units":
        return 2 * miss.missing <= max(miss.offer.minimum_quantity, miss.offer.buy_quantity + 1)
    return miss.why == "no_gift"


def sentence(miss: Miss, currency: str, locale: str) -> str:
    offer = miss.offer
    name = offer.code or offer.label
    if miss.why == "spend":
        text = _("Spend {amount} more to use {name}") if offer.code else _("Spend {amount} more for {name}")
        if offer.is_limited:
            text = _("Spend {amount} more on what {name} is for")
        return text.format(amount=show(miss.missing, currency, locale), name=name)
    if miss.why == "units":
        return _more_units(miss, name)
    if miss.why == "outbid" and miss.winner:
        text = _("{winner} saves you as much or more, and the two can't be combined")
        return text.format(winner=miss.winner.code or miss.winner.label)
    texts = {
        "empty": _("Put something into the cart to use {name}"),
        "other_goods": _("{name} is for other things than those in your cart"),
        "no_gift": _("The gift that comes with {name} is sold out"),
        "reduced": _("{name} doesn't apply to prices that are already reduced"),
        "discounted": _("{name} doesn't apply to prices that are already discounted"),
        "used_up": _("{name} is used up"),
        "free_already": _("Delivery is free already"),
    }
    return texts.get(miss.why, _("{name} gives nothing on this cart")).format(name=name)


def _more_units(miss: Miss, name: str) -> str:
    # The name is filled in afterwards: `plural` fills in the count alone.
    if miss.offer.is_limited:
        one, many = "Add 1 more of what {{name}} is for", "Add {count} more of what {{name}} is for"
    elif miss.offer.code:
        one, many = "Add 1 more thing to use {{name}}", "Add {count} more things to use {{name}}"
    else:
        one, many = "Add 1 more thing for {{name}}", "Add {count} more things for {{name}}"
    return plural(one, many, miss.missing).format(name=name)
