"""The words that header, footer and plain pages share in every shop, and the links between them."""

from __future__ import annotations

from typing import Any

from shop_app.core.i18n import _
from shop_app.state.shell import Shell

from .kit import of

RETURN_PROMISE = _("30 days to change your mind")
PAYMENT_PROMISE = _("You pay at our payment company: we never see your card")
RETURN_COST = _("You pay for the way back, unless something arrived broken or wrong.")
HEAD_LINKS = (
    (_("Find my order"), "/orders/lookup"),
    (_("Delivery"), "/delivery"),
    (_("Help"), "/contact"),
)


def titled(name: Any) -> Any:
    """The title of a page with this name, or with this Var as its name: the shop's own comes behind it."""
    return name + " · " + of(Shell).shop.name


NO_CONNECTION = _(
    "There is no connection to the shop right now. You can go on reading and searching; "
    "what you change waits until it is back. We keep trying."
)
NEW_TITLE = _("New in the shop")
NEW, SALE, ALL = "/products?new=1", "/products?on_sale=1", "/products"

FOOTER = (
    (_("Shop"), ((_("New"), NEW), (_("Sale"), SALE), (_("All products"), ALL))),
    (
        _("Help"),
        (
            (_("Delivery"), "/delivery"),
            (_("Returns"), "/returns"),
            (_("Withdraw from a contract"), "/withdrawal"),
            (_("Find my order"), "/orders/lookup"),
            (_("Write to us"), "/contact"),
        ),
    ),
    (_("About"), ((_("About us"), "/about"), (_("Imprint"), "/imprint"))),
)
FOOTER_LEGAL = ((_("Imprint"), "/imprint"), (_("Privacy"), "/privacy"), (_("Terms"), "/terms"))

HERO_LINK = _("See what is new")
HERO_LABEL = _("In this picture, left to right")
BROKEN_EYEBROW = _("The shop has a problem")
BROKEN_TITLE = _("We dropped something")
BROKEN_TEXT = _(
    "The page could not be put together, and nothing was changed. Your cart is safe. Try again in a moment."
)
NOT_FOUND_EYEBROW = _("Page not found (404)")
NOT_FOUND_TITLE = _("There is nothing at this address")
NOT_FOUND_TEXT = _(
    "The address may have a typo, or we no longer carry the piece. Search for it, or start from one of these."
)
NOT_FOUND_LINKS = (
    (NEW_TITLE, NEW),
    (_("All products"), ALL),
    (_("Find my order"), "/orders/lookup"),
)
