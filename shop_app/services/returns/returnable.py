"""Queries of what of an order may be returned or withdrawn from, and until when."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Row, bindparam, func, select
from sqlmodel import Session

from ...core.clock import day_of, today
from ...core.errors import NotFound
from ...core.i18n import _
from ...core.working_days import period_end
from ...models import (
    OrderStatus,
    PaymentStatus,
    ReturnLine,
    ReturnRequest,
    Shipment,
    ShipmentState,
    table_of,
)
from ...models.order import TOKEN
from ..customers import addresses
from ..orders import claimed_units
from ..orders.queries import order, order_line

WITHDRAW_DAYS = 14
"""The law's, for consumers in the EU: 14 days from the day after the last shipment arrived.

Like every period of the buyer's it ends with a working day: `core/working_days.py` `period_end`.
"""
RETURN_DAYS = 30
"""The shop's own terms: days from the last arrival in which a return can be requested."""
return_request = table_of(ReturnRequest)
return_line = table_of(ReturnLine)
_shipment = table_of(Shipment)

_HEAD = (
    order.c.id,
    order.c.number,
    order.c.token,
    order.c.email,
    order.c.status,
    order.c.payment_status,
    order.c.ship_to,
    order.c.country,
    order.c.total_minor,
)
_BY_TOKEN = select(*_HEAD).where(order.c.token == bindparam("token"))
_BY_ID = select(*_HEAD).where(order.c.id == bindparam("order"))
_LINES = select(order_line).where(order_line.c.order_id == bindparam("order")).order_by(order_line.c.position)
_LAST_ARRIVAL = select(func.max(func.coalesce(_shipment.c.delivered_at, _shipment.c.shipped_at))).where(
    _shipment.c.order_id == bindparam("order"), _shipment.c.status != ShipmentState.CANCELLED.value
)


@dataclass(frozen=True, slots=True)
class FreeLine:
    """The units of one line that may be returned or withdrawn from."""

    id: int
    position: int
    title: str
    variant: str
    picture_key: str
    sent: int
    """Units that were sent, and that no return is about."""
    not_sent: int
    """Units that weren't sent: only a withdrawal can be about them."""

    @property
    def name(self) -> str:
        return f"{self.title}, {self.variant}" if self.variant else self.title


@dataclass(frozen=True, slots=True)
class Free:
    """What of an order may be returned or withdrawn from, and until when."""

    order_id: int
    number: str
    token: str
    email: str
    name: str
    lines: tuple[FreeLine, ...]
    withdraw_until: date | None
    """The last day of the withdrawal period; None while a part of the order is to be sent."""
    return_until: date | None
    paid: bool = False
    """Whether money was paid for it."""
    country: str = ""
    """Where it was sent."""

    @property
    def may_withdraw(self) -> bool:
        return any(line.sent + line.not_sent for line in self.lines) and _open(self.withdraw_until)

    @property
    def may_return(self) -> bool:
        return any(line.sent for line in self.lines) and _open(self.return_until)


def by_token(session: Session, token: str) -> Free:
    """The same by the token of the order's link.

    Errors  NotFound for a token that no order has.
    """
    result = session.connection().execute(_BY_TOKEN, {"token": token}) if TOKEN.fullmatch(token) else None
    order = result.first() if result else None
    if order is None:
        raise NotFound(_("There is no order at this address."))
    return _free(session, order)


def by_id(session: Session, order_id: int) -> Free:
    """What of the order may be returned or withdrawn from.

    Errors  NotFound for an id that no order has.
    """
    order = session.connection().execute(_BY_ID, {"order": order_id}).first()
    if order is None:
        raise NotFound(_("There is no such order."))
    return _free(session, order)


def _free(session: Session, order: Row[Any]) -> Free:
    connection, of_order = session.connection(), {"order": order.id}
    claimed = claimed_units.of_order(session, order.id)
    rows = connection.execute(_LINES, of_order).all()
    last = connection.execute(_LAST_ARRIVAL, of_order).scalar()
    placed = order.status in (OrderStatus.PLACED, OrderStatus.COMPLETED)
    waiting = placed and any(_unsent(row) for row in rows)
    arrived = day_of(last) if last and not waiting else None
    # Where all money is back, nothing is left to return.
    over = order.payment_status in (PaymentStatus.REFUNDED, PaymentStatus.CHARGED_BACK)
    lines = () if over else tuple(_line(row, claimed, placed) for row in rows)
    name = addresses.full_name(order.ship_to)
    return Free(
        order.id,
        str(order.number),
        order.token,
        order.email,
        name,
        lines,
        period_end(arrived, WITHDRAW_DAYS, order.country) if arrived else None,
        period_end(arrived, RETURN_DAYS, order.country) if arrived else None,
        order.total_minor > 0 and order.payment_status not in (PaymentStatus.NONE, PaymentStatus.VOIDED),
        order.country,
    )


def _line(row: Row[Any], claimed: dict[tuple[int, bool], int], placed: bool) -> FreeLine:
    unsent, ended = _unsent(row), claimed.get((row.id, True), 0)
    # Units that were withdrawn from and sent all the same count as claimed sent units.
    crossed = max(0, ended - unsent)
    sent = row.quantity_fulfilled - row.quantity_returned - claimed.get((row.id, False), 0) - crossed
    return FreeLine(
        row.id,
        row.position,
        row.title,
        row.variant_title,
        row.picture_key,
        max(0, sent),
        max(0, unsent - ended) if placed else 0,
    )


def _unsent(row: Row[Any]) -> int:
    return row.quantity - row.quantity_cancelled - row.quantity_fulfilled


def _open(until: date | None) -> bool:
    """Whether that day hasn't passed; None has no end yet."""
    return until is None or today() <= until
