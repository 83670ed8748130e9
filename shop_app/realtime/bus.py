"""The bus: carries pushes to the open pages of a room.

A push is plain JSON, so that a bus over Redis can have the same interface.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Protocol

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


class Bus(Protocol):
    def publish(self, push: Push) -> None: ...
    def start(self, emit: Emit) -> None: ...
    async def stop(self) -> None: ...


class LocalBus:
    """The bus of one process: one task on the server's loop sends what is in a queue, in order."""

    def __init__(self) -> None:
        self._loop: asyncio.AbstractEventLoop | None = None
        self._waiting: asyncio.Queue[Push | None] = asyncio.Queue()
        self._task: asyncio.Task[None] | None = None

    def publish(self, push: Push) -> None:
        """Send `push` to every page in its room. From any thread; returns at once.

        Does nothing without a running server: a page that isn't connected reads the database when it
        comes back.
        """
        if self._loop is not None:
            with suppress(RuntimeError):  # The loop has just been closed.
                self._loop.call_soon_threadsafe(self._waiting.put_nowait, push)

    def start(self, emit: Emit) -> None:
        """Begin to send on the running loop."""
        self._loop, self._waiting = asyncio.get_running_loop(), asyncio.Queue()
        self._task = self._loop.create_task(self._send(emit))

    async def stop(self) -> None:
        """Send what is in the queue, then nothing more."""
        loop, self._loop = self._loop, None
        if loop and self._task:
            # Behind what other threads have published already.
            loop.call_soon_threadsafe(self._waiting.put_nowait, None)
            await self._task

    async def _send(self, emit: Emit) -> None:
        while push := await self._waiting.get():
            try:
                await emit(push)
            except Exception:
                # The pages of this room read the database when they load; the next push goes on.
                log.exception("A push to a room failed")


bus: Bus = LocalBus()
"""This process's bus."""
