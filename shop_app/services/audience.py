"""Who looks at what: the visitors of carts and the links of orders, for pushes to their open pages."""

from __future__ import annotations

from collections.abc import Collection

from sqlmodel import Session, col, select

from ..models import Cart, Order


def cart_audience(session: Session, cart_ids: Collection[int]) -> list[str]:
    """The hashes of the visitors' keys that these carts belong to."""
    if not cart_ids:
        return []
    return list(session.exec(select(Cart.key_hash).where(col(Cart.id).in_(cart_ids)).distinct()))


def order_audience(session: Session, order_ids: Collection[int]) -> list[str]:
    """The tokens of these orders."""
    return list(session.exec(select(Order.token).where(col(Order.id).in_(order_ids)))) if order_ids else []
