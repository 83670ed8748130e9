"""Letters to those who wait for what is sold out: to confirm it, that one is kept, that it is back."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from ..core.dates import full_moment
from ..core.i18n import _
from ..core.settings import settings
from .wording import Words


def confirm(data: dict[str, Any]) -> Words:
    subject = _("Do you want to be told about {product}?").format(product=data["product"])
    return Words(
        subject,
        _("One click, and you are in line"),
        [
            _("Somebody asked with this address to be told when {product} is back.").format(
                product=data["product"]
            ),
            _("Confirm it, and you are asked in turn as soon as one is there for you."),
        ],
        after=[_("If it wasn't you, do nothing: we don't write again unless you confirm it.")],
        button=_("Confirm it"),
        link=_link(data),
        why=_ASKED,
    )


def offer(data: dict[str, Any]) -> Words:
    until = full_moment(datetime.fromisoformat(data["until"]))
    subject = _("{product} is back, and one is kept for you").format(product=data["product"])
    return Words(
        subject,
        subject,
        [
            _("It costs {price}. One is kept for you until {moment}.").format(
                price=data["price"], moment=until
            ),
            _("If you don't take it by then, the next in line is asked."),
        ],
        after=[_DELETED],
        button=_("Take it, or leave it to the next"),
        link=_link(data),
        why=_ASKED,
    )


def back_in_stock(data: dict[str, Any]) -> Words:
    subject = _("{product} is back").format(product=data["product"])
    return Words(
        subject,
        subject,
        [_("It can be bought again, at {price}, as many as are wanted.").format(price=data["price"])],
        after=[_DELETED],
        button=_("See it in the shop"),
        link=_link(data),
        why=_ASKED,
    )


def _link(data: dict[str, Any]) -> str:
    return f"{settings().public_url}{data['path']}"


_ASKED = _("You get this letter because somebody asked for it in the shop with this address.")
_DELETED = _("This is the only letter about it: your request is deleted.")

KINDS = {"stock_confirm": confirm, "stock_offer": offer, "back_in_stock": back_in_stock}
