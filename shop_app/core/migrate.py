"""Migrations: bring the database to the newest schema, and say whether it is there."""

from __future__ import annotations

from functools import lru_cache

from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, text

from alembic import command

from .db import engine
from .settings import ROOT

ADVISORY_LOCK = 7_301_244
"""The key of the advisory lock that lets one process at a time migrate on PostgreSQL; any number will do."""


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(ROOT / "alembic").replace("%", "%%"))
    return config


def newest() -> str:
    """The revision that the code expects."""
    head = ScriptDirectory.from_config(_config()).get_current_head()
    assert head
    return head


def current(connection: Connection) -> str | None:
    """The revision that the database has; None when it is empty."""
    return MigrationContext.configure(connection).get_current_revision()


def suits(connection: Connection) -> bool:
    """Whether this release can work on the database: it has the newest schema known here, or a later one.

    A later release only adds to the schema (docs/operations.md), so that two can run side by side and one can
    be gone back to.
    """
    revision = current(connection)
    return revision == newest() or (revision is not None and revision not in _known())


@lru_cache(maxsize=1)
def _known() -> frozenset[str]:
    scripts = ScriptDirectory.from_config(_config()).walk_revisions()
    return frozenset(script.revision for script in scripts)


def migrate(on: Engine | None = None) -> tuple[str | None, str]:
    """Bring the database to the newest schema, all or nothing; returns the revisions before and after.

    One that a later release has migrated stays as it is.
    """
    with (on or engine()).connect().execution_options(writes=True, durable=True) as connection:
        if connection.dialect.name == "sqlite":
            # Some migrations copy a table and drop the old one, which would delete the rows that refer to
            # it. The pragma has no effect inside a transaction, so it comes before the first statement.
            _foreign_keys(connection, on=False)
        if connection.dialect.name == "postgresql":
            connection.execute(text("SET LOCAL lock_timeout = 0"))
            connection.execute(text("SET LOCAL statement_timeout = 0"))
            connection.execute(text("SELECT pg_advisory_xact_lock(:n)"), {"n": ADVISORY_LOCK})
        before = current(connection)
        config = _config()
        config.attributes["connection"] = connection
        try:
            if not suits(connection):
                command.upgrade(config, "head")
                _refuse_orphans(connection)
            connection.commit()
        finally:
            connection.rollback()
            if connection.dialect.name == "sqlite":
                _foreign_keys(connection, on=True)
        return before, current(connection) or newest()


def _foreign_keys(connection: Connection, *, on: bool) -> None:
    driver = connection.connection.driver_connection
    assert driver
    driver.execute(f"PRAGMA foreign_keys={'ON' if on else 'OFF'}")


def _refuse_orphans(connection: Connection) -> None:
    """Check the foreign keys, which were off.

    Errors  RuntimeError where a row refers to one that isn't there; the migration is then undone.
    """
    if connection.dialect.name != "sqlite":
        return
    orphans = connection.exec_driver_sql("PRAGMA foreign_key_check").fetchmany(5)
    if orphans:
        raise RuntimeError(
            f"The migration left rows that refer to nothing: {[tuple(row) for row in orphans]}"
        )
