"""Leadership: which one of the processes on a database runs jobs by the clock."""

from __future__ import annotations

import logging
import threading

from sqlalchemy import Connection, func, select
from sqlalchemy.exc import SQLAlchemyError

from ..core import db

log = logging.getLogger(__name__)

LOCK_KEY = 7_301_104
"""The shop's number among the advisory locks of its PostgreSQL database."""


class Leadership:
    """Whether this process is the leader.

    On SQLite there is one process, and it is the leader. On PostgreSQL the one that holds an advisory lock
    is; the lock ends with its connection, so that another process takes over when the leader dies.
    """

    def __init__(self) -> None:
        self._connection: Connection | None = None
        self._turn = threading.Lock()

    def held(self) -> bool:
        """Whether this process has the lock, taken now if it is free. Called before every run, so that a lost
        connection is noticed."""
        if db.engine().dialect.name == "sqlite":
            return True
        with self._turn:
            try:
                return self._lock()
            except SQLAlchemyError as error:
                log.warning("Leadership is unknown: the database doesn't answer (%s)", type(error).__name__)
                self._close()
                return False

    def resign(self) -> None:
        """Leave the lock to the next process."""
        with self._turn:
            self._close()

    def _lock(self) -> bool:
        if self._connection is None:
            self._connection = db.engine().connect().execution_options(isolation_level="AUTOCOMMIT")
            # A connection that went back to the pool would keep the lock.
            self._connection.detach()
        # A connection that has the lock gets it again.
        return self._connection.execute(select(func.pg_try_advisory_lock(LOCK_KEY))).scalar_one()

    def _close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None
