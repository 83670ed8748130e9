"""What people have asked for about their own data: files with all of it, and its erasure."""

from __future__ import annotations

from datetime import datetime

from sqlmodel import Field, SQLModel

from .base import Key, check, json, key, moment, refers


class DataExport(SQLModel, table=True):
    """A file with everything that the shop keeps about a customer, made in the background; one each."""

    __tablename__ = "data_export"
    __table_args__ = (check("percent BETWEEN 0 AND 100", "percent_in_bounds"),)

    id: int | None = key()
    customer_id: int = refers("customer.id", ondelete="CASCADE", index=False, unique=True)
    token: str = Field(max_length=64, unique=True)
    """The file's name, which nobody can guess."""
    percent: int = 0
    """How much of it is written."""
    size_bytes: int = Field(default=0, sa_type=Key)  # pyright: ignore[reportArgumentType, reportCallIssue]
    claimed_until: datetime | None = None
    """Until when one process writes it."""
    asked_at: datetime = moment()
    ready_at: datetime | None = None
    expires_at: datetime = moment(index=True)
    """When the file is removed, finished or not."""


class Erasure(SQLModel, table=True):
    """Somebody whose data was erased: what finds them again in a backup from before, and nothing else."""

    id: int | None = key()
    digests: list[str] = json(list)
    """Keyed hashes of their account and of their e-mail addresses."""
    at: datetime = moment(index=True)
