"""The sockets that other processes have of an address: each tells every second, so that a bound counts all.

A process that ended, or can't be heard, is forgotten within seconds; then the others count without it.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated, Any

from pydantic import Field, TypeAdapter

from shop_app.core.tasks import meanwhile
from shop_app.realtime.bus import bus

log = logging.getLogger(__name__)

TOPIC = "sockets"
EVERY_SECONDS = 1.0
FORGOTTEN_SECONDS = 5.0
TOLD_FROM = 5
"""Fewer sockets of an address aren't worth a word: most visitors have one or two."""
_COUNTS = TypeAdapter(dict[str, Annotated[int, Field(ge=0)]])


class Elsewhere:
    """What the others told last."""

    def __init__(self) -> None:
        self.own: Counter[str] = Counter()
        """This process's sockets by address: what the others are told."""
        self._told: dict[str, tuple[float, dict[str, int]]] = {}
        """By process: when it was heard, and its sockets by address."""

    def of(self, address: str) -> int:
        """How many sockets of this address the other processes have."""
        since = time.monotonic() - FORGOTTEN_SECONDS
        return sum(counts.get(address, 0) for heard_at, counts in self._told.values() if heard_at > since)

    def hear(self, origin: str, news: Any) -> None:
        """Errors  ValidationError where it isn't a count for each address."""
        counts, now = _COUNTS.validate_python(news), time.monotonic()
        self._told[origin] = now, counts
        for process, (heard_at, _counts) in tuple(self._told.items()):
            if heard_at <= now - FORGOTTEN_SECONDS:
                del self._told[process]

    @asynccontextmanager
    async def told(self) -> AsyncIterator[None]:
        """Tell and hear for as long as this is entered: a server process's lifespan."""
        end = bus().hear(TOPIC, self.hear)
        try:
            async with meanwhile(self._repeat()):
                yield
        finally:
            end()

    async def _repeat(self) -> None:
        before: dict[str, int] = {}
        while True:
            many = {address: count for address, count in self.own.items() if count >= TOLD_FROM}
            # What can't be told now is old when it can.
            if (many or before) and not bus().is_cut_off:
                bus().tell(TOPIC, many)
                before = many
            await asyncio.sleep(EVERY_SECONDS)


elsewhere = Elsewhere()
