"""The database: the engine, and with `sqlite_writer` the only place where transactions begin and end.

Writers on SQLite begin with BEGIN IMMEDIATE and queue in this process first (`sqlite_writer`); other
processes wait by SQLite's busy timeout. PostgreSQL gets its time-outs with the connection.
"""

from __future__ import annotations

import asyncio
import os
import sqlite3
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from contextvars import copy_context
from functools import lru_cache, partial
from typing import Any, Concatenate, ParamSpec, TypeVar

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import OperationalError
from sqlmodel import Session

from . import own_files, sqlite_writer
from .failures import FAILURES, unread
from .failures import Unavailable as Unavailable
from .settings import settings

P = ParamSpec("P")
T = TypeVar("T")

BUSY_TIMEOUT_MS = 5_000
_READING = {
    # PostgreSQL would show each statement another moment; it says so at each BEGIN, so any pool will do.
    "postgresql": {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True},
    "sqlite": {"reads": True},
}
POSTGRES_OPTIONS = (
    "-c statement_timeout=5000 -c lock_timeout=2000 -c idle_in_transaction_session_timeout=15000"
    " -c timezone=UTC"
)


def _make_threads() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(max_workers=8, thread_name_prefix="db")


_threads = _make_threads()


def make_engine(url: str, **pool: float) -> Engine:
    """An engine as the shop needs it, for SQLite or PostgreSQL; `pool` says another size of its pool.

    What it raises never shows the values of a statement: they are people's.
    """
    if not url.startswith("sqlite"):
        sizes = {"pool_size": 8, "max_overflow": 4, "pool_timeout": 5} | pool
        return create_engine(
            url, pool_pre_ping=True, hide_parameters=True, connect_args={"options": POSTGRES_OPTIONS}, **sizes
        )
    sizes = {"pool_size": 24, "max_overflow": 0, "pool_timeout": 5} | pool
    engine = create_engine(url, hide_parameters=True, connect_args={"check_same_thread": False}, **sizes)
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _prepare_sqlite(connection: DBAPIConnection, _record: object) -> None:
    connection.isolation_level = None  # pyright: ignore[reportAttributeAccessIssue]
    cursor = connection.cursor()
    # NORMAL survives a killed process; `durable=True` raises it to FULL, against power loss.
    for pragma in (
        f"busy_timeout={BUSY_TIMEOUT_MS}", "journal_mode=WAL", "synchronous=NORMAL",
        "foreign_keys=ON", "temp_store=MEMORY", "cache_size=-16000",
        # The log goes over into the database every 16 MB: each time is two more flushes to the disk.
        "wal_autocheckpoint=4000",
    ):  # fmt: skip
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    """Begin as the options say: `reads` (alone), `writes`, `durable` (against power loss), `waits`."""
    options, kept, sqlite = connection.get_execution_options(), connection.info, _driver_of(connection)
    writes = options.get("writes", False)
    wanted = {
        "busy_timeout": BUSY_TIMEOUT_MS if options.get("waits", True) else 0,
        "query_only": int(options.get("reads", False)),
    }
    if writes:
        wanted["synchronous"] = 2 if options.get("durable") else 1
    try:
        for pragma, value in wanted.items():
            if kept.get(pragma) != value:
                sqlite.execute(f"PRAGMA {pragma}={value}")
                kept[pragma] = value
        sqlite.execute("BEGIN IMMEDIATE" if writes else "BEGIN")
    except sqlite3.Error as error:
        raise OperationalError("BEGIN", None, error) from error


def _driver_of(connection: Connection) -> sqlite3.Connection:
    """The driver's connection: what begins every transaction costs a tenth of it there."""
    driver = connection.connection.dbapi_connection
    assert isinstance(driver, sqlite3.Connection)
    return driver


@lru_cache(maxsize=1)
def engine() -> Engine:
    """This process's engine, on the database that the settings name."""
    url = settings().sqlalchemy_url
    if url.startswith("sqlite"):
        own_files.folder(settings().data_dir)
    return make_engine(url)


def _forget_connections() -> None:
    # A forked child must not share its parent's sockets and file handles, and has none of its threads.
    global _threads
    _threads = _make_threads()
    sqlite_writer.forget()
    if engine.cache_info().currsize:
        engine().dispose(close=False)


os.register_at_fork(after_in_child=_forget_connections)


@contextmanager
def transaction(*, durable: bool = False, on: Engine | None = None) -> Iterator[Session]:
    """A session whose work is committed at the end, or undone if anything is raised.

    `durable` makes the commit survive a power cut on SQLite: for orders and payments. Facts that
    were announced are told after the commit. On SQLite it waits for other writers: not for the loop.

    Errors  Unavailable when the database is locked, full or gone; ShopError passes through.
    """
    with sqlite_writer.transaction(on or engine(), durable=durable) as session:
        yield session


@contextmanager
def reading(*, on: Engine | None = None) -> Iterator[Session]:
    """A session that sees one moment of the database, and can't write.

    Errors  Unavailable when the database is locked, too slow or gone.
    """
    bind = on or engine()
    try:
        with Session(bind, expire_on_commit=False) as session:
            session.connection(execution_options=_READING[bind.dialect.name])
            yield session
    except FAILURES as error:
        raise unread(error) from error


async def in_transaction(verb: Callable[Concatenate[Session, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Run a service's verb in a transaction, when its turn comes; its answer once that is committed.

    On SQLite a verb runs on the loop, so it is short: milliseconds, and nothing outside the database.
    """
    return await _written(False, verb, args, kwargs)


async def in_durable_transaction(
    verb: Callable[Concatenate[Session, P], T], *args: P.args, **kwargs: P.kwargs
) -> T:
    """The same, and the commit survives a power cut: for orders and payments."""
    return await _written(True, verb, args, kwargs)


async def in_long_transaction(
    verb: Callable[Concatenate[Session, P], T], *args: P.args, **kwargs: P.kwargs
) -> T:
    """Run a verb that may take long, such as one that makes thousands of rows, on a thread."""
    return await _on_thread(partial(_write, False, verb, args, kwargs))


async def in_reading(verb: Callable[Concatenate[Session, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Run a service's question in a session that writes nothing; on SQLite on the loop, so a short one."""
    if is_sqlite():
        return _read(verb, *args, **kwargs)
    return await in_long_reading(verb, *args, **kwargs)


async def in_long_reading(verb: Callable[Concatenate[Session, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Run a question that may take long, such as one that looks through all products, on a thread."""
    return await _on_thread(partial(_read, verb, *args, **kwargs))


def is_sqlite() -> bool:
    return engine().dialect.name == "sqlite"


def _read(verb: Callable[..., T], *args: Any, **kwargs: Any) -> T:
    with reading() as session:
        return verb(session, *args, **kwargs)


async def _written(durable: bool, verb: Callable[..., T], args: tuple, kwargs: dict[str, Any]) -> T:
    if is_sqlite():
        return await sqlite_writer.write(engine(), durable, partial(_call, verb, args, kwargs))
    return await _on_thread(partial(_write, durable, verb, args, kwargs))


def _write(durable: bool, verb: Callable[..., T], args: tuple, kwargs: dict[str, Any]) -> T:
    with transaction(durable=durable) as session:
        return verb(session, *args, **kwargs)


def _call(verb: Callable[..., T], args: tuple, kwargs: dict[str, Any], session: Session) -> T:
    return verb(session, *args, **kwargs)


async def _on_thread(work: Callable[[], T]) -> T:
    # The work goes on to its end even when the asker has gone: a commit is never cut in half.
    loop = asyncio.get_running_loop()
    return await asyncio.shield(loop.run_in_executor(_threads, copy_context().run, work))
