"""What happens in one worker reaches the open pages of all; what they miss without Redis they catch up on."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager

import psutil
import pytest
from sqlmodel import col, select

from bench import checkout
from bench.pushes import STOCK
from bench.shoppers import ADMIN, CHECKOUT, FORM, STEPS, Connection
from shop_app.core import db
from shop_app.models import Order, Variant
from shop_app.services.inventory import commands as inventory_commands
from shop_app.services.inventory import ledger
from tests import figures
from tests.shop import Shop
from tests.socket_client import STATE, Tab, visitor_key

from .open_page import CART, OpenPage
from .servers import Redis, worker_pids

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

PAGE, SLUG, SKU = "/products/dune-mug", "dune-mug", "FH-DNM-OAT"
LIVE = f"{STATE}.shop_app___state___live____live"
ORDER = f"{STATE}.shop_app___state___order____order"
MOST_PAGES = 60
WAIT_SECONDS = 30
"""A bound on waiting; how long it took is a figure."""


@asynccontextmanager
async def on_every_worker(shop: Shop, path: str, *, visitor: str = "") -> AsyncIterator[list[OpenPage]]:
    """Pages at `path`, as many as it takes until each worker has one: which one gets a page is chance."""
    pages: list[OpenPage] = []
    async with AsyncExitStack() as stack:
        while len(workers_of(shop, pages)) < len(worker_pids(shop)):
            assert len(pages) < MOST_PAGES
            opening = [OpenPage(shop.url, path, visitor=visitor) for _ in range(4)]
            pages += await asyncio.gather(*map(stack.enter_async_context, opening))
        yield pages


def workers_of(shop: Shop, pages: Sequence[OpenPage]) -> set[int]:
    """The workers that have the sockets of these pages, by the ports of both ends."""
    ports = {page.port for page in pages}
    return {
        pid
        for pid in worker_pids(shop)
        for one in psutil.Process(pid).net_connections("tcp")
        if one.raddr and one.raddr.port in ports
    }


async def reached(what: str, pages: Sequence[OpenPage], condition: Callable[[OpenPage], bool]) -> None:
    """Wait until every page shows it, and say how long that took."""
    began = time.monotonic()
    shown = await asyncio.gather(
        *(page.until(lambda page=page: condition(page), seconds=WAIT_SECONDS) for page in pages)
    )
    assert all(shown), f"{what}: {shown.count(False)} of {len(shown)} pages are stale"
    figures.say(
        f"{what}: on {len(pages)} pages of 3 workers after {(time.monotonic() - began) * 1000:.0f} ms"
    )


async def test_a_change_of_stock_reaches_the_pages_of_every_worker(shop: Shop):
    _skus, key = checkout.prepare(shop)
    async with on_every_worker(shop, PAGE) as pages:
        await adjust(shop, key, units=3)
        await reached("a change of stock", pages, lambda page: left(page) == 3)


async def test_a_change_of_a_cart_reaches_its_visitors_pages_on_every_worker(shop: Shop):
    async with on_every_worker(shop, "/cart", visitor=visitor_key()) as pages:
        await pages[0].send(f"{CART}.add", {"sku": SKU, "quantity": 2})
        await reached("a cart", pages, lambda page: quantity(page) == 2)
        await pages[-1].send(f"{CART}.set_quantity", {"sku": SKU, "quantity": 1})
        await reached("a cart, changed elsewhere", pages, lambda page: quantity(page) == 1)


async def test_what_happens_to_an_order_reaches_its_pages_on_every_worker(shop: Shop):
    _skus, key = checkout.prepare(shop)
    visitor = visitor_key()
    path = await placed(shop.url, visitor)
    with shop.session() as session:
        order = session.exec(select(Order).order_by(col(Order.id).desc())).first()
        assert order
    async with (
        on_every_worker(shop, path, visitor=visitor) as pages,
        Tab(shop.url, cookies={"shop_session": key}) as staff,
    ):
        await staff.answer(seconds=WAIT_SECONDS)
        assert not any(is_paid(page) for page in pages)
        form = {"order": str(order.id), "number": str(order.number), "reference": "transfer"}
        await staff.send(f"{ADMIN}.mark_paid", {"form": form}, path=f"/admin/orders/{order.number}")
        await reached("an order", pages, is_paid)


async def test_the_shop_sells_without_redis_and_no_page_is_stale_afterwards(shop: Shop, redis: Redis):
    _skus, key = checkout.prepare(shop)
    visitor = visitor_key()
    async with (
        on_every_worker(shop, "/cart", visitor=visitor) as carts,
        on_every_worker(shop, PAGE) as products,
    ):
        await carts[0].send(f"{CART}.add", {"sku": SKU, "quantity": 1})
        await reached("a cart before", carts, lambda page: quantity(page) == 1)
        redis.stop()
        try:
            await carts[0].send(f"{CART}.set_quantity", {"sku": SKU, "quantity": 4})
            await reached("without Redis, an answer", carts[:1], lambda page: quantity(page) == 4)
            await adjust(shop, key, units=2)
            # By the rows that movements leave: no page says that there are more than there are.
            await reached("without Redis, a change of stock", products, lambda page: left(page) == 2)
        finally:
            redis.start()
        await reached("a cart, once Redis is back", carts, lambda page: quantity(page) == 4)
        await carts[-1].send(f"{CART}.set_quantity", {"sku": SKU, "quantity": 2})
        await reached("a cart afterwards", carts, lambda page: quantity(page) == 2)
    assert "Traceback" not in shop.printed()


def quantity(page: OpenPage) -> int:
    return next((line["quantity"] for line in page.cart.get("lines", []) if line["sku"] == SKU), 0)


def is_paid(page: OpenPage) -> bool:
    return page.values[ORDER]["view_rx_state_"]["payment_status"] == "paid"


def left(page: OpenPage) -> int:
    """The units that a page of the product was pushed."""
    pushed = page.values.get(LIVE, {}).get(f"now_{SLUG}_rx_state_", {})
    return pushed.get("variants", {}).get(SKU, {}).get("max_quantity", -1)


async def adjust(shop: Shop, key: str, *, units: int) -> None:
    """Have staff take off the last unit that is too many, so that so many can be bought."""
    with db.transaction(on=shop.engine) as session:
        variant = session.exec(select(Variant).where(Variant.sku == SKU)).one()
        level = ledger.levels(session, [variant.id or 0])[variant.id or 0]
        promised = level.allocated + level.held
        inventory_commands.set_on_hand(session, variant.id or 0, promised + units + 1, reason="test")
    path = "/admin/inventory"
    async with Tab(shop.url, cookies={"shop_session": key}) as tab:
        await tab.answer(seconds=WAIT_SECONDS)
        await tab.call(f"{STOCK}.open", {"sku": SKU}, path=path)
        form = {"mode": "change", "units": "-1", "seen": "0", "reason": "broken"}
        await tab.call(f"{STOCK}.adjust", {"form": form}, path=path)


async def placed(url: str, visitor: str) -> str:
    """The address of the page of an order by transfer."""
    async with Tab(url, visitor=visitor) as tab:
        await tab.answer(seconds=WAIT_SECONDS)
        shopper, page = Connection(tab), "/checkout"
        await shopper.call(f"{CART}.add", {"sku": SKU, "quantity": 1}, "/", STEPS["add to cart"])
        await shopper.call(f"{CHECKOUT}.load", {}, page, STEPS["open the checkout"])
        chosen = {"field": "shipping_method", "value": FORM["shipping_method"]}
        shown = await shopper.call(f"{CHECKOUT}.typed", chosen, page, STEPS["choose the delivery"])
        (total,) = re.findall(r'"total":"[^"]*","total_minor":(\d+),"pay_label"', shown)
        form = FORM | {"shown_minor": total, "ticket": "test"}
        answer = await shopper.call(f"{CHECKOUT}.pay", {"form": form}, page, STEPS["pay"])
    (path,) = set(re.findall(r'"address":"(/orders/[A-Za-z0-9_-]{16,})"', answer))
    return path
