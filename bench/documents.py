"""What a page as HTML costs the server: kept, asked again, and made anew; the code before beside it.

SHOP_BENCH_BEFORE names a worktree of the code before, with its own .venv and built pages: both servers run
at the same time and are asked in turns. A page is made anew by an address that nobody asked for before.
"""

from __future__ import annotations

import os
import socket
import statistics
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

import psutil

from bench.report import Row
from tests.shop import Shop, running

ROUNDS, KEPT, MADE = 5, 600, 60
CONNECTIONS = 4
COOKIE = "shop_visitor=" + "a" * 43
_number = count(1)


@dataclass(slots=True)
class Question:
    """A request, asked so many times a round; `address` gives another one each time where it is made anew."""

    what: str
    address: Callable[[], str]
    requests: int
    goal_ms: float | None = None
    headers: dict[str, str] = field(default_factory=dict)


QUESTIONS = (
    Question("kept list", lambda: "/products", KEPT, 0.7),
    Question("kept product", lambda: "/products/dune-mug", KEPT, 0.7),
    Question("kept home", lambda: "/", KEPT, 0.7),
    Question("asked again, 304", lambda: "/products", KEPT, 0.7, {"If-None-Match": "*"}),
    Question("list made anew", lambda: f"/products?page=2&after=1000000.{next(_number)}", MADE, 6),
    Question("filtered list made anew", lambda: f"/products?price_max={2000 + next(_number)}", MADE),
    Question("search made anew", lambda: f"/products?q=mug&price_max={2000 + next(_number)}", MADE),
    Question("product made anew", lambda: f"/products/dune-mug?variant=X-{next(_number)}", MADE),
)


class Asker:
    """Asks a server on a few connections at once."""

    def __init__(self, shop: Shop) -> None:
        self._port = int(shop.url.rsplit(":", 1)[1])
        self._process = psutil.Process(shop.process.pid)

    def ask(self, question: Question, requests: int) -> tuple[float, float]:
        """Milliseconds of the server's CPU for one of so many requests, and requests a second."""
        with ExitStack() as stack:
            address = ("127.0.0.1", self._port)
            sockets = [
                stack.enter_context(socket.create_connection(address, timeout=20)) for _ in range(CONNECTIONS)
            ]
            used, began = self._cpu_seconds(), time.perf_counter()
            for _turn in range(requests // CONNECTIONS):
                for connection in sockets:
                    connection.sendall(self._request(question))
                for connection in sockets:
                    _read(connection)
            seconds = time.perf_counter() - began
        asked = requests // CONNECTIONS * CONNECTIONS
        return 1000 * (self._cpu_seconds() - used) / asked, asked / seconds

    def _cpu_seconds(self) -> float:
        times = self._process.cpu_times()
        return times.user + times.system

    def _request(self, question: Question) -> bytes:
        headers = {
            "Host": f"localhost:{self._port}",
            "Accept-Encoding": "gzip, br",
            "Cookie": COOKIE,
            **question.headers,
        }
        lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        return f"GET {question.address()} HTTP/1.1\r\n{lines}\r\n".encode()


def _read(connection: socket.socket) -> None:
    """Read one whole answer.

    Errors  AssertionError where it is neither 200 nor 304.
    """
    received = b""
    while b"\r\n\r\n" not in received:
        received += _received(connection)
    head, _blank, body = received.partition(b"\r\n\r\n")
    status = head.split(b" ", 2)[1]
    assert status in (b"200", b"304"), head
    size = 0
    for line in head.lower().split(b"\r\n"):
        if line.startswith(b"content-length:"):
            size = int(line.partition(b":")[2])
    while len(body) < size:
        body += _received(connection)


def _received(connection: socket.socket) -> bytes:
    if not (received := connection.recv(65536)):
        raise ConnectionError("the server closed the connection")
    return received


def run(folder: Path) -> list[Row]:
    roots = {"after": Path(__file__).parent.parent}
    if before := os.environ.get("SHOP_BENCH_BEFORE"):
        roots["before"] = Path(before)
    rows = []
    with ExitStack() as stack:
        askers = {}
        for name, root in roots.items():
            (folder / name).mkdir()
            shop = stack.enter_context(running(folder / name, root=root, SHOP_LOAD_TEST="1"))
            askers[name] = Asker(shop)
        for question in QUESTIONS:
            figures = {name: [] for name in askers}
            for _round in range(ROUNDS + 1):
                for name, asker in askers.items():
                    # The code before keeps nothing.
                    requests = question.requests if name == "after" else MADE
                    figures[name].append(asker.ask(question, requests))
            rows += _rows(question, figures)
    return rows


def _rows(question: Question, figures: dict[str, list[tuple[float, float]]]) -> list[Row]:
    """The medians of all rounds but the first, which warms up; requests a second of the best round, because
    other programs take their share of the machine."""
    cpu_ms = {name: statistics.median(cpu for cpu, _rate in rounds[1:]) for name, rounds in figures.items()}
    rate = max(rate for _cpu, rate in figures["after"][1:])
    rows = [Row(f"{question.what}: CPU", cpu_ms["after"], "ms", question.goal_ms)]
    if question.requests == KEPT:
        rows.append(Row(f"{question.what}: a second", rate, "requests", 1500, at_least=True))
    if "before" in cpu_ms:
        rows.append(Row(f"{question.what}: CPU before", cpu_ms["before"], "ms"))
        rows.append(Row(f"{question.what}: before / after", cpu_ms["before"] / cpu_ms["after"], "times"))
    return rows
