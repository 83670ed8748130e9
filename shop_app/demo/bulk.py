"""Bulk inserts: rows are collected as dicts with ids of their own, then inserted table by table."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from pydantic_core import PydanticUndefined
from sqlalchemy import insert, text
from sqlmodel import Session, SQLModel

BLOCK = 1000


class Bulk:
    """Collects rows for many tables; `write` inserts them in the order of their foreign keys."""

    def __init__(self, session: Session) -> None:
        self._connection = session.connection()
        self._rows: dict[str, list[dict[str, Any]]] = defaultdict(list)
        self._free: dict[str, list[int]] = {}
        self._defaults: dict[str, dict[str, Any]] = {}

    def add(self, model: type[SQLModel], **values: Any) -> int:
        """Collect a row; returns its id, 0 for a table whose key isn't an id. Times must be given."""
        table = str(model.__tablename__)
        defaults = self._defaults.get(table)
        if defaults is None:
            defaults = self._defaults[table] = _defaults(model)
        row = {**defaults, **values}
        if "id" in defaults:
            row["id"] = self._next_id(table)
        self._rows[table].append(row)
        return row.get("id", 0)

    def rows(self, model: type[SQLModel]) -> list[dict[str, Any]]:
        """The rows collected for a table and not written yet; they may still be changed."""
        return self._rows[str(model.__tablename__)]

    def write(self) -> None:
        """Insert all that was collected."""
        for table in SQLModel.metadata.sorted_tables:
            if rows := self._rows.pop(table.name, None):
                self._connection.execute(insert(table), rows)

    def write_only(self, *models: type[SQLModel]) -> None:
        """Insert what was collected for these tables, because something is about to read them."""
        for model in models:
            if rows := self._rows.pop(str(model.__tablename__), None):
                self._connection.execute(insert(model), rows)

    def _next_id(self, table: str) -> int:
        free = self._free.get(table)
        if not free:
            free = self._free[table] = self._reserve(table)
        return free.pop()

    def _reserve(self, table: str) -> list[int]:
        if self._connection.dialect.name == "postgresql":
            ids = self._connection.execute(
                text(
                    f"SELECT nextval(pg_get_serial_sequence('{table}', 'id'))"
                    f" FROM generate_series(1, {BLOCK})"
                )
            )
            return sorted(ids.scalars(), reverse=True)
        # The transaction already has SQLite's only write lock: nobody else can take these.
        highest_id = self._connection.execute(text(f"SELECT coalesce(max(id), 0) FROM {table}")).scalar_one()
        pending = self._rows.get(table)
        first = max(highest_id, pending[-1]["id"] if pending else 0) + 1
        return list(range(first + BLOCK - 1, first - 1, -1))


def _defaults(model: type[SQLModel]) -> dict[str, Any]:
    defaults = {}
    for name, field in model.model_fields.items():
        if field.default_factory is not None:
            defaults[name] = field.default_factory()  # pyright: ignore[reportCallIssue]
        elif field.default is not PydanticUndefined:
            value = field.default
            defaults[name] = getattr(value, "value", value)
        else:
            defaults[name] = None
    return defaults
