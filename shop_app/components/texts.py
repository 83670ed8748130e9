"""The shop's own words that header, footer and plain pages share, and the links between them; no Reflex."""

from __future__ import annotations

from typing import Any

from shop_app.core.i18n import _
from shop_app.core.shop import shop

SHOP = "Fennholm"
MAIL = "hello@fennholm.example"
PROMISES = (_("Free delivery in Germany from €90"), _("30 days to change your mind"))
PAYMENT_PROMISE = _("You pay at our payment company: we never see your card")
RETURN_COST = _("You pay for the way back, unless something arrived broken or wrong.")
HEAD_LINKS = ((_("Delivery"), "/delivery"), (_("Help"), "/contact"))


def titled(name: Any) -> Any:
    """The title of a page with this name, or with this Var as its name."""
    return name + f" · {SHOP}"


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
FOOTER_ABOUT = _("Home goods from small workshops, sold from one room in Berlin.")
FOOTER_END = (
    _("© Fennholm. Prices include VAT.")
    if shop().prices_include_tax
    else _("© Fennholm. Tax is added at checkout.")
)
PRICE_NOTE = _("incl. VAT, plus ") if shop().prices_include_tax else _("plus tax and ")
"""What stands below a price, before the link to the delivery's cost."""
FOOTER_LEGAL = ((_("Imprint"), "/imprint"), (_("Privacy"), "/privacy"), (_("Terms"), "/terms"))

SHOP_LEAD = _(
    "Home goods from small workshops: stoneware, wood, glass, linen and light. Delivered from Berlin."
)
HERO_TITLE = _("Good things\nfor ordinary\ndays at home")
HOME_TITLE = SHOP + ": " + HERO_TITLE.replace("\n", " ")
HERO_LEAD = _("Mugs, lamps and chairs from small workshops. Made well, priced plainly, kept in repair.")
HERO_LINK = _("See what is new")
HERO_LABEL = _("In this picture, left to right")
SALE_TITLE = _("Last of the season")
SALE_TEXT = _("Colours we will not make again. The crossed-out price is what they cost before.")
STORY_TITLE = _("We carry fewer things, and know who made them")
STORY = (
    _(
        "Each piece lives in one of our homes for a season before it reaches the shop. If the handle gets "
        "hot, the drawer sticks or the glaze stains, we send it back to the bench."
    ),
    _(
        "When something breaks later, write to us. We keep spare lids, shades and screws for everything "
        "we sell."
    ),
)

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
