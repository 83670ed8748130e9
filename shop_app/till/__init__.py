"""The till: places an order, opens its payment and settles it; here alone database and payment company meet.

Every step is written down before the next one begins, and no step outside happens inside a transaction.
A process may die between any two lines: `sweep` and `reconcile` find what is half done and go on with it.

The door to five rooms: `paying` (from a cart to an open payment), `settling` (what came of it), `captures`
(money that is agreed), `desk` (what staff do) and `healing` (what goes on with all that is half done).
"""

from __future__ import annotations

from .captures import capture, mark_paid, void
from .comparing import reconcile
from .desk import cancel, fulfil, refund
from .healing import close_outdated, sweep
from .paying import close, give_up, page_of, pay
from .settling import apply_notice, settle, settle_from_provider
from .taxing import ask_for_taxes

__all__ = [
    "apply_notice", "ask_for_taxes", "cancel", "capture", "close", "close_outdated", "fulfil",
    "give_up", "mark_paid", "page_of", "pay", "reconcile", "refund", "settle", "settle_from_provider",
    "sweep", "void",
]  # fmt: skip
