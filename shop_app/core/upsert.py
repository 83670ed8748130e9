"""INSERT … ON CONFLICT for SQLite and PostgreSQL, which SQLAlchemy has as two separate constructs."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

from sqlalchemy import Table
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session

Insert = postgresql.Insert
"""What a statement is built from; SQLite's has the same methods."""


def upsert(table: Table) -> Callable[[Callable[[Insert], Any]], Callable[[Session], Any]]:
    """Decorate a function that completes an insert into `table`; the statement is built once a dialect.

    The result takes the session and returns the statement for it.
    """

    def decorate(build: Callable[[Insert], Any]) -> Callable[[Session], Any]:
        @lru_cache(maxsize=2)
        def built(dialect: str) -> Any:
            insert: Any = postgresql.insert(table) if dialect == "postgresql" else sqlite.insert(table)
            return build(insert)

        return lambda session: built(session.get_bind().dialect.name)

    return decorate
