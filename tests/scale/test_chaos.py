"""Workers are killed and Redis goes away while shoppers click: nothing is lost, and no page is stale."""

from __future__ import annotations

import asyncio
import os
import random
import signal
import time
from contextlib import AsyncExitStack
from dataclasses import dataclass, field

import pytest
from sqlmodel import Session, col, func, select

from shop_app.core.access.cookies import key_hash
from shop_app.models import Cart, CartLine, Variant
from shop_app.services.books import check as books
from tests import figures
from tests.shop import Shop
from tests.socket_client import visitor_key

from .open_page import CART, OpenPage
from .servers import Redis, worker_pids

LONG = os.environ.get("SHOP_TESTS_LONG") == "1"
ROUNDS, ROUND_SECONDS = (9, 20.0) if LONG else (3, 4.0)
"""In each round a worker is killed."""
REDIS_AWAY_SECONDS = 5.0 if LONG else 2.0
SHOPPERS = 8
SKUS = ("FH-DNM-OAT", "FH-DNM-MOS", "FH-DNM-INK")
WORKERS = 3
STARTS_SECONDS = 60
ANSWER_SECONDS = 10
AGREES_SECONDS = 20
"""A bound on waiting; how long it took is a figure."""

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]


@dataclass(slots=True)
class Shopper:
    """Somebody with the cart open in two tabs, who changes a quantity in one of them again and again."""

    visitor: str = field(default_factory=visitor_key)
    answered: int = 0
    """The quantity of the last change that the page showed."""
    sent: int = 0
    clicks: int = 0
    unanswered: int = 0

    async def shop(self, page: OpenPage, sku: str, stop: asyncio.Event) -> None:
        """Until `stop`: a new quantity, and wait until the page shows it or the connection is lost."""
        while not stop.is_set():
            quantity = self.sent % 5 + 1
            if not await page.send(f"{CART}.set_quantity", {"sku": sku, "quantity": quantity}):
                await page.until(lambda: page.is_connected, seconds=ANSWER_SECONDS)
                continue
            self.sent, self.clicks = quantity, self.clicks + 1
            connection = page.times_connected
            await page.until(
                lambda connection=connection, quantity=quantity: (
                    quantity_shown(page, sku) == quantity or page.times_connected != connection
                ),
                seconds=ANSWER_SECONDS,
            )
            if quantity_shown(page, sku) == quantity:
                self.answered = quantity
            else:
                self.unanswered += 1
            await asyncio.sleep(0.05)


def quantity_shown(page: OpenPage, sku: str) -> int:
    return next((line["quantity"] for line in page.cart.get("lines", []) if line["sku"] == sku), 0)


async def test_nothing_is_lost_and_every_page_agrees_with_the_database(shop: Shop, redis: Redis):
    """Workers die one after another and Redis once; then every open page shows what the database has."""
    chosen = random.Random(11)
    shoppers = [Shopper() for _ in range(SHOPPERS)]
    stop, deaths = asyncio.Event(), 0
    async with AsyncExitStack() as stack:
        pages = [
            [await stack.enter_async_context(OpenPage(shop.url, "/cart", visitor=one.visitor)) for _ in "ab"]
            for one in shoppers
        ]
        clicking = [
            asyncio.create_task(one.shop(pages[at][0], SKUS[at % len(SKUS)], stop))
            for at, one in enumerate(shoppers)
        ]
        for turn in range(ROUNDS):
            await asyncio.sleep(ROUND_SECONDS / 2)
            os.kill(chosen.choice(worker_pids(shop)), signal.SIGKILL)
            deaths += 1
            if turn == ROUNDS // 2:
                redis.stop()
                await asyncio.sleep(REDIS_AWAY_SECONDS)
                redis.start()
            await asyncio.sleep(ROUND_SECONDS / 2)
        stop.set()
        await asyncio.gather(*clicking)
        began = time.monotonic()
        stale = await _stale(shop, shoppers, pages)
        while stale and time.monotonic() - began < AGREES_SECONDS:
            await asyncio.sleep(0.1)
            stale = await _stale(shop, shoppers, pages)
        agreed_seconds = time.monotonic() - began
        assert stale == []
    clicks, unanswered = sum(one.clicks for one in shoppers), sum(one.unanswered for one in shoppers)
    with shop.session() as session:
        for at, one in enumerate(shoppers):
            # The last click may have been committed without an answer, and every answered one was.
            assert _quantity(session, one.visitor, SKUS[at % len(SKUS)]) in {one.answered, one.sent}
        assert books.check(session).violations == ()
    assert clicks - unanswered > SHOPPERS * ROUNDS
    _until_all_are_back(shop)
    figures.say(
        f"{deaths} workers killed, Redis away for {REDIS_AWAY_SECONDS:.0f} s: {clicks} clicks,"
        f" {unanswered} without an answer; every page agreed with the database after {agreed_seconds:.1f} s"
    )


def _until_all_are_back(shop: Shop) -> None:
    until = time.monotonic() + STARTS_SECONDS
    while len(worker_pids(shop)) < WORKERS:
        assert time.monotonic() < until, shop.printed()[-2000:]
        time.sleep(0.1)


async def _stale(shop: Shop, shoppers: list[Shopper], pages: list[list[OpenPage]]) -> list[str]:
    """Which pages don't show their visitor's cart as the database has it."""
    versions = await asyncio.to_thread(_versions, shop, shoppers)
    return [
        f"shopper {at}, tab {number}: version {page.cart.get('version')} instead of {versions[at]}"
        for at, tabs in enumerate(pages)
        for number, page in enumerate(tabs)
        if page.cart.get("version") != versions[at]
    ]


def _versions(shop: Shop, shoppers: list[Shopper]) -> list[int]:
    with shop.session() as session:
        return [
            session.exec(select(Cart.version).where(Cart.key_hash == key_hash(one.visitor))).one()
            for one in shoppers
        ]


def _quantity(session: Session, visitor: str, sku: str) -> int:
    return session.exec(
        select(func.coalesce(func.sum(CartLine.quantity), 0))
        .join(Cart, col(Cart.id) == CartLine.cart_id)
        .join(Variant, col(Variant.id) == CartLine.variant_id)
        .where(Cart.key_hash == key_hash(visitor), Variant.sku == sku)
    ).one()
