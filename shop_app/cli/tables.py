"""Every table, out of one database and into another: SQLite and PostgreSQL take each other's rows.

What isn't among the models (the search index) is made anew from the catalogue.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from typing import Any

import psycopg
from psycopg import sql
from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    Connection,
    Date,
    DateTime,
    MetaData,
    Table,
    Text,
    cast,
    column,
    func,
    insert,
    inspect,
    select,
    table,
    text,
)
from sqlalchemy.engine.interfaces import ReflectedColumn
from sqlalchemy.types import TypeEngine
from sqlmodel import SQLModel
from sqlmodel.sql.sqltypes import UTCDateTime

from .. import models
from ..core.errors import Invalid
from ..core.i18n import _
from .archive import HashedFile, TablePart

assert models.__name__  # The models fill the metadata.

ROWS_AT_ONCE = 1000
NOT_THE_SHOPS = ("search_", "sqlite_", "alembic_version")
"""How tables begin that are made anew: the search index, and what the schema's version is kept in."""
KINDS = {"json": Text(), "moment": UTCDateTime(), "day": Date(), "bool": Boolean(), "plain": None}
"""What values are, and how SQLite takes them; JSON is carried as its text."""
_OUT: dict[str, Callable[[Any], Any]] = {"moment": dt.datetime.isoformat, "day": dt.date.isoformat}
_IN: dict[str, Callable[[str], Any]] = {
    "moment": dt.datetime.fromisoformat,
    "day": dt.date.fromisoformat,
}


def all_tables() -> list[Table]:
    return SQLModel.metadata.sorted_tables


def tables_of(connection: Connection) -> list[Table]:
    """The tables and columns that the database has: of an earlier or a later release there are others."""
    models_by_name = {table.name: table for table in all_tables()}
    tables = []
    for (_schema, name), columns in inspect(connection).get_multi_columns().items():
        if name.startswith(NOT_THE_SHOPS):
            continue
        types = {each["name"]: _type_of(models_by_name.get(name), each) for each in columns}
        tables.append(Table(name, MetaData(), *(Column(each, kind) for each, kind in types.items())))
    return sorted(tables, key=lambda each: each.name)


def _type_of(known: Table | None, there: ReflectedColumn) -> TypeEngine[Any]:
    if known is not None and there["name"] in known.columns:
        return known.columns[there["name"]].type
    # As all moments of the shop, whichever release has it.
    return UTCDateTime() if isinstance(there["type"], DateTime) else there["type"]


def kind_of(of: Column[Any]) -> str:
    kinds = ((JSON, "json"), (UTCDateTime | DateTime, "moment"), (Date, "day"), (Boolean, "bool"))
    return next((kind for types, kind in kinds if isinstance(of.type, types)), "plain")


def without_limits(connection: Connection) -> None:
    """Let this transaction take its time."""
    if connection.dialect.name == "postgresql":
        for limit in ("statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout"):
            connection.execute(text(f"SET LOCAL {limit} = 0"))


def count(connection: Connection, counted: Sequence[Table]) -> int:
    """The rows of these tables."""
    return sum(connection.execute(select(func.count()).select_from(each)).scalar_one() for each in counted)


def write(
    connection: Connection, source: Table, file: HashedFile, done: Callable[[int], object]
) -> TablePart:
    """Write all rows of a table, each a line; `done` is told how many."""
    kinds = {each.name: kind_of(each) for each in source.columns}
    wanted = [cast(each, Text) if kinds[each.name] == "json" else each for each in source.columns]
    change = [(place, _OUT[kind]) for place, kind in enumerate(kinds.values()) if kind in _OUT]
    rows = 0
    found = connection.execute(select(*wanted), execution_options={"yield_per": ROWS_AT_ONCE})
    for part in found.partitions():
        lines = []
        for row in part:
            values = list(row)
            for place, changed in change:
                if values[place] is not None:
                    values[place] = changed(values[place])
            lines.append(json.dumps(values, separators=(",", ":")))
        file.write(("\n".join(lines) + "\n").encode())
        rows += len(lines)
        done(len(lines))
    return TablePart(source.name, kinds, rows, _last_id(connection, source), file.digest)


def _last_id(connection: Connection, source: Table) -> int | None:
    """The last id that the database gave out: it gives out no id twice, also those of deleted rows."""
    if "id" not in source.columns or connection.dialect.name != "postgresql":
        return None
    sequence = func.pg_get_serial_sequence(source.name, "id")
    last = text("SELECT pg_sequence_last_value(CAST(:sequence AS regclass))")
    name = connection.execute(select(sequence)).scalar()
    return name and connection.execute(last, {"sequence": name}).scalar()


def is_empty(connection: Connection) -> bool:
    return not inspect(connection).get_table_names()


def drop_all(connection: Connection) -> None:
    """Take away all that is in the database, in the transaction of the restore."""
    if connection.dialect.name == "postgresql":
        _drop_all_postgresql(connection)
        return
    # Tables that a virtual one keeps its content in go with it, so those come first.
    things = text(
        "SELECT type, name FROM sqlite_master WHERE name NOT LIKE 'sqlite!_%' ESCAPE '!' AND type = :kind"
        " ORDER BY sql NOT LIKE 'CREATE VIRTUAL%'"
    )
    for kind in ("trigger", "view", "table"):
        for _kind, name in connection.execute(things, {"kind": kind}).all():
            quoted = connection.dialect.identifier_preparer.quote(name)
            connection.execute(text(f"DROP {kind} IF EXISTS {quoted}"))


def _drop_all_postgresql(connection: Connection) -> None:
    quote = connection.dialect.identifier_preparer.quote
    for name in inspect(connection).get_table_names():
        connection.execute(text(f"DROP TABLE {quote(name)} CASCADE"))
    routines = (
        "SELECT oid::regprocedure FROM pg_proc WHERE pronamespace = current_schema()::regnamespace AND NOT"
        " EXISTS (SELECT FROM pg_depend WHERE objid = pg_proc.oid AND deptype = 'e')"
    )
    for (name,) in connection.execute(text(routines)).all():
        connection.execute(text(f"DROP ROUTINE {name}"))


def load(
    connection: Connection,
    tables: Sequence[TablePart],
    lines_of: Callable[[TablePart], Iterable[list[Any]]],
    done: Callable[[int], object],
) -> None:
    """Put the rows of all tables into an empty schema of the backup's revision.

    Errors  Invalid where the schema lacks one of them.
    """
    _refuse_unknown(connection, tables)
    # Off on SQLite already, for the whole transaction.
    put_back = _take_foreign_keys(connection) if connection.dialect.name == "postgresql" else []
    # What migrations put into them.
    for part in reversed(tables):
        connection.execute(table(part.name).delete())
    put = _copy if connection.dialect.name == "postgresql" else _insert
    for part in tables:
        for rows in _batches(lines_of(part)):
            put(connection, part, rows)
            done(len(rows))
    for statement in put_back:
        connection.exec_driver_sql(statement)
    if connection.dialect.name == "postgresql":
        _set_sequences(connection, tables)


def _refuse_unknown(connection: Connection, tables: Sequence[TablePart]) -> None:
    inspector = inspect(connection)
    known = set(inspector.get_table_names())
    for part in tables:
        columns = {each["name"] for each in inspector.get_columns(part.name)} if part.name in known else set()
        if (
            not columns
            or not part.columns.keys() <= columns
            or not set(part.columns.values()) <= KINDS.keys()
        ):
            raise Invalid(_("The backup is of another version of the shop."))


def _batches(lines: Iterable[list[Any]]) -> Iterator[list[list[Any]]]:
    left = iter(lines)
    while rows := list(islice(left, ROWS_AT_ONCE)):
        yield rows


def _insert(connection: Connection, part: TablePart, rows: list[list[Any]]) -> None:
    target = table(part.name, *(column(name, KINDS[kind]) for name, kind in part.columns.items()))
    read = [_IN.get(kind) for kind in part.columns.values()]
    connection.execute(
        insert(target),
        [
            {
                name: convert(value) if convert and value is not None else value
                for name, convert, value in zip(part.columns, read, row, strict=True)
            }
            for row in rows
        ],
    )


def _copy(connection: Connection, part: TablePart, rows: list[list[Any]]) -> None:
    columns = sql.SQL(", ").join(map(sql.Identifier, part.columns))
    statement = sql.SQL("COPY {} ({}) FROM STDIN").format(sql.Identifier(part.name), columns)
    with _driver(connection).cursor() as cursor, cursor.copy(statement) as copying:
        for row in rows:
            copying.write_row(row)


def _driver(connection: Connection) -> psycopg.Connection[Any]:
    driver = connection.connection.driver_connection
    assert isinstance(driver, psycopg.Connection)
    return driver


def _take_foreign_keys(connection: Connection) -> list[str]:
    """Drop the foreign keys, which rows that refer to each other would break meanwhile; how to add them."""
    found = connection.execute(
        text(
            "SELECT conrelid::regclass::text, quote_ident(conname), pg_get_constraintdef(oid)"
            " FROM pg_constraint WHERE contype = 'f' AND connamespace = current_schema()::regnamespace"
        )
    ).all()
    for target, name, _definition in found:
        connection.exec_driver_sql(f"ALTER TABLE {target} DROP CONSTRAINT {name}")
    return [f"ALTER TABLE {target} ADD CONSTRAINT {name} {definition}" for target, name, definition in found]


def _set_sequences(connection: Connection, tables: Sequence[TablePart]) -> None:
    for part in tables:
        if "id" not in part.columns:
            continue
        name = connection.execute(select(func.pg_get_serial_sequence(part.name, "id"))).scalar()
        largest = connection.execute(select(func.max(column("id"))).select_from(table(part.name))).scalar()
        last = max(largest or 0, part.last_id or 0)
        if name and last:
            connection.execute(
                text("SELECT setval(CAST(:name AS regclass), :last)"), {"name": name, "last": last}
            )
