"""How the body of a request arrives: bounded in size, in time, and in how many are under way."""

from __future__ import annotations

import asyncio
from collections import Counter
from contextlib import suppress

from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shop_app.core.settings import load_test

from ..core.access import security_log
from ..core.access.clients import client_address

BODY_BYTES = 6 * 1024 * 1024
SILENT_SECONDS = 10
"""So long a body may pause."""
WHOLE_SECONDS = 60
"""So long it may take as a whole."""
MAX_BODIES = 1_000
MAX_BODIES_PER_ADDRESS = 50


async def _break_off(_scope: Scope, _receive: Receive, send: Send) -> None:
    """Answer in one byte less than was promised, which makes the server close the connection.

    It would else wait for the rest of the body: Granian 2.8 still reads it for a `receive` that nobody
    waits for any more, and `Connection: close` changes nothing about that.
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
    """ASGI for requests with a body: hands them on, and counts what comes while it comes."""

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
        """Hand on, and answer in the application's place where the body is refused.

        What the application says of a body that broke off is its own guess (Starlette's is 500), so it
        isn't sent.
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

        # Where the application lets it through, it is the one that is `refused`.
        with suppress(BodyRefused):
            await self.app(scope, watched_receive, watched_send)
        if refused is not None:
            security_log.note("body refused", address=address, detail=str(refused))
            if not started:
                await refused.answer(scope, receive, send)


def counted(receive: Receive) -> Receive:
    """`receive` that counts bytes and seconds: a length that was promised, or left out, proves nothing.

    Errors  BodyRefused, out of the receiving, when the body is too large or too slow.
    """
    size = 0
    whole = False
    ends_at = asyncio.get_running_loop().time() + WHOLE_SECONDS

    async def next_part() -> Message:
        nonlocal size, whole
        if whole:
            # Only the end of the connection can come now, which may take as long as it likes.
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
