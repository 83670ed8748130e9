"""Wish lists: variants that somebody keeps in view, without wanting to buy them yet."""

from datetime import datetime

from sqlalchemy import UniqueConstraint
from sqlmodel import Field, SQLModel

from .base import key, minor, moment, refers


class WishList(SQLModel, table=True):
    """One list. A guest's goes by its age, a customer's goes with the account."""

    __tablename__ = "wish_list"
    __table_args__ = (UniqueConstraint("shopper_key", "name"),)

    id: int | None = key()
    shopper_key: str = Field(max_length=64)
    """Whose it is: `Principal.shopper_key`."""
    customer_id: int | None = refers("customer.id", default=None, ondelete="CASCADE")
    name: str = Field(max_length=60)
    token: str | None = Field(default=None, max_length=64, unique=True)
    """The end of the link that shows it to others; None while it isn't shared."""
    shown_name: str = Field(default="", max_length=100)
    """Whose list the link says that it is, "" for nobody's."""
    created_at: datetime = moment()
    updated_at: datetime = moment()


class WishItem(SQLModel, table=True):
    __tablename__ = "wish_item"
    __table_args__ = (UniqueConstraint("list_id", "variant_id"),)

    id: int | None = key()
    list_id: int = refers("wish_list.id", ondelete="CASCADE", index=False)
    variant_id: int = refers("variant.id", ondelete="CASCADE")
    seen_price_minor: int = minor()
    """The price when it was saved."""
    saved_at: datetime = moment()
