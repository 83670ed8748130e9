"""The Redis that the processes of one shop share: how it is reached, under which names, how long it may take.

What is kept there may vanish at any moment: the shop sells on without it.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
import platform
import time
from collections.abc import Awaitable, Callable
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeVar

from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlmodel import Session

from . import db
from .settings import settings

log = logging.getLogger(__name__)
T = TypeVar("T")

ANSWER_SECONDS = 0.5
"""So long a call that somebody waits for may take."""
PAUSE_SECONDS = 1.0
"""So long nothing is asked after a call that failed."""
SOCKET_SECONDS = 1.0
"""So long connecting, and one answer, may take."""
MOST_CONNECTIONS = 16
"""Of one client; more calls wait for one that is free."""
FAILURES = (RedisError, OSError, TimeoutError)
"""What a call raises where Redis isn't there, hangs, is full or doesn't take it."""

_WHICH = text("SELECT system_identifier, current_database() FROM pg_control_system()")


class Away(Exception):
    """Redis doesn't answer."""


def client() -> Redis:
    """A client for the event loop that runs: it tries once more on a new connection, and waits a second."""
    url = settings().redis_url
    # A socket of this machine has no use for it, and doesn't take it.
    keepalive = {} if url.startswith("unix:") else {"socket_keepalive": True}
    pool = BlockingConnectionPool.from_url(
        url,
        max_connections=MOST_CONNECTIONS,
        timeout=SOCKET_SECONDS,
        socket_timeout=SOCKET_SECONDS,
        socket_connect_timeout=SOCKET_SECONDS,
        retry=Retry(NoBackoff(), 1),
        **keepalive,
    )
    return Redis.from_pool(pool)


async def prefix() -> str:
    """How the names of this shop begin in Redis: two shops with one Redis have nothing in common there.

    Errors  Unavailable where the database has to be asked first, and doesn't answer.
    """
    return await db.on_thread(_prefix)


@lru_cache(maxsize=1)
def _prefix() -> str:
    return "shop:" + db.read_here(_fingerprint)


def _fingerprint(session: Session) -> str:
    """16 digits for a database: the same by whatever address it is reached, others for its copy."""
    engine = session.get_bind().engine
    which: Any = (engine.url.host, engine.url.port, engine.url.database)
    if engine.dialect.name == "sqlite":
        which = (platform.node(), str(Path(engine.url.database or "").resolve()))
    else:
        try:
            which = tuple(session.connection().execute(_WHICH).one())
        except DBAPIError:
            # A role that may not ask: then all processes have to name the database by one address.
            log.warning("PostgreSQL doesn't say which cluster it is; its address stands for it in Redis")
    return hashlib.sha256(repr(which).encode()).hexdigest()[:16]


class Circuit:
    """Calls that take `ANSWER_SECONDS` at most: after one that failed, one a second is tried."""

    def __init__(self, purpose: str) -> None:
        self._purpose = purpose
        self._is_open, self._again_at = False, 0.0

    async def call(self, command: Callable[[], Awaitable[T]]) -> T:
        """What `command` returns.

        Errors  Away where Redis doesn't answer, or didn't a moment ago.
        """
        if self._is_open:
            if time.monotonic() < self._again_at:
                raise Away
            # Others go on without Redis while this one tries.
            self._again_at = time.monotonic() + PAUSE_SECONDS
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                answer = await command()
        except FAILURES as error:
            self._fail(error)
            raise Away from error
        if self._is_open:
            self._is_open = False
            log.warning("Redis answers again: %s", self._purpose)
        return answer

    def _fail(self, error: BaseException) -> None:
        self._again_at = time.monotonic() + PAUSE_SECONDS
        if not self._is_open:
            self._is_open = True
            log.warning("Redis doesn't answer (%s): %s without it", type(error).__name__, self._purpose)
