"""Packing slips: what goes into the parcel, without what was refunded, cancelled or sent before."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Row, bindparam, select
from sqlmodel import Session

from ...core.access.principal import Principal
from ...core.dates import full_day
from ...core.errors import NotFound
from ...core.i18n import _, plural
from ...core.shop import shop
from ..customers import addresses
from ..orders import claimed_units
from ..orders.queries import order, order_line
from ..payments.refundable import refundable

MOST = 100
"""So many are printed at once."""
_ORDERS = select(order).where(order.c.id.in_(bindparam("ids", expanding=True))).order_by(order.c.number)
_BY_NUMBER = select(order.c.id).where(order.c.number == bindparam("number"))
_LINES = select(order_line).where(order_line.c.order_id == bindparam("order")).order_by(order_line.c.position)


@dataclass(frozen=True, slots=True)
class SlipLine:
    quantity: int
    title: str
    variant: str
    sku: str


@dataclass(frozen=True, slots=True)
class Slip:
    number: str
    placed: str
    method: str
    address: list[str] = field(default_factory=list)
    lines: list[SlipLine] = field(default_factory=list)
    count: str = ""
    note: str = ""
    """What the customer wrote."""


def slip(session: Session, number: int, *, by: Principal) -> list[Slip]:
    """The slip of the order with that number.

    Errors  Forbidden; NotFound.
    """
    order_id = session.connection().execute(_BY_NUMBER, {"number": number}).scalar()
    if order_id is None:
        raise NotFound(_("There is no order with this number."))
    return slips(session, [order_id], by=by)


def slips(session: Session, ids: Sequence[int], *, by: Principal) -> list[Slip]:
    """The slips of these orders, by their numbers.

    Errors  Forbidden.
    """
    by.need("orders.view")
    rows = session.connection().execute(_ORDERS, {"ids": list(ids)[:MOST]}).all()
    return [_slip(session, row) for row in rows]


def _slip(session: Session, row: Row[Any]) -> Slip:
    gone, money = claimed_units.not_to_send(session, row.id), refundable(session, row.id)
    lines = []
    for line in session.connection().execute(_LINES, {"order": row.id}):
        unsent = line.quantity - line.quantity_fulfilled - line.quantity_cancelled - gone.get(line.id, 0)
        # Units whose price went back before they left aren't packed, also where nobody has cancelled them.
        paid_for = money.lines[line.id].quantity_left - line.quantity_fulfilled
        units = min(unsent, max(0, paid_for)) if row.paid_at else unsent
        if units > 0:
            lines.append(SlipLine(units, line.title, line.variant_title, line.sku))
    count = sum(line.quantity for line in lines)
    return Slip(
        str(row.number), full_day(row.placed_at), row.shipping_label,
        addresses.lines(row.ship_to, shop().locale) if row.ship_to else [], lines,
        plural("{count} item", "{count} items", count), row.note,
    )  # fmt: skip
