"""Completes a cart whose order is confirmed, and moves what wasn't ordered to a new cart."""

from __future__ import annotations

from sqlalchemy import bindparam, insert, or_, select, update
from sqlmodel import Session

from ...core import events
from ...core.clock import now
from ...models import Cart, CartLine, OrderLine, table_of
from ..cart.lines import line_of_order
from ..inventory import holds as inventory_holds

order_line = table_of(OrderLine)
cart = table_of(Cart)
cart_line = table_of(CartLine)

_COMPLETE = (
    update(cart)
    .where(cart.c.id == bindparam("cart"), cart.c.completed_at.is_(None))
    .values(completed_at=bindparam("at"), updated_at=bindparam("at"))
)
# What wasn't ordered: saved lines, lines added afterwards, units beyond those ordered.
_LEFT_OVER = (
    select(cart_line.c.id, cart_line.c.quantity, order_line.c.quantity.label("ordered"), cart_line.c.saved)
    .select_from(cart_line)
    .outerjoin(order_line, line_of_order(bindparam("order")))
    .where(
        cart_line.c.cart_id == bindparam("cart"),
        or_(cart_line.c.saved, order_line.c.id.is_(None), cart_line.c.quantity > order_line.c.quantity),
    )
)


def complete(session: Session, order_id: int, cart_id: int) -> None:
    """Mark the cart as completed; what wasn't ordered goes to a new one."""
    connection, at = session.connection(), now()
    left = connection.execute(_LEFT_OVER, {"order": order_id, "cart": cart_id}).all()
    if connection.execute(_COMPLETE, {"cart": cart_id, "at": at}).rowcount != 1:
        return
    events.publish(session, events.CartChanged(cart_id))
    if not left:
        return
    # The new cart has to get holds of its own.
    inventory_holds.unhold(session, cart_id, reason="cart completed")
    old = connection.execute(select(cart).where(cart.c.id == cart_id)).mappings().one()
    fresh = {
        "key_hash": old["key_hash"],
        "customer_id": old["customer_id"],
        "currency": old["currency"],
        "country": old["country"],
        "checkout": old["checkout"],
        "codes": [],
        "version": 1,
        "created_at": at,
        "updated_at": at,
    }
    new_id = connection.execute(insert(cart).values(**fresh).returning(cart.c.id)).scalar_one()
    for row in left:
        beyond = row.quantity if row.saved or row.ordered is None else row.quantity - row.ordered
        connection.execute(
            update(cart_line).where(cart_line.c.id == row.id).values(cart_id=new_id, quantity=beyond)
        )
    events.publish(session, events.CartChanged(new_id))
