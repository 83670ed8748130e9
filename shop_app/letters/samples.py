"""Samples: every kind of letter with the data that one about the newest order would have."""

from __future__ import annotations

from email.message import EmailMessage
from typing import Any

from sqlmodel import Session

from ..core import money
from ..core.clock import now
from ..core.dates import full_day, full_moment
from ..core.i18n import _
from ..core.shop import shop
from ..services.accounts import tickets
from ..services.desk.letter_kinds import newest_order
from ..services.outbox import LetterToSend
from ..services.storefront import order_page
from ..services.storefront.order_page import OrderView

ADDRESS = "ada@example.com"


def kinds() -> tuple[str, ...]:
    """Every kind of letter, those about orders first."""
    from . import KINDS, WITHOUT_ORDER

    return (*KINDS, *WITHOUT_ORDER)


def sample(session: Session, kind: str, order_id: int | None = None) -> EmailMessage | None:
    """A letter of that kind; None where it would be about an order and there is none yet.

    order_id  the order that it is about; None for the newest one

    Errors  KeyError for a kind that isn't known.
    """
    from . import WITHOUT_ORDER, compose

    view = None
    if kind not in WITHOUT_ORDER:
        order_id = order_id or newest_order(session)
        if order_id is None:
            return None
        view = order_page.view_of(session, order_id)
    return compose(LetterToSend(0, kind, ADDRESS, f"sample:{kind}", _data(kind, view)), view)


def _data(kind: str, view: OrderView | None) -> dict[str, Any]:
    if view is not None:
        return _about(view)
    amount = money.show(2000, shop().currency, shop().locale)
    until = full_day(now())
    return {
        "data_export": {"until": full_moment(now())},
        "gift_card": {"amount": amount, "balance": amount, "until": until, "request_key": "sample"},
        "store_credit": {"amount": amount, "balance": amount, "account_id": 0},
        "cart_reminder": {"things": [_("1 × A product")]},
        "back_in_stock": {"product": _("A product"), "price": amount, "path": "/products"},
        "stock_confirm": {"product": _("A product"), "price": amount, "path": "/products"},
        "stock_offer": {
            "product": _("A product"),
            "price": amount,
            "path": "/products",
            "until": now().isoformat(),
        },
        "staff_invited": {"by": _("A colleague"), "role": _("clerk"), "word": "sample"},
        "sign_in_code": {"seed": "0" * 32, "email": ADDRESS},
        "staff_reset": {
            "visitor": tickets.ANY_BROWSER,
            "until": now().isoformat(),
            "staff_id": 0,
            "password": "",
        },
        "staff_password_changed": {"by": "owner"},
        "staff_factor_changed": {"change": "factor_added", "factor": "passkey"},
        "customer_email_code": {"change": "0", "seed": "sample"},
        "customer_email_changed": {"change": "0", "until": now().isoformat()},
        "customer_password_changed": {"change": "set"},
        "customer_passkey_changed": {"change": "added"},
        "customer_new_browser": {"device": _("Firefox on Linux"), "network": ""},
        "staff_new_browser": {"device": _("Firefox on Linux"), "network": ""},
    }.get(kind, {})


def _about(view: OrderView) -> dict[str, Any]:
    lines = [{"quantity": line.quantity, "title": line.title, "variant": line.variant} for line in view.lines]
    things = [f"{line.quantity} × {line.title}" for line in view.lines]
    return {
        "number": view.number,
        "lines": lines,
        "things": things,
        "carrier": "DHL",
        "tracking": "00340434161094042557",
        "amount": view.total,
        "answer": "",
        "receipt": {
            "number": view.number,
            "token": view.token,
            "name": _("Ada Example"),
            "email": ADDRESS,
            "at": full_moment(now()),
            "note": "",
            "things": things,
            "send_back": things,
            "not_sent": [],
            "send_until": full_day(now()),
        },
    }
