"""What strangers cost everybody else: a visitor's page while nobody attacks, and while someone does.

Both are measured in one run, in turn, on the real server without any lifted limit. The visitor comes from
another address of this machine (127.0.0.2 and so on), as strangers do from theirs.
"""

from __future__ import annotations

import asyncio
import contextlib
import http.client
import resource
import socket
import statistics
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import psutil

from bench.report import Row
from tests.shop import Shop, running
from tests.socket_client import Closed, Tab, event

CONNECTIONS = 3_000
SAMPLES = 40
TABS = 200
CART_LOAD = "reflex___state____state.shop_app___state___cart____cart.load"


def run(folder: Path) -> list[Row]:
    """Every attack beside its own quiet time; the goal is twice the quiet time."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, min(hard, CONNECTIONS + 1_000)), hard))
    with running(folder, SHOP_LOG_LEVEL="WARNING") as shop:
        host = shop.url.removeprefix("http://")
        post = f"POST /webhooks/stripe HTTP/1.1\r\nHost: {host}\r\nContent-Length: 1000\r\n\r\n{{"
        kept = f"GET /healthz HTTP/1.1\r\nHost: {host}\r\n\r\n"
        attacks: dict[str, Callable[[Shop], contextlib.AbstractContextManager[None]]] = {
            f"{CONNECTIONS:,} half-sent bodies": lambda shop: _connections(shop, post.encode()),
            f"{CONNECTIONS:,} half-sent heads": lambda shop: _connections(shop, post[:60].encode()),
            f"{CONNECTIONS:,} idle connections": lambda shop: _connections(shop, kept.encode()),
            "search pages as fast as 8 clients can": _search,
            "events that Reflex can't read, as fast as a socket may": _odd_events,
        }
        rows = [row for name, attack in attacks.items() for row in _beside(shop, name, attack)]
        return [*rows, *_tabs(shop)]


def _beside(
    shop: Shop, name: str, attack: Callable[[Shop], contextlib.AbstractContextManager[None]]
) -> list[Row]:
    quiet = statistics.median(_page_milliseconds(shop, SAMPLES))
    with attack(shop):
        time.sleep(1)
        attacked = statistics.median(_page_milliseconds(shop, SAMPLES))
    time.sleep(1)
    return [
        Row(f"another's page, {name}: quiet", quiet, "ms"),
        Row("  attacked", attacked, "ms"),
        Row("  times as long", attacked / quiet, "x", 2),
    ]


def _page_milliseconds(shop: Shop, count: int) -> Iterator[float]:
    """How long a product page takes, from an address that nobody attacks from, at a reader's pace."""
    port = int(shop.url.rsplit(":", 1)[1])
    for _ in range(count):
        connection = http.client.HTTPConnection(
            "127.0.0.1", port, timeout=30, source_address=("127.0.0.2", 0)
        )
        began = time.perf_counter()
        connection.request("GET", "/products/dune-mug", headers={"Host": shop.url.removeprefix("http://")})
        connection.getresponse().read()
        yield (time.perf_counter() - began) * 1000
        connection.close()
        time.sleep(0.06)


@contextmanager
def _connections(shop: Shop, request: bytes) -> Iterator[None]:
    port = int(shop.url.rsplit(":", 1)[1])
    with ExitStack() as stack:
        for _ in range(CONNECTIONS):
            connection = stack.enter_context(socket.create_connection(("127.0.0.1", port), timeout=20))
            connection.sendall(request)
        yield


@contextmanager
def _search(shop: Shop) -> Iterator[None]:
    stopped = threading.Event()

    def ask() -> None:
        port = int(shop.url.rsplit(":", 1)[1])
        host = shop.url.removeprefix("http://")
        while not stopped.is_set():
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
            with contextlib.suppress(OSError, http.client.HTTPException):
                connection.request(
                    "GET", f"/products?q=mug{time.monotonic_ns() % 977}", headers={"Host": host}
                )
                connection.getresponse().read()
            connection.close()

    clients = [threading.Thread(target=ask, daemon=True) for _ in range(8)]
    for client in clients:
        client.start()
    yield
    stopped.set()
    for client in clients:
        client.join(30)


@contextmanager
def _odd_events(shop: Shop) -> Iterator[None]:
    stopped = threading.Event()

    async def send() -> None:
        odd = event(CART_LOAD, {})
        odd["router_data"]["asPath"] = 7
        while not stopped.is_set():
            with contextlib.suppress(Closed):
                async with Tab(shop.url) as tab:
                    while not stopped.is_set():
                        await tab.send_raw("event", odd)
                        await asyncio.sleep(0.05)

    client = threading.Thread(target=lambda: asyncio.run(send()), daemon=True)
    client.start()
    yield
    stopped.set()
    client.join(30)


def _tabs(shop: Shop) -> list[Row]:
    """Tabs that are opened and left: what stays of each in memory."""
    process = psutil.Process(shop.process.pid)
    before = process.memory_info().rss
    opened = asyncio.run(_open_and_leave(shop))
    grown = process.memory_info().rss - before
    return [
        Row("tabs opened and left by one address", opened, "tabs"),
        Row("  memory that they leave", grown / 1e6, "MB", 25),
    ]


async def _open_and_leave(shop: Shop) -> int:
    opened = 0
    for _ in range(TABS):
        tab = Tab(shop.url)
        with contextlib.suppress(Closed, TimeoutError):
            await tab.connect("/products/dune-mug")
            await tab.settle(quiet=0.05)
            opened += 1
        await tab.close()
    return opened
