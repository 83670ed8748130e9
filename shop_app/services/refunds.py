"""Refunds: written down and set aside by a guarded statement before the company is asked, once each."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import text
from sqlmodel import Session, col, select

from ..clock import now
from ..errors import Conflict
from ..models import Payment, Refund, RefundStatus
from ..providers.payments import RefundPicture
from ..words import _
from .payment_ledger import fold_order, fold_payment, locked, take_refund
from .refund_view import RefundView, of_order

__all__ = ["RefundRequest", "RefundView", "answered", "of_order", "refused", "request", "unsent"]

_RESERVE = text("""
    UPDATE payment SET refund_pending_minor = refund_pending_minor + :amount
    WHERE id = :payment AND refunded_minor + refund_pending_minor + :amount <= captured_minor
""")


@dataclass(frozen=True, slots=True)
class RefundRequest:
    """A refund that has been written down, and may have to be asked for."""

    refund_id: int
    payment_id: int
    provider: str
    intent_reference: str
    amount_minor: int
    key: str
    reason: str
    waiting: bool
    """Whether the company hasn't answered yet."""


def request(
    session: Session, payment_id: int, amount_minor: int, request_key: str, *, reason: str = "",
    note: str = "", actor: str = "system",
) -> RefundRequest:  # fmt: skip
    """Write a refund down and set its amount aside, in one guarded statement.

    The same key is the same refund.

    Errors  Conflict for more than what is left of the payment.
    """
    payment = locked(session, payment_id)
    refund = session.exec(select(Refund).where(Refund.request_key == request_key)).first()
    if refund is None:
        if amount_minor <= 0:
            raise Conflict(_("Enter an amount above zero."))
        done = session.connection().execute(_RESERVE, {"amount": amount_minor, "payment": payment_id})
        if done.rowcount != 1:
            raise Conflict(_("That is more than what is left of this payment."), code="over_refund")
        refund = Refund(
            payment_id=payment_id, request_key=request_key, amount_minor=amount_minor, reason=reason,
            note=note, actor=actor,
        )  # fmt: skip
        session.add(refund)
        session.flush()
    return _refund_request(refund, payment)


def unsent(session: Session, limit: int = 50) -> list[RefundRequest]:
    """Refunds that were written down and that the company hasn't answered: ask again with the same key."""
    rows = session.exec(
        select(Refund, Payment)
        .join(Payment, col(Payment.id) == Refund.payment_id)
        .where(Refund.status == RefundStatus.PENDING, col(Refund.provider_reference).is_(None))
        .order_by(col(Refund.id))
        .limit(limit)
    )
    return [_refund_request(refund, payment) for refund, payment in rows]


def answered(session: Session, refund_id: int, picture: RefundPicture) -> None:
    """Note what the company said of a refund; any number of times."""
    refund = session.get_one(Refund, refund_id)
    payment = locked(session, refund.payment_id)
    take_refund(session, payment, picture)
    session.flush()
    fold_payment(session, payment)
    fold_order(session, payment.order_id)


def refused(session: Session, refund_id: int) -> None:
    """The company won't take it: what was set aside is free again."""
    refund = session.get_one(Refund, refund_id)
    payment = locked(session, refund.payment_id)
    if refund.status == RefundStatus.PENDING:
        refund.status, refund.settled_at = RefundStatus.FAILED, now()
        session.flush()
        fold_payment(session, payment)


def _refund_request(refund: Refund, payment: Payment) -> RefundRequest:
    assert refund.id
    waiting = refund.status == RefundStatus.PENDING and refund.provider_reference is None
    return RefundRequest(
        refund.id, refund.payment_id, payment.provider, payment.intent_reference or "", refund.amount_minor,
        refund.request_key, refund.reason, waiting,
    )  # fmt: skip
