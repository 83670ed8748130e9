"""Who has a session, read from the database on every event and request; and that somebody works with it."""

from __future__ import annotations

import asyncio
import logging
import time

from cachetools import LRUCache

from shop_app.core import db
from shop_app.core.access.principal import NOBODY, Principal
from shop_app.services.accounts import open_sessions, sessions

log = logging.getLogger(__name__)

NOTE_SECONDS = {"staff": 60, "customer": 600}
"""So often it is written down that somebody works with a session. Those of staff end by idling; with those of
customers, who are many, it is only shown."""

_noted: LRUCache[int, float] = LRUCache(10_000)
"""Session -> when that was written last by this process."""
_writing: set[asyncio.Task[None]] = set()
"""Held until they are done: the loop itself keeps no task."""


async def signed_in(session_hash: str) -> Principal:
    """Who has the session with that hash of its key; NOBODY where it has ended."""
    principal = await db.read(sessions.who, session_hash)
    _note(principal)
    return principal


async def signed_in_by(session_id: int) -> Principal:
    """The same by the session's id."""
    principals = await db.read(sessions.who_of, [session_id])
    principal = principals.get(session_id, NOBODY)
    _note(principal)
    return principal


def _note(principal: Principal) -> None:
    at, every = time.monotonic(), NOTE_SECONDS.get(principal.kind)
    if every is None or at - _noted.get(principal.session_id, -every) < every:
        return
    _noted[principal.session_id] = at
    task = asyncio.get_running_loop().create_task(_write(principal.session_id))
    _writing.add(task)
    task.add_done_callback(_writing.discard)


async def _write(session_id: int) -> None:
    try:
        await db.write(open_sessions.seen, session_id)
    except Exception:
        # The next event tries again; nobody is signed out within a minute.
        _noted.pop(session_id, None)
        log.warning("That a session is in use couldn't be written down", exc_info=True)
