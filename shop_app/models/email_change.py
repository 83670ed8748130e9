"""Changes of the e-mail address of a customer's account."""

from datetime import datetime

from sqlmodel import Field, SQLModel

from .base import key, moment, refers


class EmailChange(SQLModel, table=True):
    """A change that somebody asked for; it counts once the new address has confirmed it.

    Its code is made from the row and the shop's own key (`services/accounts/email_changes.py`), so whoever
    reads the database can't confirm anything.
    """

    __tablename__ = "email_change"

    id: int | None = key()
    customer_id: int = refers("customer.id", ondelete="CASCADE")
    old_email: str = Field(max_length=254)
    new_email: str = Field(max_length=254)
    visitor_hash: str = Field(max_length=64)
    """Of the browser that asked, which alone can confirm it."""
    seed: str = Field(max_length=32)
    tries_left: int
    created_at: datetime = moment(index=True)
    expires_at: datetime
    confirmed_at: datetime | None = None
    undone_at: datetime | None = None
    """When the old address took it back."""
