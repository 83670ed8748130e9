"""Attempts to pay: written down before the provider is called, and ended once they are over there too.

`ledger` has what happens to them at providers, `inbox` the webhook events.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from sqlmodel import Session, and_, col, or_, select, true

from ...core.clock import now
from ...core.errors import Conflict, NotFound
from ...core.i18n import _
from ...core.settings import settings
from ...core.shop import shop
from ...models import Cart, Order, OrderLine, OrderStatus, Payment, PaymentEventKind, PaymentState
from ...models.order import TOKEN
from ...providers.payments.base import PayLine, Started, StartPayment
from ..credit.payments import PROVIDER as CREDIT
from ..credit.payments import covered_minor
from ..orders import commands as order_commands
from .events import append
from .ledger import LIVING, PaymentRef, locked, payment_key, payment_ref

SAME_ATTEMPT = timedelta(seconds=60)
"""How long an attempt without an answer is sent again. Later a new one is started, or its order ends
(`never_opened`), which is safe: nobody has the first one's address, so nobody can pay it."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """An attempt to pay that is written down, and the request to the provider."""

    payment_id: int
    provider: str
    request: StartPayment
    redirect_url: str
    """Where it is open already; "" where the request has to be sent."""


def start_attempt(session: Session, order_id: int) -> Attempt:
    """Write an attempt to pay the order down, before the provider is called.

    A second click gives the same attempt, with its address where it is open.

    Errors  Conflict for an order that doesn't wait for a payment; NotFound.
    """
    order_commands.lock(session, order_id)
    order = session.get_one(Order, order_id)
    awaited = order.status == OrderStatus.PENDING or (
        order.payment_provider == "manual" and order.status == OrderStatus.PLACED and order.paid_at is None
    )
    if not awaited or order.needs_review:
        raise Conflict(_("This order doesn't wait for a payment any more."), code="not_payable")
    payments = session.exec(
        select(Payment).where(Payment.order_id == order_id).order_by(col(Payment.attempt).desc())
    ).all()
    newest = next((payment for payment in payments if payment.provider != CREDIT), None)
    if newest and newest.state == PaymentState.STARTED and newest.created_at < now() - SAME_ATTEMPT:
        newest.state = PaymentState.FAILED
    if newest is None or newest.state not in LIVING:
        newest = Payment(
            order_id=order_id,
            attempt=newest.attempt + 1 if newest else 1,
            provider=order.payment_provider,
            currency=order.currency,
            amount_minor=order.total_minor - covered_minor(payments),
        )
        session.add(newest)
        session.flush()
    assert newest.id
    request = _request(session, order, newest)
    url = newest.redirect_url if newest.state == PaymentState.OPEN else ""
    return Attempt(newest.id, newest.provider, request, url)


def _request(session: Session, order: Order, payment: Payment) -> StartPayment:
    if payment.amount_minor < order.total_minor:
        # No line can be negative, so an order that credit pays in part is sent as one line.
        text = _("Order {number}, after gift card or credit").format(number=order.number)
        lines = [PayLine(text, 1, payment.amount_minor)]
    else:
        lines = _lines(session, order)
    page = f"{settings().public_url}/orders/{order.token}"
    assert order.id
    return StartPayment(
        order_id=order.id,
        attempt=payment.attempt,
        order_number=order.number,
        order_token=order.token,
        currency=order.currency,
        amount_minor=payment.amount_minor,
        email=order.email,
        lines=tuple(lines),
        started_at=payment.created_at,
        expires_at=order.expires_at or payment.created_at,
        return_url=page,
        cancel_url=f"{page}?cancelled=1",
        locale=order.locale,
        asks_address_in="" if order.email else order.country,
        capture_later=shop().capture == "at_fulfilment",
    )


def _lines(session: Session, order: Order) -> list[PayLine]:
    lines = [
        PayLine(line.title, line.quantity, line.total_minor, line.variant_title)
        for line in session.exec(
            select(OrderLine).where(OrderLine.order_id == order.id).order_by(col(OrderLine.position))
        )
    ]
    if order.shipping_minor:
        lines.append(PayLine(order.shipping_label or _("Delivery"), 1, order.shipping_minor))
    # Tax on top of the prices is in the order's total alone.
    rest = order.total_minor - sum(line.total_minor for line in lines)
    if rest > 0:
        lines.append(PayLine(_("Tax"), 1, rest))
    return lines


def opened(session: Session, payment_id: int, started: Started) -> bool:
    """Note where the payment is open. False where it was ended meanwhile: then have it expired."""
    payment = locked(session, payment_id)
    if payment.reference == started.reference:
        return payment.state in LIVING
    if payment.state != PaymentState.STARTED:
        return False
    payment.state = PaymentState.OPEN
    payment.reference = started.reference
    payment.redirect_url = started.redirect_url
    payment.expires_at = started.expires_at
    append(session, payment, PaymentEventKind.OPENED, started.reference, payment.amount_minor)
    return True


def not_started(session: Session, payment_id: int) -> None:
    """The attempt couldn't be started: it failed, and its order ends with it, giving units and credit back.

    Nothing happens where another click of the same attempt has opened it, or where the order has moved on.
    """
    payment = locked(session, payment_id)
    if payment.state == PaymentState.STARTED:
        payment.state = PaymentState.FAILED
        end_unpaid(session, payment.order_id, "failed")


def of_order(session: Session, order_id: int) -> list[PaymentRef]:
    """The order's payments that may still bring money, oldest first."""
    living = session.exec(
        select(Payment)
        .where(Payment.order_id == order_id, Payment.provider != CREDIT, col(Payment.state).in_(LIVING))
        .order_by(col(Payment.attempt))
    )
    return [payment_ref(payment) for payment in living]


def end_unpaid(session: Session, order_id: int, why: str) -> bool:
    """End an unpaid order that has no open payment; attempts without an answer end with it.

    True where the order isn't pending any more. Expire open payments at the provider before.
    """
    order = order_commands.lock(session, order_id)
    if order.status != OrderStatus.PENDING:
        return True
    living = session.exec(
        select(Payment).where(
            Payment.order_id == order_id, Payment.provider != CREDIT, col(Payment.state).in_(LIVING)
        )
    ).all()
    if order.needs_review or any(payment.state != PaymentState.STARTED for payment in living):
        return False
    for payment in living:
        payment.state = PaymentState.CANCELLED
        append(session, payment, PaymentEventKind.VOIDED, payment_key(payment), 0)
    order_commands.end_unpaid(session, order_id, why=why)
    return True


def with_reference(session: Session, provider: str, reference: str) -> PaymentRef:
    """Errors  NotFound for a reference that no payment has."""
    payment = session.exec(
        select(Payment).where(Payment.provider == provider, Payment.reference == reference)
    ).first()
    if payment is None:
        raise NotFound(_("There is no such payment."))
    return payment_ref(payment)


def order_with(session: Session, token: str) -> int:
    """Errors  NotFound for a token that no order has."""
    statement = select(Order.id).where(Order.token == token)
    order_id = session.exec(statement).first() if TOKEN.fullmatch(token) else None
    if not order_id:
        raise NotFound(_("There is no order at this address."))
    return order_id


def with_id(session: Session, payment_id: int) -> PaymentRef:
    payment = session.get(Payment, payment_id)
    if payment is None:
        raise NotFound(_("There is no such payment."))
    return payment_ref(payment)


def overdue(session: Session, limit: int = 100) -> list[int]:
    """Unpaid orders whose time is over."""
    order_ids = session.exec(
        select(Order.id)
        .where(Order.status == OrderStatus.PENDING, col(Order.expires_at) <= now(), Order.needs_review == "")
        .order_by(col(Order.expires_at))
        .limit(limit)
    )
    return [id for id in order_ids if id]


def never_opened(session: Session, limit: int = 100) -> list[int]:
    """Unpaid orders whose payment isn't open anywhere: the process died before it was, or before it knew."""
    before = now() - SAME_ATTEMPT
    may_be_paid = select(Payment.id).where(
        Payment.order_id == Order.id,
        Payment.provider != CREDIT,
        or_(
            col(Payment.state).in_((PaymentState.OPEN, PaymentState.AUTHORIZED, PaymentState.CAPTURED)),
            and_(Payment.state == PaymentState.STARTED, Payment.created_at >= before),
        ),
    )
    order_ids = session.exec(
        select(Order.id)
        .where(
            Order.status == OrderStatus.PENDING,
            Order.needs_review == "",
            Order.placed_at < before,
            ~may_be_paid.exists(),
        )
        .order_by(col(Order.id))
        .limit(limit)
    )
    return [id for id in order_ids if id]


def outdated(session: Session, limit: int = 100) -> list[int]:
    """Unpaid orders whose cart has changed since."""
    order_ids = session.exec(
        select(Order.id)
        .join(Cart, col(Cart.id) == Order.cart_id)
        .where(
            Order.status == OrderStatus.PENDING,
            Order.needs_review == "",
            col(Cart.completed_at).is_(None),
            Cart.version != Order.cart_version,
        )
        .order_by(col(Order.id))
        .limit(limit)
    )
    return [id for id in order_ids if id]


def to_compare(
    session: Session, *, recent: timedelta, before: int | None = None, limit: int = 500
) -> list[PaymentRef]:
    """Payments to compare with the provider: open ones, and settled ones no older than `recent`.

    The newest first, `limit` of them: the next page is `before` the last id of this one.
    """
    open_ones = (PaymentState.OPEN, PaymentState.AUTHORIZED)
    payments = session.exec(
        select(Payment)
        .where(
            col(Payment.provider).not_in(("manual", CREDIT)),
            col(Payment.reference).is_not(None),
            col(Payment.state).in_(open_ones) | (col(Payment.created_at) >= now() - recent),
            col(Payment.id) < before if before is not None else true(),
        )
        .order_by(col(Payment.id).desc())
        .limit(limit)
    )
    return [payment_ref(payment) for payment in payments]
