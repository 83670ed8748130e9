"""What a table declares about personal data: which columns, whose they are, and what becomes of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from sqlalchemy import JSON, ColumnElement, Table
from sqlmodel import SQLModel

from ...models import table_of
from .person import Person

Whose = Callable[[Person], ColumnElement[bool]]


def of_account(model: type) -> Whose:
    table = table_of(model)
    return lambda person: person.has_account(table.c.customer_id)


def of_order(model: type) -> Whose:
    table = table_of(model)
    return lambda person: table.c.order_id.in_(person.orders())


def of_either(model: type) -> Whose:
    table = table_of(model)
    return lambda person: person.either(table)


class Fate(StrEnum):
    """What becomes of somebody's rows when their data is erased."""

    CLEARED = "cleared"
    """The row stays, for the books, without its personal columns."""
    DELETED = "deleted"


@dataclass(frozen=True, slots=True)
class Declared:
    """A table. Each of its columns is named once: as `personal`, or as `plain`.

    plain       columns that say nothing about a shopper; an `actor` is staff, or a customer by number
    personal    columns that do
    whose       finds a person's rows; None where a person's words can only stand in texts (`written_in`)
    fate        what becomes of them
    kept        personal columns that an erasure leaves, because the law wants them kept
    written_in  columns in which somebody may have written about a person: an erasure searches them for the
                person's words
    hidden      columns that no export shows: secrets, and what is staff's
    file        the name in an export; "" where it isn't in one
    ages        what of `services/retention.py` removes from it by age
    """

    table: Table
    plain: tuple[str, ...] = ()
    personal: tuple[str, ...] = ()
    whose: Whose | None = None
    fate: Fate = Fate.CLEARED
    kept: tuple[str, ...] = ()
    written_in: tuple[str, ...] = ()
    hidden: tuple[str, ...] = ()
    file: str = ""
    ages: tuple[str, ...] = ()

    def emptied(self, *, but: Iterable[str] = ()) -> dict[str, Any]:
        """The personal columns but these, each with the value that says nothing."""
        return {name: _nothing(self.table.c[name]) for name in self.personal if name not in but}

    @property
    def shown(self) -> list[Any]:
        """The columns that an export has."""
        return [column for column in self.table.columns if column.name not in self.hidden]


@dataclass(slots=True)
class Registry:
    """All declarations, by the table's name."""

    tables: dict[str, Declared] = field(default_factory=dict)

    def plain(self, model: type[SQLModel], columns: str, **more: Any) -> None:
        """A table that says nothing about shoppers."""
        self._add(Declared(table_of(model), tuple(columns.split()), **_split(more)))

    def personal(
        self, model: type[SQLModel], columns: str, whose: Whose | None, plain: str, **more: Any
    ) -> None:
        """A table with rows of persons."""
        names = tuple(columns.split())
        self._add(Declared(table_of(model), tuple(plain.split()), names, whose, **_split(more)))

    def _add(self, declared: Declared) -> None:
        assert declared.table.name not in self.tables
        self.tables[declared.table.name] = declared

    def of(self, model: type[SQLModel]) -> Declared:
        return self.tables[table_of(model).name]


def _split(more: dict[str, Any]) -> dict[str, Any]:
    """Names in one text, as tuples; `ages` are names with blanks in them, between commas."""
    lists = {"kept", "written_in", "hidden"}
    split = {name: tuple(value.split()) if name in lists else value for name, value in more.items()}
    if "ages" in split:
        split["ages"] = tuple(age.strip() for age in split["ages"].split(",") if age)
    return split


def _nothing(column: Any) -> Any:
    if column.nullable:
        return None
    if isinstance(column.type, JSON):
        return {}
    return ""
