"""Migrations: bring the database to the newest schema, and say whether it is there."""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from functools import lru_cache
from pathlib import Path

from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from filelock import FileLock
from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import SQLAlchemyError

from alembic import command

from .cant_start import CantStart, ExitCode
from .db import engine
from .failures import is_failure, unread
from .settings import ROOT, settings

log = logging.getLogger(__name__)

ADVISORY_LOCK = 7_301_244
"""The key of the advisory lock that lets one process at a time migrate on PostgreSQL; any number will do."""

COPIES = 3
"""So many copies of SQLite's file from before migrations are kept."""
START_LOCK = 7_301_245
"""The same for all that a server does to the database before it serves."""


@contextmanager
def one_at_a_time() -> Iterator[None]:
    """Let one process at a time prepare this database; others wait for as long as that takes.

    On PostgreSQL the lock is of a transaction that stays open, which a pool in front keeps on one connection.

    Errors  Unavailable where the database can't be reached.
    """
    if engine().dialect.name == "sqlite":
        with FileLock(settings().data_dir / ".start.lock"):
            yield
        return
    try:
        connection = engine().connect()
    except SQLAlchemyError as error:
        if not is_failure(error):
            raise
        raise unread(error) from error
    with connection:
        for timeout in ("lock_timeout", "statement_timeout", "idle_in_transaction_session_timeout"):
            connection.execute(text(f"SET LOCAL {timeout} = 0"))
        connection.execute(text(f"SELECT pg_advisory_xact_lock({START_LOCK})"))
        yield


class Orphans(RuntimeError):
    """Rows refer to rows that aren't there."""


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

    One that a later release has migrated stays as it is. On PostgreSQL the role gets the time-outs that it
    lacks (`postgres.ROLE_DEFAULTS`), and a warning is logged where the server has too few connections.
    """
    bind = on or engine()
    with schema_transaction(bind) as connection:
        before = current(connection)
        has_new_defaults = connection.dialect.name == "postgresql" and _prepare_role(connection)
        if not suits(connection):
            _upgrade(connection, before)
        after = current(connection) or newest()
    if after not in _known():
        log.warning(
            "The database is of a later release (%s); this one (%s) can work with it", after, newest()
        )
    if has_new_defaults:
        # Connections have the defaults of the moment when they were opened.
        bind.dispose()
    return before, after


def _upgrade(connection: Connection, before: str | None) -> None:
    """Bring the schema up, with a copy of SQLite's file beside it.

    Errors  CantStart where a migration fails: the database is as it was then.
    """
    if before is not None:
        _keep_copy(connection, before)
    try:
        upgrade(connection)
    except Exception as error:
        log.exception("The migration from %s to %s failed", before or "empty", newest())
        first = (str(error).splitlines() or [type(error).__name__])[0][:300]
        raise CantStart(
            f"The database couldn't be brought from {before or 'empty'} to {newest()}, and is as it was:"
            f" {first}",
            ExitCode.DATABASE,
        ) from error


def _keep_copy(connection: Connection, before: str) -> None:
    """Copy SQLite's file beside itself, and keep the last `COPIES`; on PostgreSQL, speak of a backup."""
    if connection.dialect.name != "sqlite":
        log.warning("The schema changes now. `python -m shop_app backup FILE` would have kept what is there.")
        return
    path = Path(connection.engine.url.database or "")
    if not path.is_file():
        return
    copy = path.with_name(f"{path.name}.before-{newest()}")
    with closing(sqlite3.connect(path)) as source, closing(sqlite3.connect(copy)) as target:
        source.backup(target)
    log.info("The database as it was (%s) is kept in %s", before, copy)
    for old in sorted(path.parent.glob(f"{path.name}.before-*"))[:-COPIES]:
        old.unlink()


def _prepare_role(connection: Connection) -> bool:
    """Set the defaults that PostgreSQL's role lacks; says whether there were any."""
    from . import postgres

    if problem := postgres.problem_with_connections(connection, settings()):
        log.warning("The shop may need %s.", problem)
    lacking = postgres.missing_defaults(connection)
    postgres.set_defaults(connection, lacking)
    return bool(lacking)


@contextmanager
def schema_transaction(on: Engine | None = None) -> Iterator[Connection]:
    """A transaction that changes the schema: one at a time, committed at the end or undone.

    Nothing bounds its time, and on SQLite foreign keys are off in it.
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
        try:
            yield connection
            connection.commit()
        finally:
            connection.rollback()
            if connection.dialect.name == "sqlite":
                _foreign_keys(connection, on=True)


def upgrade(connection: Connection, revision: str = "head") -> None:
    """Bring the schema of a `schema_transaction` up to a revision.

    Errors  Orphans where a row then refers to one that isn't there.
    """
    config = _config()
    config.attributes["connection"] = connection
    command.upgrade(config, revision)
    _refuse_orphans(connection)


def knows(revision: str) -> bool:
    """Whether the code can bring a database of that revision up to the newest."""
    return revision in {script.revision for script in ScriptDirectory.from_config(_config()).walk_revisions()}


def _foreign_keys(connection: Connection, *, on: bool) -> None:
    driver = connection.connection.driver_connection
    assert driver
    driver.execute(f"PRAGMA foreign_keys={'ON' if on else 'OFF'}")


def _refuse_orphans(connection: Connection) -> None:
    """Check the foreign keys, which were off.

    Errors  Orphans where a row refers to one that isn't there.
    """
    if connection.dialect.name != "sqlite":
        return
    orphans = connection.exec_driver_sql("PRAGMA foreign_key_check").fetchmany(5)
    if orphans:
        raise Orphans(f"There are rows that refer to nothing: {[tuple(row) for row in orphans]}")
