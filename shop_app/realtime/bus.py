"""The bus: patches from any thread to the open pages of a room, put together over a moment.

`publish` may be called from the thread that committed; the pushes leave on the server's loop. A bus
over Redis has to keep this interface: `publish`, `start`, `stop`.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

log = logging.getLogger(__name__)

WINDOW_SECONDS = 0.06


@dataclass(slots=True)
class Push:
    """What the pages of a room get: values to overlay by key, and handlers to call again.

    `ask` holds full names of public handlers; each page sends them back as events of its own, so
    that it gets its own view from the database. Right for rooms of a few tabs, not for crowds.
    """

    patch: dict[str, Any] = field(default_factory=dict)
    ask: list[str] = field(default_factory=list)
    skip: str = ""
    """The socket that shows all this already, by its id; "" for none."""

    def merge(self, patch: Mapping[str, Any], ask: Iterable[str], skip: str = "") -> None:
        """Later values win; a handler is asked for once; only whom all of it is no news to is skipped."""
        self.skip = skip if self.skip == skip else ""
        self.patch.update(patch)
        self.ask = list(dict.fromkeys([*self.ask, *ask]))


Emit = Callable[[str, Push], Awaitable[None]]


class Bus(Protocol):
    def publish(
        self, room: str, patch: Mapping[str, Any] | None = None, ask: Iterable[str] = (), skip: str = ""
    ) -> None: ...
    def start(self, emit: Emit) -> None: ...
    async def stop(self) -> None: ...


class LocalBus:
    """The bus of one process."""

    def __init__(self, window_seconds: float = WINDOW_SECONDS) -> None:
        self.window_seconds = window_seconds
        self._lock = threading.Lock()
        self._waiting: dict[str, Push] = {}
        self._loop: asyncio.AbstractEventLoop | None = None
        self._emit: Emit | None = None
        self._flushes: set[asyncio.Task[None]] = set()

    def publish(
        self, room: str, patch: Mapping[str, Any] | None = None, ask: Iterable[str] = (), skip: str = ""
    ) -> None:
        """Have `patch` overlaid and `ask` called on every page in `room`, within a moment.

        From any thread, and never in the way: without a running server it does nothing, because a
        page that isn't connected reads the database when it comes back.
        """
        with self._lock:
            loop = self._loop
            if loop is None or loop.is_closed():
                return
            first = not self._waiting
            self._waiting.setdefault(room, Push(skip=skip)).merge(patch or {}, ask, skip)
        if first:
            loop.call_soon_threadsafe(loop.call_later, self.window_seconds, self._leave)

    def start(self, emit: Emit) -> None:
        """Begin to push on the running loop."""
        self._loop, self._emit = asyncio.get_running_loop(), emit

    async def stop(self) -> None:
        """Push what waits, then nothing more."""
        self._leave()
        with self._lock:
            self._loop = None
        if self._flushes:
            await asyncio.gather(*self._flushes)

    def _leave(self) -> None:
        with self._lock:
            waiting, self._waiting = self._waiting, {}
        if waiting:
            task = asyncio.get_running_loop().create_task(self._flush(waiting))
            self._flushes.add(task)
            task.add_done_callback(self._flushes.discard)

    async def _flush(self, waiting: dict[str, Push]) -> None:
        assert self._emit is not None
        for room, push in waiting.items():
            try:
                await self._emit(room, push)
            except Exception:
                # The other rooms get theirs; this one's pages read the database when they load.
                log.exception("A push to a room failed")


bus: Bus = LocalBus()
"""This process's bus."""
