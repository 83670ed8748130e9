"""A page as a browser keeps it open: it shows what it is sent, does what it is asked, and comes back."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from tests.socket_client import STATE, Closed, Tab, parse

CART = f"{STATE}.shop_app___state___cart____cart"
COMES_BACK_SECONDS = 0.3


class OpenPage:
    """One tab at `path` for as long as this is entered; `values` is what it shows, by State and key."""

    def __init__(self, url: str, path: str, *, visitor: str = "", cookies: Mapping[str, str] | None = None):
        self._tab = Tab(url, visitor=visitor, cookies=cookies)
        self._path = path
        self._changed = asyncio.Condition()
        self._task: asyncio.Task[None] | None = None
        self.values: dict[str, dict[str, Any]] = {}
        self.is_connected = False
        self.times_connected = 0

    async def __aenter__(self) -> OpenPage:
        self._task = asyncio.create_task(self._live())
        await self.until(lambda: self.is_connected and bool(self.cart), seconds=30)
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._task
        self._task.cancel()
        with suppress(asyncio.CancelledError):
            await self._task
        await self._tab.close()

    @property
    def cart(self) -> dict[str, Any]:
        """The cart that the page shows; empty before it is loaded."""
        return self.values.get(CART, {}).get("view_rx_state_", {})

    @property
    def port(self) -> int:
        """The port of its own end of the connection, 0 without one."""
        socket = self._tab._socket
        return socket.get_extra_info("sockname", ("", 0))[1] if socket and self.is_connected else 0

    async def send(self, name: str, payload: Mapping[str, Any] | None = None) -> bool:
        """Send an event, as a click does; False where the page has no connection, and nothing was sent."""
        if not self.is_connected:
            return False
        try:
            await self._tab.send(name, payload, path=self._path)
        except Closed:
            # The task that receives finds out too, once it has its turn.
            self.is_connected = False
            await asyncio.sleep(0)
            return False
        return True

    async def until(self, condition: Any, *, seconds: float) -> bool:
        """Whether the page comes to show that, within this time."""
        try:
            async with asyncio.timeout(seconds), self._changed:
                await self._changed.wait_for(condition)
        except TimeoutError:
            return False
        return True

    async def _live(self) -> None:
        while True:
            with suppress(Closed, TimeoutError, ConnectionError):
                await self._tab.connect(self._path)
                self.times_connected += 1
                self.is_connected = True
                await self._told()
                await self._receive()
            self.is_connected = False
            await self._told()
            await self._tab.close()
            await asyncio.sleep(COMES_BACK_SECONDS)

    async def _receive(self) -> None:
        while True:
            update = parse(await self._tab._receive())
            if update is None:
                continue
            for state, values in (update.get("delta") or {}).items():
                self.values.setdefault(state, {}).update(values)
            for wanted in update.get("events") or ():
                if not wanted["name"].startswith("_"):
                    # What starts with "_" is for the browser itself.
                    await self._tab.send(wanted["name"], wanted.get("payload"), path=self._path)
            await self._told()

    async def _told(self) -> None:
        async with self._changed:
            self._changed.notify_all()
