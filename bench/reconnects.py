"""300 open tabs whose server is killed and comes back: how long until all are back, and who waits meanwhile.

Tabs come back as Reflex's own script lets them, and as the shop's does (`web/frontend.py`).
"""

from __future__ import annotations

import asyncio
import random
import signal
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from statistics import median

import aiohttp

from bench import cpu
from bench.report import Row
from shop_app.web.frontend import FIRST_RECONNECT_MS, RETRY_STEP_MS
from tests.shop import Shop, free_port, running
from tests.socket_client import Closed, Tab

TABS = 300
PAGE = "/products/dune-mug"
LOADED = '"is_hydrated_rx_state_":true'

Pause = Callable[[int], float]
"""The milliseconds before the next try, by the number of tries that have failed."""


def reflexs(failed: int) -> float:
    return 200 * min(failed, 10)


def shops(failed: int) -> float:
    if not failed:
        return random.random() * FIRST_RECONNECT_MS
    return RETRY_STEP_MS * min(failed, 10) * (0.5 + random.random())


def run(folder: Path) -> list[Row]:
    rows: list[Row] = []
    for name, pause in (("Reflex's pauses", reflexs), ("the shop's pauses", shops)):
        (folder / name).mkdir()
        rows += asyncio.run(_come_back(folder / name, name, pause))
    return rows


async def _come_back(folder: Path, name: str, pause: Pause) -> list[Row]:
    port, going = free_port(), ExitStack()
    settings = {"PORT": str(port), "SHOP_LOAD_TEST": "1", "SHOP_LOG_LEVEL": "WARNING"}
    first = going.enter_context(running(folder, **settings))
    tabs = [Tab(first.url) for _tab in range(TABS)]
    for tab in tabs:
        await _load(tab)
    coming = [asyncio.create_task(_one(tab, pause)) for tab in tabs]
    first.process.send_signal(signal.SIGKILL)
    await asyncio.to_thread(going.close)
    with ExitStack() as back:
        second: Shop = await asyncio.to_thread(back.enter_context, running(folder, **settings))
        ready, used = time.monotonic(), cpu.of_shop(second)
        others = asyncio.create_task(_others(second.url))
        answers = await asyncio.gather(*coming)
        seconds = time.monotonic() - ready
        used = cpu.of_shop(second) - used
        others.cancel()
        for tab in tabs:
            await tab.close()
        waits = sorted(took for _tries, took in answers)
        return [
            Row(f"{name}: all {TABS} tabs are back after", round(seconds, 2), "s"),
            Row(f"{name}: a tab's socket and page take, p50", round(1000 * median(waits)), "ms"),
            Row(f"{name}: the slowest of them", round(1000 * waits[-1]), "ms"),
            Row(f"{name}: CPU of the server meanwhile", round(used, 2), "s"),
            Row(f"{name}: tries of a tab", median(tries for tries, _took in answers), ""),
            Row(f"{name}: somebody else's page, slowest", round(1000 * max(_waited)), "ms"),
        ]


_waited: list[float] = []


async def _others(url: str) -> None:
    """Load a page again and again, as somebody who was never away."""
    _waited[:] = [0.0]
    async with aiohttp.ClientSession() as session:
        while True:
            began = time.monotonic()
            try:
                async with session.get(url + PAGE) as answer:
                    await answer.read()
            finally:
                _waited.append(time.monotonic() - began)
            await asyncio.sleep(0.05)


async def _one(tab: Tab, pause: Pause) -> tuple[int, float]:
    """Wait until the server is gone, then come back: the tries that it took, and the seconds of the last."""
    try:
        while True:
            await tab._receive()
    except Closed:
        await tab.close()
    failed = 0
    while True:
        await asyncio.sleep(pause(failed) / 1000)
        began = time.monotonic()
        try:
            await _load(tab)
        except Closed:
            failed += 1
            continue
        return failed + 1, time.monotonic() - began


async def _load(tab: Tab) -> None:
    """Connect, and read until the page is loaded.

    Errors  Closed.
    """
    await tab.connect(PAGE)
    while LOADED not in await tab._receive():
        pass
