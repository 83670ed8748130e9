"""What was said to a socket and its client hasn't taken yet: bounded in bytes, and in time.

Reflex's socket server queues what it says without end, and a connection takes it no faster than its client
reads. So everything is taken from it at once, counted, and sent from here: whoever reads slowly is heard
slowly, and whoever doesn't read is closed.
"""

from __future__ import annotations

import asyncio
import sys
from collections import deque
from collections.abc import Callable
from contextlib import suppress

from starlette.types import Message, Receive, Send

SLOW_BYTES = 256 * 1024
"""Unsent of one socket; while it is more, nothing more of what the socket says is read."""
MAX_BYTES = 2 * 1024 * 1024
"""Unsent of one socket; more closes it."""
MAX_BYTES_OF_ALL = 256 * 1024 * 1024
"""Unsent of all sockets; while it is more, a slow one is closed as soon as something is said to it."""
STUCK_SECONDS = 30
"""So long a client may take to take one message, and the last ones after its socket has ended."""
CLOSING_SECONDS = 2


class Total:
    """The bytes that all sockets together have unsent."""

    def __init__(self) -> None:
        self.unsent_bytes = 0


class SendBuffer:
    """What is said to one socket. `on_given_up` is called with the reason when it is closed for it."""

    def __init__(self, send: Send, total: Total, on_given_up: Callable[[str], None]) -> None:
        self._send, self._total, self._on_given_up = send, total, on_given_up
        self._waiting: deque[tuple[Message, int]] = deque()
        self._writing: asyncio.Task[None] | None = None
        self._took = asyncio.Event()
        self._ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._given_up = False
        self.unsent_bytes = 0

    async def send(self, message: Message) -> None:
        """Take a message, which is sent in its turn; after the end it goes nowhere."""
        if self._ended.done():
            return
        # The text as it lies in memory: one letter beyond ASCII doubles or quadruples it.
        size = sys.getsizeof(message.get("text"))
        self._waiting.append((message, size))
        self._count(size)
        if self.unsent_bytes > self._most():
            self._close_stuck("reads too slowly")
        elif self._writing is None or self._writing.done():
            self._writing = asyncio.create_task(self._write())

    async def heard(self, receive: Receive) -> Message:
        """The next message of the socket, once it has taken what was said to it; after the end, its end."""
        while self.unsent_bytes > SLOW_BYTES and not self._ended.done():
            self._took.clear()
            await self._took.wait()
        hearing = asyncio.ensure_future(receive())
        try:
            await asyncio.wait({hearing, self._ended}, return_when=asyncio.FIRST_COMPLETED)
            if not self._given_up and hearing.done():
                return hearing.result()
            return {"type": "websocket.disconnect", "code": 1008}
        finally:
            hearing.cancel()

    async def finish(self) -> None:
        """Send the rest, for as long as it is taken; close the connection of whoever doesn't take it."""
        if self._writing is not None and not self._ended.done():
            await asyncio.wait({self._writing}, timeout=STUCK_SECONDS)
            if not self._writing.done():
                self._close_stuck("reads too slowly")
        if self._given_up:
            # Granian keeps a connection that takes nothing more, unless it was told to close it.
            with suppress(Exception):
                async with asyncio.timeout(CLOSING_SECONDS):
                    await self._send({"type": "websocket.close", "code": 1008})

    def _most(self) -> int:
        return SLOW_BYTES if self._total.unsent_bytes > MAX_BYTES_OF_ALL else MAX_BYTES

    async def _write(self) -> None:
        try:
            while self._waiting:
                message, size = self._waiting.popleft()
                async with asyncio.timeout(STUCK_SECONDS):
                    await self._send(message)
                self._count(-size)
                self._took.set()
        except TimeoutError:
            self._close_stuck("reads too slowly")
        except Exception:
            # The client has gone: there is nobody to say the rest to.
            self.end()

    def _close_stuck(self, reason: str) -> None:
        if not self._ended.done():
            self._given_up = True
            self.end()
            self._on_given_up(reason)

    def end(self) -> None:
        """Nothing more is sent or heard, and nothing is kept of what waited."""
        self._waiting.clear()
        self._count(-self.unsent_bytes)
        if not self._ended.done():
            self._ended.set_result(None)
        self._took.set()
        if self._writing is not None and self._writing is not asyncio.current_task():
            self._writing.cancel()

    def _count(self, size: int) -> None:
        self.unsent_bytes += size
        self._total.unsent_bytes += size
