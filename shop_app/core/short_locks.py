"""Changing tables of PostgreSQL while a shop sells on them: what migrations use in place of Alembic's own.

Each function commits as it goes and may be called again after it was cut off, so they come first in a
migration, or are all of it. Where a migration is part of one large transaction (SQLite, an empty database, a
restore) they do the same in that.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from sqlalchemy import Column, Connection, text
from sqlalchemy.exc import OperationalError

from alembic import op

T = TypeVar("T")

ALONE = "alone"
"""The attribute of Alembic's configuration by which each migration has a transaction of its own."""
LOCK_WAIT_MS = 300
"""Who waits for a table keeps all who come later waiting: a statement gives up after this, and tries anew."""
PATIENCE_SECONDS = 600
LONGEST_PAUSE_SECONDS = 2
BATCH_SECONDS = 0.2
"""About how long a batch of rows takes; whoever wants one of them waits that long at most."""
FIRST_BATCH = 1_000
SMALLEST_BATCH = 100
SAY_SECONDS = 5
_TAKEN = ("55P03", "40P01")
"""PostgreSQL's codes for a lock that couldn't be had in time, and for a deadlock."""


def say(sentence: str) -> None:
    """Tell whoever started this, who may be waiting."""
    sys.stderr.write(f"{sentence}\n")
    sys.stderr.flush()


def limit(connection: Connection) -> None:
    """Bound how long a transaction that begins waits for a lock, and nothing else of it."""
    driver = connection.connection.driver_connection
    assert driver
    if not driver.autocommit:
        driver.execute(
            f"SET LOCAL lock_timeout = {LOCK_WAIT_MS}; SET LOCAL statement_timeout = 0;"
            " SET LOCAL idle_in_transaction_session_timeout = 0"
        )


def patiently(work: Callable[[], T], what: str) -> T:
    """Do `work`, and again for `PATIENCE_SECONDS` while others have what it needs; `what` is said then.

    Errors  OperationalError where they keep it for longer.
    """
    waited, pause = 0.0, 0.1
    while True:
        try:
            return work()
        except OperationalError as error:
            if getattr(error.orig, "sqlstate", "") not in _TAKEN or waited >= PATIENCE_SECONDS:
                raise
        if not waited:
            say(f"{what} waits for a table that others work with, and tries again until it is free.")
        time.sleep(pause)
        waited += pause
        pause = min(2 * pause, LONGEST_PAUSE_SECONDS)


def add_column(table: str, column: Column[Any]) -> None:
    """Add a column for those that follow here; by `op.add_column` it would come too late for them."""
    if not _is_alone():
        op.add_column(table, column)
        return
    with _outside_transaction(LOCK_WAIT_MS):
        op.add_column(table, column, if_not_exists=True)


def create_index(name: str, table: str, columns: list[str], *, unique: bool = False) -> None:
    """Make an index while its table is read and written; one that was left unfinished is made anew."""
    if not _is_alone():
        op.create_index(name, table, columns, unique=unique)
        return
    say(f"The index {name} is made; the shop sells on meanwhile.")
    with _outside_transaction() as connection:
        unfinished = "SELECT 1 FROM pg_index WHERE indexrelid = to_regclass(:name) AND NOT indisvalid"
        if connection.execute(text(unfinished), {"name": name}).scalar():
            op.drop_index(name, table, postgresql_concurrently=True)
        op.create_index(name, table, columns, unique=unique, postgresql_concurrently=True, if_not_exists=True)


def add_foreign_key(name: str, table: str, column: str, target: str, *, ondelete: str | None = None) -> None:
    """Let a column that is there refer to `id` of another table; rows are compared while both are in use."""
    if not _is_alone():
        with op.batch_alter_table(table) as batch:
            batch.create_foreign_key(op.f(name), target, [column], ["id"], ondelete=ondelete)
        return
    then = f" ON DELETE {ondelete}" if ondelete else ""
    _add_constraint(name, table, f"FOREIGN KEY ({column}) REFERENCES {target} (id){then}")


def add_check(name: str, table: str, condition: str) -> None:
    """Hold every row to a condition; those that are there are looked at while the table is in use."""
    if not _is_alone():
        with op.batch_alter_table(table) as batch:
            batch.create_check_constraint(op.f(name), condition)
        return
    _add_constraint(name, table, f"CHECK ({condition})")


def change_rows(table: str, change: str, *, where: str) -> None:
    """UPDATE all rows that `where` selects, in batches by `id`, each a transaction of its own.

    where  true of rows that aren't changed yet, so that a second run goes on with what is left
    """
    if not _is_alone():
        op.execute(f"UPDATE {table} SET {change} WHERE {where}")
        return
    part = f"SELECT max(id) FROM (SELECT id FROM {table} WHERE id > :after ORDER BY id LIMIT :rows) AS part"
    update = f"UPDATE {table} SET {change} WHERE id > :after AND id <= :last AND ({where})"
    with _outside_transaction(LOCK_WAIT_MS) as connection:
        run = connection.execute
        end = run(text(f"SELECT max(id) FROM {table}")).scalar() or 0
        after, rows, said_at = 0, FIRST_BATCH, time.monotonic()
        while last := run(text(part), {"after": after, "rows": rows}).scalar():
            began = time.monotonic()
            span = {"after": after, "last": last}
            patiently(lambda span=span: run(text(update), span), f"A change of {table}")
            took = time.monotonic() - began
            rows = max(SMALLEST_BATCH, min(2 * rows, int(rows * BATCH_SECONDS / max(took, 0.001))))
            after = last
            if time.monotonic() - said_at > SAY_SECONDS:
                said_at = time.monotonic()
                say(f"{table} is being changed: {min(100, 100 * after // max(end, 1))} %")


def _add_constraint(name: str, table: str, definition: str) -> None:
    say(f"The rule {name} is added; the shop sells on meanwhile.")
    there = "SELECT 1 FROM pg_constraint WHERE conrelid = to_regclass(:table) AND conname = :name"
    with _outside_transaction(LOCK_WAIT_MS) as connection:
        if not connection.execute(text(there), {"table": table, "name": name}).scalar():
            # New rows are held to it from now on; the lock is short, because no old one is looked at.
            op.execute(f"ALTER TABLE {table} ADD CONSTRAINT {name} {definition} NOT VALID")
    with _outside_transaction():
        op.execute(f"ALTER TABLE {table} VALIDATE CONSTRAINT {name}")


def _is_alone() -> bool:
    config = op.get_context().config
    return bool(config and config.attributes.get(ALONE))


@contextmanager
def _outside_transaction(lock_wait_ms: int = 0) -> Iterator[Connection]:
    """Each statement is a transaction of its own, which may take its time; what came before is committed."""
    names = ("lock_timeout", "statement_timeout")
    with op.get_context().autocommit_block():
        connection = op.get_bind()
        for name, value in zip(names, (lock_wait_ms, 0), strict=True):
            connection.execute(text(f"SET {name} = {value}"))
        try:
            yield connection
        finally:
            if not connection.invalidated:
                for name in names:
                    connection.execute(text(f"RESET {name}"))
