"""What the server keeps in memory: at rest, and for each open tab."""

from __future__ import annotations

import asyncio
import gc
from pathlib import Path

from bench.report import Row
from tests.shop import Shop, running
from tests.socket_client import Tab, page_says

TABS = 200
PAGES = ("/", "/products", "/products/dune-mug", "/products?category=table")


def run(folder: Path) -> list[Row]:
    with running(folder, SHOP_LOAD_TEST="1") as shop:
        for page in PAGES:
            shop.get(page)
        # What the first tabs leave behind (caches, the threads of the pool) is the shop's, not theirs.
        asyncio.run(_open(shop, 20))
        rest = shop.memory_mb()
        opened = asyncio.run(_open(shop, TABS))
    return [
        Row("memory at rest", rest, "MB", 250),
        Row(f"memory for each of {TABS} open tabs", (opened - rest) * 1000 / TABS, "KB", 250),
    ]


async def _open(shop: Shop, count: int) -> float:
    said = {page: page_says(shop.url, page) for page in PAGES}
    tabs = [Tab(shop.url) for _ in range(count)]
    for at, tab in enumerate(tabs):
        tab.keep_frames = False
        page = PAGES[at % len(PAGES)]
        await tab.connect(page, said=said[page])
        await tab.settle(quiet=0.02)
    await asyncio.sleep(1)
    gc.collect()
    used = shop.memory_mb()
    for tab in tabs:
        await tab.close()
    return used
