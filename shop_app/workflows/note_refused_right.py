"""Notes in the audit that somebody of the staff asked for what they have no right to."""

from __future__ import annotations

import logging
import time

from cachetools import LRUCache
from sqlmodel import Session

from ..core import db
from ..core.access.principal import Principal
from ..services.staff import audit

log = logging.getLogger(__name__)

AGAIN_SECONDS = 3600.0
"""The same person without the same right is noted once in this time, however often they try."""
_noted: LRUCache[tuple[str, str], float] = LRUCache(2_000)
"""(actor, permission) -> when it was noted last."""


async def note_refused_right(by: Principal, permission: str, asked: str) -> None:
    """Write the entry, unless there is one of the last hour.

    asked  what they asked for: the name of a handler, or an address

    A database that can't be written to changes nothing about the refusal.
    """
    key, at = (by.actor, permission), time.monotonic()
    if at - _noted.get(key, -AGAIN_SECONDS) < AGAIN_SECONDS:
        return
    _noted[key] = at
    try:
        await db.write(_write, by, permission, asked)
    except Exception:
        log.exception("A refusal couldn't be written into the audit")


def _write(session: Session, by: Principal, permission: str, asked: str) -> None:
    # By the actor alone: whoever is refused may be gone a moment later.
    audit.record(session, by.actor, "right.refused", "right", permission, {}, {"asked": asked[-200:]})
