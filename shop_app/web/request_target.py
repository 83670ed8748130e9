"""What a request may name as its target: a path. Stands outside of Reflex's own application.

That one looks at the path before the edge does, and answers "HEAD evil.test:443", whose path is empty, with
a redirect to the Host that was sent, whatever it is.
"""

from __future__ import annotations

from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from .headers import FILES_POLICY, security_headers


class PathsOnly:
    """ASGI: hands on what is asked by a path, and refuses the targets of proxies ("host:port", "*")."""

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
