"""Joining: what a browser has gathered as a guest becomes the account's when its owner signs in there."""

from __future__ import annotations

from sqlmodel import Session

from .orders import claims


def join(session: Session, customer_id: int, visitor_hash: str) -> None:
    """Join everything of this browser's guest to the account, once: in the transaction of the sign-in.

    visitor_hash  of the visitor's key; "" where the browser sent none, which has nothing to join
    """
    claims.claim(session, customer_id)
