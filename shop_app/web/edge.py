"""The edge: which requests and sockets are let in, and the security headers of every answer."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shop_app.core.access import security_log
from shop_app.core.access.clients import client_address, header
from shop_app.core.access.origin import REQUEST, set_origin

from . import hosts, proxies, request_bounds
from .bodies import BODY_BYTES, Bodies, TooLarge
from .headers import FILES_POLICY, content_security_policy, security_headers
from .sockets import Sockets

CLOSED = ("/_upload", "/_health", "/_all_routes", "/auth-codespace", "/ping", "/_event")
"""Reflex's own addresses that the shop doesn't use over HTTP; sockets connect to the last one."""
WITHOUT_ORIGIN = ("/webhooks/", "/sandbox/")
"""Programs call these, without an Origin; what is behind them checks a signature or a key."""
ONE_CLICK = re.compile(r"/letters/[A-Za-z0-9_-]+")
"""So do mail programs where their user unsubscribes (RFC 8058); the link itself is the right to it."""
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


class Edge:
    """ASGI: refuses what no page of ours sends, and adds the security headers to every answer."""

    def __init__(self, app: ASGIApp, *, origins: Sequence[str], script_hashes: Iterable[str] = ()) -> None:
        self.app = app
        self.origins = frozenset(origins)
        self.headers = security_headers()
        self.page_policy = (b"content-security-policy", content_security_policy(script_hashes).encode())
        self.file_policy = (b"content-security-policy", FILES_POLICY.encode())
        self.sockets = Sockets(app, origins=origins)
        self.bodies = Bodies(app)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            await self._socket(scope, receive, send)
        elif scope["type"] == "http":
            await self._http(scope, receive, send)
        else:
            await self.app(scope, receive, send)

    async def _http(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_secured(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = self._with_security(list(message.get("headers", ())))
            await send(message)

        set_origin(REQUEST, client_address(scope))
        if refusal := self._not_for_us(scope) or self._refusal(scope, scope["path"]):
            await refusal(scope, receive, send_secured)
        elif scope["method"] in SAFE_METHODS:
            await self.app(scope, receive, send_secured)
        else:
            await self.bodies(scope, receive, send_secured)

    def _with_security(self, headers: list[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
        headers_by_name = dict(headers)
        page = headers_by_name.get(b"content-type", b"").startswith(b"text/html")
        ours = [*self.headers, self.page_policy if page else self.file_policy]
        return headers + [pair for pair in ours if pair[0] not in headers_by_name]

    async def _socket(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self._not_for_us(scope):
            await receive()
            await send({"type": "websocket.close", "code": 1008})
        else:
            await self.sockets(scope, receive, send)

    def _not_for_us(self, scope: Scope) -> PlainTextResponse | None:
        proxies.recognise(scope)
        if refusal := hosts.refusal(scope):
            host = hosts.given_host(scope) or "unreadable"
            security_log.note("foreign host", address=client_address(scope), detail=host)
            return refusal
        if refusal := request_bounds.refusal(scope):
            security_log.note(
                "address refused", address=client_address(scope), detail=str(refusal.status_code)
            )
        return refusal

    def _refusal(self, scope: Scope, path: str) -> ASGIApp | None:
        if any(path == closed or path.startswith(closed + "/") for closed in CLOSED):
            return PlainTextResponse("There is nothing at this address.", 404)
        is_one_click = scope["method"] == "POST" and ONE_CLICK.fullmatch(path)
        if scope["method"] in SAFE_METHODS or path.startswith(WITHOUT_ORIGIN) or is_one_click:
            return None
        if header(scope, b"origin") not in self.origins:
            return PlainTextResponse("This request didn't come from one of the shop's pages.", 403)
        length = header(scope, b"content-length")
        # `isdigit` also takes digits of other scripts; 12 digits are more than any body has.
        if length and not (length.isascii() and length.isdigit() and len(length) <= 12):
            return PlainTextResponse("The length of the body can't be read.", 400)
        if length and int(length) > BODY_BYTES:
            return TooLarge().answer
        return None
