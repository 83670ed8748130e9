"""What the back office keeps for its own work: managed reasons, and who has a record open."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import UniqueConstraint
from sqlmodel import Field, SQLModel

from .base import key, moment, one_of, word


class ReasonKind(StrEnum):
    REFUND = "refund"
    CANCELLATION = "cancellation"
    RETURN = "return"
    """What shoppers choose from."""


class Reason(SQLModel, table=True):
    """One of the reasons that can be chosen for a refund, a cancellation or a return."""

    __table_args__ = (one_of("kind", ReasonKind), UniqueConstraint("kind", "code"))

    id: int | None = key()
    kind: str = word(ReasonKind.REFUND)
    code: str = Field(max_length=40)
    """What returns store; it stays when the label changes."""
    label: str = Field(max_length=100)
    position: int = 0
    active: bool = True
    version: int = 1


class Presence(SQLModel, table=True):
    """A tab of the back office that has a record open; forgotten a minute after its last sign of life."""

    record: str = Field(primary_key=True, max_length=64)
    """Kind and key, such as order:1042."""
    tab: str = Field(primary_key=True, max_length=64)
    actor: str = Field(max_length=200)
    name: str = Field(max_length=200)
    seen_at: datetime = moment(index=True)
