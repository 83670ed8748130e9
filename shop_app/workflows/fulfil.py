"""Sends a shipment; an authorised payment is captured first."""

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
    notify: bool = True,
) -> int:
    """Capture the payment where it is only authorised, then send a shipment; returns the shipment's id.

    Errors  What `ship` and `capture` refuse: nothing is sent then.
    """
    by.need(fulfilment_commands.PERMISSION)
    options = {"despite_review": despite_review, "unpaid_too": unpaid_too, "request_key": request_key}
    if await db.read(fulfilment_commands.check, order_id, units, **options):
        await capture(order_id)
    shipment = await db.write(
        fulfilment_commands.ship,
        order_id,
        units,
        carrier=carrier,
        tracking=tracking,
        by=by,
        **options,
        notify=notify,
        durable=True,
    )
    return shipment.id
