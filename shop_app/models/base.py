"""What every table is made of: 64-bit keys and amounts, statuses with a CHECK, JSON, moments."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from sqlalchemy import JSON, BigInteger, CheckConstraint, Integer, MetaData, String, Table
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel

from ..core.clock import now

SQLModel.metadata.naming_convention = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
).naming_convention

# SQLite gives out keys by itself only for a column declared INTEGER, which holds 64 bits there.
Key = BigInteger().with_variant(Integer(), "sqlite")
Json = JSON().with_variant(JSONB(), "postgresql")
MAX_PREFIX = 64
Prefix = String(MAX_PREFIX).with_variant(String(MAX_PREFIX, collation="C"), "postgresql")
"""A text that is searched by its beginning: it is ordered by its code points on both databases."""


def key() -> Any:
    """The table's own id, given by the database."""
    return Field(default=None, primary_key=True, sa_type=Key)


def refers(target: str, *, index: bool = True, ondelete: str | None = None, **kwargs: Any) -> Any:
    """A foreign key to `table.column`."""
    return Field(foreign_key=target, index=index, ondelete=ondelete, sa_type=Key, **kwargs)  # pyright: ignore


def minor(**kwargs: Any) -> Any:
    """An amount in minor units, 64 bits."""
    return Field(sa_type=BigInteger, **kwargs)


def maybe_minor() -> Any:
    """An amount that may be absent."""
    return Field(default=None, nullable=True, sa_type=BigInteger)


def json(factory: type[Any] = dict) -> Any:
    return Field(default_factory=factory, sa_type=Json, nullable=False)


def word(default: StrEnum, **kwargs: Any) -> Any:
    return Field(default=default, sa_type=String(32), **kwargs)


def one_of(column: str, kinds: type[StrEnum]) -> CheckConstraint:
    """The CHECK that a status column holds one of its words."""
    words = ", ".join(f"'{word.value}'" for word in kinds)
    return CheckConstraint(f"{column} IN ({words})", name=f"{column}_known")


def check(rule: str, name: str) -> CheckConstraint:
    return CheckConstraint(rule, name=name)


def moment(**kwargs: Any) -> Any:
    """A moment, by default that of the row's creation."""
    return Field(default_factory=now, nullable=False, **kwargs)


def table_of(model: type[SQLModel]) -> Table:
    """The table of a model, for statements that are built from its columns."""
    table = model.__table__  # pyright: ignore[reportAttributeAccessIssue]
    assert isinstance(table, Table)
    return table
