"""When a cart changes, the visitor's other tabs load it again, and not the one that changed it."""

from __future__ import annotations

from typing import Any

import pytest

from tests.shop import Shop
from tests.socket_client import STATE, Tab

pytestmark = [pytest.mark.slow, pytest.mark.timeout(120)]

CART = f"{STATE}.shop_app___state___cart____cart"
CHECKOUT = f"{STATE}.shop_app___state___checkout____checkout"
SKU = {"sku": "FH-DNM-OAT", "quantity": 1}


async def reloads_of(tab: Tab) -> list[str]:
    """What the tab was asked to load again, until nothing more came."""
    updates: list[dict[str, Any]] = await tab.settle(quiet=0.6)
    return [event["name"] for update in updates for event in update.get("events") or []]


async def test_the_other_tab_loads_the_cart_and_its_own_does_not(shop: Shop):
    async with Tab(shop.url) as own, Tab(shop.url, visitor=own.visitor) as other:
        for tab in (own, other):
            await tab.settle()
        await own.send(f"{CART}.add", SKU)
        # Twice within one moment, and still its own doing alone.
        await own.send(f"{CART}.add", SKU)
        assert f"{CART}.load" not in await reloads_of(own)
        assert f"{CART}.load" in await reloads_of(other)


async def test_where_both_changed_it_both_load_it(shop: Shop):
    async with Tab(shop.url) as one, Tab(shop.url, visitor=one.visitor) as two:
        for tab in (one, two):
            await tab.settle()
        await one.send(f"{CART}.add", SKU)
        await two.send(f"{CART}.add", SKU)
        for tab in (one, two):
            assert f"{CART}.load" in await reloads_of(tab)
        updates = await one.call(f"{CART}.load") + await two.call(f"{CART}.load")
        counts = [
            view["view_rx_state_"]["count"]
            for update in updates
            for name, view in (update.get("delta") or {}).items()
            if name.endswith("cart____cart") and "view_rx_state_" in view
        ]
        assert counts == [2, 2]


async def test_a_checkout_is_not_asked_to_look_at_what_it_has_just_done(shop: Shop):
    async with Tab(shop.url) as own, Tab(shop.url, visitor=own.visitor) as other:
        for tab in (own, other):
            await tab.settle()
        await own.call(f"{CART}.add", SKU)
        for tab in (own, other):
            await tab.call(f"{CHECKOUT}.load", path="/checkout")
            await tab.settle(quiet=0.4)
        await own.send(f"{CHECKOUT}.typed", {"field": "country", "value": "FR"}, path="/checkout")
        assert f"{CHECKOUT}.refresh" not in await reloads_of(own)
        assert f"{CHECKOUT}.refresh" in await reloads_of(other)
