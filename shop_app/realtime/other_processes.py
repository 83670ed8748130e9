"""What other processes change: they have caches of their own, and empty none of this one's.

The bus carries the tags of each fact, and that the shop has changed. Every second the rows that changes leave
are looked at too: for what the bus loses, and for processes that have none, such as the command line.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

from pydantic import BaseModel

from shop_app.core import db, events, fact_cache
from shop_app.core.fact_cache import product_tag
from shop_app.core.shop import shop
from shop_app.core.tasks import meanwhile
from shop_app.services.shop import profile
from shop_app.services.traces import Traces, traces

from .bus import bus

log = logging.getLogger(__name__)

EVERY_SECONDS = 1.0
OWN_STAMPS = 1000
FACTS, SHOP = "facts", "shop"
"""Topics of the bus."""


class Facts(BaseModel):
    """What is told of a fact."""

    tags: list[str]
    stamp: str = ""
    """As `events.ShownChanged` has it."""


class Follower:
    """Looks for changes of other processes; those of this one, and those it heard of, have known stamps."""

    def __init__(self) -> None:
        self._known: deque[str] = deque(maxlen=OWN_STAMPS)
        self._seen: Traces | None = None
        self._found_version = 0
        self._wanted = asyncio.Event()

    def note_own(self, event: events.ShownChanged | events.TermsChanged) -> None:
        """Tell the other processes of a fact; called after its commit, on any thread."""
        stamp = event.stamp if isinstance(event, events.ShownChanged) else ""
        if stamp:
            self._known.append(stamp)
        bus().tell(FACTS, Facts(tags=[*event.tags], stamp=stamp).model_dump())

    def note_shop(self, event: events.ShopChanged) -> None:
        """Tell the other processes that the shop has changed, where it did so here."""
        if event.profile.version > self._found_version:
            bus().tell(SHOP, event.profile.version)

    def hear_facts(self, _origin: str, news: Any) -> None:
        """Errors  ValidationError where it is nothing that `note_own` tells."""
        facts = Facts.model_validate(news)
        if facts.stamp:
            self._known.append(facts.stamp)
        fact_cache.deliver(facts.tags)

    def hear_shop(self, _origin: str, _news: Any) -> None:
        """Look at once: what the shop is now, the database says."""
        self._wanted.set()

    async def wait(self) -> None:
        """Until it is time for a look."""
        with suppress(TimeoutError):
            async with asyncio.timeout(EVERY_SECONDS):
                await self._wanted.wait()
        self._wanted.clear()

    async def look(self) -> None:
        """Empty what has changed since the last look."""
        found, is_first = await db.read(traces, self._seen), self._seen is None
        self._seen = found
        if found.shop_version != shop().version:
            # As if it had been committed here: open pages of this process hear of it too.
            changed = await db.read(profile.load)
            self._found_version = changed.version
            events.deliver([events.ShopChanged(changed)])
        if is_first or not set(found.stamps) <= set(self._known.copy()):
            # Which products a change of the listing index was about isn't known.
            fact_cache.deliver_unknown()
        elif found.product_ids:
            fact_cache.deliver([product_tag(key) for key in found.product_ids])
        if found.variant_ids and bus().is_cut_off:
            # Nobody else can tell the pages of this process that there are fewer left.
            events.deliver([events.StockChanged(found.variant_ids)])


@asynccontextmanager
async def followed() -> AsyncIterator[None]:
    """Tell, hear and look for as long as this is entered: a server process's lifespan."""
    follower = Follower()
    ends = [
        events.subscribe(events.ShownChanged, follower.note_own),
        events.subscribe(events.TermsChanged, follower.note_own),
        events.subscribe(events.ShopChanged, follower.note_shop),
        bus().hear(FACTS, follower.hear_facts),
        bus().hear(SHOP, follower.hear_shop),
    ]
    try:
        async with meanwhile(_repeat(follower)):
            yield
    finally:
        for end in ends:
            end()


async def _repeat(follower: Follower) -> None:
    while True:
        try:
            await follower.look()
        except Exception:
            log.exception("What other processes changed couldn't be looked for; it is tried again")
        await follower.wait()
