"""What people prove who they are with besides the password, and what is known of their browsers."""

from datetime import datetime

from sqlalchemy import UniqueConstraint
from sqlmodel import Field, SQLModel

from .base import check, json, key, minor, moment, refers

_ONE_PERSON = "(customer_id IS NULL) <> (staff_id IS NULL)"


class Passkey(SQLModel, table=True):
    """A key pair on a device of a customer or a member of staff; the shop has its public half."""

    __table_args__ = (check(_ONE_PERSON, "one_person"),)

    id: int | None = key()
    staff_id: int | None = refers("staff.id", default=None, ondelete="CASCADE")
    customer_id: int | None = refers("customer.id", default=None, ondelete="CASCADE")
    credential_id: str = Field(max_length=1400, unique=True)
    """Base64url, as browsers write it."""
    public_key: str = Field(max_length=4000)
    """Base64url of the COSE key."""
    sign_count: int = minor(default=0)
    transports: list = json(list)
    name: str = Field(default="", max_length=100)
    created_at: datetime = moment()
    last_used_at: datetime | None = None


class OneTimeCodes(SQLModel, table=True):
    """The secret from which an app on somebody's phone and the shop make the same code each half minute."""

    __tablename__ = "one_time_codes"

    staff_id: int = refers("staff.id", index=False, primary_key=True, ondelete="CASCADE")
    sealed_secret: str = Field(max_length=300)
    """Encrypted with a key that is not in the database."""
    last_step: int = 0
    """The half minute whose code was used last: it and those before it are used up."""
    confirmed_at: datetime | None = None
    """None until the first right code came."""
    created_at: datetime = moment()


class RecoveryCode(SQLModel, table=True):
    """A code that takes the place of the second factor, once."""

    __tablename__ = "recovery_code"

    id: int | None = key()
    staff_id: int = refers("staff.id", ondelete="CASCADE")
    code_hash: str = Field(max_length=64, unique=True)
    created_at: datetime = moment()
    used_at: datetime | None = None


class KnownBrowser(SQLModel, table=True):
    """A browser in which a customer or a member of staff has signed in before."""

    __tablename__ = "known_browser"
    __table_args__ = (
        check(_ONE_PERSON, "one_person"),
        UniqueConstraint("staff_id", "visitor_hash"),
        UniqueConstraint("customer_id", "visitor_hash"),
    )

    id: int | None = key()
    staff_id: int | None = refers("staff.id", index=False, default=None, ondelete="CASCADE")
    customer_id: int | None = refers("customer.id", index=False, default=None, ondelete="CASCADE")
    visitor_hash: str = Field(max_length=64)
    device: str = Field(default="", max_length=100)
    first_at: datetime = moment()
    last_at: datetime = moment()


class SecondFactorRule(SQLModel, table=True):
    """A role whose members have to have a second factor."""

    __tablename__ = "second_factor_rule"

    role: str = Field(max_length=64, primary_key=True)


class SpentChallenge(SQLModel, table=True):
    """A passkey's challenge that was answered, kept until it would have run out anyway."""

    __tablename__ = "spent_challenge"

    digest: str = Field(max_length=64, primary_key=True)
    expires_at: datetime = Field(index=True)


class SignInCode(SQLModel, table=True):
    """The one code that signs a browser in with an e-mail address, gone once it was used.

    Neither code nor link are kept: both follow from the seed and the shop's key, which isn't in the database.
    """

    __tablename__ = "sign_in_code"
    __table_args__ = (UniqueConstraint("email", "visitor_hash"),)

    id: int | None = key()
    email: str = Field(max_length=254)
    visitor_hash: str = Field(max_length=64)
    """The browser that asked for it, and the only one that it signs in."""
    seed: str = Field(max_length=32, unique=True)
    tries_left: int
    expires_at: datetime = Field(index=True)
