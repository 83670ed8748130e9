"""One open tab over the raw socket: what a browser sends and gets, without a browser.

Speaks just enough of engine.io and socket.io, as text frames over a websocket, to be cheap: the
benchmarks use it too, where the load must cost less than what it loads.
"""

from __future__ import annotations

import asyncio
import json
import re
import secrets
import time
import urllib.request
import uuid
from collections.abc import Mapping, Sequence
from http.cookies import SimpleCookie
from typing import Any

import aiohttp

NAMESPACE = "/_event"
STATE = "reflex___state____state"
HYDRATE = f"{STATE}.hydrate_and_load"
VISITOR = "shop_visitor"


class Closed(Exception):
    """The server closed the socket, or never opened it."""


def visitor_key() -> str:
    """A key in the shape of the shop's cookie."""
    return secrets.token_urlsafe(32)


class Tab:
    """A connected tab: `send` an event by its full name, `answer` waits until the server is done with it."""

    def __init__(
        self, base: str, *, visitor: str = "", cookies: Mapping[str, str] | None = None, forwarded: str = ""
    ) -> None:
        """`forwarded` is the address that a proxy in front would say it comes from."""
        self.forwarded = forwarded
        self.base = base.rstrip("/")
        self.visitor = visitor or visitor_key()
        self.cookies = {VISITOR: self.visitor, **(cookies or {})}
        self.token = str(uuid.uuid4())
        self.frames: list[str] = []
        """Every text frame that came, as it came."""
        self.keep_frames = True
        self.frame_bytes = 0
        self._session: aiohttp.ClientSession | None = None
        self._socket: aiohttp.ClientWebSocketResponse | None = None

    async def __aenter__(self) -> Tab:
        await self.connect()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def connect(
        self,
        path: str = "/",
        *,
        origin: str | None = None,
        hydrate: bool = True,
        auth: Any = None,
        said: Sequence[str] = (),
    ) -> None:
        """Open the socket as the page at `path` does, and load it; `auth` is sent where it doesn't hydrate.

        `said` is what a page that has just been opened says of its values (`page_says`); without it, the tab
        is one that connects again.

        Errors  Closed where the server refuses.
        """
        # A proxy of the tests has a certificate of its own.
        self._session = aiohttp.ClientSession(connector=aiohttp.TCPConnector(ssl=False))
        cookie = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        headers = {"Cookie": cookie, "Origin": self.base if origin is None else origin}
        if not headers["Origin"]:
            del headers["Origin"]
        if self.forwarded:
            headers["X-Forwarded-For"] = self.forwarded
        address = f"{self.base}{NAMESPACE}/?EIO=4&transport=websocket&token={self.token}"
        try:
            self._socket = await self._session.ws_connect(
                address.replace("http", "ws", 1), headers=headers, max_msg_size=0
            )
            await self._receive()
            payload = {"hashes": list(said)} if said else {}
            boot = {"event": event(HYDRATE, payload, path)} if hydrate else auth or {}
            await self._socket.send_str(f"40{NAMESPACE},{json.dumps(boot)}")
            while not (frame := await self._receive()).startswith("40"):
                if frame.startswith("44"):
                    raise Closed(frame)
        except (aiohttp.ClientError, Closed) as error:
            await self.close()
            raise Closed(str(error)) from error

    async def close(self) -> None:
        if self._socket:
            await self._socket.close()
        if self._session:
            await self._session.close()

    async def send(self, name: str, payload: Mapping[str, Any] | None = None, *, path: str = "/") -> None:
        """Send an event and don't wait."""
        await self.send_raw("event", event(name, payload or {}, path))

    async def send_raw(self, kind: str, data: Any) -> None:
        await self.send_text(f"42{NAMESPACE},{json.dumps([kind, data])}")

    async def send_text(self, frame: str) -> None:
        """Send a frame as it is.

        Errors  Closed.
        """
        assert self._socket is not None
        try:
            await self._socket.send_str(frame)
        except (aiohttp.ClientError, ConnectionError) as error:
            raise Closed(str(error)) from error

    async def answer(self, *, seconds: float = 5) -> list[dict[str, Any]]:
        """The updates up to the next final one.

        Errors  TimeoutError where none comes; Closed.
        """
        updates: list[dict[str, Any]] = []
        async with asyncio.timeout(seconds):
            while True:
                update = parse(await self._receive())
                if update is None:
                    continue
                updates.append(update)
                if update.get("final", True) and not update.get("events"):
                    return updates
                if update.get("events"):
                    return updates

    async def call(
        self, name: str, payload: Mapping[str, Any] | None = None, *, path: str = "/", seconds: float = 5
    ) -> list[dict[str, Any]]:
        """Send an event, and the updates that answer it."""
        await self.send(name, payload, path=path)
        return await self.answer(seconds=seconds)

    async def settle(self, *, quiet: float = 0.25, seconds: float = 5) -> list[dict[str, Any]]:
        """The updates that come until nothing has come for `quiet` seconds."""
        updates: list[dict[str, Any]] = []
        ends = time.monotonic() + seconds
        while time.monotonic() < ends:
            try:
                async with asyncio.timeout(quiet):
                    update = parse(await self._receive())
            except TimeoutError:
                return updates
            if update is not None:
                updates.append(update)
        return updates

    async def until(self, name: str, *, seconds: float = 10) -> dict[str, Any]:
        """What the updates changed by the time that they have changed `name`, as `delta_of` says it.

        Errors  AssertionError where it isn't changed in time.
        """
        updates: list[dict[str, Any]] = []
        ends = time.monotonic() + seconds
        while name not in (changed := delta_of(updates)):
            assert time.monotonic() < ends, f"{name} never came: {updates}"
            updates += await self.settle()
        return changed

    async def _receive(self) -> str:
        assert self._socket is not None
        while True:
            message = await self._socket.receive()
            if message.type is not aiohttp.WSMsgType.TEXT:
                raise Closed(f"{message.type.name} {message.data} {message.extra}")
            frame: str = message.data
            if frame == "2":
                await self._socket.send_str("3")
                continue
            if frame == "1" or frame.startswith("41"):
                raise Closed("the server ended the connection")
            self.frame_bytes += len(frame)
            if self.keep_frames:
                self.frames.append(frame)
            return frame


def event(name: str, payload: Mapping[str, Any], path: str = "/") -> dict[str, Any]:
    """An event as Reflex's own client writes it."""
    path, _, query = path.partition("?")
    params = dict(part.partition("=")[::2] for part in query.split("&") if part)
    return {
        "name": name,
        "payload": dict(payload),
        "router_data": {"pathname": path, "asPath": path + ("?" + query if query else ""), "query": params},
    }


def page_says(base: str, path: str) -> list[str]:
    """What the page at `path` says when its socket connects first, of the values of its build and document.

    Errors  AssertionError where the page doesn't name the build's values.
    """
    document = _get(base + path)
    scripts = set(re.findall(r'/assets/context-[^"]+\.js', document))
    built = [found for script in scripts if (found := _BUILT.search(_get(base + script)))]
    assert built, f"{path} loads no script with the values that it was built with"
    held = [json.loads(_unquoted(_get(base + script))) for script in _HELD.findall(document)]
    return re.findall(r"[0-9a-f]{16}", built[0][1]) + (held[0]["held"] if held else [])


# A list, or as the minifier writes a long one: a text with dots between.
_BUILT = re.compile(r"initialStateHashes=[\[`]([^\]`]*)")
_HELD = re.compile(r'<script src="(/values/[^"]+)" async>')


def _unquoted(script: str) -> str:
    """The JSON in a script with the values of a document."""
    text = script.removeprefix("window.shopHeld=JSON.parse('").removesuffix("')")
    return re.sub(r"\\(.)", r"\1", text)


def _get(address: str) -> str:
    with urllib.request.urlopen(address, timeout=20) as answer:
        return answer.read().decode()


def parse(frame: str) -> dict[str, Any] | None:
    """The update in a frame; None for a frame of another kind."""
    prefix = f"42{NAMESPACE},"
    if not frame.startswith(prefix):
        return None
    kind, *rest = json.loads(frame.removeprefix(prefix))
    if kind != "event" or not rest:
        return {"kind": kind, "data": rest}
    return rest[0]


def delta_of(updates: list[dict[str, Any]]) -> dict[str, Any]:
    """All that the updates changed, by `state.var`, without Reflex's own marks; the last value counts."""
    changed = {}
    for update in updates:
        for state, values in (update.get("delta") or {}).items():
            for name, value in values.items():
                changed[f"{state.rpartition('.')[2]}.{name.removesuffix('_rx_state_')}"] = value
    return changed


def cookie_of(headers: list[str]) -> str:
    """The visitor's key from a page's Set-Cookie headers."""
    jar = SimpleCookie()
    for header in headers:
        jar.load(header)
    return jar[VISITOR].value
