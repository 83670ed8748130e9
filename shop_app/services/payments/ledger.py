"""The ledger of payments: what providers report is appended, and sums, states and the order follow from it.

Everything that happens to a payment is a `PaymentEvent`; its state only moves forward. A webhook changes
nothing by itself: the payment is retrieved, and its snapshot is applied here.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import and_, bindparam, case, func
from sqlmodel import Session, col, select

from ...core import events
from ...core.clock import now
from ...core.errors import NotFound
from ...core.i18n import _
from ...core.money import show
from ...models import (
    Order,
    OrderStatus,
    Payment,
    PaymentEventKind,
    PaymentState,
    PaymentStatus,
    Refund,
    RefundStatus,
    table_of,
)
from ...providers.payments.base import PaymentSnapshot, RefundSnapshot
from .. import outbox
from ..credit import payments as credit_payments
from ..orders import awaited_payment
from ..orders import commands as order_commands
from ..orders import queries as order_queries
from ..orders import shopper as shoppers
from . import disputes
from . import inbox as payment_inbox
from .events import append, of_payments, status_of, sums

_RANK = {
    state: rank
    for rank, states in enumerate(
        (
            (PaymentState.STARTED,),
            (PaymentState.OPEN,),
            (PaymentState.AUTHORIZED,),
            (PaymentState.FAILED, PaymentState.EXPIRED, PaymentState.CANCELLED),
            (PaymentState.CAPTURED,),
        )
    )
    for state in states
}
_STATES = {
    "open": PaymentState.OPEN,
    "processing": PaymentState.OPEN,
    "authorized": PaymentState.AUTHORIZED,
    "captured": PaymentState.CAPTURED,
    "expired": PaymentState.EXPIRED,
    "cancelled": PaymentState.CANCELLED,
    "failed": PaymentState.FAILED,
}
_REFUND_EVENTS = {
    "pending": PaymentEventKind.REFUND_PENDING,
    "succeeded": PaymentEventKind.REFUNDED,
    "failed": PaymentEventKind.REFUND_FAILED,
}
_payment = table_of(Payment)
_set_aside = and_(_payment.c.provider == "credit", _payment.c.state == PaymentState.AUTHORIZED.value)
_COVERED = select(
    func.coalesce(
        func.sum(_payment.c.captured_minor + case((_set_aside, _payment.c.amount_minor), else_=0)), 0
    )
).where(_payment.c.order_id == bindparam("order"))
_REFUND_RANK = {RefundStatus.PENDING: 0, RefundStatus.SUCCEEDED: 1, RefundStatus.FAILED: 2}
"""A refund that succeeded can still fail: a bank may send it back. No other status goes backwards."""
LIVING = (PaymentState.STARTED, PaymentState.OPEN, PaymentState.AUTHORIZED)
"""States in which a payment may still bring money."""


@dataclass(frozen=True, slots=True)
class PaymentRef:
    """The ids by which a payment is named between services and workflows."""

    payment_id: int
    order_id: int
    provider: str
    reference: str
    state: str


def apply(session: Session, payment_id: int, snapshot: PaymentSnapshot, inbox_id: int | None = None) -> str:
    """Apply the provider's snapshot to payment and order; safe to repeat, in any order.

    Returns the outcome: applied, already known, or refused. A refused snapshot changes nothing, but the
    order is flagged for review where it shows money in another currency.
    """
    payment = locked(session, payment_id)
    order = session.get_one(Order, payment.order_id)
    problem = _mismatch(order, payment, snapshot)
    if problem:
        outcome = "refused"
        taken = snapshot.captured_minor or (snapshot.amount_minor if snapshot.state == "authorized" else 0)
        if taken and snapshot.currency != payment.currency:
            order_commands.apply_payments(session, payment.order_id, taken, snapshot.currency)
    else:
        strange = shoppers.fill_in(session, payment.order_id, snapshot.shopper) if snapshot.shopper else ""
        before = payment.state
        news = _append_new(session, payment, snapshot)
        outcome = "applied" if news else "already known"
        # A provider tells of one payment several times: what was in line with all events still is.
        if news or not _is_settled(order):
            recompute_order(session, payment.order_id)
        _follow_up(session, payment, snapshot, before)
        if strange:
            order_commands.flag_for_review(session, payment.order_id, strange)
    if inbox_id is not None:
        payment_inbox.close_entry(session, inbox_id, outcome, problem)
    return outcome


def _is_settled(order: Order) -> bool:
    """Whether the order is paid and goes its way."""
    goes_on = order.status in (OrderStatus.PLACED, OrderStatus.COMPLETED)
    return goes_on and order.payment_status == PaymentStatus.PAID


def _mismatch(order: Order, payment: Payment, snapshot: PaymentSnapshot) -> str:
    """Why the snapshot can't be of this payment; "" where it is."""
    # The provider has the token that the order was placed with; an old token is replaced.
    another = order.link_since is None and snapshot.order_token not in ("", order.token)
    if another or snapshot.attempt_key not in ("", payment_key(payment)):
        return "The provider's snapshot is of another order."
    if payment.reference and payment.reference != snapshot.reference:
        return "The provider's snapshot is of another payment."
    if snapshot.currency and snapshot.currency != payment.currency:
        return f"The currency is {snapshot.currency}, not {payment.currency}."
    return ""


def _follow_up(session: Session, payment: Payment, snapshot: PaymentSnapshot, before: str) -> None:
    """The order of a payment without money waits for the bank, ends, or is flagged for review."""
    if snapshot.state == "processing":
        awaited_payment.wait_for_bank(session, payment.order_id, payment.created_at)
    elif (
        snapshot.state == "failed" and before != payment.state and not _has_living(session, payment.order_id)
    ):
        awaited_payment.failed(session, payment.order_id)
    elif (
        before == PaymentState.AUTHORIZED
        and payment.state == PaymentState.CANCELLED
        and not snapshot.voided_by_us
    ):
        awaited_payment.authorization_lapsed(session, payment.order_id)


def _has_living(session: Session, order_id: int) -> bool:
    return (
        session.exec(
            select(Payment.id).where(
                Payment.order_id == order_id,
                Payment.provider != credit_payments.PROVIDER,
                col(Payment.state).in_(LIVING),
            )
        ).first()
        is not None
    )


def _append_new(session: Session, payment: Payment, snapshot: PaymentSnapshot) -> bool:
    """Append what is new in the snapshot; whether anything was."""
    kinds = PaymentEventKind
    news = False
    is_first = payment.intent_reference is None
    payment.reference = payment.reference or snapshot.reference
    payment.intent_reference = snapshot.intent_reference or payment.intent_reference
    payment.method = snapshot.method or payment.method
    money = snapshot.intent_reference or snapshot.reference
    if snapshot.decline_reference:
        news |= append(session, payment, kinds.DECLINED, snapshot.decline_reference, 0)
    if snapshot.state == "authorized":
        news |= append(session, payment, kinds.AUTHORIZED, money, snapshot.amount_minor)
        # A week, where the provider gives no date.
        payment.authorized_until = snapshot.authorized_until or payment.created_at + timedelta(days=7)
    if snapshot.captured_minor:
        news |= append(session, payment, kinds.CAPTURED, money, snapshot.captured_minor)
    if snapshot.state == "expired":
        news |= append(session, payment, kinds.EXPIRED, snapshot.reference, 0)
    if snapshot.state == "cancelled":
        news |= append(session, payment, kinds.VOIDED, money, 0)
    for refund in snapshot.refunds:
        news |= take_refund(session, payment, refund)
    for dispute in snapshot.disputes:
        news |= disputes.take(session, payment, dispute)
    state = PaymentState.CAPTURED if snapshot.captured_minor else _STATES[snapshot.state]
    # An attempt that had no answer and was ended may have been authorised after all.
    was_lost = is_first and payment.state != PaymentState.CAPTURED and state == PaymentState.AUTHORIZED
    if _RANK[state] > _RANK[PaymentState(payment.state)] or was_lost:
        payment.state = state
        news = True
    # A decline is over once another try has succeeded.
    over = payment.state in (PaymentState.AUTHORIZED, PaymentState.CAPTURED)
    payment.decline_message = "" if over else snapshot.decline_message
    session.flush()
    if news:
        recompute_payment(session, payment)
        events.publish(session, events.OrderChanged(payment.order_id))
    return news


def take_refund(session: Session, payment: Payment, snapshot: RefundSnapshot) -> bool:
    """Bring the refund's row and events in line with the snapshot; whether anything was new.

    A refund that was made at the provider's dashboard gets its row here.
    """
    refund = session.exec(select(Refund).where(Refund.provider_reference == snapshot.reference)).first()
    if refund is None and snapshot.request_key:
        refund = session.exec(
            select(Refund).where(Refund.payment_id == payment.id, Refund.request_key == snapshot.request_key)
        ).first()
    if refund is None:
        assert payment.id
        refund = Refund(
            payment_id=payment.id,
            request_key=snapshot.reference[:64],
            amount_minor=snapshot.amount_minor,
            actor=payment.provider,
        )
        session.add(refund)
    refund.provider_reference = snapshot.reference
    if _REFUND_RANK[RefundStatus(snapshot.status)] > _REFUND_RANK[RefundStatus(refund.status)]:
        refund.status = snapshot.status
        refund.settled_at = now() if snapshot.status != RefundStatus.PENDING else None
        if snapshot.status == RefundStatus.SUCCEEDED:
            _write_refund_letter(session, payment, snapshot, refund.destination)
        elif snapshot.status == RefundStatus.FAILED:
            amount = show(snapshot.amount_minor, payment.currency)
            order_commands.flag_for_review(
                session, payment.order_id, f"The refund {snapshot.reference} of {amount} failed."
            )
    return append(
        session, payment, _REFUND_EVENTS[snapshot.status], snapshot.reference, snapshot.amount_minor
    )


def _write_refund_letter(
    session: Session, payment: Payment, snapshot: RefundSnapshot, destination: str
) -> None:
    order = session.get_one(Order, payment.order_id)
    amount = show(snapshot.amount_minor, payment.currency, order.locale)
    outbox.write(
        session,
        "order_refunded",
        order.email,
        f"order_refunded:{snapshot.reference}",
        {
            "order_id": order.id,
            "number": order.number,
            "token": order.token,
            "amount": amount,
            "destination": "credit" if payment.provider == "credit" else destination,
        },
    )


def recompute_payment(session: Session, payment: Payment) -> None:
    """Bring the payment's stored sums in line with its events and open refunds."""
    totals = sums(of_payments(session, [payment.id]))
    pending = session.exec(
        select(func.coalesce(func.sum(Refund.amount_minor), 0)).where(
            Refund.payment_id == payment.id, Refund.status == RefundStatus.PENDING
        )
    ).one()
    payment.captured_minor = min(totals.captured_minor, payment.amount_minor)
    payment.refunded_minor = min(totals.refunded_minor, payment.captured_minor)
    payment.refund_pending_minor = min(int(pending), payment.captured_minor - payment.refunded_minor)
    session.flush()


def recompute_order(session: Session, order_id: int) -> None:
    """Apply all that was captured or authorised for the order to it, and store its payment status."""
    payments = session.exec(select(Payment).where(Payment.order_id == order_id)).all()
    totals = sums(of_payments(session, [payment.id for payment in payments]))
    order = session.get_one(Order, order_id, populate_existing=True)
    credit_minor = credit_payments.waiting_minor(payments, order.status)
    at_providers = _uncaptured_minor(session, payments, at_providers=True)
    if at_providers and not totals.captured_minor:
        awaited_payment.authorised(session, order_id, at_providers + credit_minor)
    elif totals.captured_minor or credit_minor:
        order_commands.apply_payments(
            session, order_id, totals.captured_minor, order.currency, credit_minor=credit_minor
        )
    if credit_minor:
        # It may have been captured, or reserved again.
        payments = session.exec(select(Payment).where(Payment.order_id == order_id)).all()
        totals = sums(of_payments(session, [payment.id for payment in payments]))
    authorized_minor = _uncaptured_minor(session, payments)
    due = order.total_minor
    if totals.captured_minor < due:
        due = order_queries.due_minor(session, order_id)
    voided = any(p.authorized_until and p.state == PaymentState.CANCELLED for p in payments)
    order_commands.set_payment_status(
        session,
        order_id,
        status_of(totals, order.total_minor, due_minor=due, authorized_minor=authorized_minor, voided=voided),
    )


def _uncaptured_minor(session: Session, payments: Iterable[Payment], *, at_providers: bool = False) -> int:
    """What is authorised and neither captured nor voided; with `at_providers`, without credit."""
    ids = [
        payment.id
        for payment in payments
        if payment.state == PaymentState.AUTHORIZED
        and not (at_providers and payment.provider == credit_payments.PROVIDER)
    ]
    if not ids:
        return 0
    rows = of_payments(session, ids)
    return sum(amount for kind, _reference, amount in rows if kind == PaymentEventKind.AUTHORIZED)


def owed_minor(session: Session, order_id: int) -> int:
    """What is still to be paid of the order: due, less what is captured or reserved of credit."""
    covered = session.connection().execute(_COVERED, {"order": order_id}).scalar_one()
    return max(0, order_queries.due_minor(session, order_id) - int(covered))


def payment_key(payment: Payment) -> str:
    """The idempotency key of an attempt."""
    return f"order-{payment.order_id}-{payment.attempt}"


def locked(session: Session, payment_id: int) -> Payment:
    """The payment as it is, with its order locked until the commit.

    Errors  NotFound for an id that no payment has.
    """
    payment = session.get(Payment, payment_id)
    if payment is None:
        raise NotFound(_("There is no such payment."))
    order_commands.lock(session, payment.order_id)
    # Read again: another writer may have changed it before the lock.
    session.refresh(payment)
    return payment


def payment_ref(payment: Payment) -> PaymentRef:
    assert payment.id
    return PaymentRef(payment.id, payment.order_id, payment.provider, payment.reference or "", payment.state)
