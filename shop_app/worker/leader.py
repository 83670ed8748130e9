"""Leadership: which one of the processes on a database runs jobs by the clock."""

from __future__ import annotations

import logging
import threading
import time
from typing import Protocol

import psycopg
from filelock import FileLock, Timeout

from ..core import db
from ..core.settings import settings

log = logging.getLogger(__name__)

LOCK_KEY = 7_301_104
"""The shop's number among the advisory locks of its PostgreSQL database."""
LOOK_SECONDS = 5
"""A leader confirms its lock so often, and any other process asks for it."""
IDLE_SECONDS = 30
"""PostgreSQL ends the transaction of a leader that hasn't confirmed for so long, and with it the lock."""
TRUST_SECONDS = 20
"""So long after it asked, a leader counts on the answer: less than `IDLE_SECONDS`, so that two never lead."""


class Lock(Protocol):
    """What one process at a time can have."""

    def take(self) -> bool:
        """Take it if it is free, or confirm that this process has it still; says whether it does.

        Errors  any, where that can't be known; the lock is given up then.
        """
        ...

    def give(self) -> None:
        """Leave it to the next process."""
        ...


class Leadership:
    """Whether this process leads. One thread calls `look` again and again; any may ask `held`."""

    def __init__(self) -> None:
        self._lock: Lock = _lock()
        self._turn = threading.Lock()
        self._until = 0.0
        """The moment of `time.monotonic()` until which the lock is certain."""
        self._resigned = False

    def held(self) -> bool:
        """Whether this process has the lock, as far as was confirmed."""
        return time.monotonic() < self._until

    def look(self) -> bool:
        """Take the lock if it is free, or confirm it."""
        with self._turn:
            asked, led = time.monotonic(), self._until > 0
            try:
                taken = self._lock.take()
            except Exception as error:
                # Whatever it is: the next look may find it gone, and without looks no job would run.
                log.warning("Leadership is unknown: the lock can't be asked for (%s)", type(error).__name__)
                taken = False
            if self._resigned:
                self._lock.give()
                return False
            self._until = asked + TRUST_SECONDS if taken else 0.0
            if taken and not led:
                log.info("This process leads: it runs jobs by the clock")
            return taken

    def resign(self) -> None:
        """Leave the lock to the next process at once; this one doesn't take it again.

        Where the database doesn't answer a look that is under way, its end or this process's frees the lock.
        """
        self._resigned, self._until = True, 0.0
        if self._turn.acquire(timeout=1):
            try:
                self._lock.give()
            finally:
                self._turn.release()


def _lock() -> Lock:
    return _File() if db.engine().dialect.name == "sqlite" else _Transaction()


class _File:
    """On SQLite, whose processes share a machine: a lock on a file, which the system frees when one dies."""

    def __init__(self) -> None:
        # Looks come from any of a pool's threads.
        self._file = FileLock(settings().data_dir / ".leader.lock", blocking=False, thread_local=False)

    def take(self) -> bool:
        if not self._file.is_locked:
            try:
                self._file.acquire()
            except Timeout:
                return False
        return True

    def give(self) -> None:
        self._file.release()


class _Transaction:
    """On PostgreSQL an advisory lock of a transaction that stays open, on a connection of its own.

    The transaction has neither a snapshot nor an id, so that it keeps nothing from being vacuumed. It holds
    its lock behind a pool that hands out connections for each transaction (PgBouncer) too. PostgreSQL itself
    ends it when it hears nothing for `IDLE_SECONDS`: from a process that hangs, or is cut off.
    """

    def __init__(self) -> None:
        self._connection: psycopg.Connection | None = None

    def take(self) -> bool:
        try:
            if self._connection is not None:
                self._connection.execute("SELECT")
                return True
            self._connection = psycopg.connect(
                db.engine().url.set(drivername="postgresql").render_as_string(hide_password=False),
                connect_timeout=5,
                # A server that can't be reached any more fails the next look, instead of hanging it.
                tcp_user_timeout=10_000,
                prepare_threshold=None,
            )
            # For this transaction alone, above what role and database have.
            self._connection.execute("SET LOCAL statement_timeout = 5000")
            idle_ms = int(IDLE_SECONDS * 1000)
            self._connection.execute(f"SET LOCAL idle_in_transaction_session_timeout = {idle_ms}")
            # Without parameters: the driver would use a portal, which keeps its snapshot until the next one.
            found = self._connection.execute(f"SELECT pg_try_advisory_xact_lock({LOCK_KEY})").fetchone()
        except BaseException:
            self.give()
            raise
        if found and found[0]:
            return True
        self.give()
        return False

    def give(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()
