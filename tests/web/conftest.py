"""A real server with a State to attack, and raw sockets to attack it with."""

from __future__ import annotations

import asyncio
import os
import socket
import subprocess
import sys
import time
import uuid
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
import socketio

from shop_app.core.settings import ROOT
from tests.shop import Shop, demo_running

NAMESPACE = "/_event"


@dataclass
class Probe:
    """The running server: `ran()` returns which of its handlers ran, with what."""

    url: str
    process: subprocess.Popen[str]
    log: Path
    name: str = ""

    def probe(self, **body: Any) -> dict[str, Any]:
        if body:
            return httpx.post(f"{self.url}/probe", json=body).json()
        return httpx.get(f"{self.url}/probe").json()

    def ran(self) -> list[list[Any]]:
        return self.probe()["ran"]


def free_port() -> int:
    with socket.socket() as free_socket:
        free_socket.bind(("127.0.0.1", 0))
        return free_socket.getsockname()[1]


def start_probe_app(folder: Path, **env: str) -> Probe:
    """Start tests/web/probe_app.py on a free port and wait until it answers."""
    port = free_port()
    log = folder / "probe.log"
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.web.probe_app", str(port)],
        cwd=ROOT,
        text=True,
        stdout=log.open("w"),
        stderr=subprocess.STDOUT,
        env={
            "PATH": os.environ["PATH"],
            "HOME": os.environ.get("HOME", "/"),
            "PORT": str(port),
            "SHOP_TESTING": "1",
            "SHOP_DATA_DIR": str(folder / "data"),
            "__REFLEX_SKIP_COMPILE": "true",
            "REFLEX_ENV_MODE": "dev",
        }
        | env,
    )
    probe = Probe(f"http://localhost:{port}", process, log)
    for _ in range(150):
        try:
            probe.name = probe.probe()["name"]
            return probe
        except httpx.HTTPError:
            if process.poll() is not None:
                break
            time.sleep(0.1)
    process.kill()
    raise RuntimeError(f"The probe application doesn't start:\n{log.read_text()[-3000:]}")


@pytest.fixture(scope="session")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    """The demo shop as it is served; whoever changes it makes people and goods of their own."""
    with demo_running(tmp_path_factory.mktemp("shop"), SHOP_LOAD_TEST="1") as started:
        yield started


@pytest.fixture(scope="session")
def probe(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Probe]:
    running = start_probe_app(tmp_path_factory.mktemp("probe"))
    yield running
    running.process.terminate()
    running.process.wait(20)


@dataclass
class Tab:
    """A browser's tab as the server sees it; `updates` is what it was sent."""

    probe: Probe
    client: socketio.AsyncClient
    updates: list[dict[str, Any]] = field(default_factory=list)
    closed: asyncio.Event = field(default_factory=asyncio.Event)

    async def send(self, handler: str, payload: dict[str, Any] | None = None, **fields: Any) -> None:
        name = handler if "." in handler else f"{self.probe.name}.{handler}"
        data = {"name": name, "payload": payload or {}, "router_data": {"pathname": "/"}} | fields
        await self.client.emit("event", data, namespace=NAMESPACE)

    async def settle(self) -> list[list[Any]]:
        """What ran, once everything that was sent before has been dealt with."""
        mark = uuid.uuid4().hex
        await self.send("form", {"data": {"mark": mark}})
        for _ in range(100):
            ran = self.probe.ran()
            if ["form", {"mark": mark}] in ran:
                return [call for call in ran if call != ["form", {"mark": mark}]]
            await asyncio.sleep(0.02)
        raise AssertionError(f"the tab is dead; log:\n{self.probe.log.read_text()[-2000:]}")

    async def until(self, condition: Callable[[dict[str, Any]], Any]) -> Any:
        """The first value of `condition` on an update that isn't None or False; waits five seconds."""
        for _ in range(250):
            for update in self.updates:
                if (value := condition(update)) not in (None, False):
                    return value
            await asyncio.sleep(0.02)
        raise AssertionError(f"it didn't come; got {self.updates}")

    async def notice(self) -> str:
        """The text of the next notice."""

        def text(update: dict[str, Any]) -> str | None:
            for state, values in (update.get("delta") or {}).items():
                if state.endswith("base____notice") and values.get("text_rx_state_"):
                    return values["text_rx_state_"]
            return None

        return await self.until(text)


Open = Callable[..., Any]


@pytest.fixture
def open_tab(probe: Probe) -> Open:
    """`async with open_tab(cookie=…) as tab`."""
    return lambda **how: opened(probe, **how)


@asynccontextmanager
async def opened(probe: Probe, *, cookie: str = "", origin: str | None = "own") -> AsyncIterator[Tab]:
    client = socketio.AsyncClient(reconnection=False)
    tab = Tab(probe, client)
    client.on("event", lambda update: tab.updates.append(update), namespace=NAMESPACE)
    client.on("disconnect", lambda *_: tab.closed.set(), namespace=NAMESPACE)
    headers = {"Cookie": cookie} if cookie else {}
    if origin:
        headers["Origin"] = probe.url if origin == "own" else origin
    hydrate = {
        "name": "reflex___state____state.hydrate_and_load",
        "payload": {},
        "router_data": {"pathname": "/"},
    }
    await client.connect(
        f"{probe.url}?token={uuid.uuid4()}",
        headers=headers,
        socketio_path=NAMESPACE,
        namespaces=[NAMESPACE],
        transports=["websocket"],
        auth={"event": hydrate},
    )
    try:
        yield tab
    finally:
        await client.disconnect()
