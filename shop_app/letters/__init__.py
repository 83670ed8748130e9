"""What letters say: subject, plain text and HTML, from the order as its page shows it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from ..clock import now
from ..services.letters import LetterToSend
from ..services.orders import OrderView
from ..settings import settings
from ..words import _

SHOP_NAME = "Fennholm"


@dataclass(frozen=True, slots=True)
class Words:
    """What tells one kind of letter from another; the rest of it is the order."""

    subject: str
    headline: str
    paragraphs: list[str]
    rows: list[tuple[str, str]] = field(default_factory=list)
    """What the shopper needs at hand, such as where to transfer the money to."""
    button: str = ""


def _placed(view: OrderView, data: dict[str, Any]) -> Words:
    return Words(
        _("Order {number}: how to pay").format(number=view.number),
        _("Your order is in"),
        [_("We keep your things for you and send them when your payment has arrived."),
         _("Write the reference on your transfer, so that we know which order it is for.")],
        rows=view.transfer_details,
        button=_("See your order"),
    )  # fmt: skip


def _paid(view: OrderView, data: dict[str, Any]) -> Words:
    return Words(
        _("Order {number} is paid: your receipt").format(number=view.number),
        _("Thank you, it is paid"),
        [_("We have your payment of {total} and get your things ready.").format(total=view.total)],
        rows=[(view.shipping_label, view.delivery_dates)] if view.delivery_dates else [],
        button=_("Follow your order"),
    )


def _cancelled(view: OrderView, data: dict[str, Any]) -> Words:
    return Words(
        _("Order {number} was cancelled").format(number=view.number),
        _("Your order was cancelled"),
        [_("Nothing of it will be sent. What you have paid goes back the way it came.")],
        button=_("See your order"),
    )


def _refunded(view: OrderView, data: dict[str, Any]) -> Words:
    return Words(
        _("A refund for order {number}").format(number=view.number),
        _("{amount} is on its way back to you").format(amount=data.get("amount", "")),
        [_("It goes back the way you paid, and takes five to ten days to show there.")],
        button=_("See your order"),
    )


KINDS: dict[str, Callable[[OrderView, dict[str, Any]], Words]] = {
    "order_placed": _placed, "order_paid": _paid, "order_cancelled": _cancelled, "order_refunded": _refunded,
}  # fmt: skip
"""Every kind of letter about an order; a new one is one function and one line here."""


def compose(letter: LetterToSend, view: OrderView) -> EmailMessage:
    """The finished letter, plain text and HTML, with a Message-ID that a repeat has too.

    Errors  KeyError for a kind that isn't known.
    """
    words = KINDS[letter.kind](view, letter.data)
    given = {
        "words": words, "view": view, "shop": SHOP_NAME, "_": _, "lang": settings().locale,
        "link": f"{settings().public_url}/orders/{view.token}", "home": settings().public_url,
    }  # fmt: skip
    host = urlsplit(settings().public_url).hostname or "localhost"
    message = EmailMessage()
    message["Subject"] = words.subject
    message["From"] = Address(SHOP_NAME, "orders", host if "." in host else f"{host}.localdomain")
    message["To"] = letter.to_email
    message["Date"] = format_datetime(now())
    message["Message-ID"] = f"<{letter.dedupe_key.replace(':', '.')}@{host}>"
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(_template("order.txt").render(given))
    message.add_alternative(_template("order.html").render(given), subtype="html")
    return message


@cache
def _template(name: str) -> Any:
    templates = Environment(
        loader=FileSystemLoader(Path(__file__).parent), autoescape=lambda name: str(name).endswith(".html"),
        trim_blocks=True, lstrip_blocks=True, undefined=StrictUndefined, keep_trailing_newline=True,
    )  # fmt: skip
    return templates.get_template(name)
