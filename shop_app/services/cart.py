"""The cart: add, change, save for later, codes; each verb returns the cart as the shopper sees it.

Verbs take the SHA-256 of the visitor's key; a cart comes to exist with its first line. Nothing is
reserved here: a cart is a wish.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from sqlmodel import Session


@dataclass(frozen=True, slots=True)
class CartLineView:
    sku: str
    slug: str
    title: str
    variant: str
    picture_key: str
    picture_alt: str
    quantity: int
    max_quantity: int
    unit: str
    total: str
    """What the line comes to, before discounts on the whole cart."""
    compare_at: str
    notice: str
    """What changed since it was added, or what is wrong with it: "Now €24.00, was €19.00"."""
    notice_kind: str
    """"", info (a change that was applied) or problem (it can't be bought like this)."""


@dataclass(frozen=True, slots=True)
class DiscountView:
    code: str
    label: str
    amount: str
    """ "−€8.00"."""


@dataclass(frozen=True, slots=True)
class CodeReason:
    """Why an entered code gives nothing: "Spend €4.20 more to use AUTUMN10"."""

    code: str
    reason: str


@dataclass(frozen=True, slots=True)
class CartView:
    count: int = 0
    """Units, saved ones not counted."""
    lines: list[CartLineView] = field(default_factory=list)
    saved: list[CartLineView] = field(default_factory=list)
    subtotal: str = ""
    discounts: list[DiscountView] = field(default_factory=list)
    reasons: list[CodeReason] = field(default_factory=list)
    shipping: str = ""
    """ "€4.90" or "Free", for the cheapest way to the country."""
    total: str = ""
    total_minor: int = 0
    tax_note: str = ""
    """ "Includes €12.88 VAT"."""
    free_shipping_line: str = ""
    """ "Add €23.10 for free delivery", "Delivery is free"."""
    free_shipping_percent: int = 0
    country: str = ""
    country_name: str = ""
    can_check_out: bool = False
    version: int = 0


EMPTY = CartView()


def view(session: Session, key_hash: str) -> CartView:
    """The visitor's open cart; EMPTY where there is none."""
    raise NotImplementedError


def add(session: Session, key_hash: str, sku: str, quantity: int) -> CartView:
    """Put units of a variant into the cart, on top of those that are there.

    Errors  NotFound for an unknown or hidden SKU; OutOfStock when fewer are left, and says how many;
            Invalid for a quantity below 1 or past the limit, TooMany for too many lines.
    """
    raise NotImplementedError


def set_quantity(session: Session, key_hash: str, sku: str, quantity: int) -> CartView:
    """Make it that many units (0 removes). Asking for more than is left sets what is left, with a notice."""
    raise NotImplementedError


def remove(session: Session, key_hash: str, sku: str) -> CartView:
    """Take the line out. `set_quantity`/`add` with what was there undoes it."""
    raise NotImplementedError


def save_for_later(session: Session, key_hash: str, sku: str) -> CartView:
    raise NotImplementedError


def move_to_cart(session: Session, key_hash: str, sku: str) -> CartView:
    raise NotImplementedError


def apply_code(session: Session, key_hash: str, code: str) -> CartView:
    """Enter a discount code. One that gives nothing yet stays, with its reason.

    Errors  NotFound for a code that doesn't exist, has ended or is used up, and says which.
    """
    raise NotImplementedError


def remove_code(session: Session, key_hash: str, code: str) -> CartView:
    raise NotImplementedError


def set_country(session: Session, key_hash: str, country: str) -> CartView:
    """Where it goes, for tax and shipping estimate.

    Errors  Invalid for a country that the shop doesn't deliver to.
    """
    raise NotImplementedError


def accept_changes(session: Session, key_hash: str) -> CartView:
    """The shopper has seen the new prices: clear their notices."""
    raise NotImplementedError
