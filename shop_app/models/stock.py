"""Stock: three numbers a variant, holds of carts in checkout, the ledger of movements, who waits for more."""

import secrets
from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import Index, UniqueConstraint, text
from sqlmodel import Field, SQLModel

from .base import check, json, key, moment, one_of, refers, word


class StockPolicy(StrEnum):
    DENY = "deny"
    BACKORDER = "backorder"
    UNTRACKED = "untracked"
    """Nobody counts it (made to order, digital, services): always for sale, never held."""


class MovementKind(StrEnum):
    RECEIVED = "received"
    ADJUSTED = "adjusted"
    HELD = "held"
    UNHELD = "unheld"
    ALLOCATED = "allocated"
    RELEASED = "released"
    SHIPPED = "shipped"
    RECALLED = "recalled"
    """A shipment was cancelled: its units are on hand again, and still allocated to the order."""
    RETURNED = "returned"


class StockLevel(SQLModel, table=True):
    """The three numbers of one variant; written by `services.inventory` alone, each time with a movement."""

    __tablename__ = "stock_level"
    __table_args__ = (
        one_of("policy", StockPolicy),
        check("allocated >= 0 AND held >= 0", "parts_not_negative"),
        check("on_hand >= 0", "on_hand_not_negative"),
        check("policy = 'backorder' OR allocated + held <= on_hand", "never_oversold"),
        check("policy <> 'untracked' OR (on_hand = allocated AND held = 0)", "untracked_has_none_free"),
        Index("ix_stock_level_on_hand", "on_hand", "variant_id"),
        Index("ix_stock_level_available", text("(on_hand - allocated - held)"), "variant_id"),
    )

    variant_id: int = refers("variant.id", ondelete="CASCADE", primary_key=True, index=False)
    on_hand: int = 0
    """Units that are here, sold ones that haven't been shipped included."""
    allocated: int = 0
    """Units that belong to orders and haven't left."""
    held: int = 0
    """Units held: for carts in checkout, for people whose turn it is, and set aside for the next in line."""
    low_at: int = 3
    """At this many left, or fewer, the shop says how many."""
    policy: str = word(StockPolicy.DENY)
    backorder_on: date | None = None


class StockHold(SQLModel, table=True):
    __tablename__ = "stock_hold"
    __table_args__ = (
        UniqueConstraint("cart_id", "variant_id"),
        check("quantity > 0", "quantity_positive"),
    )

    id: int | None = key()
    cart_id: int = refers("cart.id", ondelete="CASCADE", index=False)
    variant_id: int = refers("variant.id", ondelete="CASCADE")
    quantity: int
    expires_at: datetime = Field(index=True)
    since: datetime = moment()
    """When the cart entered checkout: from here the longest time is counted."""
    address_hash: str = Field(default="", max_length=64, index=True)
    """The keyed hash of the address that it is held for."""


class StockMovement(SQLModel, table=True):
    """One change of the three numbers; for each variant the deltas add up to its level. Append-only."""

    __tablename__ = "stock_movement"
    __table_args__ = (
        one_of("kind", MovementKind),
        check("on_hand_delta <> 0 OR allocated_delta <> 0 OR held_delta <> 0", "moves_something"),
        Index("ix_stock_movement_variant_id_at", "variant_id", "at"),
        Index(
            "ix_stock_movement_cart_id",
            "cart_id",
            sqlite_where=text("cart_id IS NOT NULL"),
            postgresql_where=text("cart_id IS NOT NULL"),
        ),
    )

    id: int | None = key()
    variant_id: int = refers("variant.id", ondelete="CASCADE", index=False)
    kind: str = Field(max_length=32)
    on_hand_delta: int = 0
    allocated_delta: int = 0
    held_delta: int = 0
    order_id: int | None = refers("customer_order.id", default=None)
    cart_id: int | None = refers("cart.id", default=None, index=False, ondelete="SET NULL")
    reason: str = Field(default="", max_length=100)
    note: str = ""
    actor: str = Field(default="system", max_length=200)
    at: datetime = moment()


class ExpectedDelivery(SQLModel, table=True):
    """Units that a supplier is to bring; gone once they are received, because the movement says it then."""

    __tablename__ = "expected_delivery"
    __table_args__ = (check("units > 0", "units_positive"),)

    id: int | None = key()
    variant_id: int = refers("variant.id", ondelete="CASCADE")
    supplier: str = Field(default="", max_length=200)
    units: int
    expected_on: date | None = None
    actor: str = Field(default="system", max_length=200)
    created_at: datetime = moment()


class Stocktake(SQLModel, table=True):
    """What somebody is counting: open until it is booked or thrown away, and one for each person."""

    __tablename__ = "stocktake"

    id: int | None = key()
    actor: str = Field(max_length=200, unique=True)
    problems: list[dict] = json(list)
    """What couldn't be taken, the newest last: {"line" (0: scanned), "code", "text"}."""
    started_at: datetime = moment()


class StocktakeLine(SQLModel, table=True):
    """The units of a variant that were counted, and those that were on hand by the ledger at that moment."""

    __tablename__ = "stocktake_line"
    __table_args__ = (check("units >= 0", "units_not_negative"),)

    stocktake_id: int = refers("stocktake.id", ondelete="CASCADE", primary_key=True, index=False)
    variant_id: int = refers("variant.id", ondelete="CASCADE", primary_key=True)
    units: int
    on_hand: int
    counted_at: datetime = moment()


def _unguessable() -> str:
    return secrets.token_urlsafe(24)


class StockAlert(SQLModel, table=True):
    """Somebody waits for a sold-out variant; deleted once a unit is kept for them, or they were told."""

    __tablename__ = "stock_alert"
    __table_args__ = (
        UniqueConstraint("variant_id", "mailbox"),
        Index("ix_stock_alert_variant_id_confirmed_at", "variant_id", "confirmed_at", "id"),
        Index("ix_stock_alert_key_hash_variant_id", "key_hash", "variant_id"),
    )

    id: int | None = key()
    variant_id: int = refers("variant.id", ondelete="CASCADE", index=False)
    email: str = Field(max_length=254)
    mailbox: str = Field(max_length=254)
    """Where that address leads to: asking twice is asking once."""
    created_at: datetime = moment(index=True)
    confirmed_at: datetime | None = None
    """Since when they are in line; None until the link in the letter was confirmed."""
    key_hash: str = Field(default="", max_length=64)
    """The shopper's key, as carts have it: "customer:ID", or the hash of the browser's."""
    token: str = Field(default_factory=_unguessable, max_length=64, index=True)
    """What the links in its letters are found by."""


class StockOffer(SQLModel, table=True):
    """One unit held for somebody whose turn it is; gone when it is sold, lapses, or isn't wanted."""

    __tablename__ = "stock_offer"
    __table_args__ = (Index("ix_stock_offer_key_hash_variant_id", "key_hash", "variant_id"),)

    id: int | None = key()
    variant_id: int = refers("variant.id", ondelete="CASCADE")
    email: str = Field(max_length=254)
    key_hash: str = Field(max_length=64)
    token: str = Field(max_length=64, index=True)
    offered_at: datetime = moment()
    expires_at: datetime = Field(index=True)
    told_at: datetime | None = None
    """When its letter was written; until then a page that is open may answer first."""
    order_id: int | None = refers("customer_order.id", default=None, ondelete="CASCADE")
    """The order that has the unit now: it isn't held any more, and is again if that order ends unpaid."""


class StockReserve(SQLModel, table=True):
    """Units that are back and set aside for those who wait, until each is held for one of them."""

    __tablename__ = "stock_reserve"
    __table_args__ = (check("units > 0", "units_positive"),)

    variant_id: int = refers("variant.id", ondelete="CASCADE", primary_key=True, index=False)
    units: int
