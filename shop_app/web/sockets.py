"""The edge of the sockets: who may connect one, what it may send, and which tab's State it gets."""

from __future__ import annotations

import asyncio
import base64
import hmac
import os
import re
from collections import Counter
from collections.abc import Iterable
from urllib.parse import parse_qs, urlencode

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shop_app.core import metrics
from shop_app.core.access import cookies, security_log
from shop_app.core.access.clients import client_address, header, set_client_address
from shop_app.core.access.token_buckets import TokenBucket, TokenBuckets
from shop_app.core.settings import load_test, settings

from .send_buffer import SendBuffer, Total
from .sockets_elsewhere import elsewhere
from .tab_states import state_key

MESSAGE_BYTES = 64 * 1024
MESSAGES_PER_SECOND = 20
MESSAGE_BURST = 60
"""From one socket: more closes it."""
ADDRESS_MESSAGES_PER_SECOND = 60
ADDRESS_MESSAGE_BURST = 300
"""From all sockets of one address together: more wait."""
LONGEST_WAIT_SECONDS = 10
SOCKETS_PER_ADDRESS = 50
"""Of all processes together."""
NEW_SOCKETS_PER_SECOND = 10
NEW_SOCKET_BURST = 200
"""From one address: every page that is loaded opens one."""

# The packets that a page's own code sends: it connects to one namespace, leaves it, answers pings, sends
# events and reports its errors. All others of socket.io are refused: other namespaces, binary packets (which
# are kept until all their parts have come), acknowledgements, and events with the protocol's own names
# ("connect" would change the identity of the connection).
ALLOWED = re.compile(
    r'[123]\Z|40/_event,(?:\{|\Z)|41/_event,?\Z|42/_event,\["(?:event|client_error|ping)"[,\]]'
)
_CLOSE = "1"
"""The packet that ends the connection: one after it would connect a socket that is never cleaned up."""
_TOKEN = re.compile(r"[A-Za-z0-9-]{1,64}")
# The headers of a socket's request that Reflex and the shop read, with their longest lengths. The request
# stays in memory for as long as the tab is open, so others are dropped.
MAX_COOKIE_CHARS = 2_000
"""Of one of ours: keys have 43, the ticket between the steps of a sign-in has an address and a target."""
_KEPT_HEADER_CHARS = {
    b"host": 300,
    b"origin": 300,
    b"user-agent": 300,
    b"accept-language": 200,
    b"connection": 100,
    b"upgrade": 50,
    b"sec-websocket-key": 100,
    b"sec-websocket-version": 10,
    b"sec-websocket-extensions": 200,
    b"sec-websocket-protocol": 100,
}


class Sockets:
    """ASGI for websockets: refuses, bounds and counts them in front of Reflex's socket server."""

    def __init__(self, app: ASGIApp, *, origins: Iterable[str]) -> None:
        self.app = app
        self.origins = frozenset(origins)
        self.of_address: Counter[str] = Counter()
        elsewhere.own = self.of_address
        self.unsent = Total()
        self._new = TokenBuckets(NEW_SOCKETS_PER_SECOND, NEW_SOCKET_BURST)
        self._messages = TokenBuckets(ADDRESS_MESSAGES_PER_SECOND, ADDRESS_MESSAGE_BURST)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        address = client_address(scope)
        if reason := self._refusal(scope, address):
            security_log.note("socket refused", address=address, detail=reason)
            await receive()
            await send({"type": "websocket.close", "code": 1008})
            return
        cookie = _mint_visitor(scope)
        set_client_address(scope)
        _bind_to_visitor(scope)
        outgoing = SendBuffer(
            _with_cookie(send, cookie),
            self.unsent,
            lambda reason: security_log.note("socket closed", address=address, detail=reason),
        )
        self.of_address[address] += 1
        metrics.OPEN_TABS.inc()
        try:
            await self.app(scope, self._metered(receive, outgoing, address), outgoing.send)
            await outgoing.finish()
        finally:
            outgoing.end()
            metrics.OPEN_TABS.dec()
            self.of_address[address] -= 1
            if self.of_address[address] <= 0:
                del self.of_address[address]

    def _refusal(self, scope: Scope, address: str) -> str:
        """Why this socket isn't opened; "" where it is."""
        if header(scope, b"origin") not in self.origins:
            return "another origin"
        if not _TOKEN.fullmatch(_field(scope, "token")):
            return "no tab"
        if load_test():
            return ""
        if self.of_address[address] + elsewhere.of(address) >= SOCKETS_PER_ADDRESS:
            return "too many of one address"
        if self.of_address.total() >= settings().most_tabs:
            return "too many of all"
        return "" if self._new[address].take() else "too many new ones of one address"

    def _metered(self, receive: Receive, outgoing: SendBuffer, address: str) -> Receive:
        """`receive` of one socket that lets through what a page sends, at a bounded rate."""
        own = TokenBucket(MESSAGES_PER_SECOND, MESSAGE_BURST)
        closing = False

        async def metered() -> Message:
            nonlocal closing
            if closing:
                return {"type": "websocket.disconnect", "code": 1000}
            message = await outgoing.next_message(receive)
            if message["type"] != "websocket.receive":
                return message
            reason, code = _wrong(message, own)
            if reason:
                security_log.note("socket closed", address=address, detail=reason)
                await outgoing.send({"type": "websocket.close", "code": code})
                return {"type": "websocket.disconnect", "code": code}
            pause_seconds = 0.0 if load_test() else self._messages[address].reserve()
            closing = message["text"] == _CLOSE
            if pause_seconds:
                # Nothing more is received meanwhile, so nothing is queued on this side.
                await asyncio.sleep(min(pause_seconds, LONGEST_WAIT_SECONDS))
            return message

        return metered


def _wrong(message: Message, bucket: TokenBucket) -> tuple[str, int]:
    """Why this message ends its socket, and with which code; "" for one that a page sends."""
    text = message.get("text")
    if text is None:
        return "binary", 1003
    if len(text) > MESSAGE_BYTES:
        return "too large", 1009
    if not (bucket.take() or load_test()):
        return "too many", 1008
    return ("", 0) if ALLOWED.match(text) else ("not what a page sends", 1008)


def _with_cookie(send: Send, cookie: str) -> Send:
    async def with_cookie(message: Message) -> None:
        if message["type"] == "websocket.accept" and cookie:
            message["headers"] = [*message.get("headers", ()), (b"set-cookie", cookie.encode())]
        await send(message)

    return with_cookie


def _field(scope: Scope, name: str) -> str:
    """A field of the socket's query, "" where it is missing or comes twice."""
    values = parse_qs(scope["query_string"].decode("latin-1")).get(name, [])
    return values[0] if len(values) == 1 else ""


def _bind_to_visitor(scope: Scope) -> None:
    """Reduce the request to what is read later, and replace its token by the key of the tab's State."""
    cookie = header(scope, b"cookie")
    names = (cookies.visitor_cookie(), cookies.session_cookie(), cookies.step_cookie())
    own_cookies = "; ".join(
        f"{name}={value}"
        for name in names
        if (value := cookies.read(cookie, name)) and len(value) <= MAX_COOKIE_CHARS
    )
    headers = {name: header(scope, name)[-most:] for name, most in _KEPT_HEADER_CHARS.items()}
    scope["headers"] = [(name, value.encode("latin-1")) for name, value in headers.items() if value]
    scope["headers"].append((b"cookie", own_cookies.encode("latin-1")))
    params = {name: _field(scope, name) for name in ("EIO", "transport")}
    query = urlencode(params | {"token": state_key(own_cookies, _field(scope, "token"))})
    scope["query_string"] = query.encode()


def _new_visitor_key(scope: Scope) -> str:
    token = _field(scope, "token")
    if not token or os.environ.get("REFLEX_ENV_MODE", "dev") != "dev" or settings().mode == "production":
        return cookies.new_key()
    digest = hmac.digest(settings().signing_key.encode(), b"visitor of a tab:" + token.encode(), "sha256")
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")


def _mint_visitor(scope: Scope) -> str:
    """Add a new visitor's cookie to the request where it has none; returns the Set-Cookie value, else "".

    Usually the cookie comes with the document; this is for development, where Vite serves the documents.
    Granian 2.8 doesn't send the headers of a websocket's accept, so there the key is derived from the tab's
    token, and stays the same as long as the tab is open. In production a browser without cookies gets a new
    key with every connection: tokens are sent in addresses, so they must not identify anybody.
    """
    sent = header(scope, b"cookie")
    if cookies.visitor_key(sent) is not None:
        return ""
    name, key = cookies.visitor_cookie(), _new_visitor_key(scope)
    others = [pair for pair in scope["headers"] if pair[0] != b"cookie"]
    # First in the header: the first cookie of a name is the one that is read.
    joined = f"{name}={key}" + (f"; {sent}" if sent else "")
    scope["headers"] = [*others, (b"cookie", joined.encode("latin-1"))]
    return cookies.set_cookie(name, key, max_age=cookies.visitor_seconds())
