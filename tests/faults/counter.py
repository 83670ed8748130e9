"""What staff and the jobs do in the kill harness, in the words that the till has for it today."""

from __future__ import annotations

import importlib.util
from importlib import import_module

from sqlmodel import Session, col, select

from shop_app import db, till
from shop_app.errors import NotFound
from shop_app.models import Order, Payment

HOLDS = "shop_app.services.holds"


def _payment_of(session: Session, token: str) -> int | None:
    return session.exec(
        select(Payment.id)
        .join(Order, col(Order.id) == Payment.order_id)
        .where(Order.token == token, Payment.captured_minor > 0)
    ).first()


async def refund(*, token: str, amount: int, key: str) -> None:
    """A clerk gives money back.

    Errors  NotFound while the shop doesn't know of any; what the till refuses.
    """
    payment_id = await db.in_reading(_payment_of, token)
    if payment_id is None:
        raise NotFound("No money has come in yet.")
    await till.refund(payment_id, amount, key, actor="clerk@example.com")


async def sweep() -> None:
    """What the timetable runs every minute."""
    await till.sweep()
    if importlib.util.find_spec(HOLDS):
        await db.in_transaction(import_module(HOLDS).sweep, 100)
