"""The queue of page requests: few of one address are rendered at a time, the others wait.

So a stranger who loads pages as fast as he can waits for himself, and not the other visitors for him;
an office behind one address gets all its pages, some of them a little later.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from shop_app.core.access.token_buckets import TokenBuckets
from shop_app.core.settings import load_test

AT_ONCE = 2
"""Pages of one address that are being made at the same time."""
MAX_WAITING = 60
"""Of one address; who comes later is refused."""
PAGES_PER_SECOND = 20
PAGE_BURST = 100
"""Of one address: what is above waits its turn."""
LONGEST_WAIT_SECONDS = 10


class PageQueueFull(Exception):
    """More pages of one address wait than it may let wait."""


class PageQueue:
    """Who makes pages now, by address."""

    def __init__(self) -> None:
        self._pace = TokenBuckets(PAGES_PER_SECOND, PAGE_BURST)
        self._turns: dict[str, tuple[asyncio.Semaphore, set[object]]] = {}

    @asynccontextmanager
    async def turn(self, address: str) -> AsyncIterator[None]:
        """Wait for this address's turn, and have it until the end of the block.

        Errors  TooManyLoads where too many wait already, or would wait too long.
        """
        if load_test():
            yield
            return
        turns, those = self._turns.setdefault(address, (asyncio.Semaphore(AT_ONCE), set()))
        if len(those) >= AT_ONCE + MAX_WAITING:
            raise PageQueueFull
        me = object()
        those.add(me)
        try:
            await self._keep_pace(address)
            async with turns:
                yield
        finally:
            those.discard(me)
            if not those:
                del self._turns[address]

    async def _keep_pace(self, address: str) -> None:
        pause_seconds = self._pace[address].reserve()
        if pause_seconds > LONGEST_WAIT_SECONDS:
            self._pace[address].give_back()
            raise PageQueueFull
        if pause_seconds:
            await asyncio.sleep(pause_seconds)
