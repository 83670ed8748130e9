"""Migrations: bring the database to the newest schema, and say whether it is there."""

from __future__ import annotations

import logging

from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, text

from alembic import command

from .db import engine
from .settings import ROOT, settings

log = logging.getLogger(__name__)

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


def migrate(on: Engine | None = None) -> tuple[str | None, str]:
    """Bring the database to the newest schema, all or nothing; returns the revisions before and after.

    On PostgreSQL the role gets the time-outs that it lacks (`postgres.ROLE_DEFAULTS`), and a warning is
    logged where the server has too few connections.
    """
    bind = on or engine()
    lacking: list[str] = []
    with bind.connect().execution_options(writes=True, durable=True) as connection:
        if connection.dialect.name == "sqlite":
            # Some migrations copy a table and drop the old one, which would delete the rows that refer to
            # it. The pragma has no effect inside a transaction, so it comes before the first statement.
            _foreign_keys(connection, on=False)
        else:
            lacking = _alone_on_postgres(connection)
        before = current(connection)
        config = _config()
        config.attributes["connection"] = connection
        try:
            if before != newest():
                command.upgrade(config, "head")
                _refuse_orphans(connection)
            connection.commit()
        finally:
            connection.rollback()
            if connection.dialect.name == "sqlite":
                _foreign_keys(connection, on=True)
    if lacking:
        # Connections have the defaults of the moment when they were opened.
        bind.dispose()
    return before, newest()


def _alone_on_postgres(connection: Connection) -> list[str]:
    """Wait until no other process migrates, then set the defaults that the role lacks; their names."""
    from . import postgres

    lacking = postgres.missing_defaults(connection)
    connection.execute(text("SET LOCAL lock_timeout = 0"))
    connection.execute(text("SET LOCAL statement_timeout = 0"))
    connection.execute(text("SELECT pg_advisory_xact_lock(:n)"), {"n": ADVISORY_LOCK})
    postgres.set_defaults(connection, lacking)
    if problem := postgres.problem_with_connections(connection, settings()):
        log.warning("The shop may need %s.", problem)
    return lacking


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
