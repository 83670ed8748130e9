"""Writing on SQLite: the verbs of one loop run in turn, and those that wait together share a commit.

A verb is a millisecond or two of Python around statements that take microseconds. On a thread it
would pass the interpreter's lock to and fro with the loop at every statement, which costs more than
the work; so it runs on the loop. What waits does so on threads: the commit for the disk, and whoever
finds another thread or another process writing.

Each verb runs in a savepoint of its own, and nobody has an answer before the commit that holds it.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from contextvars import Context, copy_context
from dataclasses import dataclass, field
from functools import partial
from typing import Any, TypeVar
from weakref import WeakKeyDictionary

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import OperationalError
from sqlmodel import Session

from . import events
from .failures import FAILURES, unsaved

T = TypeVar("T")

AT_MOST = 32
"""So many verbs share a commit at most: the first of them waits for the last."""
LONGEST_SECONDS = 0.02
"""So long the loop belongs to verbs before sockets have their turn; a verb that has begun goes on."""

_lock = threading.Lock()
"""One writer of this process at a time: waiting here costs nothing and is in order, while SQLite's own
waiting sleeps and polls. Taken by whoever begins, given back by whoever ends the transaction."""


@contextmanager
def transaction(bind: Engine, *, durable: bool) -> Iterator[Session]:
    """A session on SQLite or PostgreSQL; committed at the end, or undone. See `db.transaction`."""
    sqlite = bind.dialect.name == "sqlite"
    if sqlite:
        _lock.acquire()
    try:
        with Session(bind, expire_on_commit=False) as session:
            connection = session.connection(execution_options={"writes": True, "durable": durable})
            yield session
            with _closed_if_not_committed(connection):
                session.commit()
            told = session.info.pop("facts", [])
    except FAILURES as error:
        raise unsaved(error) from error
    finally:
        if sqlite:
            _lock.release()
    events.tell(told)


@dataclass(slots=True, eq=False)
class _Wish:
    """A verb that wants to write, and, once its transaction has ended, what came of it."""

    bind: Engine
    durable: bool
    verb: Callable[[Session], Any]
    answer: asyncio.Future[Any]
    context: Context = field(default_factory=copy_context)
    """The asker's: the verb runs in it, and what it announces is told in it."""
    result: Any = None
    error: BaseException | None = None
    told: list[events.Fact] = field(default_factory=list)


class _Apart(Exception):
    """Nobody knows what is left of the shared transaction: it was undone, and each has to write alone."""


async def write(bind: Engine, durable: bool, verb: Callable[[Session], T]) -> T:
    """Run the verb on SQLite when its turn comes; its answer once that is committed.

    The work goes on to its end even when the asker has gone: a commit is never cut in half.
    """
    loop = asyncio.get_running_loop()
    if (queue := _queues.get(loop)) is None:
        queue = _queues[loop] = _Queue()
    wish = _Wish(bind, durable, verb, loop.create_future())
    queue.put(wish)
    return await asyncio.shield(wish.answer)


class _Queue:
    """Wishes of one loop in the order in which they came. All but `_finish` runs on that loop."""

    def __init__(self) -> None:
        self._waiting: deque[_Wish] = deque()
        self._at_work = False

    def put(self, wish: _Wish) -> None:
        self._waiting.append(wish)
        if not self._at_work:
            self._at_work = True
            # A moment later, with those that come in this round of the loop.
            wish.answer.get_loop().call_soon(self._turn)

    def _turn(self) -> None:
        """Run those that wait. A thread makes it last, or does it all where others write just now."""
        wishes = self._next()
        if not wishes:
            self._at_work = False
            return
        try:
            connection = _begin(wishes, wait=False)
            if connection is None:
                _waits.submit(self._finish, _write_together, wishes)
                return
            left = _run(connection, wishes, seconds=LONGEST_SECONDS)
            self._waiting.extendleft(reversed(left))
            _commits.submit(self._finish, partial(_commit, connection), wishes[: len(wishes) - len(left)])
        except _Apart:
            _waits.submit(self._finish, _write_apart, wishes)
        except BaseException as error:
            _waits.submit(self._finish, partial(_fail, error), wishes)

    def _next(self) -> list[_Wish]:
        """The next ones that can share a commit."""
        taken: list[_Wish] = []
        while self._waiting and len(taken) < AT_MOST:
            if taken and self._waiting[0].bind is not taken[0].bind:
                break
            taken.append(self._waiting.popleft())
        return taken

    def _finish(self, work: Callable[[list[_Wish]], None], wishes: list[_Wish]) -> None:
        """On a thread: do the rest of the work, then have everybody answered."""
        try:
            work(wishes)
        except BaseException as error:
            # Nothing was committed, so none of the answers holds, and nobody may wait for ever.
            _fail(error, wishes)
        # A loop that has ended took all who waited along.
        with suppress(RuntimeError):
            wishes[0].answer.get_loop().call_soon_threadsafe(self._answer, wishes)

    def _answer(self, wishes: list[_Wish]) -> None:
        for wish in wishes:
            if wish.answer.done():
                continue
            if wish.error is None:
                wish.answer.set_result(wish.result)
            else:
                wish.answer.set_exception(wish.error)
        self._turn()


def _begin(wishes: list[_Wish], *, wait: bool) -> Connection | None:
    """One transaction for all of them, durable if one of them is; None where it would have to `wait`.

    Errors  Unavailable when it has waited in vain.
    """
    if not _lock.acquire(blocking=wait):
        return None
    durable = any(wish.durable for wish in wishes)
    try:
        connection = wishes[0].bind.connect()
        try:
            connection.execution_options(writes=True, durable=durable, waits=wait).begin()
        except BaseException:
            connection.close()
            raise
    except BaseException as error:
        _lock.release()
        if not isinstance(error, FAILURES):
            raise
        if wait:
            raise unsaved(error) from error
        return None
    return connection


def _run(connection: Connection, wishes: list[_Wish], *, seconds: float = float("inf")) -> list[_Wish]:
    """Give each its turn; answers with those for whom no time was left.

    Errors  _Apart when the database failed within a verb; all of it is undone then.
    """
    ends = time.monotonic() + seconds
    try:
        for number, wish in enumerate(wishes, start=1):
            _take_turn(connection, wish)
            if time.monotonic() > ends:
                return wishes[number:]
    except BaseException as error:
        _end(connection)
        raise _Apart from error
    return []


def _take_turn(connection: Connection, wish: _Wish) -> None:
    """Run one verb in a savepoint: what it refuses undoes its own work alone.

    The savepoint is SQLite's own words: SQLAlchemy's costs as much as a whole transaction.

    Errors  OperationalError when the database failed within it, or took all of the transaction back.
    """
    words = connection.connection.cursor()
    words.execute("SAVEPOINT wish")
    try:
        with Session(connection, expire_on_commit=False, join_transaction_mode="rollback_only") as session:
            wish.result = wish.context.run(wish.verb, session)
            session.commit()
            wish.told = session.info.pop("facts", [])
    except OperationalError:
        raise
    except BaseException as error:
        if not connection.in_transaction():
            # A flush that fails outside of a savepoint of the verb's own takes everything along.
            raise
        wish.error = error
        words.execute("ROLLBACK TO wish")
    words.execute("RELEASE wish")


def _commit(connection: Connection, wishes: list[_Wish]) -> None:
    """Make it last, and tell.

    Errors  Unavailable when the database can't; nothing of it is written then.
    """
    try:
        begun = connection.get_transaction()
        assert begun
        with _closed_if_not_committed(connection):
            begun.commit()
    except FAILURES as error:
        raise unsaved(error) from error
    finally:
        _end(connection)
    for wish in wishes:
        wish.context.run(events.tell, wish.told)


@contextmanager
def _closed_if_not_committed(connection: Connection) -> Iterator[None]:
    """A database that can't commit may keep the transaction open, and SQLAlchemy then puts the connection
    back as it is: whoever gets it next would find all doors locked."""
    try:
        yield
    except OperationalError:
        connection.invalidate()
        raise


def _end(connection: Connection) -> None:
    """Give up what isn't committed, and the turn."""
    try:
        connection.close()
    finally:
        _lock.release()


def _write_together(wishes: list[_Wish]) -> None:
    """The same on a thread, after those who write now."""
    try:
        if connection := _begin(wishes, wait=True):
            _run(connection, wishes)
            _commit(connection, wishes)
    except _Apart:
        _write_apart(wishes)


def _fail(error: BaseException, wishes: list[_Wish]) -> None:
    for wish in wishes:
        wish.error = error


def _write_apart(wishes: list[_Wish]) -> None:
    """Each in a transaction of its own."""
    for wish in wishes:
        wish.result, wish.error, wish.told = None, None, []
        try:
            wish.result = wish.context.run(_write_alone, wish)
        except BaseException as error:
            wish.error = error


def _write_alone(wish: _Wish) -> Any:
    with transaction(wish.bind, durable=wish.durable) as session:
        return wish.verb(session)


_queues: WeakKeyDictionary[asyncio.AbstractEventLoop, _Queue]
_commits: ThreadPoolExecutor
"""For those whose turn it is: they never stand behind one who waits for it."""
_waits: ThreadPoolExecutor


def forget() -> None:
    """Begin anew: a forked child has none of its parent's threads, and nobody in it holds the lock."""
    global _lock, _queues, _commits, _waits
    _lock, _queues = threading.Lock(), WeakKeyDictionary()
    _commits = ThreadPoolExecutor(max_workers=1, thread_name_prefix="db-commit")
    _waits = ThreadPoolExecutor(max_workers=4, thread_name_prefix="db-wait")


forget()
