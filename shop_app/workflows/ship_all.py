"""Sends all that is left of an order, as one of many, with its tracking number from a list if given."""

from __future__ import annotations

from collections.abc import Mapping

from ..core import db
from ..core.access.principal import Principal
from ..services.order_desk import order_list
from .fulfil import fulfil


async def ship_all(
    order_id: int,
    *,
    by: Principal,
    request_key: str,
    tracked: Mapping[int, tuple[str, str]] | None = None,
) -> None:
    """Send everything of the order that can be sent; the same key is the same shipment.

    Errors  Unchanged where a list is given that the order isn't in; what `fulfil` refuses.
    """
    carrier, tracking = await db.read(order_list.tracking_of, order_id, tracked)
    units = await db.read(order_list.units_to_send, order_id, request_key, by=by)
    await fulfil(order_id, units, carrier=carrier, tracking=tracking, by=by, request_key=request_key)
