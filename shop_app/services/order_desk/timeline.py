"""The timeline of an order: all that happened, by whom and when, in words. Nothing can be deleted."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Row, bindparam, select
from sqlmodel import Session

from ...core.dates import full_moment
from ...core.i18n import _
from ...core.money import show
from ...models import Letter, Payment, PaymentEvent, table_of
from .. import outbox
from ..orders.queries import order_event
from .money import happened
from .people import Names
from .words import LETTERS

_letter, _payment, _event = table_of(Letter), table_of(Payment), table_of(PaymentEvent)
_HISTORY = select(order_event).where(order_event.c.order_id == bindparam("order")).order_by(order_event.c.id)
_PAID = (
    select(_event, _payment.c.provider, _payment.c.currency)
    .join(_payment, _payment.c.id == _event.c.payment_id)
    .where(_payment.c.order_id == bindparam("order"))
)
_LETTERS = select(_letter).where(_letter.c.order_id == bindparam("order")).order_by(_letter.c.id)
_SAID_ELSEWHERE = frozenset({"payment_status", "fulfilment_status", "pending", "refund_settled"})
"""Kinds whose cause has a line of its own."""
_Data = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Happening:
    """One line of the timeline."""

    text: str
    detail: str
    """What somebody wrote along, or a reason."""
    who: str
    when: str
    kind: str
    """note, money, goods, letter, warning or order: which icon it has."""


@dataclass(frozen=True, slots=True)
class LetterRecord:
    id: int
    name: str
    to: str
    state: str
    """ "Sent 22 November 2026, 14:07 CET", or why it wasn't."""
    can_send: bool = False


@dataclass(frozen=True, slots=True)
class Timeline:
    happenings: list[Happening] = field(default_factory=list)
    """The newest first."""
    letters: list[LetterRecord] = field(default_factory=list)


def timeline(session: Session, order: Row[Any], names: Names, locale: str) -> Timeline:
    """What happened to the order, its payments and its letters."""
    connection, of_order = session.connection(), {"order": order.id}

    def amount(minor: int, currency: str = order.currency) -> str:
        return show(int(minor), currency, locale)

    dated: list[tuple[datetime, int, Happening]] = []
    is_placed = False
    for row in connection.execute(_HISTORY, of_order):
        # With its payment an order moves to "placed" again: that it is paid stands in the line before.
        again = is_placed and row.kind == "placed" and not row.data.get("late")
        is_placed = is_placed or row.kind == "placed"
        if row.kind not in _SAID_ELSEWHERE and not again:
            dated.append((row.at, 0, _of_event(row, names, amount)))
    for row in connection.execute(_PAID, of_order):
        text = happened(row.kind, row.provider)
        text = f"{text}, {amount(row.amount_minor, row.currency)}" if row.amount_minor else text
        who = names.of("" if row.provider == "credit" else row.provider)
        dated.append((row.at, 1, Happening(text, "", who, full_moment(row.at), "money")))
    letters = connection.execute(_LETTERS, of_order).all()
    for row in letters:
        if row.sent_at:
            text = _("Letter sent: {letter}").format(letter=LETTERS.get(row.kind, row.kind))
            when = full_moment(row.sent_at)
            dated.append((row.sent_at, 2, Happening(text, row.to_email, names.of(""), when, "letter")))
    dated.sort(key=lambda entry: entry[:2], reverse=True)
    return Timeline([entry[2] for entry in dated], [_letter_record(row) for row in letters])


def _letter_record(row: Row[Any]) -> LetterRecord:
    if row.sent_at:
        state = _("Sent {moment}").format(moment=full_moment(row.sent_at))
    elif row.attempts >= outbox.MAX_ATTEMPTS:
        state = _("Given up: {why}").format(why=row.problem)
    elif row.attempts:
        state = _("Tried {count} times: {why}").format(count=row.attempts, why=row.problem)
    else:
        state = _("Waits to be sent")
    name = LETTERS.get(row.kind, row.kind)
    return LetterRecord(row.id, name, row.to_email, state, bool(row.to_email and row.data))


def _of_event(row: Row[Any], names: Names, amount: Callable[[int], str]) -> Happening:
    data = row.data or {}
    text, kind = _WORDS.get(row.kind, (row.kind.replace("_", " ").capitalize(), "order"))
    detail = _DETAILS[row.kind](data) if row.kind in _DETAILS else ""
    if "amount_minor" in data:
        text = f"{text}, {amount(data['amount_minor'])}"
    actor = "shopper" if row.kind == "placed" and not data.get("late") else row.actor
    return Happening(text, detail, names.of(actor), full_moment(row.at), kind)


_WORDS: dict[str, tuple[str, str]] = {
    "placed": (_("Order placed"), "order"),
    "paid": (_("Order is paid"), "money"),
    "completed": (_("Order completed"), "order"),
    "cancelled": (_("Order cancelled"), "order"),
    "expired": (_("Order expired: not paid in time"), "order"),
    "note": (_("Note"), "note"),
    "resolved": (_("Looked at and resolved"), "order"),
    "needs_review": (_("Needs attention"), "warning"),
    "shipped": (_("Shipped"), "goods"),
    "shipment_cancelled": (_("Shipment called back"), "goods"),
    "tracking_changed": (_("Tracking changed"), "goods"),
    "delivered": (_("Delivered"), "goods"),
    "money_kept": (_("Money kept"), "money"),
    "cancel_requested": (_("Cancelling asked for"), "order"),
    "refund_requested": (_("Refund asked for"), "money"),
    "refunded": (_("Refunded"), "money"),
    "capture_asked": (_("Capture asked for"), "money"),
    "void_asked": (_("Voiding asked for"), "money"),
    "return_requested": (_("Return requested"), "goods"),
    "withdrawal_received": (_("Withdrawal received"), "goods"),
    "return_approved": (_("Return agreed"), "goods"),
    "return_declined": (_("Return declined"), "goods"),
    "return_received": (_("Return received"), "goods"),
    "return_cancelled": (_("Return ended"), "goods"),
    "return_refunded": (_("Return refunded"), "money"),
    "return_noted": (_("Note on a return"), "note"),
    "dispute": (_("Dispute"), "warning"),
    "reminded": (_("Reminded to pay"), "letter"),
    "letter_given_up": (_("A letter couldn't be sent"), "warning"),
    "letter_sent_again": (_("Letter sent again"), "letter"),
    "address_changed": (_("Delivery address changed"), "order"),
    "archived": (_("Put into the archive"), "order"),
    "unarchived": (_("Taken out of the archive"), "order"),
}


def _why(data: _Data) -> str:
    return str(data.get("why") or data.get("reason") or "")


def _parcel(data: _Data) -> str:
    return " ".join(str(data[name]) for name in ("carrier", "tracking") if data.get(name))


def _things(data: _Data) -> str:
    return "; ".join(map(str, data.get("things") or data.get("received") or ()))


def _cancel(data: _Data) -> str:
    request = data.get("request") or {}
    words = [
        str(request.get("reason") or ""),
        _("goods back in stock") if request.get("restock") else _("goods written off"),
        _("money refunded") if request.get("refund") else _("money kept"),
    ]
    return ", ".join(word for word in words if word)


def _refund(data: _Data) -> str:
    request = data.get("request") or {}
    return "; ".join(str(request[name]) for name in ("reason", "note") if request.get(name))


def _dispute(data: _Data) -> str:
    return ", ".join(str(data[name]).replace("_", " ") for name in ("status", "reason") if data.get(name))


def _resolved(data: _Data) -> str:
    return "; ".join(str(data[name]) for name in ("why", "note") if data.get(name))


def _letter_of(data: _Data) -> str:
    name = LETTERS.get(str(data.get("letter")), str(data.get("letter", "")))
    return ": ".join(word for word in (name, str(data.get("why", ""))) if word)


_DETAILS: dict[str, Callable[[_Data], str]] = {
    "note": lambda data: str(data.get("text", "")),
    "cancelled": _why,
    "needs_review": _why,
    "refunded": _why,
    "resolved": _resolved,
    "shipped": _parcel,
    "tracking_changed": _parcel,
    "shipment_cancelled": lambda data: str(data.get("note", "")),
    "cancel_requested": _cancel,
    "refund_requested": _refund,
    "dispute": _dispute,
    "return_requested": _things,
    "withdrawal_received": _things,
    "return_received": _things,
    "return_approved": lambda data: str(data.get("answer", "")),
    "return_declined": lambda data: str(data.get("answer", "")),
    "letter_given_up": _letter_of,
    "letter_sent_again": _letter_of,
    "address_changed": lambda data: ", ".join(str(name).replace("_", " ") for name in data.get("fields", ())),
}
