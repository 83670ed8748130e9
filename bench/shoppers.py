"""Shoppers and staff for the load: sockets that check out and mark orders paid, over and over.

They parse little, because a Python client costs about as much as the server that it loads, but they do
what a browser does: an update that asks the tab to send an event gets that event.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import re
import time
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.socket_client import NAMESPACE, STATE, Closed, Tab, event

CART = f"{STATE}.shop_app___state___cart____cart"
CHECKOUT = f"{STATE}.shop_app___state___checkout____checkout"
ADMIN = f"{STATE}.shop_app___state___admin___orders____order_admin"
STEPS = {
    "add to cart": '"answers_rx_state_"',
    "open the checkout": '"loaded_rx_state_":true',
    "choose the delivery": '"errors_rx_state_"',
    "pay": '_rx_state_":{"address"',
    "mark paid": "Marked as paid",
}
"""Each step, and what its answer alone has in it."""
NOTICE = "state___base____notice"
PUSH = "state___live____live"
"""A push about stock that others bought: no answer to an event."""
PATIENCE_SECONDS = 20
FORM = {
    "email": "sam@example.com",
    "given_name": "Sam",
    "family_name": "Shopper",
    "line1": "Am Speicher 4",
    "postal_code": "10115",
    "locality": "Berlin",
    "country": "DE",
    "shipping_method": "express",
    "payment_provider": "manual",
}
_TOTAL = re.compile(r'"total":"[^"]*","total_minor":(\d+),"pay_label"')
_ORDER_PAGE = re.compile(r'"address":"/orders/[A-Za-z0-9_-]{16,}"')


@dataclass(slots=True)
class Done:
    """What was done: whole checkouts, in how long, and the time of each step and of the whole."""

    orders: int = 0
    seconds: float = 0.0
    cpu_seconds: float = 0.0
    """Of this process, the load itself."""
    milliseconds: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))


class Connection:
    """A tab's socket: one event at a time; events that the server asks for meanwhile are sent too."""

    def __init__(self, tab: Tab) -> None:
        assert tab._socket is not None
        tab.keep_frames = False
        self._send, self._receive = tab._socket.send_str, tab._socket.receive

    async def call(self, name: str, payload: Mapping[str, Any], path: str, mark: str) -> str:
        """Send an event; the update that answers it, known by `mark`, as it came.

        Errors  Closed; TimeoutError; AssertionError where the answer is a notice.
        """
        await self._send(frame(name, payload, path))
        async with asyncio.timeout(PATIENCE_SECONDS):
            while True:
                update = await self._update()
                if update.startswith('["event",{"events":'):
                    await self._send_requested(update, path)
                elif mark in update and PUSH not in update:
                    return update
                elif NOTICE in update:
                    raise AssertionError(f"{name} was refused: {update[:300]}")

    async def _update(self) -> str:
        while True:
            data = (await self._receive()).data
            if data == "2":
                await self._send("3")
            elif not isinstance(data, str):
                raise Closed("the server closed the socket")
            elif data.startswith(f"42{NAMESPACE},"):
                return data.removeprefix(f"42{NAMESPACE},")

    async def _send_requested(self, update: str, path: str) -> None:
        for request in json.loads(update)[1]["events"]:
            await self._send(frame(request["name"], request["payload"], path))


def frame(name: str, payload: Mapping[str, Any], path: str) -> str:
    return f"42{NAMESPACE},{json.dumps(['event', event(name, payload, path)])}"


class Load:
    """Shoppers that share the tabs of staff; order numbers have no gaps, so those needn't be read."""

    def __init__(self, skus: list[str], first: int, seconds: float) -> None:
        self._skus = itertools.cycle(skus)
        self._numbers = itertools.count(first)
        self._staff_tabs: asyncio.Queue[Connection] = asyncio.Queue()
        self._ends = time.perf_counter() + seconds
        self.done = Done()

    def staff(self, tab: Tab) -> None:
        self._staff_tabs.put_nowait(Connection(tab))

    async def shop(self, tab: Tab) -> None:
        connection = Connection(tab)
        while time.perf_counter() < self._ends:
            began = time.perf_counter()
            await self._check_out(connection)
            await self._mark_paid(next(self._numbers))
            self.done.milliseconds["whole"].append((time.perf_counter() - began) * 1000)
            self.done.orders += 1

    async def _check_out(self, connection: Connection) -> None:
        sku, page = next(self._skus), "/checkout"
        await self._step("add to cart", connection, f"{CART}.add", {"sku": sku, "quantity": 1}, "/")
        await self._step("open the checkout", connection, f"{CHECKOUT}.load", {}, page)
        chosen = {"field": "shipping_method", "value": FORM["shipping_method"]}
        shown = await self._step("choose the delivery", connection, f"{CHECKOUT}.typed", chosen, page)
        if not (total := _TOTAL.search(shown)):
            raise AssertionError(f"No total in {shown[:500]}")
        form = FORM | {"shown_minor": total[1], "ticket": "bench"}
        answer = await self._step("pay", connection, f"{CHECKOUT}.pay", {"form": form}, page)
        if not _ORDER_PAGE.search(answer):
            raise AssertionError(f"Not placed: {answer[:500]}")

    async def _mark_paid(self, number: int) -> None:
        tab = await self._staff_tabs.get()
        # The order itself is only for the page that shows it.
        payload = {"form": {"order": number, "number": number, "reference": f"transfer {number}"}}
        await self._step("mark paid", tab, f"{ADMIN}.mark_paid", payload, f"/admin/orders/{number}")
        self._staff_tabs.put_nowait(tab)

    async def _step(
        self, step: str, connection: Connection, name: str, payload: Mapping[str, Any], path: str
    ) -> str:
        began = time.perf_counter()
        answer = await connection.call(name, payload, path, STEPS[step])
        self.done.milliseconds[step].append((time.perf_counter() - began) * 1000)
        return answer


def run(
    url: str, session_key: str, skus: list[str], *, shoppers: int, staff: int, seconds: float, first: int
) -> Done:
    """Have so many shoppers check out for so long; each finishes the order that it has begun.

    `first` is the number of the next order, `session_key` the cookie of a signed-in member of staff.
    """
    return asyncio.run(_run(url, session_key, skus, shoppers, staff, seconds, first))


async def _run(
    url: str, session_key: str, skus: list[str], shoppers: int, staff: int, seconds: float, first: int
) -> Done:
    tabs = [Tab(url) for _ in range(shoppers)]
    staff_tabs = [Tab(url, cookies={"shop_session": session_key}) for _ in range(staff)]
    try:
        for tab in (*tabs, *staff_tabs):
            await tab.connect()
            await tab.settle(quiet=0.2)
        load = Load(skus, first, seconds)
        for tab in staff_tabs:
            load.staff(tab)
        began, used = time.perf_counter(), time.process_time()
        await asyncio.gather(*map(load.shop, tabs))
        load.done.seconds = time.perf_counter() - began
        load.done.cpu_seconds = time.process_time() - used
        return load.done
    finally:
        for tab in (*tabs, *staff_tabs):
            await tab.close()
