"""What stands against an erasure, what it loses, and what stays after it."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import and_, func, or_, select
from sqlmodel import Session

from ...core import money
from ...core.clock import day_of
from ...core.i18n import _
from ...core.settings import settings
from ...core.shop import shop
from ...models import (
    CreditAccount,
    CreditKind,
    FulfilmentStatus,
    Order,
    OrderStatus,
    PaymentStatus,
    Refund,
    RefundStatus,
    ReturnRequest,
    ReturnStatus,
    table_of,
)
from .person import Person

MOST = 20
"""Orders that are named."""
_order, _return, _refund = table_of(Order), table_of(ReturnRequest), table_of(Refund)
_credit = table_of(CreditAccount)
_UNPAID = (PaymentStatus.AUTHORIZED, PaymentStatus.PARTIALLY_PAID, PaymentStatus.DISPUTED)
_OPEN_RETURN = (ReturnStatus.REQUESTED, ReturnStatus.APPROVED, ReturnStatus.RECEIVED)
NEVER_PAID = and_(
    _order.c.status.in_([OrderStatus.EXPIRED.value, OrderStatus.CANCELLED.value]),
    _order.c.payment_status.in_([PaymentStatus.NONE.value, PaymentStatus.VOIDED.value]),
    _order.c.paid_at.is_(None),
    _order.c.needs_review == "",
)
"""Orders that are in no books: nothing of them has to stay."""


def reasons(session: Session, person: Person) -> list[str]:
    """Why nothing can be erased yet, a sentence for each order; none where it can be."""
    unsent = and_(
        _order.c.status == OrderStatus.PLACED.value,
        _order.c.fulfilment_status.in_([FulfilmentStatus.NONE.value, FulfilmentStatus.PARTIAL.value]),
    )
    unpaid = or_(
        _order.c.status == OrderStatus.PENDING.value,
        _order.c.payment_status.in_([status.value for status in _UNPAID]),
        and_(_order.c.status == OrderStatus.PLACED.value, _order.c.paid_at.is_(None)),
    )
    returning = _order.c.id.in_(
        select(_return.c.order_id).where(_return.c.status.in_([status.value for status in _OPEN_RETURN]))
    )
    refunding = _order.c.id.in_(person.refunded_orders(_refund.c.status == RefundStatus.PENDING.value))
    sentences = (
        (unpaid, _("Order {number} isn't paid, or its payment isn't over.")),
        (unsent, _("Order {number} hasn't been sent yet.")),
        (returning, _("A return of order {number} is under way.")),
        (refunding, _("A refund of order {number} is under way.")),
        (_order.c.needs_review != "", _("Somebody has to look at order {number} first.")),
    )
    said: dict[int, str] = {}
    for condition, sentence in sentences:
        numbers = select(_order.c.number).where(person.either(_order), condition)
        for number in session.connection().execute(numbers.order_by(_order.c.number).limit(MOST)).scalars():
            said.setdefault(number, sentence.format(number=number))
    return [said[number] for number in sorted(said)]


def lost(session: Session, person: Person) -> list[str]:
    """What an erasure takes along that is worth something, a sentence each."""
    balance = (
        select(_credit.c.currency, func.sum(_credit.c.balance_minor).label("minor"))
        .where(
            person.either(_credit),
            _credit.c.kind == CreditKind.STORE_CREDIT.value,
            _credit.c.active,
            _credit.c.balance_minor > 0,
        )
        .group_by(_credit.c.currency)
    )
    return [
        _("Your credit of {amount} is lost.").format(
            amount=money.show(int(row.minor), row.currency, shop().locale)
        )
        for row in session.connection().execute(balance)
    ]


def invoices(session: Session, person: Person) -> tuple[int, date | None]:
    """How many orders stay in the books with name and address, and until when the last of them does."""
    kept = select(func.count(), func.max(_order.c.placed_at)).where(person.either(_order), ~NEVER_PAID)
    count, newest = session.connection().execute(kept).one()
    return count, kept_until(newest) if count else None


def kept_until(placed_at: datetime) -> date:
    """The day from which an order's invoice needn't be kept: so many years after its calendar year."""
    return date(day_of(placed_at).year + settings().order_years + 1, 1, 1)
