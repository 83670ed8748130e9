"""What is under way in this process: requests and handlers that have begun may finish before it stops."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from starlette.types import ASGIApp, Receive, Scope, Send

if TYPE_CHECKING:
    # The process that watches over workers has no use for it.
    import reflex as rx

FINISH_SECONDS = 10
"""So long a server that stops waits for what is under way."""
LATE_SECONDS = 1
"""And then so long for handlers that have begun since."""
WRITING_SECONDS = 0.25
"""The last answers are written by tasks of the socket library, which nothing tells the end of."""

_requests: set[asyncio.Future[None]] = set()
_apps: list[rx.App] = []


class UnderWay:
    """Knows the HTTP requests that are being answered."""

    def __init__(self, inner: ASGIApp) -> None:
        self.inner = inner

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.inner(scope, receive, send)
            return
        answered = asyncio.get_running_loop().create_future()
        _requests.add(answered)
        try:
            await self.inner(scope, receive, send)
        finally:
            _requests.discard(answered)
            answered.set_result(None)


def follow(app: rx.App) -> None:
    """Know the handlers of this application, whose events are processed from now on."""
    _apps[:] = [app]
    _wait_in_reflex(FINISH_SECONDS)


def count() -> int:
    """How many requests and handlers have begun and aren't answered."""
    return len(_requests) + len(_handlers())


def _handlers() -> list[Any]:
    return [future for app in _apps for future in app.event_processor._futures.values()]


def cut_short() -> None:
    """Don't wait for handlers any longer, here or in Reflex: they are cancelled."""
    _wait_in_reflex(0)


def _wait_in_reflex(seconds: float) -> None:
    for app in _apps:
        app.event_processor.graceful_shutdown_timeout = seconds


async def finished() -> int:
    """Wait until what has begun is answered, for `FINISH_SECONDS` at most; returns how much isn't.

    Sockets have to be open still. What begins meanwhile isn't waited for: visitors never stop.
    """
    begun = [*(asyncio.ensure_future(handler.wait_all()) for handler in _handlers()), *_requests]
    if not begun:
        return 0
    done, left = await asyncio.wait(begun, timeout=FINISH_SECONDS)
    for one in done:
        # Known to who handled it; asked for, so that asyncio doesn't log it once more.
        if not one.cancelled():
            one.exception()
    _wait_in_reflex(LATE_SECONDS)
    await asyncio.sleep(WRITING_SECONDS)
    return len(left)
