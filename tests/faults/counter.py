"""What staff and the jobs do in the kill harness, in the words that the till has for it today."""

from __future__ import annotations

import importlib.util
from importlib import import_module

from sqlmodel import Session, col, select

from shop_app import db, till
from shop_app.errors import NotFound
from shop_app.models import Order, Payment
from shop_app.services.accounts import PERMISSIONS, Principal
from shop_app.services.refunds import RefundWish

CLERK = Principal("staff", 0, "clerk@example.com", permissions=PERMISSIONS["manager"])
HOLDS = "shop_app.services.holds"


def _paid_order(session: Session, token: str) -> int | None:
    return session.exec(
        select(Order.id)
        .join(Payment, col(Payment.order_id) == Order.id)
        .where(Order.token == token, Payment.captured_minor > 0)
    ).first()


async def refund(*, token: str, amount: int, key: str) -> None:
    """A clerk gives money back.

    Errors  NotFound while the shop doesn't know of any; what the till refuses.
    """
    order_id = await db.in_reading(_paid_order, token)
    if order_id is None:
        raise NotFound("No money has come in yet.")
    await till.refund(order_id, RefundWish(free_minor=amount), key, CLERK)


async def sweep() -> None:
    """What the timetable runs every minute."""
    await till.sweep()
    if importlib.util.find_spec(HOLDS):
        await db.in_transaction(import_module(HOLDS).sweep, 100)
