"""The bus: carries pushes to the open pages of a room, and news between the processes of one shop.

A push is plain JSON. `LocalBus` is for one process; where the settings name a Redis, `RedisBus` carries
the same to the rooms of the others.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Protocol

from shop_app.core.settings import settings

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Push:
    """What the pages of a room get: values to overlay by key, and handlers to call.

    `ask` holds full names of public handlers, which each page calls by an event of its own to get its view
    from the database. For rooms of a few tabs: every page costs a query.
    """

    room: str
    patch: Mapping[str, Any] = field(default_factory=dict)
    ask: tuple[str, ...] = ()
    skip: str = ""
    """The id of the one socket that isn't sent it, because it shows all this already; "" for none."""


Emit = Callable[[Push], Awaitable[None]]
"""Sends a push to the sockets of this process."""
CatchUp = Callable[[], Awaitable[None]]
"""Has all that this process shows and keeps be read anew."""
Hear = Callable[[str, Any], None]
"""Takes the id of the process that tells, and what it tells. On the server's loop."""


class Bus(Protocol):
    @property
    def is_cut_off(self) -> bool:
        """Whether there are other processes that can't be reached just now."""
        ...

    def publish(self, push: Push) -> None:
        """Send `push` to every page in its room. From any thread; returns at once.

        Does nothing without a running server: a page that isn't connected reads the database when it
        comes back.
        """
        ...

    def tell(self, topic: str, news: Any) -> None:
        """Tell the other processes some plain JSON, before all that is published from now on.

        From any thread; returns at once. What gets lost is made up for by their `catch_up`.
        """
        ...

    def hear(self, topic: str, listener: Hear) -> Callable[[], None]:
        """Have `listener` called with what other processes tell; returns a function that ends it."""
        ...

    def start(self, emit: Emit, catch_up: CatchUp) -> None:
        """Begin to send on the running loop. `catch_up` is called when something may have been missed."""
        ...

    async def stop(self) -> None:
        """Send what is in the queue, then nothing more."""
        ...


class LocalBus:
    """The bus of one process: one task on the server's loop sends what is in a queue, in order."""

    def __init__(self) -> None:
        self._loop: asyncio.AbstractEventLoop | None = None
        self._waiting: asyncio.Queue[tuple[Push, Emit] | None] = asyncio.Queue()
        self._task: asyncio.Task[None] | None = None

    @property
    def is_cut_off(self) -> bool:
        return False

    def publish(self, push: Push) -> None:
        self._call(lambda: self._waiting.put_nowait((push, self._emit)))

    def tell(self, topic: str, news: Any) -> None:
        """There is nobody to be told."""

    def hear(self, topic: str, listener: Hear) -> Callable[[], None]:
        return lambda: None

    def _call(self, work: Callable[[], object]) -> None:
        """Have this called on the server's loop, after all that came before; from any thread."""
        if self._loop is not None:
            with suppress(RuntimeError):  # The loop has just been closed.
                self._loop.call_soon_threadsafe(work)

    def start(self, emit: Emit, catch_up: CatchUp) -> None:
        self._loop, self._waiting, self._emit = asyncio.get_running_loop(), asyncio.Queue(), emit
        self._task = self._loop.create_task(self._send())

    async def stop(self) -> None:
        loop, self._loop = self._loop, None
        if loop and self._task:
            # Behind what other threads have published already.
            loop.call_soon_threadsafe(self._waiting.put_nowait, None)
            await self._task

    async def _send(self) -> None:
        while waiting := await self._waiting.get():
            push, emit = waiting
            try:
                await emit(push)
            except Exception:
                # The pages of this room read the database when they load; the next push goes on.
                log.exception("A push to a room failed")


@lru_cache(maxsize=1)
def bus() -> Bus:
    """This process's bus."""
    if not settings().redis_url:
        return LocalBus()
    from .redis_bus import RedisBus

    return RedisBus()
