"""The cart: variants that somebody wants to buy, found by the key of an account or a visitor."""

from datetime import datetime

from sqlalchemy import Index, UniqueConstraint, text
from sqlmodel import Field, SQLModel

from .base import Json, check, json, key, minor, moment, refers

MAX_QUANTITY = 99
MAX_LINES = 50


class Cart(SQLModel, table=True):
    __table_args__ = (
        Index(
            "uq_cart_open_key_hash",
            "key_hash",
            unique=True,
            sqlite_where=text("completed_at IS NULL"),
            postgresql_where=text("completed_at IS NULL"),
        ),
    )

    id: int | None = key()
    key_hash: str = Field(max_length=64, index=True)
    """The shopper's key: an account's, or the SHA-256 of a visitor's, which itself is only in the cookie."""
    customer_id: int | None = refers("customer.id", default=None, ondelete="SET NULL")
    currency: str = Field(max_length=3)
    country: str = Field(max_length=2)
    """Where it goes, for taxes and shipping; the shop's own country until the shopper says."""
    codes: list[str] = json(list)
    """Discount codes that the shopper has entered, in that order."""
    credits: list[int] = json(list)
    """Credit accounts (gift cards, store credit) that the shopper pays with, in that order."""
    checkout: dict = json()
    """What the shopper has typed into checkout so far, so that nothing is typed twice."""
    version: int = 1
    """Rises with every change of lines, codes or country."""
    joined: list[dict] | None = Field(default=None, sa_type=Json, nullable=True)
    """What a guest's cart has changed when it joined this one at a sign-in, until the shopper has read it."""
    completed_at: datetime | None = None
    """When it became an order; a completed cart never changes again."""
    created_at: datetime = moment()
    updated_at: datetime = moment()


class CartLine(SQLModel, table=True):
    __tablename__ = "cart_line"
    __table_args__ = (
        UniqueConstraint("cart_id", "variant_id"),
        check(f"quantity BETWEEN 1 AND {MAX_QUANTITY}", "quantity_in_bounds"),
    )

    id: int | None = key()
    cart_id: int = refers("cart.id", ondelete="CASCADE", index=False)
    variant_id: int = refers("variant.id", ondelete="CASCADE")
    quantity: int
    saved: bool = False
    """Saved for later: shown below the cart, in no total."""
    seen_price_minor: int = minor()
    """The unit price that the shopper last saw and accepted."""
    added_at: datetime = moment()
    changed_at: datetime | None = None
    """When the shopper chose its quantity; None where that was when it was added."""
