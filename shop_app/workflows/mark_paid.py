"""Noting by hand that the money for an order has arrived."""

from __future__ import annotations

from ..core import db
from ..core.access.principal import Principal
from ..services.payments import transfers


async def mark_paid(number: int, reference: str, by: Principal) -> bool:
    """Note that a bank transfer, or cash, has come: the whole of what is owed.

    The same reference again changes nothing; True where this call made the difference.

    Errors  What `transfers.mark_paid` refuses.
    """
    return await db.write(transfers.mark_paid, number, reference, by, durable=True)
