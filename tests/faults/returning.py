"""Returns and withdrawals in the kill harness: what shoppers ask for, and what staff do with it."""

from __future__ import annotations

from sqlmodel import Session, col, select

from shop_app.core import db
from shop_app.models import NOT_SENT, Order, ReturnLine, ReturnRequest
from shop_app.services.returns import admin as return_admin
from shop_app.services.returns import commands as return_commands
from shop_app.services.returns import returnable
from shop_app.workflows import return_goods
from tests.faults.staff import CLERK, paid_order


def _sent(session: Session, token: str) -> dict[int, int]:
    """One unit of the first thing that the shopper has, by its position; of the first line where none has."""
    lines = returnable.by_token(session, token).lines
    return {next((line.position for line in lines if line.sent), lines[0].position if lines else 0): 1}


async def send_back(*, token: str, key: str) -> None:
    """A shopper asks to send one unit back, and staff agree."""
    await db.read(paid_order, token)
    units = await db.read(_sent, token)
    await db.write(return_commands.request, token, units, "damaged", "", key, durable=True)
    for return_id in await db.read(_of_key, key):
        await db.write(return_admin.approve, return_id, by=CLERK, durable=True)


def _head(session: Session, token: str) -> tuple[str, str]:
    number, email = session.exec(select(Order.number, Order.email).where(Order.token == token)).one()
    return str(number), email


async def withdraw(*, token: str, key: str, whole: bool) -> None:
    """A shopper withdraws, from one unit or from all that is left."""
    await db.read(paid_order, token)
    number, email = await db.read(_head, token)
    units = None if whole else {0: 1}
    await db.write(return_commands.withdraw, number, email, "Marta Lind", units, "", key, durable=True)


def _of_key(session: Session, key: str) -> list[int]:
    """The returns of that key: a withdrawal of units both sent and unsent makes two."""
    keys = (key, f"{key}:rest")
    row = session.exec(
        select(ReturnRequest.id)
        .where(col(ReturnRequest.request_key).in_(keys))
        .order_by(col(ReturnRequest.id))
    )
    return [id for id in row if id]


def _here(session: Session, return_id: int) -> dict[int, int]:
    """The units of a return by their order lines; none of what never left."""
    if session.get_one(ReturnRequest, return_id).reason == NOT_SENT:
        return {}
    lines = session.exec(select(ReturnLine).where(ReturnLine.return_id == return_id))
    return {line.order_line_id: line.quantity for line in lines}


async def receive(*, key: str, fit: bool) -> None:
    """The things are here; fit ones go back in stock."""
    for return_id in await db.read(_of_key, key):
        units = await db.read(_here, return_id)
        if units:
            await db.write(
                return_admin.receive, return_id, units, units if fit else {}, by=CLERK, durable=True
            )


async def pay_back(*, key: str, to_credit: bool) -> None:
    """The money of what came back, and of what won't be sent, goes back."""
    for return_id in await db.read(_of_key, key):
        await return_goods.refund_return(
            return_id, f"{key}-{return_id}", CLERK, destination="credit" if to_credit else "original"
        )
