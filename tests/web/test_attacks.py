"""Attacks over a real socket that once stopped the shop or read what is another's: what is left of each."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.socket_client import HYDRATE, STATE, Closed, Tab, delta_of, event

from .conftest import Probe, start_probe_app
from .fuzz import frames
from .probe_names import LEAVER

CART = f"{STATE}.shop_app___state___cart____cart"
MESSAGES = 100_000 if os.environ.get("SHOP_TESTS_LONG") == "1" else 2_000
IDLE_SECONDS = 1.5
ROUNDS_UNREAD = 40
"""Of 25 loads each: far more than the system keeps for a connection by itself."""
STEADY = ("futures", "events", "queues", "tasks", "sockets", "rooms", "kept_open", "dropped")


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Probe]:
    running = start_probe_app(tmp_path_factory.mktemp("attacked"), SHOP_LOAD_TEST="1")
    # What the first tab starts stays.
    asyncio.run(_visit(running))
    yield running
    running.process.terminate()
    running.process.wait(20)


async def _visit(shop: Probe) -> None:
    async with tab_of(shop):
        pass


async def at_rest(shop: Probe) -> dict[str, Any]:
    """What the server has in hand, once nothing changes any more."""
    before: dict[str, Any] = {}
    for _ in range(100):
        now = await asyncio.to_thread(shop.probe)
        steady = {name: value for name, value in now.items() if name in STEADY}
        if steady == before and not (now["events"] or now["queues"]):
            return now
        before = steady
        await asyncio.sleep(0.1)
    raise AssertionError(f"the server doesn't come to rest: {before}")


async def nothing_more_than(rest: dict[str, Any], shop: Probe) -> None:
    """What the server has in hand comes down to what it had; fewer tasks where some of before ended late."""
    for _ in range(20):
        after = await at_rest(shop)
        if after["futures"] == rest["futures"] and after["tasks"] <= rest["tasks"]:
            return
        await asyncio.sleep(0.5)
    raise AssertionError(f"something goes on: {after}, and there was {rest}")


async def idle_share(shop: Probe) -> float:
    """How much of a core the server uses while nobody asks it anything."""
    before = (await asyncio.to_thread(shop.probe))["cpu_seconds"]
    began = time.monotonic()
    await asyncio.sleep(IDLE_SECONDS)
    after = (await asyncio.to_thread(shop.probe))["cpu_seconds"]
    return (after - before) / (time.monotonic() - began)


@asynccontextmanager
async def tab_of(shop: Probe, **how: Any) -> AsyncIterator[Tab]:
    async with Tab(shop.url, **how) as tab:
        await tab.settle()
        yield tab


def odd_addresses() -> list[Any]:
    return [7, True, {}, [], None, 1.5, "x", "http://[", "/" * 5_000]


@pytest.mark.parametrize("odd", odd_addresses(), ids=lambda odd: str(odd)[:10])
@pytest.mark.parametrize("field", ["asPath", "pathname", "query"])
async def test_an_event_that_reflex_cant_read_runs_nothing_and_nothing_goes_on(
    shop: Probe, field: str, odd: Any
) -> None:
    async with tab_of(shop) as tab:
        rest = await at_rest(shop)
        sent = event(f"{CART}.load", {})
        sent["router_data"][field] = odd
        await tab.send_raw("event", sent)
        await nothing_more_than(rest, shop)
        # And the tab lives.
        assert await tab.call(f"{CART}.load")


async def test_a_boot_event_of_any_shape_opens_or_closes_and_no_more(shop: Probe) -> None:
    rest = await at_rest(shop)
    for auth in (
        None,
        7,
        "x",
        [],
        {"event": 7},
        {"event": []},
        {"event": {"name": HYDRATE, "router_data": 7}},
        {"event": event(HYDRATE, {}), "state_schema": {"a": [1] * 50}},
    ):
        tab = Tab(shop.url)
        with contextlib.suppress(Closed):
            await tab.connect(hydrate=False, auth=auth)
            await tab.settle(quiet=0.05)
        await tab.close()
    await nothing_more_than(rest, shop)


async def test_a_storm_of_events_of_all_shapes_leaves_nothing_behind(shop: Probe) -> None:
    names = [
        f"{shop.name}.{handler}" for handler in ("take", "form", "choose", "many", "mine", "refund", "inner")
    ]
    names += [f"{CART}.load", f"{CART}.add", HYDRATE, f"{STATE}.setvar"]
    async with tab_of(shop):
        rest = await at_rest(shop)
    rows = _rows(shop)
    ran = [call for call in shop.ran() if call[0] in ("mine", "refund", "inner", "promote")]
    tab = Tab(shop.url)
    await tab.connect()
    for number, frame in enumerate(frames(names, MESSAGES, seed=7)):
        try:
            await tab.send_text(frame)
            if number % 100 == 0:
                await tab.settle(quiet=0.02)
        except Closed:
            await tab.close()
            tab = Tab(shop.url)
            await tab.connect()
    await tab.settle()
    await tab.close()
    after = await at_rest(shop)
    assert after["futures"] == 0
    assert after["queues"] == 0
    assert after["tasks"] <= rest["tasks"]
    assert sum(after["dropped"].values()) > MESSAGES / 4
    assert await idle_share(shop) < 0.3
    assert [call for call in shop.ran() if call[0] in ("mine", "refund", "inner", "promote")] == ran
    assert _rows(shop) == rows
    async with tab_of(shop) as again:
        assert await again.call(f"{CART}.load")


def _rows(shop: Probe) -> dict[str, int]:
    """Rows of every table but the carts, which are each visitor's own."""
    import sqlite3

    with sqlite3.connect(f"file:{shop.log.parent}/data/shop.db?mode=ro", uri=True) as database:
        names = [row[0] for row in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        return {
            name: database.execute(f'SELECT count(*) FROM "{name}"').fetchone()[0]
            for name in names
            if name not in ("cart", "cart_line")
        }


async def test_a_name_that_nobody_has_leaves_nothing(shop: Probe) -> None:
    async with tab_of(shop) as tab:
        rest = await at_rest(shop)
        for number in range(300):
            await tab.send(f"no.such{number}")
        after = await at_rest(shop)
        assert after["futures"] == rest["futures"]
        assert after["dropped"]["name"] - rest["dropped"].get("name", 0) == 300


async def test_thirty_events_of_a_tab_wait_and_those_that_wait_go_with_it(shop: Probe) -> None:
    async with tab_of(shop) as tab:
        rest = await at_rest(shop)
        await tab.send(f"{shop.name}.wait_for", {"mark": "first"})
        for number in range(100):
            await tab.send(f"{shop.name}.take", {"sku": f"QUEUED-{number}"})
        # The server answers others meanwhile, and has taken what the tab sent when it has dropped the rest.
        for _ in range(200):
            probe_data = await asyncio.to_thread(shop.probe)
            if sum(probe_data["dropped"].values()) - sum(rest["dropped"].values()) >= 71:
                break
            await asyncio.sleep(0.02)
        assert probe_data["dropped"]["too many waiting"] == 71
        assert probe_data["futures"] - rest["futures"] == 30
    for _ in range(200):
        probe_data = await asyncio.to_thread(shop.probe)
        if probe_data["futures"] - rest["futures"] <= 1:
            break
        await asyncio.sleep(0.02)
    # What is at work comes to its end, what waited never runs.
    shop.probe(release="first")
    await at_rest(shop)
    ran = shop.ran()
    assert ["waited", "first"] in ran
    assert not [call for call in ran if str(call[1]).startswith("QUEUED")]


async def test_a_socket_that_has_said_goodbye_says_nothing_more(shop: Probe) -> None:
    """A packet that connects, behind one that closes, once left a socket that nobody could end."""
    rest = await at_rest(shop)
    async with tab_of(shop) as tab:
        await tab.send_text("1")
        with contextlib.suppress(Closed):
            await tab.send_text(f"40/_event,{json.dumps({'event': event(HYDRATE, {}, '/')})}")
        with pytest.raises(Closed):
            await tab.settle()
    after = await at_rest(shop)
    assert (after["rooms"], after["sockets"]) == (rest["rooms"], rest["sockets"])


async def test_who_never_reads_lets_nothing_pile_up(shop: Probe) -> None:
    """Each answer that wasn't read once stayed in memory: five megabytes a second of one address."""
    async with tab_of(shop) as tab:
        assert tab._socket is not None
        transport = tab._socket._writer.transport
        assert isinstance(transport, asyncio.Transport)
        transport.pause_reading()
        # In the end nothing more is received from it until it reads, or it is closed.
        with contextlib.suppress(Closed):
            for number in range(ROUNDS_UNREAD):
                for _ in range(24):
                    await tab.send(HYDRATE)
                await tab.send(f"{shop.name}.take", {"sku": f"UNREAD-{number}"})
                await at_rest(shop)
                if ["take", f"UNREAD-{number}", 1] not in shop.ran():
                    break
        assert (await asyncio.to_thread(shop.probe))["unsent"] <= 2
        transport.abort()


async def test_the_protocols_own_names_are_no_event_of_a_page(shop: Probe) -> None:
    """ "connect" once gave a socket another tab's State, and an address of its own choosing."""
    async with tab_of(shop) as own:
        await own.send(f"{shop.name}.take", {"sku": "OWN"})
        await own.settle()
        thief = Tab(shop.url)
        await thief.connect()
        await thief.settle()
        fake = ["connect", {"QUERY_STRING": f"token={own.token}", "REMOTE_ADDR": "6.6.6.6"}, {}]
        await thief.send_text(f"42/_event,{json.dumps(fake)}")
        with pytest.raises(Closed):
            await thief.settle()
        await thief.close()
        assert await own.call(f"{CART}.load")


async def test_a_tabs_token_opens_nothing_without_the_tabs_cookies(shop: Probe) -> None:
    async with tab_of(shop) as own:
        await own.call(f"{shop.name}.take", {"sku": "A"})
    async with Tab(shop.url, visitor=own.visitor) as same:
        assert same.token != own.token
    back = Tab(shop.url, visitor=own.visitor)
    stranger, nobody = Tab(shop.url), Tab(shop.url)
    back.token = stranger.token = nobody.token = own.token
    nobody.cookies = {}
    for tab, sees in ((stranger, 0), (nobody, 0), (back, 5)):
        await tab.connect()
        update = await tab.settle()
        await tab.close()
        assert _count(update, shop) == [sees]


def _count(updates: list[dict[str, Any]], shop: Probe) -> list[int]:
    """What a hydration says of the admin's own number."""
    own = [update["delta"].get(shop.name, {}) for update in updates if update.get("delta")]
    return [values["count_rx_state_"] for values in own if "count_rx_state_" in values]


async def test_a_page_whose_state_is_gone_is_loaded_anew_by_its_next_event(shop: Probe) -> None:
    async with tab_of(shop) as tab:
        await tab.call(f"{CART}.open_drawer")
        await asyncio.to_thread(shop.probe, forget=True)
        assert (await asyncio.to_thread(shop.probe))["states"] == []
        await tab.send(f"{shop.name}.take", {"sku": "AFTERWARDS"})
        update = delta_of(await tab.settle())
    # The event ran, all States were sent, and the page's own handlers have loaded it again.
    assert ["take", "AFTERWARDS", 1] in shop.ran()
    assert update["__main______probe.count"] == 5
    assert update["shop_app___state___cart____cart.drawer_open"] is False
    assert update["shop_app___state___cart____cart.loaded"] is True
    assert update["shop_app___state___shell____shell.loaded"] is True
    assert update["reflex___state____state.is_hydrated"] is True


async def test_what_staff_saw_goes_with_the_right_to_see_it(shop: Probe) -> None:
    clerk = {"shop_session": LEAVER}
    tab = Tab(shop.url, cookies=clerk)
    await tab.connect()
    await tab.settle()
    update = await tab.call(f"{shop.name}.learn_secret")
    assert "CANARY-of-the-probe" in json.dumps(update)
    # A reload of the page shows it to the same clerk …
    again = await _hydrated(tab)
    assert "CANARY-of-the-probe" in again
    shop.probe(revoke=LEAVER)
    # … and not to whom it isn't any more, on the same socket or on a new one with the same cookies.
    assert "CANARY" not in await _hydrated(tab)
    other = Tab(shop.url, visitor=tab.visitor, cookies=clerk)
    other.token = tab.token
    await tab.close()
    await other.connect()
    assert "CANARY" not in json.dumps(await other.settle())
    await other.close()


async def _hydrated(tab: Tab) -> str:
    return json.dumps(await tab.call(HYDRATE) + await tab.settle())


async def test_a_refusal_empties_what_the_page_of_staff_still_shows(tmp_path: Path) -> None:
    own = start_probe_app(tmp_path)
    try:
        tab = Tab(own.url, cookies={"shop_session": LEAVER})
        await tab.connect()
        await tab.settle()
        await tab.call(f"{own.name}.learn_secret")
        own.probe(revoke=LEAVER)
        reply = await tab.call(f"{own.name}.refund")
        await tab.close()
        emptied = [
            update["delta"][own.name]["secret_rx_state_"] for update in reply if own.name in update["delta"]
        ]
        assert emptied == [""]
        assert ["refund", 4] not in own.ran()
    finally:
        own.process.kill()
        own.process.wait()
