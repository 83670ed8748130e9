"""PostgreSQL's own CPU for an add to the cart and for an order, and the statements that are sent to it.

Without sockets and browser, by the shop's own threads and pool, in the demo's catalogue, on a server that is
started for this: `python -m bench postgres_cpu`.
"""

from __future__ import annotations

import asyncio
import os
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any

from bench import cpu
from bench.report import Row

WARM_UP, ADDS, ORDERS = 40, 400, 100
"""Warmed up, because a connection prepares what it has sent five times."""
UNITS = 10_000
GOAL_ADD_MS, GOAL_ORDER_MS = 2.0, 20.0


def run(folder: Path) -> list[Row]:
    """An add with the view of the cart that follows it, and an order from the filled cart to paid."""
    from tests import postgres

    with postgres.server() as address:
        postgres.execute(address, "CREATE DATABASE shop")
        os.environ |= {"SHOP_DATA_DIR": str(folder), "SHOP_DATABASE_URL": address.format(database="shop")}
        return asyncio.run(_measure(address, folder))


async def _measure(address: str, folder: Path) -> list[Row]:
    from shop_app import prepare
    from shop_app.core import db
    from shop_app.core.settings import settings

    settings.cache_clear()
    db.engine.cache_clear()
    prepare.prepare_database()
    skus, sent = _well_stocked(8), _counting(db.engine())
    rows = []
    for what, step, count, goal in (
        ("add", _adding(skus), ADDS, GOAL_ADD_MS),
        ("order", _ordering(skus, folder), ORDERS, GOAL_ORDER_MS),
    ):
        for number in range(WARM_UP):
            await step(number)
        sent.clear()
        before_seconds = cpu.of_postgres(address)
        for number in range(WARM_UP, WARM_UP + count):
            await step(number)
        used_ms = (cpu.of_postgres(address) - before_seconds) * 1000
        rows += [
            Row(f"PostgreSQL's CPU for one {what}", used_ms / count, "ms", goal),
            Row(f"  statements for one {what}", sent["statements"] / count, ""),
            Row(f"  transactions for one {what}", sent["transactions"] / count, ""),
        ]
    db.engine().dispose()
    return rows


def _counting(engine: Any) -> Counter[str]:
    from sqlalchemy import event

    sent: Counter[str] = Counter()
    event.listen(engine, "before_cursor_execute", lambda *_given: sent.update(["statements"]))
    event.listen(engine, "begin", lambda _connection: sent.update(["transactions"]))
    return sent


def _adding(skus: Sequence[str]) -> Callable[[int], Awaitable[Any]]:
    from shop_app.core import db
    from shop_app.services.cart import commands, queries
    from shop_app.state.cart import change_and_view
    from tests.factories import key_hash

    def add(number: int) -> Awaitable[Any]:
        visitor, sku = key_hash(f"visitor {number // 3}"), skus[number % len(skus)]
        return db.write(change_and_view, visitor, commands.add, queries.view, sku, 1)

    return add


def _ordering(skus: Sequence[str], folder: Path) -> Callable[[int], Awaitable[Any]]:
    from shop_app.core import db
    from shop_app.services.cart import checkout, commands, queries
    from shop_app.services.storefront import order_page
    from shop_app.state.cart import change_and_view
    from shop_app.state.checkout import _enter
    from shop_app.workflows import pay
    from tests import paying
    from tests.factories import key_hash

    world = paying.World(paying.make_sandbox(folder))

    async def order(number: int) -> None:
        buyer = key_hash(f"buyer {number}")
        for sku in skus[:2]:
            await db.write(change_and_view, buyer, commands.add, queries.view, sku, 1)
        await db.write(_enter, buyer, "")
        shown = await db.write(checkout.save, buyer, paying.FORM)
        url = await pay.pay(buyer, paying.FORM, shown.total_minor)
        # The sandbox's books are in SQLite.
        paid = await asyncio.to_thread(world.enter_card, url)
        await asyncio.to_thread(world.deliver)
        token = str(paid.headers["location"]).rpartition("/")[2].partition("?")[0]
        await db.read(order_page.view, token)

    return order


def _well_stocked(count: int) -> list[str]:
    """The SKUs of some variants of the demo, with more units than will be bought."""
    from sqlmodel import col, select

    from shop_app.core import db
    from shop_app.models import MovementKind, StockLevel, StockMovement, Variant

    query = select(StockLevel, Variant.sku).join(Variant).where(col(Variant.active))
    with db.transaction() as session:
        found = session.exec(query.order_by(col(Variant.id)).limit(count)).all()
        for level, _sku in found:
            level.on_hand += UNITS
            session.add(
                StockMovement(
                    variant_id=level.variant_id,
                    kind=MovementKind.RECEIVED,
                    on_hand_delta=UNITS,
                    reason="bench",
                )
            )
        return [sku for _level, sku in found]
