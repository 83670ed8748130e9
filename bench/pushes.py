"""How long a change takes to reach every open tab of a product: from the event to the frame."""

from __future__ import annotations

import asyncio
import multiprocessing
import time
from multiprocessing.queues import Queue
from multiprocessing.synchronize import Event
from queue import Empty

from bench import checkout
from tests.shop import Shop
from tests.socket_client import STATE, Closed, Tab, page_says

PAGE, SKU = "/products/dune-mug", "FH-DNM-OAT"
STOCK = f"{STATE}.shop_app___state___admin___stock____stock"
MARK = '"now_dune-mug'
PROCESSES = 2
CONNECT_AT_ONCE = 20
CONNECTS_SECONDS, PUSH_SECONDS = 240, 30


def run(shop: Shop, tabs: int) -> list[float]:
    """The milliseconds after which each of so many tabs had a change of stock.

    Errors  AssertionError where one never had it.
    """
    _skus, key = checkout.prepare(shop)
    context = multiprocessing.get_context("spawn")
    results, stop = context.Queue(), context.Event()
    said = page_says(shop.url, PAGE)
    clients = [
        context.Process(target=_client, args=(shop.url, said, tabs // PROCESSES, results, stop))
        for _ in range(PROCESSES)
    ]
    for client in clients:
        client.start()
    try:
        for _connected in clients:
            results.get(timeout=CONNECTS_SECONDS)
        began = asyncio.run(_adjust(shop.url, key))
        times: list[float] = []
        ends = time.monotonic() + PUSH_SECONDS
        while len(times) < tabs and time.monotonic() < ends:
            try:
                times.append((results.get(timeout=1) - began) * 1000)
            except Empty:
                continue
    finally:
        stop.set()
        for client in clients:
            client.join(20)
    assert len(times) == tabs, f"{len(times)} of {tabs} tabs had the push"
    return times


async def _adjust(url: str, key: str) -> float:
    """Take a unit off the stock as staff do; the moment at which the event was sent (`time.monotonic`)."""
    async with Tab(url, cookies={"shop_session": key}) as tab:
        await tab.settle()
        await tab.call(f"{STOCK}.open", {"sku": SKU}, path="/admin/inventory")
        began = time.monotonic()
        form = {"mode": "change", "units": "-1", "seen": "0", "reason": "broken"}
        await tab.send(f"{STOCK}.adjust", {"form": form}, path="/admin/inventory")
        await tab.settle()
        return began


def _client(url: str, said: list[str], tabs: int, results: Queue[float], stop: Event) -> None:
    asyncio.run(_tabs(url, said, tabs, results, stop))


async def _tabs(url: str, said: list[str], count: int, results: Queue[float], stop: Event) -> None:
    gate, opened = asyncio.Semaphore(CONNECT_AT_ONCE), [Tab(url) for _ in range(count)]

    async def connect(tab: Tab) -> None:
        async with gate:
            tab.keep_frames = False
            await tab.connect(PAGE, said=said)
            await tab.settle(quiet=0.3)

    async def wait(tab: Tab) -> None:
        try:
            while MARK not in await tab._receive():
                pass
        except Closed:
            return
        results.put(time.monotonic())
        # Pings are answered until everybody has theirs.
        while not stop.is_set():
            try:
                async with asyncio.timeout(0.5):
                    await tab._receive()
            except (TimeoutError, Closed):
                continue

    await asyncio.gather(*map(connect, opened))
    waiting = [asyncio.create_task(wait(tab)) for tab in opened]
    results.put(0.0)
    await asyncio.wait(waiting, timeout=CONNECTS_SECONDS)
    for tab in opened:
        await tab.close()
