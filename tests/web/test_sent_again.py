"""An event that a page sends again after a lost connection runs once, and it is told when it was handled."""

from __future__ import annotations

import asyncio
import json
import uuid
from collections.abc import Callable
from typing import Any

import pytest

from shop_app.web.event_shape import Misshapen
from shop_app.web.taken_events import take_id
from tests.socket_client import NAMESPACE, Tab, event
from tests.web.conftest import Probe


def said(tab: Tab, kind: str) -> list[str]:
    """What the server has told this tab of that kind, in order."""
    start = f'42{NAMESPACE},["{kind}",'
    return [
        json.loads(frame.removeprefix(f"42{NAMESPACE},"))[1]
        for frame in tab.frames
        if frame.startswith(start)
    ]


def taking(probe: Probe, sku: str) -> dict[str, Any]:
    return event(f"{probe.name}.take", {"sku": sku, "quantity": 1}) | {"id": str(uuid.uuid4())}


async def until_handled(tab: Tab, count: int) -> None:
    async with asyncio.timeout(10):
        while len(said(tab, "handled")) < count:
            await tab._receive()


async def test_the_same_event_runs_once_and_is_said_to_be_handled_each_time(probe: Probe):
    sent = taking(probe, "TWICE")
    async with Tab(probe.url) as tab:
        await tab.send_raw("event", sent)
        await tab.send_raw("event", sent)
        await until_handled(tab, 2)
    assert probe.ran().count(["take", "TWICE", 1]) == 1
    assert said(tab, "handled") == [sent["id"]] * 2


async def test_a_tab_that_connects_again_finds_the_process_and_what_it_has_done(probe: Probe):
    done, swallowed = taking(probe, "DONE"), taking(probe, "SWALLOWED")
    tab = Tab(probe.url)
    await tab.connect()
    await tab.send_raw("event", done)
    await until_handled(tab, 1)
    await tab.close()
    await tab.connect()
    await tab.send_raw("event", done)
    await tab.send_raw("event", swallowed)
    await until_handled(tab, 3)
    await tab.close()
    assert [probe.ran().count(["take", sku, 1]) for sku in ("DONE", "SWALLOWED")] == [1, 1]
    assert said(tab, "handled") == [done["id"], done["id"], swallowed["id"]]
    first, again = said(tab, "process")
    assert first == again


async def until(is_so: Callable[[], bool]) -> None:
    for _ in range(500):
        if is_so():
            return
        await asyncio.sleep(0.02)
    raise AssertionError("it never came to be so")


async def test_what_was_dropped_with_its_connection_runs_when_it_is_sent_again(probe: Probe):
    mark, dropped, forgotten = uuid.uuid4().hex, taking(probe, "DROPPED"), taking(probe, "FORGOTTEN")
    await until(lambda: probe.probe()["sockets"] == 0)
    tab = Tab(probe.url)
    await tab.connect()
    await tab.send_raw("event", event(f"{probe.name}.wait_for", {"mark": mark}))
    await tab.send_raw("event", dropped)
    await tab.send_raw("event", forgotten)
    await until(lambda: ["waits", mark] in probe.ran())
    await tab.close()
    await until(lambda: probe.probe()["sockets"] == 0)
    probe.probe(release=mark)
    await tab.connect()
    await tab.send_raw("event", dropped)
    await until_handled(tab, 1)
    await tab.close()
    assert [probe.ran().count(["take", sku, 1]) for sku in ("DROPPED", "FORGOTTEN")] == [1, 0]
    assert said(tab, "handled") == [dropped["id"]]


async def test_an_event_without_an_id_runs_each_time_and_nothing_is_said(probe: Probe):
    plain = event(f"{probe.name}.take", {"sku": "PLAIN", "quantity": 1})
    async with Tab(probe.url) as tab:
        for _ in range(2):
            await tab.send_raw("event", plain)
        last = taking(probe, "LAST")
        await tab.send_raw("event", last)
        await until_handled(tab, 1)
    assert probe.ran().count(["take", "PLAIN", 1]) == 2
    assert said(tab, "handled") == [last["id"]]


@pytest.mark.parametrize("id", ["", "x" * 36, "0" * 35, "0" * 37, 7, None, ["0" * 36], "0" * 35 + "\n"])
def test_another_id_than_a_page_makes_is_refused(id: Any):
    with pytest.raises(Misshapen, match="^id$"):
        take_id({"name": "shop.add", "id": id})


@pytest.mark.parametrize("data", [None, 7, [], "x", {"name": "shop.add"}])
def test_what_has_no_id_is_left_as_it_is(data: Any):
    assert take_id(data) == (data, "")
