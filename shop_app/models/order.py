"""The order: frozen copies of all that was agreed, three independent statuses, and their legal moves."""

import re
from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import Index, text
from sqlmodel import Field, SQLModel

from .base import Prefix, check, json, key, maybe_minor, minor, moment, one_of, refers, word
from .catalog import MAX_SKU


class OrderStatus(StrEnum):
    PENDING = "pending"
    """Placed, its units allocated, waiting for the payment."""
    PLACED = "placed"
    """Agreed: paid, or to be paid by a way that comes later."""
    COMPLETED = "completed"
    CANCELLED = "cancelled"
    EXPIRED = "expired"
    """Never paid in time; its units went back."""


class PaymentStatus(StrEnum):
    NONE = "none"
    AUTHORIZED = "authorized"
    PARTIALLY_PAID = "partially_paid"
    PAID = "paid"
    OVERPAID = "overpaid"
    PARTIALLY_REFUNDED = "partially_refunded"
    REFUNDED = "refunded"
    DISPUTED = "disputed"
    CHARGED_BACK = "charged_back"
    """A dispute was lost: the bank has taken the money back."""
    VOIDED = "voided"


class FulfilmentStatus(StrEnum):
    NONE = "none"
    PARTIAL = "partial"
    SHIPPED = "shipped"
    DELIVERED = "delivered"
    PARTIALLY_RETURNED = "partially_returned"
    RETURNED = "returned"


LEGAL_MOVES: dict[OrderStatus, frozenset[OrderStatus]] = {
    OrderStatus.PENDING: frozenset({OrderStatus.PLACED, OrderStatus.CANCELLED, OrderStatus.EXPIRED}),
    # Expired: to be paid by transfer, and nothing came in time.
    OrderStatus.PLACED: frozenset({OrderStatus.COMPLETED, OrderStatus.CANCELLED, OrderStatus.EXPIRED}),
    OrderStatus.COMPLETED: frozenset(),
    OrderStatus.CANCELLED: frozenset(),
    # A payment that came late, for units that were still there.
    OrderStatus.EXPIRED: frozenset({OrderStatus.PLACED}),
}


TOKEN = re.compile(r"[A-Za-z0-9_-]{1,64}")
"""An order's token; other text isn't looked up, because PostgreSQL refuses some of it."""

LIVING = "status IN ('pending', 'placed', 'completed')"
UNPAID = "expires_at IS NOT NULL"
NEEDS_REVIEW = "needs_review <> ''"
ARCHIVED = "archived_at IS NOT NULL"


class Counter(SQLModel, table=True):
    """A number that counts without gaps, taken inside the transaction that uses it."""

    name: str = Field(primary_key=True, max_length=32)
    value: int = 0


class Order(SQLModel, table=True):
    __tablename__ = "customer_order"
    __table_args__ = (
        one_of("status", OrderStatus),
        one_of("payment_status", PaymentStatus),
        one_of("fulfilment_status", FulfilmentStatus),
        check("subtotal_minor >= 0 AND discount_minor >= 0 AND shipping_minor >= 0", "parts_not_negative"),
        check("tax_minor >= 0 AND total_minor >= 0", "totals_not_negative"),
        check(
            "total_minor = subtotal_minor - discount_minor + shipping_minor"
            " + CASE WHEN tax_included THEN 0 ELSE tax_minor END",
            "total_is_sum",
        ),
        Index(
            "uq_customer_order_living_cart",
            "cart_id",
            unique=True,
            sqlite_where=text(LIVING),
            postgresql_where=text(LIVING),
        ),
        Index("ix_customer_order_placed_at", "placed_at", "id"),
        Index("ix_customer_order_customer_id_placed_at", "customer_id", "placed_at", "id"),
        # For lists: by each status and country in the order of placing, and by amount.
        Index("ix_customer_order_status_placed_at", "status", "placed_at", "id"),
        Index("ix_customer_order_payment_status_placed_at", "payment_status", "placed_at", "id"),
        Index("ix_customer_order_fulfilment_status_placed_at", "fulfilment_status", "placed_at", "id"),
        Index("ix_customer_order_country_placed_at", "country", "placed_at", "id"),
        Index("ix_customer_order_total_minor", "total_minor", "id"),
        Index(
            "ix_customer_order_needs_review",
            "placed_at",
            "id",
            sqlite_where=text(NEEDS_REVIEW),
            postgresql_where=text(NEEDS_REVIEW),
        ),
        Index("ix_customer_order_shipping_method_placed_at", "shipping_method", "placed_at", "id"),
        Index(
            "ix_customer_order_archived",
            "placed_at",
            "id",
            sqlite_where=text(ARCHIVED),
            postgresql_where=text(ARCHIVED),
        ),
        Index("ix_customer_order_status_expires_at", "status", "expires_at"),
        Index(
            "ix_customer_order_address_hash",
            "address_hash",
            sqlite_where=text(UNPAID),
            postgresql_where=text(UNPAID),
        ),
    )

    id: int | None = key()
    number: int = Field(unique=True)
    """What shoppers see and say; without gaps."""
    token: str = Field(max_length=64, unique=True)
    """The order's unguessable address."""
    link_since: datetime | None = None
    """When the token was made anew because of its age; None while it is the order's first."""
    cart_id: int | None = refers("cart.id", default=None)
    """The cart that it came from. A cart has one order at most that is neither cancelled nor expired."""
    cart_version: int = 0
    """The cart's version that was ordered; a changed cart is another order."""
    customer_id: int | None = refers("customer.id", index=False, default=None, ondelete="SET NULL")
    claimed_at: datetime | None = None
    """When it joined the account of its e-mail address; None for one that was placed while signed in."""
    email: str = Field(max_length=254, index=True)
    phone: str = Field(default="", max_length=40)
    status: str = word(OrderStatus.PENDING)
    payment_status: str = word(PaymentStatus.NONE)
    fulfilment_status: str = word(FulfilmentStatus.NONE)
    needs_review: str = ""
    """Why a person has to look at it; "" where nobody has to."""
    currency: str = Field(max_length=3)
    step_minor: int = minor(default=1)
    """What its amounts are multiples of: the currency's step when it was placed; 1 for orders from before."""
    subtotal_minor: int = minor()
    """List prices times quantities."""
    discount_minor: int = minor()
    shipping_minor: int = minor()
    """After a discount on shipping."""
    tax_minor: int = minor()
    total_minor: int = minor()
    tax_included: bool = True
    ship_to: dict = json()
    bill_to: dict = json()
    country: str = Field(max_length=2)
    shipping_method: str = Field(max_length=64)
    shipping_label: str = ""
    arrives_from: date | None = None
    arrives_until: date | None = None
    payment_provider: str = Field(max_length=32)
    locale: str = Field(default="en", max_length=16)
    terms_version: str = ""
    vat_number: str = Field(default="", max_length=20)
    """The buyer's EU VAT number, where one was given."""
    reverse_charge: bool = False
    """The buyer owes the VAT: none is in the prices, and none is charged."""
    note: str = ""
    placed_at: datetime = moment()
    paid_at: datetime | None = None
    expires_at: datetime | None = None
    """Until when an unpaid order keeps its units; None once it waits for no money any more."""
    address_hash: str = Field(default="", max_length=64)
    """The keyed hash of the address that placed it, as long as it is unpaid."""
    archived_at: datetime | None = None
    """When staff put it away."""
    erased_at: datetime | None = None
    """When its buyer's data was erased but for the invoice; None again once that has reached its age."""
    version: int = 1


class OrderWord(SQLModel, table=True):
    """One word that staff find an order by: of the names and the e-mail address on it, folded."""

    __tablename__ = "order_word"

    word: str = Field(primary_key=True, sa_type=Prefix)  # pyright: ignore[reportArgumentType, reportCallIssue]
    order_id: int = refers("customer_order.id", primary_key=True)


class OrderLine(SQLModel, table=True):
    __tablename__ = "order_line"
    __table_args__ = (
        check("quantity > 0", "quantity_positive"),
        check("unit_price_minor >= 0 AND discount_minor >= 0 AND tax_minor >= 0", "parts_not_negative"),
        check("subtotal_minor = unit_price_minor * quantity", "subtotal_is_product"),
        check("total_minor = subtotal_minor - discount_minor AND total_minor >= 0", "total_is_sum"),
        check("quantity_fulfilled BETWEEN 0 AND quantity", "fulfilled_in_bounds"),
        check("quantity_returned BETWEEN 0 AND quantity", "returned_in_bounds"),
        check("quantity_cancelled BETWEEN 0 AND quantity", "cancelled_in_bounds"),
        check("quantity_fulfilled + quantity_cancelled <= quantity", "parts_in_bounds"),
        check("quantity_returned <= quantity_fulfilled", "only_sent_units_return"),
    )

    id: int | None = key()
    order_id: int = refers("customer_order.id")
    variant_id: int | None = refers("variant.id", default=None, ondelete="SET NULL")
    position: int = 0
    slug: str = ""
    title: str
    variant_title: str = ""
    sku: str = Field(max_length=MAX_SKU, index=True)
    options: dict[str, str] = json()
    picture_key: str = ""
    picture_alt: str = ""
    quantity: int
    unit_price_minor: int = minor()
    unit_compare_at_minor: int | None = maybe_minor()
    subtotal_minor: int = minor()
    discount_minor: int = minor()
    tax_minor: int = minor()
    total_minor: int = minor()
    tax_class: str = Field(max_length=32)
    weight_grams: int = 0
    is_gift: bool = False
    """Added by a promotion, for nothing."""
    promised_on: date | None = None
    """When the units are expected that weren't there yet; None where all were."""
    quantity_fulfilled: int = 0
    quantity_returned: int = 0
    quantity_cancelled: int = 0


class OrderDiscount(SQLModel, table=True):
    """One discount on one line, or on shipping where there is no line."""

    __tablename__ = "order_discount"
    __table_args__ = (check("amount_minor > 0", "amount_positive"),)

    id: int | None = key()
    order_id: int = refers("customer_order.id")
    line_id: int | None = refers("order_line.id", default=None, index=False)
    promotion_id: int | None = refers("promotion.id", default=None, ondelete="SET NULL")
    code: str = Field(default="", max_length=64)
    label: str
    amount_minor: int = minor()
    """What it takes off."""


class OrderTaxLine(SQLModel, table=True):
    """The tax on one line, or on a part of the delivery where there is no line: one for each of its rates."""

    __tablename__ = "order_tax_line"
    __table_args__ = (check("rate_ppm >= 0 AND amount_minor >= 0", "not_negative"),)

    id: int | None = key()
    order_id: int = refers("customer_order.id")
    line_id: int | None = refers("order_line.id", default=None, index=False)
    label: str
    rate_ppm: int
    """Parts per million: 190,000 is 19 %."""
    base_minor: int = minor()
    """What the tax was worked out from, without the tax."""
    amount_minor: int = minor()
    included: bool = True


class OrderEvent(SQLModel, table=True):
    """One line of the order's history: who did what, when. Append-only."""

    __tablename__ = "order_event"

    id: int | None = key()
    order_id: int = refers("customer_order.id")
    kind: str = Field(max_length=64)
    data: dict = json()
    actor: str = Field(default="system", max_length=200)
    public: bool = False
    """Whether the shopper may see it."""
    at: datetime = moment()


class ShipmentState(StrEnum):
    SHIPPED = "shipped"
    DELIVERED = "delivered"
    CANCELLED = "cancelled"


class Shipment(SQLModel, table=True):
    """One parcel of an order, with its carrier and tracking number."""

    __table_args__ = (
        one_of("status", ShipmentState),
        Index("ix_shipment_delivered_at", "delivered_at", "id"),
    )

    id: int | None = key()
    order_id: int = refers("customer_order.id")
    status: str = word(ShipmentState.SHIPPED)
    carrier: str = Field(default="", max_length=100)
    tracking: str = Field(default="", max_length=100, index=True)
    actor: str = Field(default="system", max_length=200)
    shipped_at: datetime = moment()
    delivered_at: datetime | None = None


class ShipmentLine(SQLModel, table=True):
    __tablename__ = "shipment_line"
    __table_args__ = (check("quantity > 0", "quantity_positive"),)

    shipment_id: int = refers("shipment.id", primary_key=True, index=False)
    order_line_id: int = refers("order_line.id", primary_key=True)
    quantity: int
