"""The bodies of requests: bounded in size, in time, and in how many arrive at once."""

from __future__ import annotations

import asyncio
from collections import Counter
from contextlib import suppress

from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shop_app.core.access import security_log
from shop_app.core.access.clients import client_address
from shop_app.core.settings import load_test

BODY_BYTES = 6 * 1024 * 1024
SILENT_SECONDS = 10
"""So long a body may pause."""
WHOLE_SECONDS = 60
"""So long a whole body may take."""
MAX_BODIES = 1_000
MAX_BODIES_PER_ADDRESS = 50


async def _break_off(_scope: Scope, _receive: Receive, send: Send) -> None:
    """Answer with one byte less than `content-length` says, which makes the server close the connection.

    Granian 2.8 would otherwise wait for the rest of the body, with `Connection: close` too.
    """
    sentence = str(TooSlow()).encode()
    length = str(len(sentence) + 1).encode()
    headers = [(b"content-type", b"text/plain; charset=utf-8"), (b"content-length", length)]
    await send({"type": "http.response.start", "status": 408, "headers": headers})
    await send({"type": "http.response.body", "body": sentence, "more_body": True})


class BodyRefused(Exception):
    """The body can't be taken; the text is the sentence of the `answer`."""

    answer: ASGIApp


class TooLarge(BodyRefused):
    def __init__(self) -> None:
        super().__init__("That is larger than the shop takes.")
        self.answer = PlainTextResponse(str(self), 413)


class TooSlow(BodyRefused):
    def __init__(self) -> None:
        super().__init__("The rest of the request didn't arrive in time.")
        self.answer = _break_off


class Bodies:
    """ASGI for requests with a body: passes them on, and counts their bytes and seconds meanwhile."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        self.of_address: Counter[str] = Counter()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        address = client_address(scope)
        if self._full(address):
            security_log.note("body refused", address=address, detail="too many under way")
            busy = {"Retry-After": "10"}
            answer = PlainTextResponse("Too much is being sent just now. Try again in a moment.", 503, busy)
            await answer(scope, receive, send)
            return
        self.of_address[address] += 1
        try:
            await self._bounded(scope, receive, send, address)
        finally:
            self.of_address[address] -= 1
            if not self.of_address[address]:
                del self.of_address[address]

    def _full(self, address: str) -> bool:
        open_bodies = self.of_address
        return not load_test() and (
            open_bodies[address] >= MAX_BODIES_PER_ADDRESS or open_bodies.total() >= MAX_BODIES
        )

    async def _bounded(self, scope: Scope, receive: Receive, send: Send, address: str) -> None:
        """Pass the request on; where its body is refused, answer in the application's place.

        The application's own answer to a body that broke off isn't sent: Starlette's would be a 500.
        """
        refused: BodyRefused | None = None
        started = False
        parts = counted(receive)

        async def watched_receive() -> Message:
            nonlocal refused
            try:
                return await parts()
            except BodyRefused as error:
                refused = error
                raise

        async def watched_send(message: Message) -> None:
            nonlocal started
            if refused is None or started:
                started = True
                await send(message)

        # The application may raise it again, or answer it: `refused` has it in both cases.
        with suppress(BodyRefused):
            await self.app(scope, watched_receive, watched_send)
        if refused is not None:
            security_log.note("body refused", address=address, detail=str(refused))
            if not started:
                await refused.answer(scope, receive, send)


def counted(receive: Receive) -> Receive:
    """`receive` that counts bytes and seconds, whatever `content-length` says.

    Errors  Calling it raises BodyRefused when the body is too large or too slow.
    """
    size = 0
    whole = False
    ends_at = asyncio.get_running_loop().time() + WHOLE_SECONDS

    async def next_part() -> Message:
        nonlocal size, whole
        if whole:
            # Only the end of the connection can come now, which has no bound.
            return await receive()
        patience_seconds = min(SILENT_SECONDS, ends_at - asyncio.get_running_loop().time())
        try:
            message = await asyncio.wait_for(receive(), patience_seconds)
        except TimeoutError:
            raise TooSlow from None
        size += len(message.get("body", b""))
        if size > BODY_BYTES:
            raise TooLarge
        whole = not message.get("more_body", False)
        return message

    return next_part
