"""The ledger of payments: what companies tell is appended, and sums, states and the order follow from it.

Everything that happens to a payment is a `PaymentEvent`; a state is only ever raised. What a company
tells is a reason to look, and only what was looked up counts.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import text
from sqlmodel import Session, col, func, select

from .. import facts
from ..clock import now
from ..errors import NotFound
from ..models import (
    Order,
    Payment,
    PaymentEvent,
    PaymentEventKind,
    PaymentState,
    PaymentStatus,
    Refund,
    RefundStatus,
)
from ..money import show
from ..providers.payments import PaymentPicture, RefundPicture
from ..words import _
from . import letters, orders, payment_inbox

_RANK = {
    state: rank
    for rank, states in enumerate(
        (
            (PaymentState.STARTED,),
            (PaymentState.OPEN,),
            (PaymentState.FAILED, PaymentState.EXPIRED, PaymentState.CANCELLED),
            (PaymentState.AUTHORIZED,),
            (PaymentState.CAPTURED,),
        )
    )
    for state in states
}
_STATES = {
    "open": PaymentState.OPEN, "processing": PaymentState.OPEN, "authorized": PaymentState.AUTHORIZED,
    "captured": PaymentState.CAPTURED, "expired": PaymentState.EXPIRED, "cancelled": PaymentState.CANCELLED,
    "failed": PaymentState.FAILED,
}  # fmt: skip
_REFUND_EVENTS = {
    "pending": PaymentEventKind.REFUND_PENDING, "succeeded": PaymentEventKind.REFUNDED,
    "failed": PaymentEventKind.REFUND_FAILED,
}  # fmt: skip
_DUE = text("""
    SELECT o.total_minor - coalesce((
        SELECT sum((l.total_minor + CASE WHEN o.tax_included THEN 0 ELSE l.tax_minor END)
            * l.quantity_cancelled / l.quantity)
        FROM order_line l WHERE l.order_id = o.id AND l.quantity_cancelled > 0), 0)
    FROM customer_order o WHERE o.id = :order
""")
_COVERED = text("""
    SELECT coalesce(sum(captured_minor), 0) + coalesce(
        sum(CASE WHEN provider = 'credit' AND state = 'authorized' THEN amount_minor ELSE 0 END), 0)
    FROM payment WHERE order_id = :order
""")
LIVING = (PaymentState.STARTED, PaymentState.OPEN, PaymentState.AUTHORIZED)


@dataclass(frozen=True, slots=True)
class Known:
    """A payment, as far as finding its truth needs it."""

    payment_id: int
    order_id: int
    provider: str
    reference: str
    state: str


@dataclass(frozen=True, slots=True)
class Sums:
    captured_minor: int
    refunded_minor: int


def apply(session: Session, payment_id: int, picture: PaymentPicture, inbox_id: int | None = None) -> str:
    """Make payment and order agree with the company's picture. Once or many times, in any order.

    Answers with the outcome: applied, already known, or refused (nothing was changed then, apart from
    marking the order for a person where money has come that doesn't fit).
    """
    payment = locked(session, payment_id)
    problem = _misfit(session, payment, picture)
    if problem:
        outcome = "refused"
        if picture.captured_minor and picture.currency != payment.currency:
            orders.settle(session, payment.order_id, picture.captured_minor, picture.currency)
    else:
        outcome = "applied" if _take_over(session, payment, picture) else "already known"
        fold_order(session, payment.order_id)
    if inbox_id is not None:
        payment_inbox.close_entry(session, inbox_id, outcome, problem)
    return outcome


def _misfit(session: Session, payment: Payment, picture: PaymentPicture) -> str:
    token = session.get_one(Order, payment.order_id).token
    if picture.order_token not in ("", token) or picture.attempt_key not in ("", payment_key(payment)):
        return "The company's picture is of another order."
    if payment.reference and payment.reference != picture.reference:
        return "The company's picture is of another payment."
    if picture.currency and picture.currency != payment.currency:
        return f"The currency is {picture.currency}, not {payment.currency}."
    return ""


def _take_over(session: Session, payment: Payment, picture: PaymentPicture) -> bool:
    """Append what is new in the picture; says whether anything was."""
    kinds = PaymentEventKind
    news = False
    payment.reference = payment.reference or picture.reference
    payment.intent_reference = picture.intent_reference or payment.intent_reference
    money = picture.intent_reference or picture.reference
    if picture.decline_reference:
        news |= append(session, payment, kinds.DECLINED, picture.decline_reference, 0)
    if picture.state == "authorized":
        news |= append(session, payment, kinds.AUTHORIZED, money, picture.amount_minor)
    if picture.captured_minor:
        news |= append(session, payment, kinds.CAPTURED, money, picture.captured_minor)
    if picture.state == "expired":
        news |= append(session, payment, kinds.EXPIRED, picture.reference, 0)
    if picture.state == "cancelled":
        news |= append(session, payment, kinds.VOIDED, money, 0)
    for refund in picture.refunds:
        news |= take_refund(session, payment, refund)
    state = PaymentState.CAPTURED if picture.captured_minor else _STATES[picture.state]
    if _RANK[state] > _RANK[PaymentState(payment.state)]:
        payment.state = state
        news = True
    # A decline is over once another try has succeeded.
    payment.decline_message = "" if picture.captured_minor else picture.decline_message
    session.flush()
    fold_payment(session, payment)
    if news:
        facts.announce(session, facts.OrderChanged(payment.order_id))
    return news


def take_refund(session: Session, payment: Payment, picture: RefundPicture) -> bool:
    """Bring the refund's row in line; one made at the company's own desk gets a row here."""
    refund = session.exec(select(Refund).where(Refund.provider_reference == picture.reference)).first()
    if refund is None and picture.request_key:
        refund = session.exec(
            select(Refund).where(Refund.payment_id == payment.id, Refund.request_key == picture.request_key)
        ).first()
    if refund is None:
        assert payment.id
        refund = Refund(
            payment_id=payment.id, request_key=picture.reference[:64], amount_minor=picture.amount_minor,
            actor=payment.provider,
        )  # fmt: skip
        session.add(refund)
    refund.provider_reference = picture.reference
    if refund.status != picture.status:
        refund.status = picture.status
        refund.settled_at = now() if picture.status != RefundStatus.PENDING else None
        if picture.status == RefundStatus.SUCCEEDED:
            _tell_of_refund(session, payment, picture)
    return append(session, payment, _REFUND_EVENTS[picture.status], picture.reference, picture.amount_minor)


def _tell_of_refund(session: Session, payment: Payment, picture: RefundPicture) -> None:
    order = session.get_one(Order, payment.order_id)
    amount = show(picture.amount_minor, payment.currency, order.locale)
    letters.write(
        session, "order_refunded", order.email, f"order_refunded:{picture.reference}",
        {"order_id": order.id, "number": order.number, "token": order.token, "amount": amount},
    )  # fmt: skip


def sums(events: Iterable[tuple[str, str, int]]) -> Sums:
    """What the events of one payment come to.

    Shape   (kind, provider's reference, amount in minor units), in any order.
    """
    captured, refunded, failed = 0, {}, set()
    for kind, reference, amount in events:
        if kind == PaymentEventKind.CAPTURED:
            captured += amount
        elif kind == PaymentEventKind.REFUNDED:
            refunded[reference] = amount
        elif kind == PaymentEventKind.REFUND_FAILED:
            # A bank may send a refund back days after it went through.
            failed.add(reference)
    return Sums(captured, sum(amount for ref, amount in refunded.items() if ref not in failed))


def fold_payment(session: Session, payment: Payment) -> None:
    """Bring the payment's stored sums in line with its events and open refunds."""
    found = sums(_events_of(session, [payment.id]))
    pending = session.exec(
        select(func.coalesce(func.sum(Refund.amount_minor), 0)).where(
            Refund.payment_id == payment.id, Refund.status == RefundStatus.PENDING
        )
    ).one()
    payment.captured_minor = min(found.captured_minor, payment.amount_minor)
    payment.refunded_minor = min(found.refunded_minor, payment.captured_minor)
    payment.refund_pending_minor = min(int(pending), payment.captured_minor - payment.refunded_minor)
    session.flush()


def _events_of(session: Session, payment_ids: Iterable[int | None]) -> list[tuple[str, str, int]]:
    rows = session.exec(
        select(PaymentEvent.kind, PaymentEvent.provider_reference, PaymentEvent.amount_minor).where(
            col(PaymentEvent.payment_id).in_(list(payment_ids))
        )
    )
    return [(kind, reference, amount) for kind, reference, amount in rows]


def fold_order(session: Session, order_id: int) -> None:
    """Settle the order with all that was captured for it, and store its payment status."""
    payments = session.exec(select(Payment).where(Payment.order_id == order_id)).all()
    found = sums(_events_of(session, [payment.id for payment in payments]))
    order = session.get_one(Order, order_id)
    orders.settle(session, order_id, found.captured_minor, order.currency)
    authorized = any(payment.state == PaymentState.AUTHORIZED for payment in payments)
    orders.set_payment_status(session, order_id, status_of(found, order.total_minor, authorized=authorized))


def status_of(found: Sums, total_minor: int, *, authorized: bool = False) -> PaymentStatus:
    """The order's payment status, from what came in and what went back."""
    if not found.captured_minor:
        return PaymentStatus.AUTHORIZED if authorized else PaymentStatus.NONE
    if found.refunded_minor >= found.captured_minor:
        return PaymentStatus.REFUNDED
    if found.refunded_minor:
        return PaymentStatus.PARTIALLY_REFUNDED
    if found.captured_minor < total_minor:
        return PaymentStatus.PARTIALLY_PAID
    return PaymentStatus.OVERPAID if found.captured_minor > total_minor else PaymentStatus.PAID


def due_minor(session: Session, order_id: int) -> int:
    """The order's total, less its units that were cancelled."""
    return int(session.connection().execute(_DUE, {"order": order_id}).scalar_one())


def owed_minor(session: Session, order_id: int) -> int:
    """What is still to be taken for the order: due, neither captured nor set aside from credit."""
    covered = session.connection().execute(_COVERED, {"order": order_id}).scalar_one()
    return max(0, due_minor(session, order_id) - int(covered))


def payment_key(payment: Payment) -> str:
    """The name of an attempt, as the company knows it by its idempotency key."""
    return f"order-{payment.order_id}-{payment.attempt}"


def append(session: Session, payment: Payment, kind: PaymentEventKind, reference: str, amount: int) -> bool:
    """Write the event down; False where it is known. The order is locked, so nobody else writes now."""
    before = session.exec(
        select(PaymentEvent.id).where(
            PaymentEvent.payment_id == payment.id, PaymentEvent.kind == kind.value,
            PaymentEvent.provider_reference == reference,
        )
    ).first()  # fmt: skip
    if before:
        return False
    assert payment.id
    session.add(
        PaymentEvent(
            payment_id=payment.id, kind=kind.value, amount_minor=amount, provider_reference=reference
        )
    )
    session.flush()
    return True


def locked(session: Session, payment_id: int) -> Payment:
    payment = session.get(Payment, payment_id)
    if payment is None:
        raise NotFound(_("There is no such payment."))
    orders.lock(session, payment.order_id)
    # Another writer may have been waited for: what was read before the lock is old.
    session.refresh(payment)
    return payment


def known(payment: Payment) -> Known:
    assert payment.id
    return Known(payment.id, payment.order_id, payment.provider, payment.reference or "", payment.state)
