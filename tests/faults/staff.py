"""What staff do in the kill harness, by the workflows that they use."""

from __future__ import annotations

from sqlmodel import Session, col, select

from shop_app.core import db
from shop_app.core.access.permissions import BUILT_IN_ROLES
from shop_app.core.access.principal import Principal
from shop_app.core.errors import NotFound
from shop_app.models import Order, OrderLine, Payment
from shop_app.services.orders import claimed_units
from shop_app.services.payments.refund_rows import RefundRequest
from shop_app.workflows import cancel as cancel_workflow
from shop_app.workflows import fulfil
from shop_app.workflows import refund as refund_workflow

CLERK = Principal("staff", 0, "clerk@example.com", permissions=BUILT_IN_ROLES["manager"])


def paid_order(session: Session, token: str) -> tuple[int, list[tuple[int, int]]]:
    """The order and its lines (id, units that are still to leave).

    Errors  NotFound while the shop doesn't know of any money for it, taken or authorised.
    """
    order_id = session.exec(
        select(Order.id)
        .join(Payment, col(Payment.order_id) == Order.id)
        .where(
            Order.token == token,
            (col(Payment.captured_minor) > 0) | col(Order.payment_status).in_(("authorized", "voided")),
        )
    ).first()
    if order_id is None:
        raise NotFound("No money has come in yet.")
    withdrawn = claimed_units.not_to_send(session, order_id)
    lines = session.exec(select(OrderLine).where(OrderLine.order_id == order_id).order_by(col(OrderLine.id)))
    return order_id, [
        (
            line.id,
            line.quantity - line.quantity_fulfilled - line.quantity_cancelled - withdrawn.get(line.id, 0),
        )
        for line in lines
        if line.id
    ]


async def refund(*, token: str, amount: int, key: str, to_credit: bool = False) -> None:
    """Some money goes back, the way it came or as store credit."""
    order_id, _lines = await db.read(paid_order, token)
    request = RefundRequest(free_minor=amount, destination="credit" if to_credit else "original")
    await refund_workflow.refund(order_id, request, key, CLERK)


async def refund_line(*, token: str, key: str) -> None:
    """One unit of the first line isn't wanted any more: its price goes back, and it is for sale again."""
    order_id, lines = await db.read(paid_order, token)
    await refund_workflow.refund(order_id, RefundRequest(lines={lines[0][0]: 1}, restock=True), key, CLERK)


async def send(*, token: str, key: str, most: int = 0) -> None:
    """Whatever hasn't left goes into a shipment; `most` of the first line alone where that is said."""
    order_id, lines = await db.read(paid_order, token)
    units = {line_id: min(left, most or left) for line_id, left in lines[: 1 if most else None] if left > 0}
    await fulfil.fulfil(order_id, units, carrier="DHL", tracking=key, by=CLERK, request_key=key)


async def cancel(*, token: str, key: str) -> None:
    """The order won't be sent: everything goes back."""
    order_id, _lines = await db.read(paid_order, token)
    await cancel_workflow.cancel(
        order_id, restock=True, refund=True, reason="killed", by=CLERK, request_key=key
    )
