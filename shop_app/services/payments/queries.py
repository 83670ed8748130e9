"""An order's payments as staff see them: each attempt with its events, and the disputes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session, col, select

from ...core.money import show
from ...models import Payment, PaymentEvent
from . import disputes
from .disputes import DisputeView


@dataclass(frozen=True, slots=True)
class PaymentEventView:
    kind: str
    amount: str
    reference: str
    at: datetime


@dataclass(frozen=True, slots=True)
class AttemptView:
    attempt: int
    provider: str
    reference: str
    """The provider's id of it; "" where it never answered."""
    state: str
    amount: str
    captured: str
    refunded: str
    authorized_until: datetime | None
    """Until when an authorised amount can be captured."""
    decline_message: str
    created_at: datetime
    events: tuple[PaymentEventView, ...]


@dataclass(frozen=True, slots=True)
class PaymentsView:
    attempts: tuple[AttemptView, ...]
    disputes: tuple[DisputeView, ...]


def of_order(session: Session, order_id: int) -> PaymentsView:
    """All attempts to pay the order, the oldest first."""
    payments = session.exec(
        select(Payment).where(Payment.order_id == order_id).order_by(col(Payment.created_at), col(Payment.id))
    ).all()
    events = session.exec(
        select(PaymentEvent)
        .where(col(PaymentEvent.payment_id).in_([payment.id for payment in payments]))
        .order_by(col(PaymentEvent.id))
    ).all()
    attempts = tuple(
        _attempt(payment, [event for event in events if event.payment_id == payment.id])
        for payment in payments
    )
    return PaymentsView(attempts, tuple(disputes.of_order(session, order_id)))


def _attempt(payment: Payment, events: list[PaymentEvent]) -> AttemptView:
    def money(minor: int) -> str:
        return show(minor, payment.currency) if minor else ""

    return AttemptView(
        payment.attempt,
        payment.provider,
        payment.intent_reference or payment.reference or "",
        payment.state,
        money(payment.amount_minor),
        money(payment.captured_minor),
        money(payment.refunded_minor),
        payment.authorized_until,
        payment.decline_message,
        payment.created_at,
        tuple(
            PaymentEventView(event.kind, money(event.amount_minor), event.provider_reference, event.at)
            for event in events
        ),
    )
