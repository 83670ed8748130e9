"""Answers that a client doesn't read: the system closes such a connection after a while.

Granian 2.8 writes for as long as it takes, and tells the application nothing of it. The system can bound
that: what a connection inherits from the socket that listens, which is the server's own and made after the
application has started.
"""

from __future__ import annotations

import asyncio
import logging
import os
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

log = logging.getLogger(__name__)

UNREAD_SECONDS = 30
"""So long a client may take nothing at all of what was sent to it."""
LOOK_SECONDS = 0.05
LOOKS = 600
OPEN_FILES = Path("/proc/self/fd")


@asynccontextmanager
async def bounded(port: int) -> AsyncIterator[None]:
    """For as long as this is entered, whoever connects to this process's port and doesn't read is closed.

    Where the system has no such bound (it is Linux's), a proxy in front has to have one.
    """
    looking = asyncio.create_task(_bound(port)) if hasattr(socket, "TCP_USER_TIMEOUT") else None
    try:
        yield
    finally:
        if looking is not None:
            looking.cancel()
            with suppress(asyncio.CancelledError):
                await looking


async def _bound(port: int) -> None:
    for _ in range(LOOKS):
        bound = 0
        for listener in _listeners(port):
            listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, UNREAD_SECONDS * 1000)
            bound += 1
        if bound:
            return
        await asyncio.sleep(LOOK_SECONDS)
    # So it is under `make dev`, whose server has another port.
    log.info("No socket of this process listens on port %s: who doesn't read is not bounded", port)


def _listeners(port: int) -> Iterator[socket.socket]:
    """The sockets of this process that listen on a port; they stay the server's own."""
    for name in os.listdir(OPEN_FILES):
        with suppress(OSError):
            listener = socket.socket(fileno=int(name))
            try:
                listens = listener.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN)
                if listens and listener.family != socket.AF_UNIX and listener.getsockname()[1] == port:
                    yield listener
            finally:
                listener.detach()
