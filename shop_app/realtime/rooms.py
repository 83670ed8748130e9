"""The rooms that open pages join, and the keys of what is pushed into them.

A room is a kind and a key: `CART + visitor_hash`. A page is in one room for each product that it shows and in
its visitor's cart room; the checkout and an order's page are in rooms of their own too. What is pushed is
only shown: decisions are made on what the database says.
"""

from __future__ import annotations

PRODUCT = "product:"
"""Followed by the product's slug."""
CART = "cart:"
"""Followed by the hash of the visitor's key: all tabs of one visitor."""
CHECKOUT = "checkout:"
"""Followed by the same hash: those of the visitor's tabs that show the checkout."""
ORDER = "order:"
"""Followed by the hash of the order's token."""
DESK_ORDER = "desk-order:"
"""Followed by the order's id: its page in the back office."""
LIST = "list:"
"""Followed by the name of a list of the back office."""
STAFF = "staff:"
"""Followed by the id of a member of staff: all of their tabs."""
STOREFRONT = "storefront"
"""By itself: every page of the storefront."""

OF_EVERYBODY = (PRODUCT, STOREFRONT)
"""What is pushed into them is the same for everybody."""
OF_SHOPPERS = (*OF_EVERYBODY, CART, CHECKOUT, ORDER)
"""What pages of the storefront join; all other rooms are for staff, who leave them as their session ends."""

OF_EACH_PROCESS = (STOREFRONT,)
"""What each process pushes by itself: it finds in the database that the shop has changed."""


def product_key(slug: str) -> str:
    """The key under which pages keep the newest values of a product."""
    return "now_" + slug
