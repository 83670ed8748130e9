"""What a page costs the server once its document is there: its socket, and everything that it is sent.

SHOP_BENCH_BEFORE names a worktree of the code before, with its own .venv and built pages: both servers run
at the same time, and pages are opened on them in turns. A page does what a browser does that has just loaded
it: it connects, says what it has, and waits until it is loaded.
"""

from __future__ import annotations

import asyncio
import os
import statistics
from collections import defaultdict
from contextlib import ExitStack
from pathlib import Path

import psutil

from bench.report import Row
from tests.shop import Shop, running
from tests.socket_client import Tab, page_says

PAGES = {
    "home": "/",
    "list": "/products",
    "search": "/products?q=mug",
    "product": "/products/dune-mug",
}
ROUNDS, OPENED = 5, 40
LOADED = '"is_hydrated_rx_state_":true'


def run(folder: Path) -> list[Row]:
    """Each page in turns on the code as it is and, where that is named, on the code before."""
    before = os.environ.get("SHOP_BENCH_BEFORE", "")
    with ExitStack() as stack:
        shops = {}
        for name, root in (("now", None), *((("before", Path(before)),) if before else ())):
            (folder / name).mkdir()
            more = {"root": root} if root else {}
            shops[name] = stack.enter_context(
                running(folder / name, SHOP_LOAD_TEST="1", SHOP_LOG_LEVEL="WARNING", **more)
            )
        return [row for page, path in PAGES.items() for row in _rows(page, path, shops)]


def _rows(page: str, path: str, shops: dict[str, Shop]) -> list[Row]:
    milliseconds: dict[str, list[float]] = defaultdict(list)
    kilobytes: dict[str, float] = {}
    said = {name: page_says(shop.url, path) for name, shop in shops.items()}
    for turn in range(ROUNDS + 1):
        for name, shop in shops.items():
            used = _cpu_seconds(shop)
            kilobytes[name] = asyncio.run(_open(shop.url, path, said[name], OPENED)) / 1024
            if turn:
                # The first round only warms up.
                milliseconds[name].append(1000 * (_cpu_seconds(shop) - used) / OPENED)
    now = statistics.median(milliseconds["now"])
    rows = [
        Row(f"{page}: the server's CPU", now, "ms", 6),
        Row(f"{page}: frames", kilobytes["now"], "KB", 12),
    ]
    if "before" in shops:
        earlier = statistics.median(milliseconds["before"])
        rows += [
            Row(f"{page}: the server's CPU, before", earlier, "ms"),
            Row(f"{page}: frames, before", kilobytes["before"], "KB"),
            Row(f"{page}: so many times cheaper", earlier / now, "x"),
        ]
    return rows


async def _open(url: str, path: str, said: list[str], times: int) -> float:
    """Open the page so many times, one after another; the bytes of the frames of each."""
    received = 0
    for _time in range(times):
        tab = Tab(url)
        tab.keep_frames = False
        await tab.connect(path, said=said)
        async with asyncio.timeout(20):
            while LOADED not in await tab._receive():
                pass
        received += tab.frame_bytes
        await tab.close()
    return received / times


def _cpu_seconds(shop: Shop) -> float:
    used = psutil.Process(shop.process.pid).cpu_times()
    return used.user + used.system
