"""Reads orders: the head of one, what is due for it, and lookup by number and e-mail address."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, bindparam, case, func, select
from sqlmodel import Session

from ...core.email_addresses import normal_email
from ...core.errors import NotFound
from ...core.i18n import _
from ...core.typed_text import code
from ...models import (
    Order,
    OrderDiscount,
    OrderEvent,
    OrderLine,
    table_of,
)

order = table_of(Order)
order_line = table_of(OrderLine)
order_discount = table_of(OrderDiscount)
order_event = table_of(OrderEvent)
_HEAD_COLUMNS = (
    order.c.id,
    order.c.number,
    order.c.token,
    order.c.cart_id,
    order.c.status,
    order.c.payment_status,
    order.c.needs_review,
    order.c.currency,
    order.c.total_minor,
    order.c.email,
    order.c.locale,
    order.c.paid_at,
    order.c.fulfilment_status,
    order.c.country,
)
HEAD = select(*_HEAD_COLUMNS).where(order.c.id == bindparam("order"))
_cancelled = select(
    func.sum(
        (order_line.c.total_minor + case((order.c.tax_included, 0), else_=order_line.c.tax_minor))
        // order.c.step_minor
        * order_line.c.quantity_cancelled
        // order_line.c.quantity
        * order.c.step_minor
    )
).where(order_line.c.order_id == order.c.id, order_line.c.quantity_cancelled > 0)
_DUE = select(order.c.total_minor - func.coalesce(_cancelled.correlate(order).scalar_subquery(), 0)).where(
    order.c.id == bindparam("order")
)


@dataclass(frozen=True, slots=True)
class OrderHead:
    """The part of an order's row that commands decide by."""

    id: int
    number: int
    token: str
    cart_id: int | None
    status: str
    payment_status: str
    needs_review: str
    currency: str
    total_minor: int
    email: str
    locale: str
    paid_at: datetime | None
    fulfilment_status: str
    country: str


def head_of(session: Session, order_id: int, statement: Select[Any] = HEAD) -> OrderHead:
    """The order's head. `statement` may lock the row (`commands.lock`); HEAD doesn't.

    Errors  NotFound for an id that no order has.
    """
    row = session.connection().execute(statement, {"order": order_id}).first()
    if row is None:
        raise NotFound(_("There is no such order."))
    return OrderHead(*row)


def due_minor(session: Session, order_id: int) -> int:
    """The order's total, less its units that were cancelled."""
    return int(session.connection().execute(_DUE, {"order": order_id}).scalar_one())


def id_of(session: Session, number: int) -> int:
    """Errors  NotFound for a number that no order has."""
    order_id = session.connection().execute(select(order.c.id).where(order.c.number == number)).scalar()
    if order_id is None:
        raise NotFound(_("There is no order with this number."))
    return order_id


def look_up(session: Session, number: str, email: str) -> str:
    """The token of the order with that number and e-mail address.

    Errors  NotFound, the same sentence whichever of the two is wrong.
    """
    digits = code(number).replace(" ", "").lstrip("#")
    order_number = int(digits) if digits.isascii() and digits.isdigit() and len(digits) <= 15 else -1
    # One statement for both, so that neither answer nor timing reveals which one was wrong.
    statement = select(order.c.token).where(
        order.c.number == order_number, order.c.email == (normal_email(email) or "-")
    )
    token = session.connection().execute(statement).scalar()
    if token is None:
        raise NotFound(_("We found no order with this number and email address. Check both, please."))
    return token
