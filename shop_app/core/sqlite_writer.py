"""Writes on SQLite: commands that wait at the same time share one transaction and one commit.

SQLite has one writer at a time, and a commit that survives a power cut waits for the disk. So commands
queue, and those that wait form a group: each runs in a savepoint of its own, one commit ends them all,
and nobody has a result before it.

A command is a millisecond or two of Python around statements that take microseconds. On a thread it
would pass the interpreter's lock to the event loop and back at every statement, which costs more than
the work; so it runs on the loop. The commit runs on a thread, because it waits for the disk, and so does
the whole group where another thread or another process is writing.
"""

from __future__ import annotations

import asyncio
import sqlite3
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
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
from .loop_watch import watching

T = TypeVar("T")

GROUP_SIZE = 32
"""So many commands share a commit at most: the first of them waits for the last."""
GROUP_SECONDS = 0.02
"""So long a group may run on the loop before the rest of it is left to the next group."""

lock = threading.Lock()
"""Held by the transaction of this process that writes. Waiting for it costs nothing and is in order, while
SQLite's own waiting sleeps and polls. It is taken and released on different threads."""


@dataclass(slots=True, eq=False)
class _Command:
    """A command that waits to be written and, after the commit of its group, what came of it."""

    function: Callable[..., Any]
    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    durable: bool
    answer: asyncio.Future[Any]
    context: Context = field(default_factory=copy_context)
    """The caller's: the command runs in it, and listeners hear in it what was announced."""
    result: Any = None
    error: BaseException | None = None
    facts: list[events.Fact] = field(default_factory=list)


async def write(
    bind: Engine, function: Callable[..., T], args: tuple[Any, ...], kwargs: dict[str, Any], *, durable: bool
) -> T:
    """Run a command in a group; its result once that is committed. See `db.write`."""
    loop = asyncio.get_running_loop()
    writer = _writers.get(loop)
    if writer is None or writer.bind is not bind:
        writer = _writers[loop] = _Writer(bind)
    command = _Command(function, args, kwargs, durable, loop.create_future())
    writer.add(command)
    return await asyncio.shield(command.answer)


class _Writer:
    """Writes the commands of one event loop, one group after another. All but `_finish` runs on the loop."""

    def __init__(self, bind: Engine) -> None:
        self.bind = bind
        self._waiting: deque[_Command] = deque()
        self._writing = False
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="db-writer")

    def add(self, command: _Command) -> None:
        self._waiting.append(command)
        if not self._writing:
            self._writing = True
            # What others add in this round of the loop belongs to the same group.
            command.answer.get_loop().call_soon(self._write_group)

    def _write_group(self) -> None:
        """Run the next commands here and commit on the thread, or do both there if it has to wait."""
        group = [self._waiting.popleft() for _ in range(min(GROUP_SIZE, len(self._waiting)))]
        if not group:
            self._writing = False
            return
        try:
            connection = _begin(self.bind, group, wait=False)
            if connection is None:
                work = partial(_write, self.bind, group)
            else:
                count = _run(connection, group, seconds=GROUP_SECONDS)
                self._waiting.extendleft(reversed(group[count:]))
                del group[count:]
                work = partial(_commit, connection, group)
        except BaseException as error:
            work = partial(_fail, group, error)
        self._thread.submit(self._finish, work, group)

    def _finish(self, work: Callable[[], None], group: list[_Command]) -> None:
        try:
            work()
        except BaseException as error:
            _fail(group, error)
        # A loop that has ended took its callers along.
        with suppress(RuntimeError):
            group[0].answer.get_loop().call_soon_threadsafe(self._answer, group)

    def _answer(self, group: list[_Command]) -> None:
        for command in group:
            if command.error is None:
                command.answer.set_result(command.result)
            else:
                command.answer.set_exception(command.error)
        self._write_group()


def _write(bind: Engine, group: list[_Command]) -> None:
    """Write the whole group on a thread, after those who are writing now."""
    connection = _begin(bind, group, wait=True)
    assert connection
    _run(connection, group)
    _commit(connection, group)


def _begin(bind: Engine, group: list[_Command], *, wait: bool) -> Connection | None:
    """Begin the group's transaction, durable if one of its commands is; None if it would have to wait."""
    if not lock.acquire(blocking=wait):
        return None
    durable = any(command.durable for command in group)
    with ExitStack() as undo:
        undo.callback(lock.release)
        try:
            connection = undo.enter_context(bind.connect())
            connection.execution_options(writes=True, durable=durable, waits=wait).begin()
        except FAILURES:
            if wait:
                raise
            return None
        undo.pop_all()
    return connection


def _run(connection: Connection, group: list[_Command], *, seconds: float = float("inf")) -> int:
    """Run the commands until `seconds` are over; how many have run.

    Errors  OperationalError when SQLite gave up the whole transaction.
    """
    ends = time.monotonic() + seconds
    try:
        for count, command in enumerate(group, start=1):
            with watching(command.function):
                _run_one(connection, command)
            if time.monotonic() > ends:
                return count
    except BaseException:
        _end(connection)
        raise
    return len(group)


def _run_one(connection: Connection, command: _Command) -> None:
    """Run a command in a savepoint: what it raises undoes its own work alone."""
    try:
        with Session(connection, expire_on_commit=False, join_transaction_mode="create_savepoint") as session:
            command.result = command.context.run(command.function, session, *command.args, **command.kwargs)
            session.commit()
            command.facts = session.info.pop("facts", [])
    except BaseException as error:
        # A full disk, for one, makes SQLite undo the transaction, and the savepoint is gone with it.
        if not driver_of(connection).in_transaction:
            raise
        _fail([command], error)


def _commit(connection: Connection, group: list[_Command]) -> None:
    """Commit the group, and tell the listeners what its commands announced."""
    try:
        transaction = connection.get_transaction()
        assert transaction
        with closed_unless_committed(connection):
            transaction.commit()
    finally:
        _end(connection)
    for command in group:
        command.context.run(events.tell, command.facts)


def _end(connection: Connection) -> None:
    """Undo what isn't committed, and let others write."""
    try:
        connection.close()
    finally:
        lock.release()


def _fail(group: list[_Command], error: BaseException) -> None:
    """Have the error answered to all of the group; what is wrong with the database is logged once."""
    if isinstance(error, FAILURES):
        error, cause = unsaved(error), error
        error.__cause__ = cause
    elif isinstance(error, StopIteration):
        # No future takes it.
        error, cause = RuntimeError("A command raised StopIteration"), error
        error.__cause__ = cause
    for command in group:
        command.error = error


@contextmanager
def closed_unless_committed(connection: Connection) -> Iterator[None]:
    """Close the driver's connection if the commit inside fails: it may have kept the transaction open, and
    whoever got it from the pool next could not begin one."""
    try:
        yield
    except OperationalError:
        connection.invalidate()
        raise


def driver_of(connection: Connection) -> sqlite3.Connection:
    """The driver's own connection."""
    driver = connection.connection.dbapi_connection
    assert isinstance(driver, sqlite3.Connection)
    return driver


_writers: WeakKeyDictionary[asyncio.AbstractEventLoop, _Writer] = WeakKeyDictionary()


def forget() -> None:
    """Begin anew: a forked child has none of its parent's threads, and nobody in it holds the lock."""
    global lock, _writers
    lock, _writers = threading.Lock(), WeakKeyDictionary()
