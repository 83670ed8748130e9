"""Orders: placed once from a cart, paid by the ledger, shown to whoever holds the link.

The door to three rooms: `order_placing` (from cart to order), `order_life` (statuses and money) and
`order_view` (what its page shows).
"""

from __future__ import annotations

from .order_life import (
    attend,
    due_minor,
    give_up,
    lock,
    mark_paid,
    move,
    set_payment_status,
    settle,
    tell,
)  # fmt: skip
from .order_placing import PAY_WITHIN, PlacedOrder, Superseded, place
from .order_view import OrderLineView, OrderView, look_up, view, view_of

__all__ = [
    "PAY_WITHIN", "OrderLineView", "OrderView", "PlacedOrder",
    "Superseded", "attend", "due_minor", "give_up", "lock", "look_up", "mark_paid", "move", "place",
    "set_payment_status", "settle", "tell", "view", "view_of",
]  # fmt: skip
