"""Opening: the one-time token of a shop without staff, and what payment providers answered when asked."""

from datetime import datetime

from sqlmodel import Field, SQLModel

from .base import check, moment


class SetUpToken(SQLModel, table=True):
    """The token that opens the shop, once: its hash alone. There is one row at most."""

    __tablename__ = "set_up_token"
    __table_args__ = (check("id = 1", "one_row"),)

    id: int = Field(default=1, primary_key=True)
    token_hash: str = Field(max_length=64)
    expires_at: datetime


class ProviderCheck(SQLModel, table=True):
    """The last answer of a payment provider that staff had called, by test or live mode."""

    __tablename__ = "provider_check"

    provider: str = Field(primary_key=True, max_length=32)
    mode: str = Field(primary_key=True, max_length=16)
    succeeded: bool
    answer: str = Field(max_length=500)
    """In the provider's own words; never a key, nor a part of one."""
    at: datetime = moment()
