"""The rooms of open pages and the keys of what is pushed into them.

A page is in one room for each product it shows, in one for its visitor's cart, and on the page of an
order in that order's. What is pushed is for the eyes: whoever decides something reads the database.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from shop_app.core.clock import now

from .bus import bus

PRODUCT, CART, ORDER, CHECKOUT = "product:", "cart:", "order:", "checkout:"


def product_room(slug: str) -> str:
    return PRODUCT + slug


def cart_room(visitor_hash: str) -> str:
    """The room of all tabs of one visitor, by the hash of the visitor's key."""
    return CART + visitor_hash


def checkout_room(visitor_hash: str) -> str:
    """The room of those of a visitor's tabs that show the checkout."""
    return CHECKOUT + visitor_hash


def order_room(token_hash: str) -> str:
    return ORDER + token_hash


def product_key(slug: str) -> str:
    """The key under which pages keep what is newest about a product."""
    return "now_" + slug


def now_ms() -> int:
    """The moment that goes with a view, as `as_of` in base data and as `at` in a push."""
    return int(now().timestamp() * 1000)


def push_product(slug: str, fields: Mapping[str, Any]) -> None:
    """Overlay `fields` on the base data of a product wherever it is shown.

    Shape   the names are those of the base view's fields (`price`, `stock_text` …); `at` is added.
    """
    bus.publish(product_room(slug), {product_key(slug): {**fields, "at": now_ms()}})


def push_cart(visitor_hash: str, ask: Iterable[str], *, skip: str = "") -> None:
    """Have every tab of a visitor but `skip` load its cart again, by the handlers named in `ask`."""
    bus.publish(cart_room(visitor_hash), ask=ask, skip=skip)


def push_checkout(visitor_hash: str, ask: Iterable[str], *, skip: str = "") -> None:
    """Have every open checkout of a visitor but `skip` look again, by the handlers named in `ask`."""
    bus.publish(checkout_room(visitor_hash), ask=ask, skip=skip)


def push_order(token_hash: str, ask: Iterable[str]) -> None:
    """Have every page of an order load it again."""
    bus.publish(order_room(token_hash), ask=ask)
