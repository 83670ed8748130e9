"""The outbox: letters, written in the transaction of what they are about and sent afterwards."""

from datetime import datetime

from sqlalchemy import Index
from sqlmodel import Field, SQLModel

from .base import Key, json, key, moment


class Letter(SQLModel, table=True):
    __table_args__ = (
        Index("ix_letter_sent_at_next_try_at", "sent_at", "next_try_at"),
        Index("ix_letter_mailbox_next_try_at", "mailbox", "next_try_at"),
        Index("ix_letter_created_at", "created_at", "id"),
        Index("ix_letter_kind_created_at", "kind", "created_at", "id"),
        Index("ix_letter_to_email", "to_email", "id"),
    )

    id: int | None = key()
    dedupe_key: str = Field(max_length=200, unique=True)
    """Kind and subject, such as order_paid:1042: also its Message-ID, so that a repeat is seen as one."""
    kind: str = Field(max_length=64)
    to_email: str = Field(max_length=254)
    mailbox: str = Field(default="", max_length=254)
    """Where that address leads to, for letters that a stranger can cause; "" for the others."""
    data: dict = json()
    """What the letter's text needs, frozen."""
    order_id: int | None = Field(default=None, index=True, sa_type=Key)  # pyright: ignore[reportArgumentType, reportCallIssue]
    """The order that it is about; None for a letter about none."""
    created_at: datetime = moment()
    next_try_at: datetime = moment()
    sent_at: datetime | None = None
    attempts: int = 0
    problem: str = ""


class Consent(SQLModel, table=True):
    """One change of what an address agreed to be written about; the newest of a purpose counts."""

    __table_args__ = (Index("ix_consent_email_purpose", "email", "purpose", "id"),)

    id: int | None = key()
    email: str = Field(max_length=254)
    purpose: str = Field(max_length=32)
    given: bool
    """Agreed to; False for a withdrawal."""
    text: str = Field(default="", max_length=500)
    """What was agreed to, as it read then; "" for a withdrawal."""
    source: str = Field(max_length=64)
    """Where it was said: checkout, account, preferences, one-click, line (by asking)."""
    at: datetime = moment()


class UnreachableAddress(SQLModel, table=True):
    """An address that its mail server refused for good: it gets nothing but letters about its orders."""

    __tablename__ = "unreachable_address"

    email: str = Field(max_length=254, primary_key=True)
    why: str = Field(max_length=500)
    at: datetime = moment()
