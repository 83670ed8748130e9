"""Where an order's goods are, as staff see it: its shipments and its returns, each with what can be done."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Row, bindparam, select
from sqlmodel import Session

from ...core.dates import full_moment
from ...core.i18n import _
from ...models import (
    NOT_SENT,
    OrderStatus,
    ReturnKind,
    ReturnLine,
    ReturnRequest,
    ReturnStatus,
    Shipment,
    ShipmentLine,
    ShipmentState,
    table_of,
)
from ..fulfilment.queries import thing, tracking_url
from ..orders import reasons
from ..orders.queries import order_line
from .people import Names
from .words import Badge, badge

_shipment, _inside = table_of(Shipment), table_of(ShipmentLine)
_return, _return_line = table_of(ReturnRequest), table_of(ReturnLine)
_NAMES = (order_line.c.title, order_line.c.variant_title)
_SHIPMENTS = select(_shipment).where(_shipment.c.order_id == bindparam("order")).order_by(_shipment.c.id)
_CONTENTS = (
    select(_inside.c.shipment_id, _inside.c.quantity, *_NAMES)
    .join(order_line, order_line.c.id == _inside.c.order_line_id)
    .where(order_line.c.order_id == bindparam("order"))
    .order_by(order_line.c.position)
)
_RETURNS = select(_return).where(_return.c.order_id == bindparam("order")).order_by(_return.c.id)
_RETURNED = (
    select(_return_line, *_NAMES)
    .join(order_line, order_line.c.id == _return_line.c.order_line_id)
    .where(order_line.c.order_id == bindparam("order"))
    .order_by(order_line.c.position)
)


@dataclass(frozen=True, slots=True)
class ParcelRecord:
    """A shipment."""

    id: int
    name: str
    """The order's number and the shipment's place among them: "1042-2"."""
    state: Badge
    carrier: str
    tracking: str
    tracking_url: str
    sent: str
    who: str
    delivered: str
    things: list[str] = field(default_factory=list)
    is_on_its_way: bool = False
    can_recall: bool = False


@dataclass(frozen=True, slots=True)
class ReturnUnits:
    """A line of a return."""

    line_id: int
    name: str
    quantity: int


@dataclass(frozen=True, slots=True)
class ReturnRecord:
    id: int
    title: str
    state: Badge
    reason: str
    note: str
    """What the shopper wrote."""
    answer: str
    """What the shopper is told."""
    staff_note: str
    asked: str
    lines: list[ReturnUnits] = field(default_factory=list)
    can_answer: bool = False
    can_decline: bool = False
    can_receive: bool = False
    can_refund: bool = False
    can_end: bool = False


def parcels(session: Session, order: Row[Any], names: Names) -> list[ParcelRecord]:
    """All shipments of the order, those that were called back too, the first one first."""
    connection, of_order = session.connection(), {"order": order.id}
    rows: Sequence[Row[Any]] = connection.execute(_SHIPMENTS, of_order).all()
    things: dict[int, list[str]] = defaultdict(list)
    for row in connection.execute(_CONTENTS, of_order) if rows else ():
        things[row.shipment_id].append(f"{row.quantity} × {thing(row.title, row.variant_title)}")
    return [
        ParcelRecord(
            row.id, f"{order.number}-{place}", badge("shipment", row.status), row.carrier, row.tracking,
            tracking_url(row.carrier, row.tracking), full_moment(row.shipped_at), names.of(row.actor),
            full_moment(row.delivered_at) if row.delivered_at else "", things[row.id],
            row.status == ShipmentState.SHIPPED,
            row.status == ShipmentState.SHIPPED and order.status == OrderStatus.PLACED,
        )
        for place, row in enumerate(rows, start=1)
    ]  # fmt: skip


def returns(session: Session, order: Row[Any]) -> list[ReturnRecord]:
    """All returns and withdrawals of the order, the first one first."""
    connection, of_order = session.connection(), {"order": order.id}
    rows = connection.execute(_RETURNS, of_order).all()
    if not rows:
        return []
    labels = reasons.labels(session, "return")
    lines: dict[int, list[ReturnUnits]] = defaultdict(list)
    for row in connection.execute(_RETURNED, of_order):
        name = thing(row.title, row.variant_title)
        lines[row.return_id].append(ReturnUnits(row.order_line_id, name, row.quantity))
    return [_return_record(row, labels, lines[row.id], paid=order.paid_at is not None) for row in rows]


def _return_record(
    row: Row[Any], labels: dict[str, str], lines: list[ReturnUnits], *, paid: bool
) -> ReturnRecord:
    withdrawal, unsent = row.kind == ReturnKind.WITHDRAWAL, row.reason == NOT_SENT
    reason = _("It hadn't left yet") if unsent else labels.get(row.reason, row.reason)
    approved = row.status == ReturnStatus.APPROVED
    requested = row.status == ReturnStatus.REQUESTED
    return ReturnRecord(
        row.id, _("Withdrawal") if withdrawal else _("Return"), badge("return", row.status), reason, row.note,
        row.answer, row.staff_note, full_moment(row.created_at), lines,
        can_answer=requested,
        can_decline=requested and not withdrawal,
        can_receive=approved and not unsent,
        can_refund=paid and row.status in (ReturnStatus.APPROVED, ReturnStatus.RECEIVED),
        can_end=(requested or approved) and not withdrawal,
    )  # fmt: skip
