"""A time limit, set in the system, for connections whose client doesn't read the answers.

Granian 2.8 writes for as long as a client takes, without a limit or a notice to the application. Connections
inherit the option from the listening socket, which the server makes after the application has started.
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
"""So long a client may read nothing at all of what was sent to it."""
LOOK_SECONDS = 0.05
LOOKS = 600
OPEN_FILES = Path("/proc/self/fd")


@asynccontextmanager
async def bounded(port: int) -> AsyncIterator[None]:
    """Set the limit on this process's port, as soon as that is open: a lifespan.

    Only Linux has this option; on other systems a proxy in front needs a limit of its own.
    """
    looking = asyncio.create_task(_bound(port)) if hasattr(socket, "TCP_USER_TIMEOUT") else None
    try:
        yield
    finally:
        if looking is not None:
            looking.cancel()
            with suppress(asyncio.CancelledError):
                await looking


def is_listening(port: int) -> bool:
    """Whether a socket of this process listens on a port; True where the system doesn't tell."""
    return not OPEN_FILES.exists() or any(True for _listener in _listeners(port))


async def _bound(port: int) -> None:
    for _ in range(LOOKS):
        bound = 0
        for listener in _listeners(port):
            listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, UNREAD_SECONDS * 1000)
            bound += 1
        if bound:
            return
        await asyncio.sleep(LOOK_SECONDS)
    # As under `make dev`, whose server has another port.
    log.info("No socket of this process listens on port %s: clients that don't read have no time limit", port)


def _listeners(port: int) -> Iterator[socket.socket]:
    """The sockets of this process that listen on a port; they stay open, and belong to the server."""
    for name in os.listdir(OPEN_FILES):
        with suppress(OSError):
            listener = socket.socket(fileno=int(name))
            try:
                listens = listener.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN)
                if listens and listener.family != socket.AF_UNIX and listener.getsockname()[1] == port:
                    yield listener
            finally:
                listener.detach()
