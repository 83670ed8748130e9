"""Asks each payment provider what can be paid with at its page, so that checkout shows those marks alone."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from ..core.errors import ShopError
from ..core.tasks import meanwhile
from ..providers.payments import registry
from .call_provider import call_provider

log = logging.getLogger(__name__)

AGAIN_SECONDS = 3600
SOON_SECONDS = 15
"""After the start, when a provider in this very process may not answer yet, and after a failure."""


async def learn_methods() -> bool:
    """Ask them all now; False where one didn't answer, whose methods stay as they were known."""
    answered = True
    for payment_provider in registry.providers():
        try:
            methods = await call_provider(payment_provider.methods)
        except ShopError as refusal:
            log.info("%s didn't say what it takes: %s", payment_provider.name, refusal.message)
            answered = False
        else:
            registry.remember_methods(payment_provider.name, methods)
    return answered


@asynccontextmanager
async def hourly() -> AsyncIterator[None]:
    """Ask again and again for as long as this is entered: a server process's lifespan."""
    async with meanwhile(_again_and_again()):
        yield


async def _again_and_again() -> None:
    await asyncio.sleep(SOON_SECONDS)
    while True:
        pause = AGAIN_SECONDS if await learn_methods() else SOON_SECONDS
        await asyncio.sleep(pause)
