"""Joining: what a browser has gathered as a guest becomes the account's when its owner signs in there."""

from __future__ import annotations

from sqlmodel import Session

from .cart import joining as cart_joining
from .orders import claims
from .stock_alerts import line
from .wishlists import joining as wishlist_joining


def join(session: Session, customer_id: int, visitor_hash: str) -> None:
    """Join everything of this browser's guest to the account, once: in the transaction of the sign-in.

    visitor_hash  of the visitor's key; "" where the browser sent none, which has nothing to join
    """
    cart_joining.join(session, customer_id, visitor_hash)
    wishlist_joining.join(session, customer_id, visitor_hash)
    line.join(session, customer_id, visitor_hash)
    claims.claim(session, customer_id)
