"""The database: the engine, and with `sqlite_writer` the only place where transactions begin and end.

Coroutines call `read` and `write`, scripts and threads open a `reading` or a `transaction`. No statement
runs on the event loop.
"""

from __future__ import annotations

import asyncio
import os
import sqlite3
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, nullcontext
from contextvars import copy_context
from functools import lru_cache, partial
from typing import Any, Concatenate, ParamSpec, TypeVar, overload

from sqlalchemy import Connection, Engine, create_engine, event, make_url
from sqlalchemy.dialects import registry
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import OperationalError, SQLAlchemyError
from sqlmodel import Session

from . import events, fact_cache, own_files, sqlite_writer
from .failures import Unavailable as Unavailable
from .failures import is_failure, unread, unsaved
from .settings import settings

P = ParamSpec("P")
T = TypeVar("T")

BUSY_TIMEOUT_MS = 5_000
_READING = {
    # PostgreSQL would show each statement another moment; it says so at each BEGIN, so any pool will do.
    "postgresql": {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True},
    "sqlite": {"reads": True},
}
OTHER_CONNECTIONS = 4
"""Connections to PostgreSQL that a process has beside those of its `db` threads: background work, health."""


def make_engine(url: str, **pool: float) -> Engine:
    """An engine with the shop's options, for SQLite or PostgreSQL; `pool` overrides the sizes of its pool.

    Its errors never show the values of a statement: they may be personal data.
    """
    given = make_url(url)
    ours = given.set(drivername=f"{given.get_backend_name()}+shop")
    if given.get_backend_name() == "postgresql":
        # Imported where it is used: its driver takes long to load.
        from . import postgres

        options = postgres.engine_options(ours) | {"pool_size": settings().database_connections} | pool
        engine = create_engine(ours, hide_parameters=True, **options)
        event.listen(engine, "connect", postgres.prepare_connection)
        return engine
    sizes = {"pool_size": 24, "max_overflow": 0, "pool_timeout": 5} | pool
    engine = create_engine(ours, hide_parameters=True, connect_args={"check_same_thread": False}, **sizes)
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


class _SQLite(SQLiteDialect_pysqlite):
    """SQLite with savepoints that cost 15 µs; SQLAlchemy compiles their statements each time, for 120 µs."""

    supports_statement_cache = True

    def do_savepoint(self, connection: Connection, name: str) -> None:
        _execute(connection, f"SAVEPOINT {name}")

    def do_rollback_to_savepoint(self, connection: Connection, name: str) -> None:
        _execute(connection, f"ROLLBACK TO {name}")

    def do_release_savepoint(self, connection: Connection, name: str) -> None:
        _execute(connection, f"RELEASE {name}")


registry.register("sqlite.shop", __name__, "_SQLite")
registry.register("postgresql.shop", f"{__package__}.postgres", "Dialect")


def _prepare_sqlite(connection: DBAPIConnection, _record: object) -> None:
    connection.isolation_level = None  # pyright: ignore[reportAttributeAccessIssue]
    cursor = connection.cursor()
    # NORMAL survives a killed process; `durable=True` raises it to FULL, against power loss.
    for pragma in (
        f"busy_timeout={BUSY_TIMEOUT_MS}",
        "journal_mode=WAL",
        "synchronous=NORMAL",
        "foreign_keys=ON",
        "temp_store=MEMORY",
        "cache_size=-16000",
        # A checkpoint every 16 MB: each one is two more flushes to the disk.
        "wal_autocheckpoint=4000",
    ):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    """Begin as the options say: `reads` (alone), `writes`, `durable` (against power loss)."""
    options, in_force = connection.get_execution_options(), connection.info
    writes = options.get("writes", False)
    pragmas = {"query_only": int(options.get("reads", False))}
    if writes:
        pragmas["synchronous"] = 2 if options.get("durable") else 1
    for pragma, value in pragmas.items():
        if in_force.get(pragma) != value:
            _execute(connection, f"PRAGMA {pragma}={value}")
            in_force[pragma] = value
    _execute(connection, "BEGIN IMMEDIATE" if writes else "BEGIN")


def _execute(connection: Connection, statement: str) -> None:
    """Execute by the driver: SQLAlchemy's own way costs ten times as much, for every transaction."""
    try:
        sqlite_writer.driver_of(connection).execute(statement)
    except sqlite3.Error as error:
        raise OperationalError(statement, None, error) from error


@lru_cache(maxsize=1)
def engine() -> Engine:
    """This process's engine, on the database that the settings name."""
    url = settings().sqlalchemy_url
    if url.startswith("sqlite"):
        own_files.folder(settings().data_dir)
    return make_engine(url)


@lru_cache(maxsize=1)
def _threads() -> ThreadPoolExecutor:
    """The threads for queries, and on PostgreSQL for commands too."""
    # SQLite's statements share the interpreter's lock: more threads would only wait for each other.
    is_sqlite = engine().dialect.name == "sqlite"
    count = 2 if is_sqlite else settings().database_connections - OTHER_CONNECTIONS
    return ThreadPoolExecutor(max_workers=count, thread_name_prefix="db")


def _forget_connections() -> None:
    # A forked child must not share its parent's sockets and file handles, and has none of its threads.
    _threads.cache_clear()
    sqlite_writer.forget()
    if engine.cache_info().currsize:
        engine().dispose(close=False)


os.register_at_fork(after_in_child=_forget_connections)


@contextmanager
def transaction(*, durable: bool = False, on: Engine | None = None) -> Iterator[Session]:
    """A session for scripts and threads: committed at the end, or undone if anything is raised.

    `durable` makes the commit survive a power cut on SQLite: for orders and payments. Published events are
    delivered after the commit. Never on the event loop: it waits for other writers.

    Errors  Unavailable when the database is locked, full or gone; ShopError passes through.
    """
    bind = on or engine()
    with sqlite_writer.lock if bind.dialect.name == "sqlite" else nullcontext():
        try:
            with Session(bind, expire_on_commit=False, info=_facts_seen()) as session:
                connection = session.connection(execution_options={"writes": True, "durable": durable})
                yield session
                with sqlite_writer.closed_unless_committed(connection):
                    session.commit()
                published = session.info.pop("events", [])
        except SQLAlchemyError as error:
            if not is_failure(error):
                raise
            raise unsaved(error) from error
    events.deliver(published)


@contextmanager
def reading(*, on: Engine | None = None) -> Iterator[Session]:
    """A session for scripts and threads that sees one moment of the database, and can't write.

    Errors  Unavailable when the database is locked, too slow or gone.
    """
    bind = on or engine()
    try:
        with Session(bind, expire_on_commit=False, info=_facts_seen()) as session:
            session.connection(execution_options=_READING[bind.dialect.name])
            yield session
    except SQLAlchemyError as error:
        if not is_failure(error):
            raise
        raise unread(error) from error


def _facts_seen() -> dict[str, Any]:
    """For `session.info`, before its transaction begins: it has seen the facts up to this number."""
    return {"facts": fact_cache.number()}


async def read(query: Callable[Concatenate[Session, P], T], /, *args: P.args, **kwargs: P.kwargs) -> T:
    """The result of a query, which sees one moment of the database and can't write.

    Errors  Unavailable when the database is locked, too slow or gone; what the query raises.
    """
    return await on_thread(partial(read_here, query, *args, **kwargs))


@overload
async def write(command: Callable[Concatenate[Session, P], T], /, *args: P.args, **kwargs: P.kwargs) -> T: ...


@overload
async def write(command: Callable[..., T], /, *args: Any, durable: bool, **kwargs: Any) -> T: ...


async def write(command: Callable[..., T], /, *args: Any, durable: bool = False, **kwargs: Any) -> T:
    """The result of a command, once it is committed; `durable` as in `transaction`.

    It runs to its end even when the caller is cancelled. The arguments of a durable command aren't type
    checked: a ParamSpec can't be combined with `durable`.

    Errors  Unavailable when the database is locked, full or gone; what the command raises. Nothing of
            the command is written then.
    """

    def run(session: Session) -> T:
        return command(session, *args, **kwargs)

    if engine().dialect.name == "sqlite":
        return await sqlite_writer.write(engine(), run, durable=durable)
    return await on_thread(partial(_write, run, durable))


def read_here(query: Callable[..., T], /, *args: Any, **kwargs: Any) -> T:
    """The same for scripts and threads."""
    with reading() as session:
        return query(session, *args, **kwargs)


def _write(command: Callable[[Session], T], durable: bool) -> T:
    with transaction(durable=durable) as session:
        return command(session)


async def on_thread(work: Callable[[], T]) -> T:
    """What `work` returns, called on a thread for queries; it runs to its end whoever is cancelled."""
    # Shielded: a caller that is cancelled doesn't interrupt a commit.
    loop = asyncio.get_running_loop()
    return await asyncio.shield(
        loop.run_in_executor(_threads(), copy_context().run, partial(_result_of, work))
    )


def _result_of(work: Callable[[], T]) -> T:
    try:
        return work()
    except StopIteration as error:
        # No future takes it, and the caller would wait for ever.
        raise RuntimeError("A query or command raised StopIteration") from error
