"""People: customers with their addresses, staff, and who is signed in."""

import secrets
from datetime import datetime

from sqlalchemy import Index
from sqlmodel import Field, SQLModel

from .base import Key, check, json, key, moment, refers


class Customer(SQLModel, table=True):
    __table_args__ = (check("email = lower(email)", "email_lower"),)

    id: int | None = key()
    email: str = Field(max_length=254, unique=True)
    name: str = Field(default="", max_length=200)
    password_hash: str | None = None
    verified_at: datetime | None = None
    """When its owner first proved to read the letters to this address."""
    blocked_at: datetime | None = None
    """Since when nobody gets in with it; whoever tries is answered as if there were no such account."""
    locale: str | None = Field(default=None, max_length=16)
    """The language of letters; None for the shop's own."""
    created_at: datetime = moment()
    version: int = 1


class Address(SQLModel, table=True):
    id: int | None = key()
    customer_id: int = refers("customer.id", ondelete="CASCADE")
    given_name: str = Field(default="", max_length=100)
    family_name: str = Field(default="", max_length=100)
    company: str = Field(default="", max_length=200)
    line1: str = Field(default="", max_length=200)
    line2: str = Field(default="", max_length=200)
    postal_code: str = Field(default="", max_length=20)
    locality: str = Field(default="", max_length=100)
    region: str = Field(default="", max_length=100)
    country: str = Field(max_length=2)
    phone: str = Field(default="", max_length=40)
    is_default: bool = False
    """Whether orders go there unless the customer says otherwise; one address at most of each."""
    is_default_billing: bool | None = None
    """The same for bills; None is no."""
    created_at: datetime = moment()


class Staff(SQLModel, table=True):
    __table_args__ = (check("email = lower(email)", "email_lower"),)

    id: int | None = key()
    email: str = Field(max_length=254, unique=True)
    name: str = Field(default="", max_length=200)
    role: str = Field(foreign_key="staff_role.code", max_length=32, index=True)
    password_hash: str
    active: bool = True
    created_at: datetime = moment()


def _never_again() -> int:
    return secrets.randbelow(2**53 - 1) + 1


class LoginSession(SQLModel, table=True):
    """Someone signed in on one browser; gone when they sign out. Exactly one of the two ids is set."""

    __tablename__ = "login_session"
    __table_args__ = (check("(customer_id IS NULL) <> (staff_id IS NULL)", "one_person"),)

    id: int | None = Field(default_factory=_never_again, primary_key=True, sa_type=Key)
    """Random: open sockets are bound to it, so it is never given to another session."""
    token_hash: str = Field(max_length=64, unique=True)
    customer_id: int | None = refers("customer.id", default=None, ondelete="CASCADE")
    staff_id: int | None = refers("staff.id", default=None, ondelete="CASCADE")
    created_at: datetime = moment()
    last_seen_at: datetime = moment()
    """To the minute."""
    expires_at: datetime
    proven_at: datetime = moment()
    """When the person last proved who they are: at the sign-in, or since."""
    lacks_factor: bool = False
    """Whether nothing may be done with it but to add the second factor that the role needs."""
    device: str = Field(default="", max_length=100)
    """Browser and system, as a person names them."""
    network: str = Field(default="", max_length=64)
    """The network that it came from; never the whole address."""


class AuditEntry(SQLModel, table=True):
    """One change that someone made in the back office or by a command. Append-only by triggers."""

    __tablename__ = "audit_entry"
    __table_args__ = (
        Index("ix_audit_entry_object_key_object_kind_id", "object_key", "object_kind", "id"),
        Index("ix_audit_entry_object_kind_at", "object_kind", "at"),
        Index("ix_audit_entry_actor_id", "actor", "id"),
    )

    id: int | None = key()
    at: datetime = moment(index=True)
    actor: str = Field(max_length=200)
    staff_id: int | None = refers("staff.id", default=None)
    action: str = Field(max_length=64, index=True)
    object_kind: str = Field(max_length=32)
    object_key: str = Field(max_length=255)
    before: dict = json()
    after: dict = json()
    origin: str = Field(default="", max_length=32)
    """Where it was done: page, request, command line, or a job's name; "" where nobody said."""
    address: str = Field(default="", max_length=64)
    """The network address that it came from, "" for none."""
