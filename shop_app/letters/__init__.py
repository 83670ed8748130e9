"""What letters say: subject, plain text and HTML, from the order as its page shows it, or without one."""

from __future__ import annotations

from collections.abc import Callable
from email.headerregistry import Address, HeaderRegistry, UnstructuredHeader
from email.message import EmailMessage
from email.policy import EmailPolicy
from email.utils import format_datetime
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from ..core.clock import now
from ..core.email_addresses import ascii_host, sent_form
from ..core.i18n import _
from ..core.settings import settings
from ..core.shop import shop
from ..services import consents
from ..services.outbox import LetterToSend
from ..services.storefront.order_page import OrderView
from . import (
    about_account,
    about_carts,
    about_credit,
    about_data,
    about_orders,
    about_returns,
    about_shop,
    about_sign_in,
    about_staff,
    about_stock,
)
from .wording import Words

KINDS: dict[str, Callable[[OrderView, dict[str, Any]], Words]] = {
    "order_placed": about_orders.placed,
    "order_reminder": about_orders.reminder,
    "order_expired": about_orders.expired,
    "order_paid": about_orders.paid,
    "order_authorized": about_orders.authorized,
    "order_processing": about_orders.processing,
    "order_payment_failed": about_orders.payment_failed,
    "order_shipped": about_orders.shipped,
    "order_delivered": about_orders.delivered,
    "order_cancelled": about_orders.cancelled,
    "order_refunded": about_orders.refunded,
    "withdrawal_received": about_returns.withdrawal_received,
    "return_requested": about_returns.return_requested,
    "return_approved": about_returns.return_approved,
    "return_declined": about_returns.return_declined,
    "return_received": about_returns.return_received,
    "review_request": about_orders.review_request,
}
"""Every kind of letter about an order; a new one is one function and one line here."""


WITHOUT_ORDER: dict[str, Callable[[dict[str, Any]], Words]] = (
    about_account.KINDS
    | about_credit.KINDS
    | about_stock.KINDS
    | about_staff.KINDS
    | about_sign_in.KINDS
    | about_shop.KINDS
    | about_data.KINDS
    | about_carts.KINDS
)
"""Every kind of letter without an order around it."""


class _Address(UnstructuredHeader):
    """A header that is one address: never folded, as what it is folded to isn't an address any more."""

    def fold(self, *, policy: Any) -> str:
        return f"{self.name}: {self}{policy.linesep}"


_HEADERS = HeaderRegistry()
_HEADERS.map_to_type("list-unsubscribe", _Address)
_POLICY = EmailPolicy(header_factory=_HEADERS)


def compose(letter: LetterToSend, view: OrderView | None) -> EmailMessage:
    """The finished letter, plain text and HTML, with a Message-ID that a repeat has too.

    Errors  KeyError for a kind that isn't known.
    """
    words = WITHOUT_ORDER[letter.kind](letter.data) if view is None else KINDS[letter.kind](view, letter.data)
    locale = str(letter.data.get("locale") or shop().locale)
    preferences = _preferences(letter)
    given = {
        "words": words,
        "view": view,
        "notes": _notes(view) if view else [],
        "addresses": _addresses(view) if view else [],
        "shop": shop().name,
        "imprint": _imprint(),
        "preferences": preferences,
        "_": _,
        "lang": locale.replace("_", "-"),
        "link": words.link or f"{settings().public_url}/orders/{view.token if view else ''}",
        "home": settings().public_url,
    }
    message = _envelope(letter, words.subject)
    if preferences:
        message["List-Unsubscribe"] = f"<{preferences}>"
        message["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    message.set_content(_template("letter.txt").render(given))
    message.add_alternative(_template("letter.html").render(given), subtype="html")
    message["Content-Language"] = given["lang"]
    return message


def _preferences(letter: LetterToSend) -> str:
    """Where its reader chooses what else they are sent; "" for a letter about an order or an account."""
    purpose = consents.PURPOSE_BY_KIND.get(letter.kind)
    token = consents.token_of(letter.to_email, purpose) if purpose else ""
    return f"{settings().public_url}/letters/{token}" if token else ""


def _imprint() -> list[str]:
    """Who writes, as the law wants it below business letters: name and address, register, VAT number."""
    this = shop()
    vat_number = _("VAT number: {number}").format(number=this.vat_number) if this.vat_number else ""
    lines = [
        this.legal_name or this.name,
        *this.address.split("\n"),
        this.represented_by,
        this.register_entry,
    ]
    return [line for line in (*lines, vat_number) if line]


def _notes(view: OrderView) -> list[str]:
    """What stands below the sums of an order: about its tax."""
    number = _("Your VAT number: {number}").format(number=view.vat_number) if view.vat_number else ""
    return [note for note in (view.tax_note, number) if note]


def _addresses(view: OrderView) -> list[tuple[str, list[str]]]:
    """The order's addresses, each with its title."""
    goes_to = view.shipping_label if view.is_collected else _("Delivered to")
    titled = ((goes_to, view.address), (_("Billed to"), view.billing))
    return [(title, address) for title, address in titled if address]


def _envelope(letter: LetterToSend, subject: str) -> EmailMessage:
    host = ascii_host(urlsplit(settings().public_url).hostname or "localhost")
    message = EmailMessage(_POLICY)
    message["Subject"] = subject
    message["From"] = _sender(host)
    if answers := shop().contact_email:
        message["Reply-To"] = sent_form(answers)
    message["To"] = sent_form(letter.to_email)
    message["Date"] = format_datetime(now())
    message["Message-ID"] = f"<{letter.dedupe_key.replace(':', '.')}@{host}>"
    message["Auto-Submitted"] = "auto-generated"
    return message


def _sender(host: str) -> Address:
    """The shop's own address, else orders@ and the host that it is at."""
    if own := shop().sender_email:
        return Address(shop().name, addr_spec=sent_form(own))
    return Address(shop().name, "orders", host if "." in host else f"{host}.localdomain")


@cache
def _template(name: str) -> Any:
    templates = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=lambda name: str(name).endswith(".html"),
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=StrictUndefined,
        keep_trailing_newline=True,
    )
    return templates.get_template(name)
