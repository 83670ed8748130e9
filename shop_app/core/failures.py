"""Failures of the database: a refusal with a sentence for people, and a bounded log of causes."""

from __future__ import annotations

import logging
import sqlite3
import threading
from typing import TypeGuard

from cachetools import LRUCache
from sqlalchemy.exc import DBAPIError, OperationalError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as NoConnectionFree

from .clock import now
from .errors import ShopError
from .i18n import _

log = logging.getLogger(__name__)

WINDOW_SECONDS = 10.0
MAX_KEPT = 100
"""Causes that are counted at the same time; the one that came longest ago goes first."""
MAX_CAUSE_CHARS = 300


_lock = threading.Lock()
_counted: LRUCache[str, tuple[float, int]] = LRUCache(MAX_KEPT)
"""Cause -> when its last line was written, and how often it came since."""


class Unavailable(ShopError):
    """The database can't be reached, is locked or is full. Nothing was changed."""

    code = "unavailable"


def is_failure(error: BaseException) -> TypeGuard[SQLAlchemyError]:
    """Whether the database is locked, full, too slow or gone, or all of its connections are in use.

    PostgreSQL says in many words that it has ended a connection; whatever it says, the connection is gone.
    """
    gone = isinstance(error, DBAPIError) and error.connection_invalidated
    return gone or isinstance(error, (OperationalError, NoConnectionFree))


def of_drivers() -> tuple[type[Exception], ...]:
    """What the drivers raise themselves, where they are worked with directly."""
    import psycopg

    return sqlite3.OperationalError, psycopg.OperationalError


def unsaved(error: SQLAlchemyError) -> Unavailable:
    """The refusal for whoever wanted to write; its cause is logged."""
    _note("written", error)
    return Unavailable(_("The shop can't save anything just now. Try again in a moment."))


def unread(error: SQLAlchemyError) -> Unavailable:
    """The refusal for whoever wanted to read; its cause is logged."""
    _note("read", error)
    return Unavailable(_("The shop can't be read just now. Try again in a moment."))


def said(error: BaseException) -> str:
    """What the driver says, for whoever runs the shop: its first line, as values stand after it."""
    driver = getattr(error, "orig", None) or error
    return (str(driver).strip().splitlines() or [""])[0][:MAX_CAUSE_CHARS]


def forget() -> None:
    """Start counting anew: for tests."""
    with _lock:
        _counted.clear()


def _note(what: str, error: SQLAlchemyError) -> None:
    cause = f"{what}: {_cause(error)}"
    with _lock:
        moment = now().timestamp()
        written_at, count = _counted.get(cause, (0.0, 0))
        due = not 0 <= moment - written_at < WINDOW_SECONDS
        _counted[cause] = (moment, 0) if due else (written_at, count + 1)
    if due:
        log.error("The database couldn't be %s (%d times since it was last said)", cause, count + 1)


def _cause(error: SQLAlchemyError) -> str:
    """What the driver says: its first line alone, because values stand in the lines after it."""
    driver = getattr(error, "orig", None) or error
    return f"{type(driver).__name__}: {said(error)}"
