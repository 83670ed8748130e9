"""Review requests: one letter for each order, some days after all of it has arrived, about what was kept.

Nothing is sent unless the shop has switched it on, and to nobody who hasn't agreed or has objected.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from sqlalchemy import String, bindparam, cast, exists, literal, or_, select
from sqlmodel import Session

from ..core.clock import now
from ..core.shop import shop
from ..models import FulfilmentStatus, Letter, Order, OrderStatus, Review, Shipment, ShipmentState, table_of
from . import consents, outbox
from .returns import returnable

KIND = "review_request"
NOT_AFTER = timedelta(days=30)
"""Where it arrived longer ago nobody is asked, as when a shop with many orders begins to ask."""

_HERE = (FulfilmentStatus.DELIVERED.value, FulfilmentStatus.PARTIALLY_RETURNED.value)

_order, _shipment, _letter = table_of(Order), table_of(Shipment), table_of(Letter)
_review = table_of(Review)
_reviewed = exists().where(_review.c.order_id == _order.c.id)
_other = _shipment.alias("other")
_letter_key = literal(f"{KIND}:", String) + cast(_order.c.id, String)
_REVIEWED = select(_review.c.id).where(_review.c.order_id == bindparam("order")).limit(1)
_later_parcel = exists().where(
    _other.c.order_id == _order.c.id,
    _other.c.status != ShipmentState.CANCELLED.value,
    or_(
        _other.c.delivered_at.is_(None),
        _other.c.delivered_at > _shipment.c.delivered_at,
        (_other.c.delivered_at == _shipment.c.delivered_at) & (_other.c.id > _shipment.c.id),
    ),
)


def _arrived() -> Any:
    """Orders of which the last parcel came when the shop says, of people who may be asked."""
    return (
        select(_shipment.c.id, _order.c.id.label("order_id"), _order.c.email)
        .join(_order, _order.c.id == _shipment.c.order_id)
        .where(
            _shipment.c.status == ShipmentState.DELIVERED.value,
            _shipment.c.delivered_at <= bindparam("arrived_before"),
            _shipment.c.delivered_at > bindparam("arrived_after"),
            _order.c.status.in_([OrderStatus.PLACED.value, OrderStatus.COMPLETED.value]),
            _order.c.fulfilment_status.in_(_HERE),
            _order.c.email != "",
            consents.may_be_sent(_order.c.email, consents.PURPOSE_BY_KIND[KIND]),
            ~_later_parcel,
            ~_reviewed,
        )
    )


def write(session: Session, after_id: int, most: int) -> int | None:
    """Write the requests of up to `most` orders, by shipments with ids above that one; the last one's id,
    None where it was the last of all."""
    if not shop().review_request_days:
        return None
    unwritten = ~exists().where(_letter.c.dedupe_key == _letter_key)
    due = _arrived().where(unwritten, _shipment.c.id > after_id).order_by(_shipment.c.id).limit(most)
    found = session.connection().execute(due, _moments()).all()
    for row in found:
        if lines := kept(session, row.order_id):
            data = {"order_id": row.order_id, "lines": lines}
            outbox.write(session, KIND, row.email, f"{KIND}:{row.order_id}", data)
    return found[-1].id if len(found) == most else None


def is_due(session: Session, order_id: int) -> bool:
    """Whether something of the order is still kept and not reviewed, now that its letter is to be sent."""
    if not shop().review_request_days:
        return False
    reviewed = session.connection().execute(_REVIEWED, {"order": order_id}).first()
    return reviewed is None and bool(kept(session, order_id))


def kept(session: Session, order_id: int) -> list[dict[str, Any]]:
    """What of the order stayed with its buyer: nothing that went back, or that they want to send back."""
    lines = returnable.by_id(session, order_id).lines
    return [
        {"quantity": line.sent, "title": line.title, "variant": line.variant} for line in lines if line.sent
    ]


def _moments() -> dict[str, Any]:
    arrived_before = now() - timedelta(days=shop().review_request_days)
    return {"arrived_before": arrived_before, "arrived_after": arrived_before - NOT_AFTER}
