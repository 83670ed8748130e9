"""Refunds the goods of a return: what is still owed for it is computed, then refunded like anything else."""

from __future__ import annotations

from ..core import db
from ..core.access.principal import Principal
from ..services.returns import admin as return_admin
from .refund import refund


async def refund_return(return_id: int, request_key: str, by: Principal, *, destination: str) -> None:
    """Refund a return, once: one that was refunded already owes nothing more, and nothing happens.

    `destination` is "original" for the payments of the order, or "credit".

    Errors  What `return_admin.refund_request` and `refund` refuse.
    """
    owed = await db.write(return_admin.refund_request, return_id, by=by, destination=destination)
    if owed:
        await refund(owed.order_id, owed.request, request_key, by)
