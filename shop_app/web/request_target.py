"""The target of a request has to be a path. Wraps Reflex's application, and with it the edge.

Reflex's own routing comes before the edge, and answers "HEAD evil.test:443", whose path is empty, with a
redirect to whatever Host was sent.
"""

from __future__ import annotations

from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from .headers import FILES_POLICY, security_headers


class PathsOnly:
    """ASGI: passes on requests for a path, and refuses other targets ("host:port", "*")."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and not scope["path"].startswith("/"):
            headers = {name.decode(): value.decode() for name, value in security_headers()}
            headers |= {"content-security-policy": FILES_POLICY, "cache-control": "no-store"}
            refusal = PlainTextResponse("A request has to name a path.", 400, headers)
            await refusal(scope, receive, send)
        else:
            await self.app(scope, receive, send)
