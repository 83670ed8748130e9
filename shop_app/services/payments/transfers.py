"""Payments by bank transfer or in cash: staff mark an order as paid, once for each reference."""

from __future__ import annotations

from sqlalchemy import bindparam, insert, select
from sqlmodel import Session

from ...core.access.principal import Principal
from ...core.clock import now
from ...core.errors import Conflict, Invalid, NotFound
from ...core.i18n import _
from ...models import (
    FulfilmentStatus,
    Order,
    OrderStatus,
    Payment,
    PaymentEvent,
    PaymentEventKind,
    PaymentState,
    PaymentStatus,
    table_of,
)
from ..orders import commands as order_commands
from ..orders import units as order_units
from ..orders.queries import OrderHead
from ..staff import audit
from . import ledger as payment_ledger

LONGEST_REFERENCE = 100

_payment = table_of(Payment)
_event = table_of(PaymentEvent)
_order = table_of(Order)

_BY_NUMBER = select(_order.c.id, _order.c.payment_provider).where(_order.c.number == bindparam("number"))
_PAYMENTS = select(
    _payment.c.id, _payment.c.attempt, _payment.c.provider, _payment.c.state, _payment.c.amount_minor
).where(_payment.c.order_id == bindparam("order"))
_KNOWN_REFERENCE = (
    select(_event.c.id)
    .join(_payment, _payment.c.id == _event.c.payment_id)
    .where(
        _payment.c.order_id == bindparam("order"),
        _payment.c.provider == "manual",
        _event.c.kind == PaymentEventKind.CAPTURED.value,
        _event.c.provider_reference == bindparam("reference"),
    )
)
_INSERT_PAYMENT = insert(_payment).returning(_payment.c.id)
_INSERT_EVENT = insert(_event)


def mark_paid(session: Session, number: int, reference: str, by: Principal) -> bool:
    """Capture all that is owed as paid by hand, with the bank's reference (or the receipt's number).

    The same reference again changes nothing and returns False. An expired order is reactivated; where its
    units are gone, it is flagged for review.

    Errors  Forbidden; Invalid for a reference that can't be used; NotFound; Conflict for an order that
            doesn't wait for a transfer.
    """
    by.need("orders.edit")
    reference = " ".join(reference.split())
    if not reference or len(reference) > LONGEST_REFERENCE:
        raise Invalid(
            _("Enter the reference of the transfer, in {most} characters at most.").format(
                most=LONGEST_REFERENCE
            ),
            field="reference",
        )
    connection = session.connection()
    row = connection.execute(_BY_NUMBER, {"number": number}).first()
    if row is None:
        raise NotFound(_("There is no order with this number."))
    order_id, provider = row
    order = order_commands.lock(session, order_id)
    payments = connection.execute(_PAYMENTS, {"order": order_id}).all()
    if payments and connection.execute(_KNOWN_REFERENCE, {"order": order_id, "reference": reference}).first():
        return False
    _refuse_unless_awaited(order, payments, was_awaited=provider == "manual")
    owed = payment_ledger.owed_minor(session, order_id)
    _take(session, order, owed, reference, 1 + max((row.attempt for row in payments), default=0))
    if payments:
        payment_ledger.recompute_order(session, order_id)
    else:
        order_commands.apply_payments(session, order_id, owed, order.currency)
        order_commands.set_payment_status(session, order_id, PaymentStatus.PAID)
    if order.fulfilment_status != FulfilmentStatus.NONE:
        # It was collected before it was paid: now it may be completed.
        order_units.recompute_fulfilment(session, order_id, actor=by.actor)
    audit.record(
        session,
        by.actor,
        "marked_paid",
        "order",
        str(number),
        before={"reference": "", "owed_minor": owed},
        after={"reference": reference, "owed_minor": 0},
        staff_id=by.id or None,
    )
    return True


def _refuse_unless_awaited(order: OrderHead, payments, *, was_awaited: bool) -> None:
    if order.status == OrderStatus.PENDING:
        raise Conflict(_("This order is being paid online. Wait for that to end."))
    too_late = order.status == OrderStatus.EXPIRED and was_awaited
    if order.status not in (OrderStatus.PLACED, OrderStatus.COMPLETED) and not too_late:
        raise Conflict(_("This order was ended. Refund the transfer, or ask for a new order."))
    if order.paid_at is not None:
        raise Conflict(_("This order is paid already."))
    if any(row.state == PaymentState.AUTHORIZED and row.provider != "credit" for row in payments):
        raise Conflict(_("This order's payment is authorised. Capture it instead."))


def _take(session: Session, order: OrderHead, amount_minor: int, reference: str, attempt: int) -> None:
    if amount_minor <= 0:
        raise Conflict(_("Nothing is owed for this order."))
    at, connection = now(), session.connection()
    row = {
        "order_id": order.id,
        "attempt": attempt,
        "provider": "manual",
        "reference": f"{order.number}-{attempt}",
        "state": PaymentState.CAPTURED.value,
        "currency": order.currency,
        "amount_minor": amount_minor,
        "captured_minor": amount_minor,
        "refunded_minor": 0,
        "refund_pending_minor": 0,
        "redirect_url": "",
        "decline_message": "",
        "created_at": at,
    }
    payment_id = connection.execute(_INSERT_PAYMENT, row).scalar_one()
    connection.execute(
        _INSERT_EVENT,
        {
            "payment_id": payment_id,
            "kind": PaymentEventKind.CAPTURED.value,
            "amount_minor": amount_minor,
            "provider_reference": reference,
            "at": at,
        },
    )
