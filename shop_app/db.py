"""The database: the engine, and the only place where a transaction is opened, committed or undone.

Writers on SQLite begin with BEGIN IMMEDIATE and queue on a lock of this process first: waiting for
a lock costs nothing, while SQLite's own waiting sleeps and polls. Other processes still wait by
SQLite's busy timeout. PostgreSQL gets its time-outs with the connection.

Verbs that wait for each other on SQLite share one commit, and with it one flush to the disk: each runs
in a savepoint of its own, and nobody has an answer before the commit that holds it.
"""

from __future__ import annotations

import asyncio
import os
import threading
from collections import defaultdict, deque
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import lru_cache, partial
from typing import Any, Concatenate, ParamSpec, TypeVar

from sqlalchemy import Connection, Engine, create_engine, event
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

TOGETHER = 32
"""So many verbs share a commit at most: the first of them waits for the last."""

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
    engine = create_engine(url, pool_size=24, max_overflow=0, connect_args={"check_same_thread": False})
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
    # A forked child must not share its parent's sockets and file handles, and has none of its threads.
    global _queue
    _queue = _Queue()
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
        raise _unavailable() from error
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
    return await _written(False, partial(_call, verb, args, kwargs))


async def in_durable_transaction(
    verb: Callable[Concatenate[Session, P], T], *args: P.args, **kwargs: P.kwargs
) -> T:
    """The same, and the commit survives a power cut: for orders and payments."""
    return await _written(True, partial(_call, verb, args, kwargs))


async def in_reading(verb: Callable[Concatenate[Session, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Run a service's question on a thread, in a session that writes nothing."""
    return await _on_thread(partial(_read, verb, *args, **kwargs))


def _call(verb: Callable[..., T], args: tuple[Any, ...], kwargs: dict[str, Any], session: Session) -> T:
    return verb(session, *args, **kwargs)


def _read(verb: Callable[..., T], *args: Any, **kwargs: Any) -> T:
    with reading() as session:
        return verb(session, *args, **kwargs)


async def _on_thread(work: Callable[[], T]) -> T:
    # The work goes on to its end even when the asker has gone: a commit is never cut in half.
    return await asyncio.shield(asyncio.get_running_loop().run_in_executor(_threads, work))


# --- Writing together ---------------------------------------------------------------------------


@dataclass(slots=True, eq=False)
class _Wish:
    """A verb that wants to write, and, once its transaction has ended, what came of it."""

    bind: Engine
    durable: bool
    verb: Callable[[Session], Any]
    answer: asyncio.Future[Any]
    result: Any = None
    error: BaseException | None = None
    told: list[facts.Fact] = field(default_factory=list)


class _Queue:
    """Wishes in the order in which they came, and the one thread that fulfils them."""

    def __init__(self) -> None:
        self._waiting: deque[_Wish] = deque()
        self._lock = threading.Lock()
        self._at_work = False
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="db-writer")

    def put(self, wish: _Wish) -> None:
        with self._lock:
            self._waiting.append(wish)
            begins, self._at_work = not self._at_work, True
        if begins:
            self._thread.submit(self._work)

    def _take(self) -> list[_Wish]:
        """The next ones that can share a commit; none ends the work."""
        with self._lock:
            taken: list[_Wish] = []
            while self._waiting and len(taken) < TOGETHER:
                if taken and self._waiting[0].bind is not taken[0].bind:
                    break
                taken.append(self._waiting.popleft())
            self._at_work = bool(taken)
            return taken

    def _work(self) -> None:
        while wishes := self._take():
            try:
                _write(wishes)
            except BaseException as error:
                # Nothing was committed, so none of the answers holds, and nobody may wait for ever.
                for wish in wishes:
                    wish.error = error
            _answer(wishes)


_queue = _Queue()


class _Apart(Exception):
    """Nobody knows what is left of the shared transaction: it was undone, and each has to write alone."""


async def _written(durable: bool, verb: Callable[[Session], T]) -> T:
    bind = engine()
    if bind.dialect.name != "sqlite":
        return await _on_thread(partial(_write_alone, bind, durable, verb))
    wish = _Wish(bind, durable, verb, asyncio.get_running_loop().create_future())
    _queue.put(wish)
    return await asyncio.shield(wish.answer)


def _write_alone(bind: Engine, durable: bool, verb: Callable[[Session], T]) -> T:
    with transaction(durable=durable, on=bind) as session:
        return verb(session)


def _write(wishes: list[_Wish]) -> None:
    if len(wishes) > 1:
        try:
            _write_together(wishes)
            return
        except _Apart:
            pass
    for wish in wishes:
        wish.error = None
        try:
            wish.result = _write_alone(wish.bind, wish.durable, wish.verb)
        except BaseException as error:
            wish.error = error


def _write_together(wishes: list[_Wish]) -> None:
    """One transaction for all of them, durable if one of them is.

    Errors  _Apart when the database failed within a verb; Unavailable when it can't begin or commit.
    """
    how = {"writes": True, "durable": any(wish.durable for wish in wishes)}
    with _sqlite_writer:
        try:
            with wishes[0].bind.connect().execution_options(**how) as connection, connection.begin():
                for wish in wishes:
                    _take_turn(connection, wish)
        except OperationalError as error:
            raise _unavailable() from error
    for wish in wishes:
        facts.tell(wish.told)


def _take_turn(connection: Connection, wish: _Wish) -> None:
    """Run one verb in a savepoint: what it refuses undoes its own work alone.

    The savepoint is SQLite's own words: SQLAlchemy's costs as much as a whole transaction.
    """
    savepoint = connection.connection.cursor()
    savepoint.execute("SAVEPOINT wish")
    try:
        with Session(connection, expire_on_commit=False, join_transaction_mode="rollback_only") as session:
            wish.result = wish.verb(session)
            session.commit()
            wish.told = session.info.pop("facts", [])
    except OperationalError as error:
        raise _Apart from error
    except BaseException as error:
        if not connection.in_transaction():
            # A flush that fails outside of a savepoint of the verb's own takes everything along.
            raise _Apart from error
        wish.error = error
        savepoint.execute("ROLLBACK TO wish")
    savepoint.execute("RELEASE wish")


def _unavailable() -> Unavailable:
    return Unavailable(_("The shop can't save anything just now. Try again in a moment."))


def _answer(wishes: list[_Wish]) -> None:
    """Wake every loop that waits once, whatever the number of its answers."""
    of_loop: dict[asyncio.AbstractEventLoop, list[_Wish]] = defaultdict(list)
    for wish in wishes:
        of_loop[wish.answer.get_loop()].append(wish)
    for loop, answered in of_loop.items():
        try:
            loop.call_soon_threadsafe(_hand_over, answered)
        except RuntimeError:
            # That loop has ended, and with it all who waited.
            continue


def _hand_over(wishes: list[_Wish]) -> None:
    for wish in wishes:
        if wish.answer.done():
            continue
        if wish.error is None:
            wish.answer.set_result(wish.result)
        else:
            wish.answer.set_exception(wish.error)
