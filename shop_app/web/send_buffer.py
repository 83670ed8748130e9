"""The messages to a socket that its client hasn't read yet: bounded in bytes, and in time.

Reflex's socket server queues messages without a bound, and a connection takes them no faster than its client
reads. So they are queued, counted and sent here: from a client that reads slowly less is received, and the
socket of one that doesn't read is closed.
"""

from __future__ import annotations

import asyncio
import sys
from collections import deque
from collections.abc import Callable
from contextlib import suppress

from starlette.types import Message, Receive, Send

SLOW_BYTES = 256 * 1024
"""Unsent to one socket; while it is more, nothing more is received from it."""
MAX_BYTES = 2 * 1024 * 1024
"""Unsent to one socket; more closes it."""
MAX_BYTES_OF_ALL = 256 * 1024 * 1024
"""Unsent to all sockets; while it is more, `SLOW_BYTES` are enough to close one."""
STUCK_SECONDS = 30
"""So long a client may take to read one message, and the last ones after its socket has ended."""
CLOSING_SECONDS = 2


class Total:
    """The unsent bytes of all sockets together."""

    def __init__(self) -> None:
        self.unsent_bytes = 0


class SendBuffer:
    """The unsent messages of one socket. `on_stuck` is called with the reason when it is closed for them."""

    def __init__(self, send: Send, total: Total, on_stuck: Callable[[str], None]) -> None:
        self._send, self._total, self._on_stuck = send, total, on_stuck
        self._waiting: deque[tuple[Message, int]] = deque()
        self._writing: asyncio.Task[None] | None = None
        self._took = asyncio.Event()
        self._ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._stuck = False
        self.unsent_bytes = 0

    async def send(self, message: Message) -> None:
        """Queue a message; after the end it is dropped."""
        if self._ended.done():
            return
        # The text's size in memory: one character beyond ASCII doubles or quadruples it.
        size = sys.getsizeof(message.get("text"))
        self._waiting.append((message, size))
        self._count(size)
        if self.unsent_bytes > self._most():
            self._close_stuck("reads too slowly")
        elif self._writing is None or self._writing.done():
            self._writing = asyncio.create_task(self._write())

    async def next_message(self, receive: Receive) -> Message:
        """The next message from the client, once it has read enough of what was sent; else a disconnect."""
        while self.unsent_bytes > SLOW_BYTES and not self._ended.done():
            self._took.clear()
            await self._took.wait()
        receiving = asyncio.ensure_future(receive())
        try:
            await asyncio.wait({receiving, self._ended}, return_when=asyncio.FIRST_COMPLETED)
            if not self._stuck and receiving.done():
                return receiving.result()
            return {"type": "websocket.disconnect", "code": 1008}
        finally:
            receiving.cancel()

    async def finish(self) -> None:
        """Send the rest, or close the connection where the client doesn't read it in time."""
        if self._writing is not None and not self._ended.done():
            await asyncio.wait({self._writing}, timeout=STUCK_SECONDS)
            if not self._writing.done():
                self._close_stuck("reads too slowly")
        if self._stuck:
            # Granian keeps a connection that nobody reads until it gets this message.
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
            # The client has gone.
            self.end()

    def _close_stuck(self, reason: str) -> None:
        if not self._ended.done():
            self._stuck = True
            self.end()
            self._on_stuck(reason)

    def end(self) -> None:
        """Send and receive nothing more, and drop what is queued."""
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
