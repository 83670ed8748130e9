"""Disputes: a shopper's bank takes the money back. They change the payment status alone.

Stock and the order's status stay: the goods are sent whatever the bank decides, unless staff cancel. An
inquiry, which hasn't taken any money, is only recorded with its due date.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlmodel import Session, col, select

from ...core.clock import now
from ...core.money import show
from ...models import Dispute, DisputeStatus, Order, Payment, PaymentEventKind
from ...providers.payments.base import DisputeSnapshot
from ..orders import commands as order_commands
from .events import append

_RANK = {
    DisputeStatus.OPEN: 0,
    DisputeStatus.ANSWERED: 1,
    DisputeStatus.WON: 2,
    DisputeStatus.LOST: 3,
}
_CLOSED = {
    DisputeStatus.WON: PaymentEventKind.DISPUTE_WON,
    DisputeStatus.LOST: PaymentEventKind.DISPUTE_LOST,
}


@dataclass(frozen=True, slots=True)
class DisputeView:
    """A dispute as staff see it."""

    order_number: str
    reference: str
    """The provider's id of it: evidence is uploaded there."""
    status: str
    """open (answer it by `due_at`), answered, won or lost."""
    reason: str
    amount: str
    due_at: datetime | None
    opened_at: datetime
    closed_at: datetime | None


def take(session: Session, payment: Payment, snapshot: DisputeSnapshot) -> bool:
    """Bring the dispute's row and the payment's events in line; once, many times, in any order."""
    assert payment.id
    dispute = session.exec(select(Dispute).where(Dispute.provider_reference == snapshot.reference)).first()
    if dispute is None:
        dispute = Dispute(
            payment_id=payment.id, provider_reference=snapshot.reference, amount_minor=snapshot.amount_minor
        )
        session.add(dispute)
    elif dispute.payment_id != payment.id:
        return False
    before = (dispute.status, dispute.due_at, dispute.reason) if dispute.id else None
    # An older snapshot must not set the status back.
    if _RANK[DisputeStatus(snapshot.status)] >= _RANK[DisputeStatus(dispute.status)]:
        dispute.status = snapshot.status
    dispute.due_at, dispute.reason = (
        snapshot.due_at or dispute.due_at,
        snapshot.reason[:100] or dispute.reason,
    )
    if dispute.status in _CLOSED and dispute.closed_at is None:
        dispute.closed_at = now()
    session.flush()
    news = _append(session, payment, dispute, snapshot)
    if before != (dispute.status, dispute.due_at, dispute.reason):
        _record(session, payment, dispute)
        news = True
    return news


def _append(session: Session, payment: Payment, dispute: Dispute, snapshot: DisputeSnapshot) -> bool:
    if snapshot.is_inquiry:
        return False
    reference, amount = snapshot.reference, snapshot.amount_minor
    news = append(session, payment, PaymentEventKind.DISPUTE_OPENED, reference, amount)
    closing = _CLOSED.get(DisputeStatus(dispute.status))
    return append(session, payment, closing, reference, amount) or news if closing else news


def _record(session: Session, payment: Payment, dispute: Dispute) -> None:
    due = dispute.due_at.isoformat() if dispute.due_at else ""
    order_commands.record_event(
        session,
        payment.order_id,
        "dispute",
        actor=payment.provider,
        status=dispute.status,
        reason=dispute.reason,
        amount_minor=dispute.amount_minor,
        due_at=due,
    )


def open_ones(session: Session, limit: int = 200) -> list[DisputeView]:
    """Disputes that aren't closed: those that have to be answered first, by their due date."""
    return _views(
        session,
        col(Dispute.closed_at).is_(None),
        order=(col(Dispute.status).desc(), col(Dispute.due_at), col(Dispute.id)),
        limit=limit,
    )


def of_order(session: Session, order_id: int) -> list[DisputeView]:
    return _views(session, Payment.order_id == order_id, order=(col(Dispute.id),), limit=200)


def _views(session: Session, condition: Any, *, order: tuple[Any, ...], limit: int) -> list[DisputeView]:
    rows = session.exec(
        select(Dispute, Payment.currency, Order.number)
        .join(Payment, col(Payment.id) == Dispute.payment_id)
        .join(Order, col(Order.id) == Payment.order_id)
        .where(condition)
        .order_by(*order)
        .limit(limit)
    )
    return [
        DisputeView(
            str(number),
            dispute.provider_reference,
            dispute.status,
            dispute.reason,
            show(dispute.amount_minor, currency),
            dispute.due_at,
            dispute.created_at,
            dispute.closed_at,
        )
        for dispute, currency, number in rows
    ]
