"""Money that is authorised and not yet captured: what may be taken of it, and until when."""

from __future__ import annotations

from dataclasses import dataclass

from sqlmodel import Session, col, select

from ...models import Order, OrderStatus, Payment, PaymentState
from .payment_ledger import Known, known, owed_minor, payment_key

OUTSIDE = "credit"
"""The provider whose money lies with us: it is captured with the rest, nobody has to be asked."""


@dataclass(frozen=True, slots=True)
class Authorised:
    """An authorised payment, and how much of it is to be taken now."""

    payment: Known
    intent_reference: str
    amount_minor: int
    """0 where nothing of it is owed any more: then it is let go."""
    key: str


def of_order(session: Session, order_id: int) -> list[Authorised]:
    """The order's authorised payments at companies outside, with what is owed shared out over them."""
    found = session.exec(
        select(Payment)
        .where(
            Payment.order_id == order_id,
            Payment.state == PaymentState.AUTHORIZED,
            Payment.provider != OUTSIDE,
        )
        .order_by(col(Payment.attempt))
    ).all()
    left = owed_minor(session, order_id) if found else 0
    wanted = []
    for payment in found:
        amount = max(0, min(left, payment.amount_minor))
        left -= amount
        wanted.append(
            Authorised(
                known(payment), payment.intent_reference or "", amount, f"{payment_key(payment)}-{amount}"
            )
        )
    return wanted


def is_uncaptured(session: Session, payment_id: int) -> bool:
    return session.get_one(Payment, payment_id).state != PaymentState.CAPTURED


def of_ended_orders(session: Session, limit: int = 50) -> list[int]:
    """Orders that were ended while their money is still authorised: it has to be let go."""
    found = session.exec(
        select(Order.id)
        .join(Payment, col(Payment.order_id) == Order.id)
        .where(
            Payment.state == PaymentState.AUTHORIZED,
            Payment.provider != OUTSIDE,
            col(Order.status).in_((OrderStatus.CANCELLED, OrderStatus.EXPIRED)),
        )
        .order_by(col(Order.id))
        .limit(limit)
    )
    return [id for id in found if id]
