"""The money of an order as staff see it: attempts to pay, disputes and refunds."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Row, bindparam, select
from sqlmodel import Session

from ...core.dates import full_moment
from ...core.i18n import _
from ...core.money import show
from ...models import (
    Dispute,
    Payment,
    PaymentEvent,
    PaymentEventKind,
    PaymentState,
    Refund,
    RefundStatus,
    table_of,
)
from ...providers.payments import registry
from ...providers.payments.base import METHODS
from ..credit import payments as credit_payments
from ..payments import refund_view
from .people import Names
from .words import Badge, badge

_payment, _event = table_of(Payment), table_of(PaymentEvent)
_refund, _dispute = table_of(Refund), table_of(Dispute)
_PAYMENTS = select(_payment).where(_payment.c.order_id == bindparam("order")).order_by(_payment.c.id)
_EVENTS = (
    select(_event)
    .join(_payment, _payment.c.id == _event.c.payment_id)
    .where(_payment.c.order_id == bindparam("order"))
    .order_by(_event.c.id)
)
_REFUNDS = (
    select(_refund)
    .join(_payment, _payment.c.id == _refund.c.payment_id)
    .where(_payment.c.order_id == bindparam("order"))
    .order_by(_refund.c.created_at, _refund.c.id)
)
_DISPUTES = (
    select(_dispute)
    .join(_payment, _payment.c.id == _dispute.c.payment_id)
    .where(_payment.c.order_id == bindparam("order"))
    .order_by(_dispute.c.id)
)
EVENTS = {
    "opened": _("Payment page opened"),
    "declined": _("Payment declined"),
    "authorized": _("Amount set aside"),
    "captured": _("Payment captured"),
    "expired": _("Payment page expired"),
    "voided": _("Payment voided"),
    "refund_pending": _("Refund on its way"),
    "refunded": _("Refund arrived"),
    "refund_failed": _("Refund failed"),
    "dispute_opened": _("Dispute opened"),
    "dispute_won": _("Dispute won"),
    "dispute_lost": _("Dispute lost"),
}
"""What each kind of payment event is called."""
WAITS_FOR_TRANSFER = _("Waits for the transfer")


@dataclass(frozen=True, slots=True)
class PaymentRecord:
    """One attempt to pay."""

    label: str
    """Card, bank transfer, the name of a gift card."""
    state: Badge
    amount: str
    captured: str
    refunded: str
    reference: str
    url: str
    """The payment at its provider; "" where that shows none to people."""
    until: str
    """Until when an authorised amount can be captured."""
    message: str
    """Why it was declined."""
    made: str
    is_authorised: bool = False
    events: list[tuple[str, str, str]] = field(default_factory=list)
    """What happened, amount and moment."""


@dataclass(frozen=True, slots=True)
class DisputeRecord:
    state: Badge
    amount: str
    reason: str
    due: str
    """ "Answer by 4 December 2026, 23:59 CET"; "" once it is answered or over."""
    url: str


@dataclass(frozen=True, slots=True)
class RefundRecord:
    state: Badge
    amount: str
    what: str
    reason: str
    note: str
    destination: str
    when: str
    who: str


@dataclass(frozen=True, slots=True)
class MoneyRecord:
    payments: list[PaymentRecord] = field(default_factory=list)
    disputes: list[DisputeRecord] = field(default_factory=list)
    refunds: list[RefundRecord] = field(default_factory=list)
    is_asked: bool = False
    """Whether a refund has no answer of its provider yet."""


def money(session: Session, order: Row[Any], names: Names, locale: str) -> MoneyRecord:
    """All attempts, disputes and refunds of the order, the oldest first."""
    connection, of_order = session.connection(), {"order": order.id}
    events: dict[int, list[Row[Any]]] = defaultdict(list)
    for event in connection.execute(_EVENTS, of_order):
        events[event.payment_id].append(event)
    payments = connection.execute(_PAYMENTS, of_order).all()
    cards = credit_payments.names_of(session, order.id)
    by_id = {payment.id: payment for payment in payments}
    refunds = connection.execute(_REFUNDS, of_order).all()
    seen = refund_view.of_order(session, order.id) if refunds else []
    return MoneyRecord(
        [_payment_record(payment, events[payment.id], cards, locale) for payment in payments],
        [
            _dispute_record(dispute, by_id[dispute.payment_id], locale)
            for dispute in connection.execute(_DISPUTES, of_order)
        ],
        [
            RefundRecord(
                badge("refund", _refund_state(row, view.status)), view.amount, view.what, row.reason,
                row.note, view.destination_text, full_moment(row.created_at), names.of(row.actor),
            )
            for row, view in zip(refunds, seen, strict=True)
        ],
        any(_refund_state(row, "pending") == "asked" for row in refunds),
    )  # fmt: skip


def _refund_state(row: Row[Any], status: str) -> str:
    if row.status == RefundStatus.PENDING and row.provider_reference is None:
        return "asked"
    return status


def _payment_record(
    payment: Row[Any], events: list[Row[Any]], cards: dict[int, str], locale: str
) -> PaymentRecord:
    def amount(minor: int) -> str:
        return show(minor, payment.currency, locale) if minor else ""

    reference = payment.intent_reference or payment.reference or ""
    is_authorised = payment.state == PaymentState.AUTHORIZED
    return PaymentRecord(
        cards.get(payment.id) or METHODS.get(payment.method) or label(payment.provider),
        _state(payment), amount(payment.amount_minor), amount(payment.captured_minor),
        amount(payment.refunded_minor), reference, registry.page_of(payment.provider, reference),
        _until(payment.authorized_until) if is_authorised else "", payment.decline_message,
        full_moment(payment.created_at), is_authorised and payment.provider != credit_payments.PROVIDER,
        [
            (happened(event.kind, payment.provider), amount(event.amount_minor), full_moment(event.at))
            for event in events
        ],
    )  # fmt: skip


def _state(payment: Row[Any]) -> Badge:
    state = badge("attempt", payment.state)
    awaited = payment.provider == "manual" and payment.state == PaymentState.OPEN
    return replace(state, text=WAITS_FOR_TRANSFER) if awaited else state


def happened(kind: str, provider: str) -> str:
    """What a payment event is called."""
    awaited = provider == "manual" and kind == PaymentEventKind.OPENED
    return WAITS_FOR_TRANSFER if awaited else EVENTS.get(kind, kind)


def label(provider: str) -> str:
    """What a payment provider is called, credit too."""
    if provider == credit_payments.PROVIDER:
        return _("Gift card or store credit")
    return registry.label(provider, collected=False)


def _until(moment: datetime | None) -> str:
    return _("Capture it by {moment}").format(moment=full_moment(moment)) if moment else ""


def _dispute_record(dispute: Row[Any], payment: Row[Any], locale: str) -> DisputeRecord:
    is_open = dispute.status == "open" and dispute.due_at
    return DisputeRecord(
        badge("dispute", dispute.status),
        show(dispute.amount_minor, payment.currency, locale),
        dispute.reason.replace("_", " "),
        _("Answer by {moment}").format(moment=full_moment(dispute.due_at)) if is_open else "",
        registry.page_of(payment.provider, dispute.provider_reference),
    )
