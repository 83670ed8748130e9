"""Cart reminders: one letter about a cart that was left behind, to customers who agreed to it.

Nothing is sent unless the shop has switched it on. Each cart has one reminder, and none once its owner has
ordered: the worker asks again when it sends.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from sqlalchemy import String, and_, bindparam, cast, exists, literal, or_, select
from sqlmodel import Session, col

from ..core.clock import now
from ..core.shop import shop
from ..models import (
    Cart,
    CartLine,
    Customer,
    Letter,
    Order,
    OrderStatus,
    Product,
    StockLevel,
    Variant,
    table_of,
)
from . import consents, outbox
from .catalog import availability

KIND = "cart_reminder"
NOT_AFTER = timedelta(days=14)
"""A cart that was left longer ago is nothing that anybody goes on with."""

_cart, _customer, _order, _letter = table_of(Cart), table_of(Customer), table_of(Order), table_of(Letter)
_letter_key = literal(f"{KIND}:", String) + cast(_cart.c.id, String)
_ordered = exists().where(
    or_(
        and_(
            or_(_order.c.customer_id == _customer.c.id, _order.c.email == _customer.c.email),
            _order.c.placed_at >= _cart.c.updated_at,
        ),
        and_(_order.c.cart_id == _cart.c.id, _order.c.status == OrderStatus.PENDING.value),
    )
)
_things = (
    select(col(CartLine.quantity), col(Product.title), col(Variant.title))
    .join(Variant, col(Variant.id) == col(CartLine.variant_id))
    .join(Product, col(Product.id) == col(Variant.product_id))
    .join(StockLevel, col(StockLevel.variant_id) == col(Variant.id))
    .where(
        col(CartLine.cart_id) == bindparam("cart"),
        col(CartLine.saved).is_(False),
        col(Variant.active),
        availability.BUYABLE,
        availability.PUBLISHED,
    )
    .order_by(col(CartLine.id))
)


def _left_carts() -> Any:
    """Open carts of customers who agreed, left for as long as the shop says and since without an order."""
    return (
        select(_cart.c.id, _customer.c.email)
        .join(_customer, _cart.c.key_hash == literal("customer:", String) + cast(_customer.c.id, String))
        .where(
            _cart.c.completed_at.is_(None),
            _cart.c.updated_at <= bindparam("left_before"),
            _cart.c.updated_at > bindparam("left_after"),
            _customer.c.verified_at.is_not(None),
            consents.may_be_sent(_customer.c.email, consents.PURPOSE_BY_KIND[KIND]),
            ~_ordered,
        )
    )


def write(session: Session, after_id: int, most: int) -> int | None:
    """Write the reminders of up to `most` carts with ids above that one; the last one's id, None where it
    was the last of all."""
    if not shop().cart_reminder_hours:
        return None
    unwritten = ~exists().where(_letter.c.dedupe_key == _letter_key)
    due = _left_carts().where(unwritten, _cart.c.id > after_id).order_by(_cart.c.id).limit(most)
    carts = session.connection().execute(due, _moments()).all()
    for cart in carts:
        if things := _names(session, cart.id):
            outbox.write(
                session, KIND, cart.email, f"{KIND}:{cart.id}", {"cart_id": cart.id, "things": things}
            )
    return carts[-1].id if len(carts) == most else None


def is_due(session: Session, cart_id: int) -> bool:
    """Whether that cart is still left behind, now that its letter is to be sent."""
    if not shop().cart_reminder_hours:
        return False
    this = _left_carts().where(_cart.c.id == cart_id)
    return session.connection().execute(this, _moments()).first() is not None


def _moments() -> dict[str, Any]:
    left_before = now() - timedelta(hours=shop().cart_reminder_hours)
    return {"left_before": left_before, "left_after": left_before - NOT_AFTER}


def _names(session: Session, cart_id: int) -> list[str]:
    """What of the cart can be bought now."""
    rows: Any = session.connection().execute(_things, {"cart": cart_id, "now": now()})
    return [
        f"{quantity} × {f'{title}, {variant}' if variant else title}" for quantity, title, variant in rows
    ]
