"""The database: the engine, and the only place where a transaction is opened, committed or undone.

Writers on SQLite begin with BEGIN IMMEDIATE and queue on a lock of this process first: waiting for
a lock costs nothing, while SQLite's own waiting sleeps and polls. Other processes still wait by
SQLite's busy timeout. PostgreSQL gets its time-outs with the connection.
"""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import lru_cache, partial
from typing import Any, Concatenate, ParamSpec, TypeVar

from sqlalchemy import Engine, create_engine, event
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import OperationalError
from sqlmodel import Session

from . import facts
from .errors import ShopError
from .settings import settings
from .words import _

P = ParamSpec("P")
T = TypeVar("T")

BUSY_TIMEOUT_MS = 5_000
POSTGRES_OPTIONS = (
    "-c statement_timeout=5000 -c lock_timeout=2000 -c idle_in_transaction_session_timeout=15000"
    " -c timezone=UTC"
)

_sqlite_writer = threading.RLock()
_threads = ThreadPoolExecutor(max_workers=8, thread_name_prefix="db")


class Unavailable(ShopError):
    """The database can't be reached, is locked or is full. Nothing was changed."""

    code = "unavailable"


def make_engine(url: str) -> Engine:
    """An engine as the shop needs it, for SQLite or PostgreSQL."""
    if not url.startswith("sqlite"):
        return create_engine(
            url, pool_size=8, max_overflow=4, pool_timeout=5, pool_pre_ping=True,
            connect_args={"options": POSTGRES_OPTIONS},
        )  # fmt: skip
    engine = create_engine(url, pool_size=8, max_overflow=8, connect_args={"check_same_thread": False})
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
    ):  # fmt: skip
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin_sqlite(connection: Any) -> None:
    options = connection.get_execution_options()
    wanted = "FULL" if options.get("durable") else "NORMAL"
    if options.get("writes") and connection.info.get("synchronous", "NORMAL") != wanted:
        connection.exec_driver_sql(f"PRAGMA synchronous={wanted}")
        connection.info["synchronous"] = wanted
    connection.exec_driver_sql("BEGIN IMMEDIATE" if options.get("writes") else "BEGIN")


@lru_cache(maxsize=1)
def engine() -> Engine:
    """This process's engine, on the database that the settings name."""
    url = settings().sqlalchemy_url
    if url.startswith("sqlite"):
        settings().data_dir.mkdir(parents=True, exist_ok=True)
    return make_engine(url)


def _forget_connections() -> None:
    # A forked child must not share its parent's sockets and file handles.
    if engine.cache_info().currsize:
        engine().dispose(close=False)


os.register_at_fork(after_in_child=_forget_connections)


@contextmanager
def transaction(*, durable: bool = False, on: Engine | None = None) -> Iterator[Session]:
    """A session whose work is committed at the end, or undone if anything is raised.

    `durable` makes the commit survive a power cut on SQLite: for orders and payments. Facts that
    were announced are told after the commit.

    Errors  Unavailable when the database is locked, full or gone; ShopError passes through.
    """
    bind = on or engine()
    sqlite = bind.dialect.name == "sqlite"
    if sqlite:
        _sqlite_writer.acquire()
    try:
        with Session(bind, expire_on_commit=False) as session:
            session.connection(execution_options={"writes": True, "durable": durable})
            yield session
            session.commit()
            told = session.info.pop("facts", [])
    except OperationalError as error:
        raise Unavailable(_("The shop can't save anything just now. Try again in a moment.")) from error
    finally:
        if sqlite:
            _sqlite_writer.release()
    facts.tell(told)


@contextmanager
def reading(*, on: Engine | None = None) -> Iterator[Session]:
    """A session that sees one moment of the database; what it writes is undone."""
    try:
        with Session(on or engine(), expire_on_commit=False) as session:
            yield session
    except OperationalError as error:
        raise Unavailable(_("The shop can't be read just now. Try again in a moment.")) from error


async def in_transaction(verb: Callable[Concatenate[Session, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Run a service's verb in a transaction on a thread, so that no handler blocks the loop."""
    return await _on_thread(partial(_write, False, verb, *args, **kwargs))


async def in_durable_transaction(
    verb: Callable[Concatenate[Session, P], T], *args: P.args, **kwargs: P.kwargs
) -> T:
    """The same, and the commit survives a power cut: for orders and payments."""
    return await _on_thread(partial(_write, True, verb, *args, **kwargs))


async def in_reading(verb: Callable[Concatenate[Session, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Run a service's question on a thread, in a session that writes nothing."""
    return await _on_thread(partial(_read, verb, *args, **kwargs))


def _write(durable: bool, verb: Callable[..., T], *args: Any, **kwargs: Any) -> T:
    with transaction(durable=durable) as session:
        return verb(session, *args, **kwargs)


def _read(verb: Callable[..., T], *args: Any, **kwargs: Any) -> T:
    with reading() as session:
        return verb(session, *args, **kwargs)


async def _on_thread(work: Callable[[], T]) -> T:
    # The work goes on to its end even when the asker has gone: a commit is never cut in half.
    return await asyncio.shield(asyncio.get_running_loop().run_in_executor(_threads, work))
