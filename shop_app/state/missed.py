"""What pages may have missed while other processes couldn't be heard: it is read anew and sent to them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Collection, Iterable

import reflex as rx

from shop_app.core import fact_cache
from shop_app.realtime.bus import CatchUp, Emit, Push

from . import live

ASKS_AT_ONCE = 20
PAUSE_SECONDS = 0.05
"""After so many rooms that are asked to load: 400 a second, each an event of a page."""

OfRooms = Callable[[Collection[str]], AsyncIterator[Push]]
"""What the pages in some rooms need to show all as it is now."""


def catch_up(app: rx.App, emit: Emit, sources: Iterable[OfRooms]) -> CatchUp:
    """What has every page of this process show what is true now, spread out over a moment.

    Nobody knows what was missed, so it is all that these pages follow. Products are read once for all pages.
    """

    async def caught_up() -> None:
        fact_cache.deliver_unknown()
        names, asked = sorted(live.open_rooms(app)), 0
        for source in sources:
            async for push in source(names):
                await emit(push)
                asked += bool(push.ask)
                if push.ask and asked % ASKS_AT_ONCE == 0:
                    await asyncio.sleep(PAUSE_SECONDS)

    return caught_up
