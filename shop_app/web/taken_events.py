"""Which events this process has taken: one that a page sends again after a lost connection runs once.

A page gives every event an id, is told when the event was handled, and sends again what it wasn't told of
(`web/frontend_resend.py`). Whatever was dropped with the lost connection runs then.
"""

from __future__ import annotations

import asyncio
import re
import uuid
from collections.abc import Mapping
from typing import Any

from cachetools import TTLCache

from .event_shape import Misshapen

KEPT_SECONDS = 300
MOST = 20_000
"""Above this the oldest are forgotten."""
PROCESS = str(uuid.uuid4())
"""What this process is called towards pages: another one doesn't know what this one has taken."""
_ID = re.compile(r"[0-9a-f-]{36}")


def take_id(data: Any) -> tuple[Any, str]:
    """An event as it came, without its id, and the id; "" for one without.

    Errors  Misshapen.
    """
    if not isinstance(data, Mapping) or "id" not in data:
        return data, ""
    if not isinstance(data["id"], str) or not _ID.fullmatch(data["id"]):
        raise Misshapen("id")
    return {name: value for name, value in data.items() if name != "id"}, data["id"]


Taken = TTLCache[str, asyncio.Future[Any]]
"""The events of the last minutes by id, as futures of their handlers."""


def nothing_taken() -> Taken:
    return TTLCache(MOST, KEPT_SECONDS)
