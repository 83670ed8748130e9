"""What other processes change: they have caches of their own, and empty none of this one's.

Their changes are found by the rows that they leave, within a second. A bus over Redis would carry the tags of
each `ShownChanged` as plain JSON, and call `fact_cache.deliver` with them where they arrive; this stays for
what such a bus loses.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from shop_app.core import db, events, fact_cache
from shop_app.core.fact_cache import product_tag
from shop_app.core.shop import shop
from shop_app.services.shop import profile
from shop_app.services.traces import Traces, traces

log = logging.getLogger(__name__)

EVERY_SECONDS = 1.0
OWN_STAMPS = 1000


class Follower:
    """Looks for changes of other processes; those of this one are known by their stamps."""

    def __init__(self) -> None:
        self._own: deque[str] = deque(maxlen=OWN_STAMPS)
        self._seen: Traces | None = None

    def note_own(self, event: events.ShownChanged) -> None:
        if event.stamp:
            self._own.append(event.stamp)

    async def look(self) -> None:
        """Empty what has changed since the last look."""
        found, is_first = await db.read(traces, self._seen), self._seen is None
        self._seen = found
        if found.shop_version != shop().version:
            # As if it had been committed here: open pages of this process hear of it too.
            events.deliver([events.ShopChanged(await db.read(profile.load))])
        if is_first or not set(found.stamps) <= set(self._own):
            # Which products a change of the listing index was about isn't known.
            fact_cache.deliver_unknown()
        elif found.product_ids:
            fact_cache.deliver([product_tag(key) for key in found.product_ids])


@asynccontextmanager
async def followed() -> AsyncIterator[None]:
    """Look every second for as long as this is entered: a server process's lifespan."""
    follower = Follower()
    unsubscribe = events.subscribe(events.ShownChanged, follower.note_own)
    task = asyncio.create_task(_repeat(follower))
    try:
        yield
    finally:
        unsubscribe()
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def _repeat(follower: Follower) -> None:
    while True:
        try:
            await follower.look()
        except Exception:
            log.exception("What other processes changed couldn't be looked for; it is tried again")
        await asyncio.sleep(EVERY_SECONDS)
