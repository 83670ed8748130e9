"""A process for background work alone: the timetable without a port, `python -m shop_app work`."""

from __future__ import annotations

import asyncio
import logging
import signal
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager

log = logging.getLogger(__name__)

_lifespans: list[Callable[[], AbstractAsyncContextManager[None]]] = []


def offer(lifespan: Callable[[], AbstractAsyncContextManager[None]]) -> None:
    """Say what such a process enters; called once, by the composition root."""
    _lifespans[:] = [lifespan]


async def run_until_stopped() -> None:
    """Work until SIGINT or SIGTERM; jobs that are running then may finish."""
    stops = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stops.set)
    (lifespan,) = _lifespans
    async with lifespan():
        log.info("Background work has begun")
        await stops.wait()
    log.info("Background work has ended")
