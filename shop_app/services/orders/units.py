"""The quantities of an order's lines: fulfilled, cancelled, returned; and the statuses that follow.

Each is changed by one guarded statement, so that two requests at once can't both pass a check, and stock
changes in the same transaction. The caller has locked the order.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import bindparam, select, update
from sqlmodel import Session

from ...core.errors import Conflict, Invalid, NotFound
from ...core.i18n import _
from ...models import FulfilmentStatus, OrderStatus, Shipment, ShipmentState, table_of
from ..inventory import commands as inventory_commands
from ..promotions import commands as promotions_commands
from . import commands as order_commands
from .queries import order, order_line

_shipment = table_of(Shipment)
_units = bindparam("units")
_of_line = (order_line.c.id == bindparam("line"), order_line.c.order_id == bindparam("order"))
_sent, _back, _ended = (
    order_line.c.quantity_fulfilled,
    order_line.c.quantity_returned,
    order_line.c.quantity_cancelled,
)
_SEND = (
    update(order_line)
    .where(*_of_line, _sent + _ended + _units <= order_line.c.quantity)
    .values(quantity_fulfilled=_sent + _units)
)
_CANCEL_SHIPMENT = (
    update(order_line).where(*_of_line, _sent - _units >= _back).values(quantity_fulfilled=_sent - _units)
)
_CANCEL = (
    update(order_line)
    .where(*_of_line, _sent + _ended + _units <= order_line.c.quantity)
    .values(quantity_cancelled=_ended + _units)
)
_RECEIVE_RETURN = (
    update(order_line).where(*_of_line, _back + _units <= _sent).values(quantity_returned=_back + _units)
)
_LINES = (
    select(
        order_line.c.id,
        order_line.c.variant_id,
        order_line.c.title,
        order_line.c.variant_title,
        order_line.c.quantity,
        order_line.c.quantity_fulfilled,
        order_line.c.quantity_returned,
        order_line.c.quantity_cancelled,
        order_line.c.total_minor,
        order_line.c.tax_minor,
    )
    .where(order_line.c.order_id == bindparam("order"))
    .order_by(order_line.c.position, order_line.c.id)
)
_SHIPMENTS = select(_shipment.c.status).where(
    _shipment.c.order_id == bindparam("order"), _shipment.c.status != ShipmentState.CANCELLED.value
)
_HEAD = select(order.c.status, order.c.fulfilment_status, order.c.paid_at, order.c.total_minor).where(
    order.c.id == bindparam("order")
)


@dataclass(frozen=True, slots=True)
class UnitLine:
    """An order line's quantities and amounts."""

    id: int
    variant_id: int | None
    title: str
    variant_title: str
    quantity: int
    fulfilled: int
    returned: int
    cancelled: int
    total_minor: int
    tax_minor: int

    @property
    def name(self) -> str:
        return f"{self.title}, {self.variant_title}" if self.variant_title else self.title

    @property
    def to_send(self) -> int:
        """Units that haven't left, and still should."""
        return self.quantity - self.fulfilled - self.cancelled

    @property
    def out(self) -> int:
        """Units that have left and haven't come back."""
        return self.fulfilled - self.returned


def lines_of(session: Session, order_id: int) -> dict[int, UnitLine]:
    """The order's lines by their id, in the order of the page."""
    rows = session.connection().execute(_LINES, {"order": order_id})
    return {row.id: UnitLine(*row) for row in rows}


def send(session: Session, order_id: int, units: Mapping[int, int], *, actor: str) -> None:
    """Count these units of each line as sent, and take them from stock.

    Errors  Invalid for no units; NotFound for a line of another order; Conflict for more than are to
            be sent, or than are on hand.
    """
    lines = _change(
        session, order_id, units, _SEND, _("Only {count} of {title} are still to be sent."), "to_send"
    )
    inventory_commands.ship(session, order_id, _by_variant(lines, units), actor=actor)


def cancel_shipment(session: Session, order_id: int, units: Mapping[int, int], *, actor: str) -> None:
    """Undo `send` for a shipment that wasn't sent after all: the units are to be sent again."""
    lines = _change(
        session, order_id, units, _CANCEL_SHIPMENT, _("Units of {title} have come back already."), "out"
    )
    inventory_commands.recall(session, order_id, _by_variant(lines, units), actor=actor)


def cancel(
    session: Session, order_id: int, units: Mapping[int, int], *, restock: bool, reason: str, actor: str
) -> None:
    """These units won't be sent. Without `restock` they are written off (broken, lost).

    Errors  as `send` has them.
    """
    lines = _change(
        session, order_id, units, _CANCEL, _("Only {count} of {title} are still to be sent."), "to_send"
    )
    freed = _by_variant(lines, units)
    if restock:
        inventory_commands.release(session, order_id, reason=reason, actor=actor, quantities=freed)
    else:
        inventory_commands.write_off(session, order_id, freed, reason=reason, actor=actor)


def receive_return(
    session: Session,
    order_id: int,
    units: Mapping[int, int],
    *,
    restock: Mapping[int, int] | bool,
    reason: str,
    actor: str,
) -> None:
    """These units have come back from the shopper; those in `restock` are sellable again.

    Shape   both by order line; `restock` may be True for all of them, False for none.
    Errors  Invalid for no units; NotFound for a line of another order; Conflict for more than have left,
            or more restocked than have come back.
    """
    lines = _change(
        session, order_id, units, _RECEIVE_RETURN, _("Only {count} of {title} can come back."), "out"
    )
    restocked = dict(units) if restock is True else dict(restock or {})
    if any(count > units.get(line, 0) for line, count in restocked.items()):
        raise Conflict(_("More units would go on the shelf than have come back."))
    if restocked := _by_variant(lines, restocked):
        inventory_commands.restock(session, order_id, restocked, reason=reason, actor=actor)
    recompute_fulfilment(session, order_id, actor=actor)


def status_of(lines: Iterable[UnitLine], shipments: Sequence[str]) -> FulfilmentStatus:
    """The fulfilment status, from the lines' quantities and the states of shipments that weren't cancelled.

    It is `partial` while anything is still to be sent, also where something came back: staff act on that.
    """
    unit_lines = list(lines)
    sent = sum(line.fulfilled for line in unit_lines)
    if not sent:
        return FulfilmentStatus.NONE
    if any(line.to_send for line in unit_lines):
        return FulfilmentStatus.PARTIAL
    if back := sum(line.returned for line in unit_lines):
        return FulfilmentStatus.RETURNED if back == sent else FulfilmentStatus.PARTIALLY_RETURNED
    delivered = all(state == ShipmentState.DELIVERED for state in shipments)
    return FulfilmentStatus.DELIVERED if delivered else FulfilmentStatus.SHIPPED


def recompute_fulfilment(session: Session, order_id: int, *, actor: str = "system") -> FulfilmentStatus:
    """Store the fulfilment status, and complete or cancel the order where nothing is left to send.

    It is completed when every unit was delivered or cancelled and it is paid. One of which nothing was
    sent is cancelled, and its promotions may be used again. Pending refunds keep no order open.
    """
    lines = lines_of(session, order_id).values()
    shipments = list(session.connection().execute(_SHIPMENTS, {"order": order_id}).scalars())
    head = session.connection().execute(_HEAD, {"order": order_id}).one()
    status = status_of(lines, shipments)
    order_commands.set_fulfilment_status(session, order_id, status)
    if any(line.to_send for line in lines):
        return status
    if status == FulfilmentStatus.NONE and head.status in (OrderStatus.PENDING, OrderStatus.PLACED):
        order_commands.move(session, order_id, OrderStatus.CANCELLED, actor=actor, why="by the shop")
        promotions_commands.give_back(session, order_id)
    arrived = shipments and all(state == ShipmentState.DELIVERED for state in shipments)
    paid = head.paid_at is not None or not head.total_minor
    if arrived and paid and head.status == OrderStatus.PLACED:
        order_commands.move(session, order_id, OrderStatus.COMPLETED, actor=actor)
    return status


def _change(
    session: Session, order_id: int, units: Mapping[int, int], statement, too_many: str, left: str
) -> dict[int, UnitLine]:
    """Run the guarded statement for each line; returns the lines as they were before.

    Errors  as `send`; `left` names the property of UnitLine that `too_many` counts.
    """
    lines = lines_of(session, order_id)
    if not units or any(type(count) is not int or count <= 0 for count in units.values()):
        raise Invalid(_("Choose at least one unit."), field="lines")
    for line_id, count in sorted(units.items()):
        if line_id not in lines:
            raise NotFound(_("There is no such line in this order."))
        result = session.connection().execute(statement, {"line": line_id, "order": order_id, "units": count})
        if result.rowcount != 1:
            line = lines[line_id]
            raise Conflict(too_many.format(count=getattr(line, left), title=line.name), code="too_many_units")
    return lines


def _by_variant(lines: Mapping[int, UnitLine], units: Mapping[int, int]) -> dict[int, int]:
    """The same units by variant; a variant that was deleted has no stock any more."""
    units_by_variant: dict[int, int] = {}
    for line_id, count in units.items():
        variant_id = lines[line_id].variant_id
        if variant_id is not None and count:
            units_by_variant[variant_id] = units_by_variant.get(variant_id, 0) + count
    return units_by_variant
