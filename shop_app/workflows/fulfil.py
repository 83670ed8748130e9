"""Sending a shipment: what is only authorised is captured first."""

from __future__ import annotations

from collections.abc import Mapping

from ..core import db
from ..core.access.principal import Principal
from ..services.fulfilment import commands as fulfilment_commands
from .capture import capture


async def fulfil(
    order_id: int,
    units: Mapping[int, int],
    *,
    carrier: str,
    tracking: str,
    by: Principal,
    request_key: str = "",
    despite_review: bool = False,
    unpaid_too: bool = False,
) -> int:
    """Send a shipment, and take the money first where it is only authorised; the shipment's id.

    Errors  What `fulfilment.ship` and `capture` refuse: nothing is sent then.
    """
    by.need(fulfilment_commands.PERMISSION)
    bold = {"despite_review": despite_review, "unpaid_too": unpaid_too, "request_key": request_key}
    if await db.read(fulfilment_commands.check, order_id, units, **bold):
        await capture(order_id)
    shipment = await db.write(
        fulfilment_commands.ship,
        order_id,
        units,
        carrier=carrier,
        tracking=tracking,
        by=by,
        **bold,
        durable=True,
    )
    return shipment.id
