"""The queue of page requests: few of one address are rendered at a time, its others wait.

A client that loads pages as fast as it can slows itself down and nobody else; an office behind one address
gets all its pages, some of them a little later.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from shop_app.core.access.token_buckets import TokenBuckets
from shop_app.core.settings import load_test

AT_ONCE = 2
"""Pages of one address that are rendered at the same time."""
MAX_WAITING = 60
"""Requests of one address that wait; more are refused."""
PAGES_PER_SECOND = 20
PAGE_BURST = 100
"""Of one address: above this, requests wait."""
LONGEST_WAIT_SECONDS = 10


class PageQueueFull(Exception):
    """Too many requests of one address wait already, or this one would wait too long."""


class PageQueue:
    """The requests that are rendered or wait, by address."""

    def __init__(self) -> None:
        self._pace = TokenBuckets(PAGES_PER_SECOND, PAGE_BURST)
        self._turns: dict[str, tuple[asyncio.Semaphore, set[object]]] = {}

    @asynccontextmanager
    async def turn(self, address: str) -> AsyncIterator[None]:
        """Wait for a turn of this address, and keep it until the end of the block.

        Errors  PageQueueFull where too many wait already, or this one would wait too long.
        """
        if load_test():
            yield
            return
        semaphore, requests = self._turns.setdefault(address, (asyncio.Semaphore(AT_ONCE), set()))
        if len(requests) >= AT_ONCE + MAX_WAITING:
            raise PageQueueFull
        request = object()
        requests.add(request)
        try:
            await self._keep_pace(address)
            async with semaphore:
                yield
        finally:
            requests.discard(request)
            if not requests:
                del self._turns[address]

    async def _keep_pace(self, address: str) -> None:
        pause_seconds = self._pace[address].reserve()
        if pause_seconds > LONGEST_WAIT_SECONDS:
            self._pace[address].give_back()
            raise PageQueueFull
        if pause_seconds:
            await asyncio.sleep(pause_seconds)
