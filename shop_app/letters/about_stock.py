"""The letter that tells somebody who asked for it that a variant can be bought again."""

from __future__ import annotations

from typing import Any

from ..core.i18n import _
from ..core.settings import settings
from .wording import Words


def back_in_stock(data: dict[str, Any]) -> Words:
    subject = _("{product} is back").format(product=data["product"])
    return Words(
        subject,
        subject,
        [
            _("It can be bought again, at {price}.").format(price=data["price"]),
            _("Nothing is kept for you: who orders first gets it."),
        ],
        after=[_("This is the only letter about it: your request is deleted.")],
        button=_("See it in the shop"),
        link=f"{settings().public_url}{data['path']}",
        why=_("You get this letter because somebody asked for it in the shop with this address."),
    )


KINDS = {"back_in_stock": back_in_stock}
