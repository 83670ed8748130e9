"""Migrations: bring the database to the newest schema, and say whether it is there."""

from __future__ import annotations

import logging
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, nullcontext
from functools import lru_cache, partial
from pathlib import Path

from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from filelock import FileLock
from sqlalchemy import Connection, Engine, inspect, text
from sqlalchemy.exc import SQLAlchemyError

from alembic import command

from . import short_locks
from .cant_start import CantStart, ExitCode
from .db import engine
from .failures import is_failure, unread
from .settings import ROOT, settings
from .version import VERSION

log = logging.getLogger(__name__)
Done = Callable[[str], None]
"""Is told the revision of a migration that is done."""

ADVISORY_LOCK = 7_301_244
"""The key of the advisory lock that lets one process at a time migrate on PostgreSQL; any number will do."""

LOCK_PAUSE_SECONDS = 0.1
COPIES = 3
"""So many copies of SQLite's file from before migrations are kept."""
START_LOCK = 7_301_245
"""The same for all that a server does to the database before it serves."""


@contextmanager
def one_at_a_time() -> Iterator[None]:
    """Let one process at a time prepare this database; others wait for as long as that takes.

    Errors  Unavailable where the database can't be reached.
    """
    if engine().dialect.name == "sqlite":
        with FileLock(settings().data_dir / ".start.lock"):
            yield
        return
    with _holding(engine(), START_LOCK):
        yield


@contextmanager
def _holding(bind: Engine, key: int) -> Iterator[None]:
    """Hold an advisory lock of PostgreSQL, by a transaction that does nothing else and so keeps no table.

    A pool in front keeps such a transaction on one connection.

    Errors  Unavailable where the database can't be reached.
    """
    try:
        connection = bind.connect()
    except SQLAlchemyError as error:
        if not is_failure(error):
            raise
        raise unread(error) from error
    with connection:
        _take_lock(connection, key)
        yield


def _take_lock(connection: Connection, key: int) -> None:
    """Take an advisory lock for a transaction that has no bounds of time from here on.

    It asks again and again: whoever waits inside a statement has a snapshot of the database, and an index
    that the holder of the lock makes would wait for that.
    """
    _without_bounds(connection)
    while not connection.execute(text(f"SELECT pg_try_advisory_xact_lock({key})")).scalar():
        time.sleep(LOCK_PAUSE_SECONDS)


def _without_bounds(connection: Connection) -> None:
    """Let this transaction of PostgreSQL take its time."""
    for timeout in ("lock_timeout", "statement_timeout", "idle_in_transaction_session_timeout"):
        connection.execute(text(f"SET LOCAL {timeout} = 0"))


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
    """Bring the database to the newest schema; returns the revisions before and after.

    All or nothing, but on PostgreSQL with a shop in it: there each migration is a transaction of its own,
    with short locks, so that the shop sells on meanwhile (docs/operations.md).

    One that a later release has migrated stays as it is. On PostgreSQL the role gets the time-outs that it
    lacks (`postgres.ROLE_DEFAULTS`), and a warning is logged where the server has too few connections.
    """
    bind = on or engine()
    is_postgres = bind.dialect.name == "postgresql"
    with _holding(bind, ADVISORY_LOCK) if is_postgres else nullcontext():
        with _transaction(bind) as connection:
            before, is_well = current(connection), suits(connection)
            has_new_defaults = is_postgres and _prepare_role(connection)
            if not is_well and (before is None or not is_postgres):
                _upgrade(connection, before)
        if not is_well and before is not None and is_postgres:
            _upgrade_step_by_step(bind, before)
        with bind.connect() as connection:
            after = current(connection) or newest()
            _name_later_release(connection, after)
    if has_new_defaults:
        # Connections have the defaults of the moment when they were opened.
        bind.dispose()
    return before, after


def release_of(connection: Connection) -> str:
    """The release that has migrated the database, such as 1.0.0; "" for one from before releases said so."""
    names = {column["name"] for column in inspect(connection).get_columns("alembic_version")}
    if "release" not in names:
        return ""
    return connection.execute(text("SELECT release FROM alembic_version")).scalar() or ""


def _name_later_release(connection: Connection, revision: str) -> None:
    if revision not in _known():
        release = release_of(connection)
        named = f"release {release}" if release else "a later release"
        own = f"{VERSION} ({newest()})"
        log.warning("The database is of %s (%s); this one, %s, can work with it", named, revision, own)


def _upgrade(connection: Connection, before: str | None) -> None:
    """Bring the schema up in this transaction, with a copy of SQLite's file beside it."""
    if before is not None:
        _keep_copy(connection, before)
    with _failure_said(before, lambda: before):
        upgrade(connection, done=_say_done(before) if before else None)


def _upgrade_step_by_step(bind: Engine, before: str) -> None:
    """Run each migration by itself, with short locks, while others may work with the database."""
    with bind.connect() as connection:
        if connection.execute(text("SELECT 1 FROM customer_order LIMIT 1")).scalar():
            short_locks.say(
                f"The schema goes from {before} to {newest()} now, for good. Before that, a backup is wise:"
                " `python -m shop_app backup FILE`."
            )
    with _failure_said(before, lambda: _revision_of(bind)):
        short_locks.patiently(partial(_run_alone, bind, _say_done(before)), "A migration")


def _say_done(before: str) -> Done:
    """Says which migration is done, of those that follow `before`."""
    steps = list(ScriptDirectory.from_config(_config()).iterate_revisions("head", before))[::-1]
    places = {step.revision: place for place, step in enumerate(steps, 1)}
    return lambda revision: short_locks.say(
        f"Migration {revision} is done ({places[revision]} of {len(places)})."
    )


def _run_alone(bind: Engine, done: Done) -> None:
    """Run what isn't done yet, each migration in a transaction of its own."""
    with bind.connect() as connection:
        config = _config()
        config.attributes |= {"connection": connection, "done": done, short_locks.ALONE: True}
        command.upgrade(config, "head")
        _note_release(connection)
        connection.commit()


def _revision_of(bind: Engine) -> str | None:
    with bind.connect() as connection:
        return current(connection)


@contextmanager
def _failure_said(before: str | None, reached: Callable[[], str | None]) -> Iterator[None]:
    """Errors  CantStart where a migration fails: what that one did is undone then."""
    try:
        yield
    except Exception as error:
        log.exception("The migration from %s to %s failed", before or "empty", newest())
        first = (str(error).splitlines() or [type(error).__name__])[0][:300]
        try:
            stands = reached()
            stays = "is as it was" if stands == before else f"works at {stands}, where the next start goes on"
        except SQLAlchemyError:
            stays = "doesn't answer any more; the next start goes on"
        raise CantStart(
            f"The database couldn't be brought from {before or 'empty'} to {newest()}, and {stays}: {first}",
            ExitCode.DATABASE,
        ) from error


def _note_release(connection: Connection) -> None:
    connection.execute(text("UPDATE alembic_version SET release = :version"), {"version": VERSION})


def _keep_copy(connection: Connection, before: str) -> None:
    """Copy SQLite's file beside itself, and keep the last `COPIES`."""
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
    bind = on or engine()
    lock = _holding(bind, ADVISORY_LOCK) if bind.dialect.name == "postgresql" else nullcontext()
    with lock, _transaction(bind) as connection:
        yield connection


@contextmanager
def _transaction(bind: Engine) -> Iterator[Connection]:
    with bind.connect().execution_options(writes=True, durable=True) as connection:
        if connection.dialect.name == "sqlite":
            # Some migrations copy a table and drop the old one, which would delete the rows that refer to
            # it. The pragma has no effect inside a transaction, so it comes before the first statement.
            _foreign_keys(connection, on=False)
        else:
            _without_bounds(connection)
        try:
            yield connection
            connection.commit()
        finally:
            connection.rollback()
            if connection.dialect.name == "sqlite":
                _foreign_keys(connection, on=True)


def upgrade(connection: Connection, revision: str = "head", *, done: Done | None = None) -> None:
    """Bring the schema of a `schema_transaction` up to a revision; `done` is told each one on the way.

    Errors  Orphans where a row then refers to one that isn't there.
    """
    config = _config()
    config.attributes |= {"connection": connection, "done": done}
    command.upgrade(config, revision)
    if revision == "head":
        _note_release(connection)
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
