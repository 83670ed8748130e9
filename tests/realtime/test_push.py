"""Pushes into rooms, through the real server: who gets them, what they look like, and how many at once."""

from __future__ import annotations

from contextlib import AsyncExitStack
from typing import Any

from shop_app.core.access import cookies
from tests.web.conftest import Open, Probe, Tab, start_probe_app

LIVE = "reflex___state____state.shop_app___state___live____live"
KEY = "L" * 43


def pushed(tab: Tab) -> list[dict[str, Any]]:
    """What the tab got for the view of pushes, without hydrations."""
    deltas = [update["delta"][LIVE] for update in tab.updates if LIVE in (update.get("delta") or {})]
    return [values for values in deltas if any(key.startswith("now_") for key in values)]


async def watching(tab: Tab, *slugs: str) -> None:
    before = len([call for call in tab.probe.ran() if call == ["open_page"]])
    await tab.send("open_page", {"skus": list(slugs)})
    await tab.settle()
    assert len([call for call in tab.probe.ran() if call == ["open_page"]]) == before + 1


async def test_a_product_is_pushed_to_the_pages_that_show_it_alone(probe: Probe, open_tab: Open) -> None:
    async with open_tab() as shows, open_tab() as other:
        await watching(shows, "lamp-one", "mug")
        await watching(other, "chair")
        probe.probe(slug="lamp-one", fields={"stock_text": "2 left"})
        values = await shows.until(
            lambda update: (update.get("delta") or {}).get(LIVE, {}).get("now_lamp-one_rx_state_")
        )
        await other.settle()
    assert values["stock_text"] == "2 left"
    assert values["at"] > 1_700_000_000_000
    assert pushed(other) == []


async def test_a_page_that_moves_on_leaves_the_rooms_it_had(probe: Probe, open_tab: Open) -> None:
    async with open_tab() as tab:
        await watching(tab, "old-lamp")
        await watching(tab, "new-lamp")
        probe.probe(slug="old-lamp", fields={"stock_text": "gone"})
        probe.probe(slug="new-lamp", fields={"stock_text": "here"})
        await tab.until(lambda update: "now_new-lamp_rx_state_" in (update.get("delta") or {}).get(LIVE, {}))
    assert "old-lamp" not in str(pushed(tab))


async def test_every_tab_of_a_visitor_is_asked_to_load_its_cart(probe: Probe, open_tab: Open) -> None:
    cookie = f"shop_visitor={KEY}"
    async with open_tab(cookie=cookie) as one, open_tab(cookie=cookie) as two, open_tab() as stranger:
        for tab in (one, two, stranger):
            await watching(tab, "x")
        probe.probe(visitor=cookies.key_hash(KEY))
        for tab in (one, two):
            names = await tab.until(lambda update: [e["name"] for e in update.get("events") or []] or None)
            assert names == [f"{probe.name}.who_am_i"]
        await stranger.settle()
    assert not [update for update in stranger.updates if update.get("events")]


async def test_one_push_reaches_a_hundred_tabs_once_each(tmp_path: Any) -> None:
    own = start_probe_app(tmp_path, SHOP_LOAD_TEST="1")
    try:
        from tests.web.conftest import opened

        async with AsyncExitStack() as stack:
            tabs = [await stack.enter_async_context(opened(own)) for _ in range(100)]
            for tab in tabs:
                await tab.send("open_page", {"skus": ["lamp"]})
            await tabs[-1].settle()
            for left in (3, 2, 1):
                own.probe(slug="lamp", fields={"left": left})
            for tab in tabs:
                await tab.until(
                    lambda update: LIVE in (update.get("delta") or {}) and pushed_left(update) == 1
                )
            assert all(len(pushed(tab)) <= 3 for tab in tabs)
    finally:
        own.process.kill()
        own.process.wait()


def pushed_left(update: dict[str, Any]) -> int | None:
    return update["delta"][LIVE].get("now_lamp_rx_state_", {}).get("left")
