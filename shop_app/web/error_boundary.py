"""The error boundary: logs what nothing else caught, and answers with a reference number alone."""

from __future__ import annotations

import logging
import secrets

from starlette.requests import ClientDisconnect
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from .headers import FILES_POLICY, security_headers

log = logging.getLogger(__name__)


class ErrorBoundary:
    """ASGI: wraps everything else.

    Starlette answers a failure with its own 500 before it raises: a 500 is held back until the application
    has ended, and dropped where that was with an error.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self.app(scope, receive, send)
            return
        answer = _Answer(send)
        try:
            await self.app(scope, receive, answer.send)
            await answer.release()
        except ClientDisconnect:
            # The client disconnected before it had sent everything: no error of ours.
            await answer.refuse(scope, receive, 400, "The request didn't arrive whole.")
        except Exception:
            reference = secrets.token_hex(4)
            log.exception(
                "A request failed, reference %s: %s below %r", reference, _kind(scope), _path_start(scope)
            )
            sentence = (
                f"Something went wrong on our side. If you write to us, name the reference {reference}."
            )
            await answer.refuse(scope, receive, 500, sentence)


class _Answer:
    """What the application sends: passed on, apart from a 500, which waits."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self._held_back: list[Message] = []
        self.started = False

    async def send(self, message: Message) -> None:
        if self._held_back or (message["type"] == "http.response.start" and message["status"] == 500):
            self._held_back.append(message)
            return
        self.started = True
        await self._send(message)

    async def release(self) -> None:
        """Send what was held back: the application ended without an error."""
        for message in self._held_back:
            await self._send(message)

    async def refuse(self, scope: Scope, receive: Receive, status: int, sentence: str) -> None:
        """Answer in the application's place, where it hasn't begun to."""
        if scope["type"] == "websocket":
            await self._send({"type": "websocket.close", "code": 1011})
        elif not self.started:
            headers = {name.decode(): value.decode() for name, value in security_headers()}
            headers |= {"content-security-policy": FILES_POLICY, "cache-control": "no-store"}
            await PlainTextResponse(sentence, status, headers)(scope, receive, self._send)


def _kind(scope: Scope) -> str:
    return scope["method"][:10] if scope["type"] == "http" else "socket"


def _path_start(scope: Scope) -> str:
    # The first part of the path: what follows may be a secret token.
    return "/" + scope["path"].lstrip("/").split("/")[0][:40]
