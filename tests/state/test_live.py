"""A page follows its products before it shows them, so that nothing is missed between the two."""

from __future__ import annotations

from typing import Any

import pytest

from shop_app.core import fact_cache
from shop_app.realtime import rooms
from shop_app.state import live
from shop_app.state.home import Home
from tests.state.conftest import Tab


@pytest.fixture
def joined(open_tab: Tab, monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """The products that the page has followed, each time that it has changed them."""
    followed: list[list[str]] = []

    async def join(_state: Any, kind: str, keys: Any) -> None:
        followed.append([key.removeprefix(kind) for key in keys])

    monkeypatch.setattr("shop_app.state.live._join", join)
    assert rooms.PRODUCT
    return followed


class Shop:
    """What a page would read, and what happens at each time that it is read."""

    def __init__(self, *views: list[str], facts: int) -> None:
        self.views, self.facts, self.reads = views, facts, 0

    async def read(self) -> list[str]:
        view = self.views[min(self.reads, len(self.views) - 1)]
        self.reads += 1
        if self.reads <= self.facts:
            fact_cache.deliver(["product:1"])
        return list(view)


async def watched(tab: Any, shop: Shop) -> list[str]:
    return await live.read_watched(tab, shop.read, lambda view: [word.partition(" ")[0] for word in view])


async def test_what_nothing_happens_to_is_read_once(open_tab: Tab, joined: list[list[str]]):
    shop = Shop(["lamp at 49"], facts=0)
    assert await watched(await open_tab(Home), shop) == ["lamp at 49"]
    assert (shop.reads, joined) == (1, [["lamp"]])


async def test_what_changed_before_the_page_followed_it_is_read_again(open_tab: Tab, joined: list[list[str]]):
    shop = Shop(["lamp at 49"], ["lamp at 39"], facts=1)
    assert await watched(await open_tab(Home), shop) == ["lamp at 39"]
    assert (shop.reads, joined) == (2, [["lamp"]])


async def test_other_products_are_followed_before_they_are_shown(open_tab: Tab, joined: list[list[str]]):
    shop = Shop(["lamp at 49"], ["lamp at 39", "mug at 9"], ["lamp at 29", "mug at 9"], facts=2)
    assert await watched(await open_tab(Home), shop) == ["lamp at 29", "mug at 9"]
    assert (shop.reads, joined) == (3, [["lamp"], ["lamp", "mug"]])


async def test_a_shop_in_which_something_always_happens_answers(open_tab: Tab, joined: list[list[str]]):
    shop = Shop(*[[f"lamp-{number} at 1"] for number in range(20)], facts=20)
    assert await watched(await open_tab(Home), shop) == ["lamp-3 at 1"]
    assert len(joined) == live.MAX_READS
