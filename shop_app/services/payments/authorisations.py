"""Authorised payments: how much of each is to be captured, and those that have to be voided or reviewed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from sqlmodel import Session, col, exists, select

from ...core.access.principal import Principal
from ...core.clock import now
from ...core.errors import Conflict
from ...core.i18n import _
from ...models import Order, OrderEvent, OrderStatus, Payment, PaymentEvent, PaymentEventKind, PaymentState
from ..credit.payments import PROVIDER as CREDIT
from ..orders import commands as order_commands
from ..staff import audit
from .ledger import LIVING, PaymentRef, owed_minor, payment_key, payment_ref

FLAG_AFTER = timedelta(minutes=5)
"""How long after its payment was voided an order may still be placed: cancelling ends it right after."""
FLAG_WITHIN = timedelta(days=3)
PERMISSION = "orders.edit"
LONGEST = timedelta(days=40)
"""No bank keeps an amount authorised for longer."""


@dataclass(frozen=True, slots=True)
class Authorised:
    """An authorised payment, and how much of it is to be taken now."""

    payment: PaymentRef
    intent_reference: str
    amount_minor: int
    """0 where nothing of it is owed any more: then it is voided."""
    key: str
    currency: str


def of_order(session: Session, order_id: int) -> list[Authorised]:
    """The order's authorised payments at providers, with what is owed shared out over them."""
    payments = session.exec(
        select(Payment)
        .where(
            Payment.order_id == order_id,
            Payment.state == PaymentState.AUTHORIZED,
            Payment.provider != CREDIT,
        )
        .order_by(col(Payment.attempt))
    ).all()
    left = owed_minor(session, order_id) if payments else 0
    authorised = []
    for payment in payments:
        amount = max(0, min(left, payment.amount_minor))
        left -= amount
        authorised.append(
            Authorised(
                payment_ref(payment),
                payment.intent_reference or "",
                amount,
                f"{payment_key(payment)}-{amount}",
                payment.currency,
            )
        )
    return authorised


def ask(session: Session, order_id: int, what: str, *, by: Principal) -> None:
    """Write down that staff want the authorised money captured, or voided (`what`), before it is asked for.

    Errors  Forbidden; NotFound; Conflict where nothing is authorised.
    """
    by.need(PERMISSION)
    head = order_commands.lock(session, order_id)
    if not of_order(session, order_id):
        raise Conflict(_("Nothing is set aside for this order any more."))
    kind = f"{what}_asked"
    order_commands.record_event(session, order_id, kind, actor=by.actor)
    audit.record(session, by.actor, f"order.{kind}", "order", str(head.number), staff_id=by.id or None)


def is_uncaptured(session: Session, payment_id: int) -> bool:
    return session.get_one(Payment, payment_id).state != PaymentState.CAPTURED


def of_ended_orders(session: Session, limit: int = 50) -> list[int]:
    """Ended orders whose payment is still authorised: it has to be voided."""
    order_ids = session.exec(
        select(Order.id)
        .join(Payment, col(Payment.order_id) == Order.id)
        .where(
            Payment.state == PaymentState.AUTHORIZED,
            Payment.provider != CREDIT,
            col(Order.status).in_((OrderStatus.CANCELLED, OrderStatus.EXPIRED)),
        )
        .order_by(col(Order.id))
        .limit(limit)
    )
    return [id for id in order_ids if id]


def voided_but_placed(session: Session, limit: int = 50) -> list[int]:
    """Placed orders whose payment was voided and that weren't cancelled: cancelling has failed in between.

    Orders that were flagged for review since then are left out.
    """
    other_payment = select(Payment.id).where(
        Payment.order_id == Order.id,
        Payment.provider != CREDIT,
        col(Payment.state).in_((*LIVING, PaymentState.CAPTURED)),
    )
    flagged = select(OrderEvent.id).where(
        OrderEvent.order_id == Order.id, OrderEvent.kind == "needs_review", OrderEvent.at >= PaymentEvent.at
    )
    order_ids = session.exec(
        select(Order.id)
        .join(Payment, col(Payment.order_id) == Order.id)
        .join(PaymentEvent, col(PaymentEvent.payment_id) == Payment.id)
        .where(
            Order.status == OrderStatus.PLACED,
            col(Order.paid_at).is_(None),
            Payment.state == PaymentState.CANCELLED,
            Payment.created_at >= now() - LONGEST,
            col(Payment.authorized_until).is_not(None),
            PaymentEvent.kind == PaymentEventKind.VOIDED,
            PaymentEvent.at < now() - FLAG_AFTER,
            PaymentEvent.at >= now() - FLAG_WITHIN,
            ~exists(other_payment.correlate(Order)),
            ~exists(flagged.correlate(Order, PaymentEvent)),
        )
        .order_by(col(Order.id))
        .limit(limit)
    )
    return [id for id in order_ids if id]


def flag_voided(session: Session, order_id: int) -> None:
    """Flag such an order for review, unless it was cancelled in the meantime."""
    if order_commands.lock(session, order_id).status == OrderStatus.PLACED:
        order_commands.flag_for_review(
            session, order_id, "The authorisation was voided, and the order wasn't cancelled."
        )
