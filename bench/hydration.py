"""What opening a page costs the server: its document, then its socket and everything that it is sent there.

SHOP_BENCH_BEFORE names a worktree of the code before, with its own .venv and built pages: both servers run
at the same time, and pages are opened on them in turns. A page does what a browser does that has just loaded
it: it connects, says what it has, and waits until it is loaded.
"""

from __future__ import annotations

import asyncio
import http.client
import os
from collections import defaultdict
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from statistics import median

from bench import cpu
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
    documents, sockets = defaultdict[str, list[float]](list), defaultdict[str, list[float]](list)
    kilobytes: dict[str, float] = {}
    said = {name: page_says(shop.url, path) for name, shop in shops.items()}
    for turn in range(ROUNDS + 1):
        for name, shop in shops.items():
            began = cpu.of_shop(shop)
            get(shop.url, path, OPENED)
            between = cpu.of_shop(shop)
            kilobytes[name] = asyncio.run(open_pages(shop.url, path, said[name], OPENED)) / 1024
            if turn:
                # The first round only warms up.
                documents[name].append(1000 * (between - began) / OPENED)
                sockets[name].append(1000 * (cpu.of_shop(shop) - between) / OPENED)
    costs = {name: (median(documents[name]), median(sockets[name])) for name in shops}
    rows = [
        Row(f"{page}: the server's CPU for its socket", costs["now"][1], "ms", 6),
        Row(f"{page}: frames", kilobytes["now"], "KB", 12),
        Row(f"{page}: the server's CPU with its document", sum(costs["now"]), "ms"),
    ]
    if "before" in shops:
        rows += [
            Row(f"{page}, before: the server's CPU for its socket", costs["before"][1], "ms"),
            Row(f"{page}, before: frames", kilobytes["before"], "KB"),
            Row(f"{page}, before: the server's CPU with its document", sum(costs["before"]), "ms"),
            Row(
                f"{page}: so many times cheaper with its document",
                sum(costs["before"]) / sum(costs["now"]),
                "x",
                5,
                at_least=True,
            ),
        ]
    return rows


def get(url: str, path: str, times: int, cookies: Mapping[str, str] | None = None) -> None:
    """Ask for the document so many times, as a browser that has its cookie, and these."""
    connection = http.client.HTTPConnection(url.removeprefix("http://"), timeout=20)
    all_cookies = {"shop_visitor": "a" * 43, **(cookies or {})}
    cookie = "; ".join(f"{name}={value}" for name, value in all_cookies.items())
    headers = {"Cookie": cookie, "Accept-Encoding": "gzip, br"}
    for _time in range(times):
        connection.request("GET", path, headers=headers)
        answer = connection.getresponse()
        answer.read()
        assert answer.status == 200, answer.status
    connection.close()


async def open_pages(url: str, path: str, said: list[str], times: int) -> float:
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
