"""The letter that reminds somebody who agreed to it of a cart that they left behind."""

from __future__ import annotations

from typing import Any

from ..core.i18n import _
from ..core.settings import settings
from .wording import Words


def cart_reminder(data: dict[str, Any]) -> Words:
    return Words(
        _("Your cart is still there"),
        _("You left something in your cart"),
        [_("It is there whenever you want to go on, at today's prices. Nothing is reserved for you.")],
        items_title=_("In your cart"),
        items=[str(thing) for thing in data["things"]],
        after=[_("We write about this cart once, and not again.")],
        button=_("Go to your cart"),
        link=f"{settings().public_url}/cart",
        why=_("You get this letter because you agreed to be reminded of your cart."),
    )


KINDS = {"cart_reminder": cart_reminder}
