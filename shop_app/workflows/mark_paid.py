"""Marks an order as paid by bank transfer or in cash."""

from __future__ import annotations

from ..core import db
from ..core.access.principal import Principal
from ..services.payments import transfers


async def mark_paid(number: int, reference: str, by: Principal) -> bool:
    """Mark all that is owed as paid. The same reference again changes nothing and returns False.

    Errors  What `transfers.mark_paid` refuses.
    """
    return await db.write(transfers.mark_paid, number, reference, by, durable=True)
