"""Orders: placed once from a cart, paid by the ledger, shown to whoever holds the link."""

from __future__ import annotations

from dataclasses import dataclass

from sqlmodel import Session

from .cart import DiscountView
from .checkout import CheckoutForm


@dataclass(frozen=True, slots=True)
class PlacedOrder:
    """What the way to the payment needs to know of an order that has been placed, or already was."""

    order_id: int
    number: int
    token: str
    provider: str
    total_minor: int
    currency: str
    email: str


@dataclass(frozen=True, slots=True)
class OrderLineView:
    sku: str
    slug: str
    title: str
    variant: str
    picture_key: str
    picture_alt: str
    quantity: int
    unit: str
    total: str


@dataclass(frozen=True, slots=True)
class OrderStep:
    """One station of the order's way: placed, paid, packed, shipped, delivered."""

    label: str
    detail: str
    state: str
    """done, now or next."""


@dataclass(frozen=True, slots=True)
class OrderView:
    number: str
    token: str
    phase: str
    """confirming, awaiting_transfer, unpaid (declined, cancelled at the pay page), paid, expired,
    cancelled, attention, refunded."""
    headline: str
    explanation: str
    email: str
    placed: str
    lines: list[OrderLineView]
    subtotal: str
    discounts: list[DiscountView]
    shipping: str
    shipping_label: str
    tax_lines: list[tuple[str, str]]
    total: str
    address: list[str]
    """The delivery address line by line, in the order of its country."""
    delivery_dates: str
    payment_label: str
    transfer_details: list[tuple[str, str]]
    """Where to send the money, for a bank transfer; [] otherwise."""
    steps: list[OrderStep]
    status: str
    payment_status: str
    fulfilment_status: str
    can_pay_again: bool
    decline_message: str


def place(session: Session, key_hash: str, form: CheckoutForm, *, expected_total_minor: int) -> PlacedOrder:
    """Make the visitor's cart an order: frozen copies, stock taken in SKU order, numbers and codes counted.

    Placing the same cart again gives the same order back.

    Errors  Invalid with the first wrong field; OutOfStock with what is left by SKU; Conflict when the
            total has risen over the one that was shown, with the difference; NotFound for an empty cart.
    """
    raise NotImplementedError


def view(session: Session, token: str) -> OrderView:
    """Errors  NotFound for a token that no order has."""
    raise NotImplementedError


def look_up(session: Session, number: str, email: str) -> str:
    """The token of the order with that number and e-mail address.

    Errors  NotFound, the same sentence whichever of the two is wrong.
    """
    raise NotImplementedError


def give_up(session: Session, order_id: int, *, why: str) -> None:
    """End an unpaid order: cancelled or expired, stock and code uses given back, the cart open again."""
    raise NotImplementedError
