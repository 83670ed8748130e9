"""Push targets: the shoppers of carts and the tokens of orders, whose open pages are pushed to."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import select
from sqlmodel import Session, col

from ..models import Cart, Order


def cart_audience(session: Session, cart_ids: Collection[int]) -> dict[int, str]:
    """The shopper's key, by cart id."""
    if not cart_ids:
        return {}
    statement = select(Cart.id, Cart.key_hash).where(col(Cart.id).in_(list(cart_ids)))
    return {row.id: row.key_hash for row in session.connection().execute(statement)}


def order_audience(session: Session, order_ids: Collection[int]) -> list[str]:
    """The tokens of these orders."""
    if not order_ids:
        return []
    statement = select(Order.token).where(col(Order.id).in_(list(order_ids)))
    return list(session.connection().execute(statement).scalars())


def order_owners(session: Session, order_ids: Collection[int]) -> set[int]:
    """The customers whose accounts have one of these orders."""
    if not order_ids:
        return set()
    statement = select(Order.customer_id).where(
        col(Order.id).in_(list(order_ids)), col(Order.customer_id).is_not(None)
    )
    return set(session.connection().execute(statement).scalars())


def with_carts(session: Session, shopper_keys: Collection[str]) -> set[str]:
    """Those of these shoppers who have a cart, or had one that became an order."""
    if not shopper_keys:
        return set()
    statement = select(Cart.key_hash).where(col(Cart.key_hash).in_(list(shopper_keys))).distinct()
    return set(session.connection().execute(statement).scalars())
