"""An order's shipments as its page shows them: carrier, tracking link, contents, dates."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from urllib.parse import quote

from sqlalchemy import bindparam, select
from sqlmodel import Session

from ...core.dates import day
from ...models import OrderLine, Shipment, ShipmentLine, ShipmentState, table_of

_shipment = table_of(Shipment)
_shipment_line = table_of(ShipmentLine)
_line = table_of(OrderLine)

_SHIPMENTS = (
    select(_shipment)
    .where(_shipment.c.order_id == bindparam("order"), _shipment.c.status != ShipmentState.CANCELLED.value)
    .order_by(_shipment.c.id)
)
_INSIDE = (
    select(_shipment_line.c.shipment_id, _shipment_line.c.quantity, _line.c.title, _line.c.variant_title)
    .join(_line, _line.c.id == _shipment_line.c.order_line_id)
    .where(_line.c.order_id == bindparam("order"))
    .order_by(_line.c.position)
)
TRACKING = {
    "dhl": "https://www.dhl.com/de-en/home/tracking.html?tracking-id={}",
    "dpd": "https://tracking.dpd.de/status/en_US/parcel/{}",
    "gls": "https://gls-group.com/track/{}",
    "ups": "https://www.ups.com/track?tracknum={}",
    "hermes": "https://www.myhermes.de/empfangen/sendungsverfolgung/sendungsinformation#{}",
}
"""Tracking pages by carrier; another carrier's number is shown without a link."""


@dataclass(frozen=True, slots=True)
class ShipmentView:
    name: str
    """ "DHL 00340434161094042557"; "" for what was collected."""
    carrier: str
    tracking: str
    tracking_url: str
    """ "" for a carrier that isn't in TRACKING."""
    sent: str
    delivered: str
    """The day; "" until then."""
    things: list[str]
    """ "2 × Dune Mug, Moss"."""


def shipments(session: Session, order_id: int) -> list[ShipmentView]:
    """The order's shipments, the first one first, without those that were cancelled."""
    connection = session.connection()
    rows = connection.execute(_SHIPMENTS, {"order": order_id}).all()
    if not rows:
        return []
    inside: dict[int, list[str]] = defaultdict(list)
    for row in connection.execute(_INSIDE, {"order": order_id}):
        inside[row.shipment_id].append(f"{row.quantity} × {thing(row.title, row.variant_title)}")
    return [
        ShipmentView(
            f"{row.carrier} {row.tracking}".strip(),
            row.carrier,
            row.tracking,
            tracking_url(row.carrier, row.tracking),
            day(row.shipped_at),
            day(row.delivered_at) if row.delivered_at else "",
            inside[row.id],
        )
        for row in rows
    ]


def tracking_url(carrier: str, tracking: str) -> str:
    """The carrier's page of a shipment; "" for a carrier that isn't in TRACKING.

    A tracking number that is an address itself leads there.

    >>> tracking_url("UPS", "1Z 999"), tracking_url("Swift", "https://swift.example/p/7")
    ('https://www.ups.com/track?tracknum=1Z%20999', 'https://swift.example/p/7')
    """
    if tracking.startswith(("https://", "http://")) and " " not in tracking:
        return tracking
    name = carrier.strip().casefold().split(" ")[0]
    return TRACKING[name].format(quote(tracking, safe="")) if tracking and name in TRACKING else ""


def thing(title: str, variant: str) -> str:
    """ "Dune Mug, Moss"."""
    return f"{title}, {variant}" if variant else title
