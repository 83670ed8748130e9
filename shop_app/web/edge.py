"""The outermost layer: who may connect, how much they may send, and the headers that every answer carries."""

from __future__ import annotations

import base64
import hmac
import logging
import os
import time
from collections import Counter
from collections.abc import Iterable
from urllib.parse import parse_qs

from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shop_app.settings import load_test, settings

from . import cookies
from .asking import client_address, header, settle_address
from .headers import FILES_POLICY, content_security_policy, security_headers

log = logging.getLogger(__name__)

MESSAGE_BYTES = 64 * 1024
MESSAGES_PER_SECOND = 20
MESSAGE_BURST = 60
SOCKETS_PER_ADDRESS = 50
BODY_BYTES = 6 * 1024 * 1024

# Reflex's own doors that the shop doesn't use.
CLOSED = ("/_upload", "/_health", "/_all_routes", "/auth-codespace")
# Machines call these: they carry a signature and no Origin.
MACHINES = ("/webhooks/", "/sandbox/")
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


class Bucket:
    """A token bucket: `burst` at once, `rate` a second from then on."""

    __slots__ = ("burst", "filled_at", "left", "rate")

    def __init__(self, rate: float, burst: float) -> None:
        self.rate, self.burst = rate, burst
        self.left, self.filled_at = burst, time.monotonic()

    def take(self) -> bool:
        """Take one token; False where none is left."""
        now = time.monotonic()
        self.left = min(self.burst, self.left + (now - self.filled_at) * self.rate)
        self.filled_at = now
        if self.left < 1:
            return False
        self.left -= 1
        return True


class Edge:
    """ASGI: refuses what no page of ours sends, and dresses every answer."""

    def __init__(self, app: ASGIApp, *, origins: Iterable[str], script_hashes: Iterable[str] = ()) -> None:
        self.app = app
        self.origins = frozenset(origins)
        self.headers = security_headers()
        self.page_policy = (b"content-security-policy", content_security_policy(script_hashes).encode())
        self.file_policy = (b"content-security-policy", FILES_POLICY.encode())
        self.sockets: Counter[str] = Counter()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            await self._socket(scope, receive, send)
        elif scope["type"] == "http":
            await self._http(scope, receive, send)
        else:
            await self.app(scope, receive, send)

    async def _http(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def dressed(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = self._dressed(list(message.get("headers", ())))
            await send(message)

        if refusal := self._refusal(scope, scope["path"]):
            await refusal(scope, receive, dressed)
        elif scope["method"] in SAFE_METHODS:
            await self.app(scope, receive, dressed)
        else:
            await self._bounded_body(scope, receive, dressed)

    def _dressed(self, headers: list[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
        there = dict(headers)
        page = there.get(b"content-type", b"").startswith(b"text/html")
        ours = [*self.headers, self.page_policy if page else self.file_policy]
        return headers + [pair for pair in ours if pair[0] not in there]

    def _refusal(self, scope: Scope, path: str) -> PlainTextResponse | None:
        if any(path == door or path.startswith(door + "/") for door in CLOSED):
            return PlainTextResponse("There is nothing at this address.", 404)
        if scope["method"] in SAFE_METHODS or path.startswith(MACHINES):
            return None
        if header(scope, b"origin") not in self.origins:
            return PlainTextResponse("This request didn't come from one of the shop's pages.", 403)
        length = header(scope, b"content-length")
        if length and (not length.isdigit() or int(length) > BODY_BYTES):
            return PlainTextResponse("That is larger than the shop takes.", 413)
        return None

    async def _bounded_body(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Count what arrives: a length that was promised, or left out, proves nothing."""
        got = 0
        started = False

        async def counted() -> Message:
            nonlocal got
            message = await receive()
            got += len(message.get("body", b""))
            if got > BODY_BYTES:
                raise _TooLarge
            return message

        async def watched(message: Message) -> None:
            nonlocal started
            started = True
            await send(message)

        try:
            await self.app(scope, counted, watched)
        except _TooLarge:
            if not started:
                await PlainTextResponse("That is larger than the shop takes.", 413)(scope, receive, send)

    async def _socket(self, scope: Scope, receive: Receive, send: Send) -> None:
        address = client_address(scope)
        if header(scope, b"origin") not in self.origins or (
            self.sockets[address] >= SOCKETS_PER_ADDRESS and not load_test()
        ):
            await receive()
            await send({"type": "websocket.close", "code": 1008})
            return
        made = _mint_visitor(scope)
        settle_address(scope)
        bucket = Bucket(MESSAGES_PER_SECOND, MESSAGE_BURST)

        async def metered() -> Message:
            message = await receive()
            if message["type"] != "websocket.receive":
                return message
            size = len(message.get("bytes") or message.get("text") or "")
            if size > MESSAGE_BYTES or not (bucket.take() or load_test()):
                log.warning("A socket was closed: %s", "too large" if size > MESSAGE_BYTES else "too many")
                await send({"type": "websocket.close", "code": 1009 if size > MESSAGE_BYTES else 1008})
                return {"type": "websocket.disconnect", "code": 1008}
            return message

        async def with_cookie(message: Message) -> None:
            if message["type"] == "websocket.accept" and made:
                message["headers"] = [*message.get("headers", ()), (b"set-cookie", made.encode())]
            await send(message)

        self.sockets[address] += 1
        try:
            await self.app(scope, metered, with_cookie)
        finally:
            self.sockets[address] -= 1
            if self.sockets[address] <= 0:
                del self.sockets[address]


class _TooLarge(Exception):
    """The body grew past the limit."""


def _key_for(scope: Scope) -> str:
    token = parse_qs(scope["query_string"]).get(b"token", [b""])[0]
    if not token or os.environ.get("REFLEX_ENV_MODE", "dev") != "dev" or settings().mode == "production":
        return cookies.new_key()
    made = hmac.digest(settings().signing_key.encode(), b"visitor of a tab:" + token, "sha256")
    return base64.urlsafe_b64encode(made).decode().rstrip("=")


def _mint_visitor(scope: Scope) -> str:
    """Give a socket without a visitor's cookie a new one, in its own headers too; "" where it has one.

    Pages get theirs with the document; this is for development, where Vite serves the documents.
    Granian 2.8 doesn't send the headers of a websocket's accept, so there the key is made from the
    tab's token, and lives as long as the tab. Elsewhere a browser that keeps no cookies gets a new
    key with every connection: a token travels in addresses, so it must not open anything.
    """
    sent = header(scope, b"cookie")
    if cookies.visitor_key(sent) is not None:
        return ""
    name, key = cookies.visitor_cookie(), _key_for(scope)
    kept = [pair for pair in scope["headers"] if pair[0] != b"cookie"]
    # First in the header: a cookie of that name with a wrong shape must not shadow it.
    joined = f"{name}={key}" + (f"; {sent}" if sent else "")
    scope["headers"] = [*kept, (b"cookie", joined.encode("latin-1"))]
    return cookies.set_cookie(name, key, max_age=cookies.VISITOR_SECONDS)
