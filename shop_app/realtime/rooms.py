"""The rooms that open pages join, and the keys of what is pushed into them.

A room is a kind and a key: `CART + shopper_key`. A page is in one room for each product that it shows and in
its shopper's cart room; the checkout and an order's page are in rooms of their own too. What is pushed is
only shown: decisions are made on what the database says.
"""

from __future__ import annotations

PRODUCT = "product:"
"""Followed by the product's slug."""
CART = "cart:"
"""Followed by the shopper's key: all tabs of one visitor, or of one account on all of its devices."""
CHECKOUT = "checkout:"
"""Followed by the same key: those of the shopper's tabs that show the checkout."""
LINE = "line:"
"""Followed by a variant's SKU: pages of the product on which somebody may wait for it."""
ORDER = "order:"
"""Followed by the hash of the order's token."""
WISHES = "wishes:"
"""Followed by a shopper's key: those of their tabs that show their lists; left as their session ends."""
WISH_LIST = "wish-list:"
"""Followed by the hash of the token of a list's link: the pages that show it to others."""
ACCOUNT = "account:"
"""Followed by the id of a customer: those of their tabs that show their orders."""
DESK_ORDER = "desk-order:"
"""Followed by the order's id: its page in the back office."""
LIST = "list:"
"""Followed by the name of a list of the back office."""
STAFF = "staff:"
"""Followed by the id of a member of staff: all of their tabs."""
CUSTOMER = "customer:"
"""Followed by the id of a customer: the pages about their account that show what is being made for them."""
STOREFRONT = "storefront"
"""By itself: every page of the storefront."""

OF_EVERYBODY = (PRODUCT, LINE, ORDER, WISH_LIST, STOREFRONT)
"""Rooms that say nothing about who is in them; the others are somebody's own, and left as a session ends."""

OF_EACH_PROCESS = (STOREFRONT,)
"""What each process pushes by itself: it finds in the database that the shop has changed."""


def product_key(slug: str) -> str:
    """The key under which pages keep the newest values of a product."""
    return "now_" + slug
