"""Shipment commands: send, cancel, mark as delivered.

A shipment, the order's quantities and stock change in one transaction. The workflow `fulfil` captures an
authorised payment before the first shipment.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, bindparam, insert, select, update
from sqlmodel import Session

from ...core.access.principal import Principal
from ...core.clock import now
from ...core.errors import Conflict, Invalid, NotFound
from ...core.i18n import _
from ...models import (
    Dispute,
    DisputeStatus,
    Order,
    OrderStatus,
    Payment,
    PaymentStatus,
    Shipment,
    ShipmentLine,
    ShipmentState,
    table_of,
)
from .. import outbox
from ..orders import claimed_units
from ..orders import commands as order_commands
from ..orders import queries as order_queries
from ..orders import units as order_units
from ..orders.queries import OrderHead, order_event
from ..orders.units import UnitLine
from ..staff import audit

MAX_CARRIER = MAX_TRACKING = 100
PERMISSION = "orders.fulfil"

_shipment = table_of(Shipment)
_shipment_line = table_of(ShipmentLine)
_dispute = table_of(Dispute)
_payment = table_of(Payment)
_order = table_of(Order)

_SHIPMENT = select(_shipment).where(_shipment.c.id == bindparam("shipment"))
_UNITS = select(_shipment_line.c.order_line_id, _shipment_line.c.quantity).where(
    _shipment_line.c.shipment_id == bindparam("shipment")
)
_MOVE = (
    update(_shipment)
    .where(_shipment.c.id == bindparam("shipment"), _shipment.c.status == ShipmentState.SHIPPED.value)
    .values(status=bindparam("to"), delivered_at=bindparam("at"))
)
_DISPUTES = (
    select(_dispute.c.id)
    .join(_payment, _payment.c.id == _dispute.c.payment_id)
    .where(
        _payment.c.order_id == bindparam("order"),
        _dispute.c.status.in_([DisputeStatus.OPEN.value, DisputeStatus.ANSWERED.value]),
    )
    .limit(1)
)
_EVENTS = select(order_event.c.data).where(
    order_event.c.order_id == bindparam("order"), order_event.c.kind == "shipped"
)
_PROVIDER = select(_order.c.payment_provider).where(_order.c.id == bindparam("order"))


@dataclass(frozen=True, slots=True)
class Shipped:
    id: int
    order_id: int
    fresh: bool
    """False where the same request had made it before."""


def ship(
    session: Session,
    order_id: int,
    units: Mapping[int, int],
    *,
    carrier: str,
    tracking: str,
    by: Principal,
    request_key: str = "",
    despite_review: bool = False,
    unpaid_too: bool = False,
    notify: bool = True,
) -> Shipped:
    """Send a shipment with these units of each line, and write to the shopper where `notify`.

    The same `request_key` is the same shipment. `despite_review` sends although the order needs review or
    its payment is disputed; `unpaid_too` although nothing was paid (cash on pick-up).

    Errors  Forbidden; Conflict for an order that can't be sent, with the reason, and for more units than
            are to be sent or are on hand; Invalid for no units, or texts that are too long.
    """
    by.need(PERMISSION)
    head = order_commands.lock(session, order_id)
    earlier_id = _earlier_shipment(session, order_id, request_key, units)
    if earlier_id:
        return Shipped(earlier_id, order_id, fresh=False)
    _check(session, head, despite_review=despite_review, unpaid_too=unpaid_too)
    carrier, tracking = _texts(carrier, tracking)
    lines = order_units.lines_of(session, order_id)
    _check_units(session, order_id, lines, units)
    order_units.send(session, order_id, units, actor=by.actor)
    shipment_id = _write(session, order_id, units, carrier, tracking, by.actor)
    shipment = {"shipment_id": shipment_id, "carrier": carrier, "tracking": tracking}
    order_commands.record_event(
        session,
        order_id,
        "shipped",
        actor=by.actor,
        public=True,
        key=request_key,
        units={str(line): count for line, count in units.items()},
        **shipment,
    )
    audit.record(
        session, by.actor, "order.shipped", "order", str(head.number), after=shipment, staff_id=by.id or None
    )
    order_units.recompute_fulfilment(session, order_id, actor=by.actor)
    rest = any(line.to_send > units.get(line.id, 0) for line in lines.values())
    if notify:
        _write_letter(session, head, "order_shipped", lines, units, {"rest": rest, **shipment})
    return Shipped(shipment_id, order_id, fresh=True)


def check(
    session: Session,
    order_id: int,
    units: Mapping[int, int],
    *,
    request_key: str = "",
    despite_review: bool = False,
    unpaid_too: bool = False,
) -> bool:
    """Whether a payment has to be captured before these units can be sent.

    Errors  What `ship` would refuse, so that nothing is captured for a shipment that can't be sent.
    """
    head = order_queries.head_of(session, order_id)
    if _earlier_shipment(session, order_id, request_key, units):
        return False
    authorised = head.payment_status == PaymentStatus.AUTHORIZED
    _check(session, head, despite_review=despite_review, unpaid_too=unpaid_too or authorised)
    _check_units(session, order_id, order_units.lines_of(session, order_id), units)
    return authorised


def cancel_shipment(session: Session, shipment_id: int, *, by: Principal, note: str = "") -> None:
    """Cancel a shipment that wasn't sent after all: its units are on hand and to be sent again.

    Repeating it changes nothing. What was captured for it stays captured.

    Errors  Forbidden; NotFound; Conflict for a shipment that was delivered, or of which units came back.
    """
    by.need(PERMISSION)
    shipment, head = _locked(session, shipment_id)
    if not _move(session, shipment, ShipmentState.CANCELLED):
        return
    if head.status != OrderStatus.PLACED:
        raise Conflict(_("The order is closed. Use a return for what comes back."))
    rows = session.connection().execute(_UNITS, {"shipment": shipment_id})
    units = {row.order_line_id: row.quantity for row in rows}
    order_units.cancel_shipment(session, shipment.order_id, units, actor=by.actor)
    data = {"shipment_id": shipment_id, "note": note.strip()[:500]}
    _note(session, head, "shipment_cancelled", by, moved=(shipment.status, ShipmentState.CANCELLED), **data)
    order_units.recompute_fulfilment(session, shipment.order_id, actor=by.actor)


def mark_delivered(session: Session, shipment_id: int, *, by: Principal) -> None:
    """Mark the shipment as delivered, and write to the shopper; repeating it changes nothing.

    Errors  Forbidden; NotFound; Conflict for a shipment that was cancelled.
    """
    by.need(PERMISSION)
    shipment, head = _locked(session, shipment_id)
    if not _move(session, shipment, ShipmentState.DELIVERED, at=now()):
        return
    moved = (shipment.status, ShipmentState.DELIVERED)
    _note(session, head, "delivered", by, public=True, moved=moved, shipment_id=shipment_id)
    order_units.recompute_fulfilment(session, shipment.order_id, actor=by.actor)
    rows = session.connection().execute(_UNITS, {"shipment": shipment_id})
    units = {row.order_line_id: row.quantity for row in rows}
    lines = order_units.lines_of(session, shipment.order_id)
    _write_letter(session, head, "order_delivered", lines, units, {"shipment_id": shipment_id})


def change_tracking(
    session: Session, shipment_id: int, *, carrier: str, tracking: str, by: Principal
) -> None:
    """Write another carrier or tracking number on a shipment; no letter is written.

    Errors  Forbidden; NotFound; Invalid for texts that are too long; Conflict for one that was called back.
    """
    by.need(PERMISSION)
    shipment, head = _locked(session, shipment_id)
    carrier, tracking = _texts(carrier, tracking)
    if shipment.status == ShipmentState.CANCELLED:
        raise Conflict(_("The parcel was cancelled already."))
    if (carrier, tracking) == (shipment.carrier, shipment.tracking):
        return
    change = update(_shipment).where(_shipment.c.id == shipment_id)
    session.connection().execute(change.values(carrier=carrier, tracking=tracking))
    data = {"shipment_id": shipment_id, "carrier": carrier, "tracking": tracking}
    _note(session, head, "tracking_changed", by, **data)


def order_of(session: Session, shipment_id: int) -> int:
    """Errors  NotFound."""
    row = session.connection().execute(_SHIPMENT, {"shipment": shipment_id}).first()
    if row is None:
        raise NotFound(_("There is no such parcel."))
    return row.order_id


def _check(session: Session, head: OrderHead, *, despite_review: bool, unpaid_too: bool) -> None:
    closed = {
        OrderStatus.PENDING: _("This order waits for its payment."),
        OrderStatus.COMPLETED: _("Everything of this order has arrived already."),
        OrderStatus.CANCELLED: _("This order was cancelled."),
        OrderStatus.EXPIRED: _("This order wasn't paid in time."),
    }
    if head.status in closed:
        raise Conflict(closed[OrderStatus(head.status)], code="not_sendable")
    paid = head.paid_at is not None or not head.total_minor
    later = session.connection().execute(_PROVIDER, {"order": head.id}).scalar() == "manual"
    authorised = head.payment_status == PaymentStatus.AUTHORIZED
    if not paid and not (unpaid_too and (later or authorised)):
        raise Conflict(_("This order isn't paid. Nothing was sent."), code="unpaid")
    if despite_review:
        return
    if head.needs_review:
        raise Conflict(
            _("This order waits for a person: {why} Look at it first, or send it all the same.").format(
                why=head.needs_review
            ),
            code="needs_review",
        )
    if head.payment_status in (PaymentStatus.REFUNDED, PaymentStatus.CHARGED_BACK, PaymentStatus.VOIDED):
        raise Conflict(
            _("All of its money went back. Cancel the order, or send it all the same."), code="needs_review"
        )
    if session.connection().execute(_DISPUTES, {"order": head.id}).first():
        raise Conflict(
            _("The shopper's bank asks for the money back. Wait for its decision, or send it all the same."),
            code="needs_review",
        )


def _check_units(
    session: Session, order_id: int, lines: Mapping[int, UnitLine], units: Mapping[int, int]
) -> None:
    withdrawn = claimed_units.not_to_send(session, order_id)
    for line_id, count in units.items():
        if line_id not in lines:
            raise NotFound(_("There is no such line in this order."))
        line = lines[line_id]
        left = max(0, line.to_send - withdrawn.get(line_id, 0))
        if not 0 < count <= left:
            text = _("Only {count} of {title} are still to be sent.")
            if withdrawn.get(line_id):
                text = _("The shopper has withdrawn: only {count} of {title} are still to be sent.")
            raise Conflict(text.format(count=left, title=line.name), code="too_many_units")


def _texts(carrier: str, tracking: str) -> tuple[str, str]:
    carrier, tracking = carrier.strip(), tracking.strip()
    if len(carrier) > MAX_CARRIER or len(tracking) > MAX_TRACKING:
        raise Invalid(_("Shorten the carrier or the tracking number to 100 characters."), field="tracking")
    return carrier, tracking


def _earlier_shipment(session: Session, order_id: int, key: str, units: Mapping[int, int]) -> int | None:
    """The id of the shipment that this key has made; None for a new key.

    Errors  Conflict where it was made with other units.
    """
    units_by_line = {str(line): count for line, count in units.items()}
    for event_data in session.connection().execute(_EVENTS, {"order": order_id}).scalars() if key else ():
        if event_data.get("key") == key:
            if event_data.get("units") != units_by_line:
                raise Conflict(_("This was asked for before, with other values."), code="other_contents")
            return int(event_data["shipment_id"])
    return None


def units_of_request(session: Session, order_id: int, key: str) -> dict[int, int]:
    """The units that the request with this key has sent, by the order line's id; {} for a new key."""
    for event_data in session.connection().execute(_EVENTS, {"order": order_id}).scalars():
        if event_data.get("key") == key:
            return {int(line): count for line, count in event_data["units"].items()}
    return {}


def _write(
    session: Session, order_id: int, units: Mapping[int, int], carrier: str, tracking: str, actor: str
) -> int:
    connection = session.connection()
    row = {
        "order_id": order_id,
        "status": ShipmentState.SHIPPED.value,
        "carrier": carrier,
        "tracking": tracking,
        "actor": actor[:200],
        "shipped_at": now(),
    }
    shipment_id = connection.execute(insert(_shipment).values(**row).returning(_shipment.c.id)).scalar_one()
    connection.execute(
        insert(_shipment_line),
        [
            {"shipment_id": shipment_id, "order_line_id": line, "quantity": count}
            for line, count in units.items()
        ],
    )
    return shipment_id


def _write_letter(
    session: Session,
    head: OrderHead,
    kind: str,
    lines: Mapping[int, UnitLine],
    units: Mapping[int, int],
    data: dict[str, Any],
) -> None:
    """A letter about one shipment: once for each kind."""
    things = [
        {"title": line.title, "variant": line.variant_title, "quantity": units[line.id]}
        for line in lines.values()
        if line.id in units
    ]
    outbox.write(
        session,
        kind,
        head.email,
        f"{kind}:{data['shipment_id']}",
        {
            "order_id": head.id,
            "number": head.number,
            "token": head.token,
            "lines": things,
            **data,
        },
    )


def _locked(session: Session, shipment_id: int) -> tuple[Row[Any], OrderHead]:
    head = order_commands.lock(session, order_of(session, shipment_id))
    # Read after the lock: another writer may have changed it before.
    return session.connection().execute(_SHIPMENT, {"shipment": shipment_id}).one(), head


def _move(session: Session, shipment: Row[Any], to: ShipmentState, at: Any = None) -> bool:
    """Bring the shipment to its next state; False where it is there already."""
    if shipment.status == to:
        return False
    result = session.connection().execute(_MOVE, {"shipment": shipment.id, "to": to.value, "at": at})
    if result.rowcount != 1:
        delivered = shipment.status == ShipmentState.DELIVERED
        raise Conflict(
            _("The parcel was delivered already.") if delivered else _("The parcel was cancelled already.")
        )
    return True


def _note(
    session: Session,
    head: OrderHead,
    kind: str,
    by: Principal,
    *,
    public: bool = False,
    moved: tuple[str, str] | None = None,
    **data: Any,
) -> None:
    """Into the order's history and the audit; `moved` is the shipment's status before and after."""
    order_commands.record_event(session, head.id, kind, actor=by.actor, public=public, **data)
    before = {"status": moved[0]} if moved else {}
    after = data | ({"status": moved[1]} if moved else {})
    audit.record(session, by, f"order.{kind}", "order", str(head.number), before, after)
