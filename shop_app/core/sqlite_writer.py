"""Writes on SQLite: one thread runs the commands that wait, and commits them as a group.

SQLite has one writer at a time, and a commit that survives a power cut waits for the disk. So commands
queue, and those that wait when the thread is free form a group: each runs in a savepoint of its own, one
commit ends them all, and nobody has a result before it.
"""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from contextvars import Context, copy_context
from dataclasses import dataclass, field
from typing import Any, TypeVar

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import OperationalError
from sqlmodel import Session

from . import events
from .failures import is_failure, unsaved

T = TypeVar("T")

GROUP_SIZE = 32
"""So many commands share a commit at most: the first of them waits for the last."""

lock: threading.Lock
"""Held by the transaction of this process that writes. Waiting for it costs nothing and is in order, while
SQLite's own waiting sleeps and polls."""


@dataclass(slots=True, eq=False)
class _Command:
    """A command that waits to be written and, after the commit of its group, what came of it."""

    bind: Engine
    function: Callable[[Session], Any]
    durable: bool
    answer: asyncio.Future[Any]
    context: Context = field(default_factory=copy_context)
    """The caller's: the command and the listeners of its events run in it."""
    result: Any = None
    error: BaseException | None = None
    published: list[events.Event] = field(default_factory=list)


async def write(bind: Engine, function: Callable[[Session], T], *, durable: bool) -> T:
    """Run a command in a group; its result once that is committed. See `db.write`."""
    command = _Command(bind, function, durable, asyncio.get_running_loop().create_future())
    _waiting.append(command)
    _thread.submit(_write_group)
    return await asyncio.shield(command.answer)


def _write_group() -> None:
    """On the thread, once for each command: write all that wait. Later calls may find none left."""
    group = _next_group()
    if not group:
        return
    try:
        _commit(group)
    except BaseException as error:
        # Nothing was committed, so no result holds.
        _fail(group, error)
    # One call wakes the loop for the whole group. A loop that has ended has no callers any more.
    with suppress(RuntimeError):
        group[0].answer.get_loop().call_soon_threadsafe(_answer, group)


def _next_group() -> list[_Command]:
    """The commands that wait, of one event loop for one database."""
    group: list[_Command] = []
    while _waiting and len(group) < GROUP_SIZE:
        command = _waiting[0]
        if group and (command.bind, command.answer.get_loop()) != (group[0].bind, group[0].answer.get_loop()):
            break
        group.append(_waiting.popleft())
    return group


def _answer(group: list[_Command]) -> None:
    """On the loop."""
    for command in group:
        if command.error is None:
            command.answer.set_result(command.result)
        else:
            command.answer.set_exception(command.error)


def _commit(group: list[_Command]) -> None:
    """Run the commands in one transaction, commit it, and deliver their events.

    Errors  OperationalError where the database could not write; nothing is written then.
    """
    durable = any(command.durable for command in group)
    with lock, group[0].bind.connect() as connection:
        transaction = connection.execution_options(writes=True, durable=durable).begin()
        for command in group:
            _run(connection, command)
        with closed_unless_committed(connection):
            transaction.commit()
    for command in group:
        command.context.run(events.deliver, command.published)


def _run(connection: Connection, command: _Command) -> None:
    """Run a command in a savepoint: what it raises undoes its own work alone."""
    try:
        with Session(connection, expire_on_commit=False, join_transaction_mode="create_savepoint") as session:
            command.result = command.context.run(command.function, session)
            session.commit()
            command.published = session.info.pop("events", [])
    except BaseException as error:
        # A full disk, for one, makes SQLite undo the transaction, and the savepoint is gone with it.
        if not driver_of(connection).in_transaction:
            raise
        _fail([command], error)


def _fail(group: list[_Command], error: BaseException) -> None:
    """Set the error for every command of the group; a failure of the database is logged once."""
    if is_failure(error):
        error, cause = unsaved(error), error
        error.__cause__ = cause
    elif isinstance(error, StopIteration):
        # A future refuses StopIteration.
        error, cause = RuntimeError("A command raised StopIteration"), error
        error.__cause__ = cause
    for command in group:
        command.error = error


@contextmanager
def closed_unless_committed(connection: Connection) -> Iterator[None]:
    """Close the driver's connection if the commit inside fails: its transaction may still be open, and the
    next one who gets it from the pool could not begin another."""
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


_waiting: deque[_Command]
_thread: ThreadPoolExecutor


def forget() -> None:
    """Start with an empty queue, a free lock and a new thread: a forked child has none of its parent's."""
    global lock, _waiting, _thread
    lock, _waiting = threading.Lock(), deque()
    _thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="db-writer")


forget()
