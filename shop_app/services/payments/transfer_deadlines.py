"""Deadlines of orders that are paid by transfer: a reminder before, and expiry where nothing came."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import bindparam, func, select
from sqlmodel import Session, col
from sqlmodel import select as rows_of

from ...core.clock import now
from ...core.shop import shop
from ...models import (
    FulfilmentStatus,
    Order,
    OrderEvent,
    OrderLine,
    OrderStatus,
    Payment,
    PaymentEventKind,
    PaymentState,
    PaymentStatus,
    table_of,
)
from ..orders import claimed_units
from ..orders import commands as order_commands
from .events import append
from .ledger import LIVING, payment_key

REMIND_BEFORE = timedelta(days=3)
"""How long before the deadline; at most half of the whole time."""

_order = table_of(Order)
_line = table_of(OrderLine)
_event = table_of(OrderEvent)
_waiting = (
    select(_order.c.id)
    .where(
        _order.c.status == OrderStatus.PLACED.value,
        # Orders that were handed over or paid in part never expire: they must not fill the page of results.
        _order.c.fulfilment_status == FulfilmentStatus.NONE.value,
        _order.c.payment_status.in_([PaymentStatus.NONE.value, PaymentStatus.VOIDED.value]),
        _order.c.expires_at <= bindparam("until"),
        _order.c.paid_at.is_(None),
        _order.c.needs_review == "",
    )
    .order_by(_order.c.expires_at)
    .limit(bindparam("most"))
)
_was_reminded = (
    select(_event.c.id).where(_event.c.order_id == _order.c.id, _event.c.kind == "reminded").exists()
)
_TO_REMIND = _waiting.where(~_was_reminded, _order.c.expires_at > bindparam("at"))
_UNITS = select(func.sum(_line.c.quantity - _line.c.quantity_fulfilled - _line.c.quantity_cancelled)).where(
    _line.c.order_id == bindparam("order")
)


def to_remind(session: Session, limit: int = 100) -> list[int]:
    """Orders whose deadline is near, and whose shopper hasn't been reminded."""
    before = min(REMIND_BEFORE, timedelta(days=shop().transfer_days) / 2)
    params = {"until": now() + before, "at": now(), "most": limit}
    return list(session.connection().execute(_TO_REMIND, params).scalars())


def overdue(session: Session, limit: int = 100) -> list[int]:
    """Orders whose deadline has passed."""
    return list(session.connection().execute(_waiting, {"until": now(), "most": limit}).scalars())


def remind(session: Session, order_id: int) -> None:
    """Write the reminder, once; not for an order that was paid meanwhile."""
    head = order_commands.lock(session, order_id)
    if head.status != OrderStatus.PLACED or head.paid_at is not None:
        return
    order_commands.record_event(session, order_id, "reminded")
    if _is_wanted(session, order_id):
        order_commands.write_letter(session, head, "order_reminder")


def expire(session: Session, order_id: int) -> None:
    """Expire the order and write to the shopper; nothing for one that was paid or sent meanwhile."""
    head = order_commands.lock(session, order_id)
    still_waits = _is_wanted(session, order_id)
    if not order_commands.expire_placed(session, order_id):
        return
    living = session.exec(
        rows_of(Payment).where(
            Payment.order_id == order_id, Payment.provider == "manual", col(Payment.state).in_(LIVING)
        )
    )
    for payment in living.all():
        payment.state = PaymentState.CANCELLED
        append(session, payment, PaymentEventKind.VOIDED, payment_key(payment), 0)
    if still_waits:
        order_commands.write_letter(session, head, "order_expired")


def _is_wanted(session: Session, order_id: int) -> bool:
    """Whether anything is to be sent that the shopper hasn't withdrawn from; otherwise nothing is owed."""
    units = int(session.connection().execute(_UNITS, {"order": order_id}).scalar_one() or 0)
    return units > sum(claimed_units.not_to_send(session, order_id).values())
