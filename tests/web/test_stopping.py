"""A server that is asked to stop: what has begun finishes, with its answer."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from tests.socket_client import Closed, Tab, delta_of
from tests.web.conftest import Probe, start_probe_app

PATIENCE_SECONDS = 30
TABS = 100


@pytest.fixture
def own(tmp_path: Path) -> Iterator[Probe]:
    started = start_probe_app(tmp_path, SHOP_LOAD_TEST="1", SHOP_LOG_LEVEL="INFO")
    yield started
    started.process.kill()
    started.process.wait(20)


async def until(holds_now: Callable[[], object]) -> None:
    ends = time.monotonic() + PATIENCE_SECONDS
    while not holds_now():
        assert time.monotonic() < ends, "it didn't happen"
        await asyncio.sleep(0.02)


async def _waiting_tabs(own: Probe, count: int) -> list[Tab]:
    """Tabs whose handler is at work until "go" is released."""
    tabs = [Tab(own.url) for _ in range(count)]
    for tab in tabs:
        await tab.connect("/")
    for tab in tabs:
        await tab.settle(quiet=0.05)
        await tab.send(f"{own.name}.wait_for", {"mark": "go"})
    await until(lambda: own.ran().count(["waits", "go"]) == count)
    return tabs


async def _outcome(tab: Tab) -> str:
    """Whether the handler's own change came before the end."""
    try:
        while not any(
            name.endswith(".waited") for name in delta_of(await tab.answer(seconds=PATIENCE_SECONDS))
        ):
            pass
    except Closed:
        return "closed"
    return "answered"


async def test_a_hundred_of_a_hundred_handlers_that_have_begun_finish_with_their_answers(own: Probe):
    tabs = await _waiting_tabs(own, TABS)
    own.process.terminate()
    await until(lambda: "Stopping: " in own.log.read_text())
    # The release is a request of its own: it is still answered.
    own.probe(release="go")
    assert [await _outcome(tab) for tab in tabs] == ["answered"] * TABS
    assert await asyncio.to_thread(own.process.wait, PATIENCE_SECONDS) == 0
    for tab in tabs:
        await tab.close()


async def test_asked_twice_it_waits_for_nothing(own: Probe):
    (tab,) = await _waiting_tabs(own, 1)
    own.process.terminate()
    await until(lambda: "Stopping: " in own.log.read_text())
    own.process.terminate()
    assert await _outcome(tab) == "closed"
    assert await asyncio.to_thread(own.process.wait, PATIENCE_SECONDS) == 0
    await tab.close()


async def test_what_never_ends_is_waited_for_within_bounds(own: Probe):
    (tab,) = await _waiting_tabs(own, 1)
    own.process.terminate()
    assert await asyncio.to_thread(own.process.wait, PATIENCE_SECONDS) == 0
    assert "Stopped without waiting any longer for 1 requests or handlers" in own.log.read_text()
    await tab.close()


def test_the_end_is_clean_in_an_idle_server(own: Probe):
    httpx.get(f"{own.url}/healthz").raise_for_status()
    own.process.send_signal(signal.SIGINT)
    assert own.process.wait(PATIENCE_SECONDS) == 0
    assert "Stopping: 0 requests and handlers are under way" in own.log.read_text()
    assert not _is_there(own.process.pid)


def _is_there(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True
