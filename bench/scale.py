"""The same work with 1, 2 and 3 workers on PostgreSQL and Redis, beside one process on SQLite.

Each row is the time of the processors for one operation: the shop's, and PostgreSQL's.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy import func, select

from bench import checkout, cpu, events, hydration, load, pushes, shoppers
from bench.report import Row, percentile
from tests import postgres
from tests.scale.servers import redis_server, scaled_shop
from tests.shop import Shop, running
from tests.socket_client import page_says

WORKERS = (1, 2, 3)
SECONDS, WARM_UP_SECONDS = 6.0, 6.0
TABS = 1_000
PAGES_OPENED = 100
PAGE = "/products/dune-mug"
POSTGRES_ADD_MS, POSTGRES_ORDER_MS = 2, 20
"""What an operation may cost of PostgreSQL's processors."""
GROWTH = 1.15
"""So many times one worker's cost an operation may cost with three."""
PUSH_MS = 300


@dataclass(slots=True)
class Run:
    """One kind of server, and what its operations cost in milliseconds of the processors."""

    name: str
    shop_ms: dict[str, float] = field(default_factory=dict)
    postgres_ms: dict[str, float] = field(default_factory=dict)
    push_ms: float = 0
    order_kb: float = 0
    """What an order adds to PostgreSQL's files, log not counted."""
    memory_mb: float = 0
    """Of all the shop's processes at rest, what they share counted once."""


def run(folder: Path) -> list[Row]:
    """Every kind of server, one after another in one run."""
    runs = []
    (folder / "sqlite").mkdir()
    with running(folder / "sqlite", SHOP_LOAD_TEST="1", SHOP_LOG_LEVEL="WARNING") as shop:
        runs.append(_measure(Run("SQLite, 1 process"), shop, lambda: 0.0))
    with postgres.server() as address, redis_server() as redis:
        for count in WORKERS:
            name = f"PostgreSQL, {count} worker{'s' if count > 1 else ''}"
            with scaled_shop(
                folder / f"workers-{count}", address, redis.url, workers=count, SHOP_LOG_LEVEL="WARNING"
            ) as shop:
                runs.append(_measure(Run(name), shop, lambda: cpu.of_postgres(address)))
    return [*(row for one in runs for row in _rows(one)), *_compared(runs[1], runs[-1])]


def _measure(one: Run, shop: Shop, postgres_seconds: Callable[[], float]) -> Run:
    @contextmanager
    def counted(operation: str, counts: list[int]) -> Iterator[None]:
        of_shop, of_postgres = cpu.of_shop(shop), postgres_seconds()
        yield
        count = max(sum(counts), 1)
        one.shop_ms[operation] = (cpu.of_shop(shop) - of_shop) * 1000 / count
        one.postgres_ms[operation] = (postgres_seconds() - of_postgres) * 1000 / count

    said, counts = page_says(shop.url, PAGE), list[int]()
    one.memory_mb = cpu.memory_mb(shop)
    # The first ones fill caches, and prepare statements: each connection of each worker its own.
    load.run(shop.url, events.TURNS, processes=1, tabs=16, seconds=WARM_UP_SECONDS)
    hydration.get(shop.url, PAGE, PAGES_OPENED)
    asyncio.run(hydration.open_pages(shop.url, PAGE, said, PAGES_OPENED))
    with counted("page view", [PAGES_OPENED]):
        hydration.get(shop.url, PAGE, PAGES_OPENED)
        asyncio.run(hydration.open_pages(shop.url, PAGE, said, PAGES_OPENED))
    with counted("add to cart", counts):
        counts.append(load.run(shop.url, events.TURNS, processes=1, tabs=16, seconds=SECONDS).events)
    skus, key = checkout.prepare(shop)
    counts = []
    first = checkout.newest_number(shop) + 1
    shoppers.run(shop.url, key, skus, shoppers=16, staff=4, seconds=WARM_UP_SECONDS, first=first)
    before = _database_bytes(shop)
    with counted("whole checkout", counts):
        first = checkout.newest_number(shop) + 1
        done = shoppers.run(shop.url, key, skus, shoppers=16, staff=4, seconds=SECONDS, first=first)
        counts.append(done.orders)
    checkout.check(shop, first, done.orders)
    one.order_kb = (_database_bytes(shop) - before) / 1024 / max(done.orders, 1)
    reached = pushes.run(shop, TABS)
    one.push_ms = percentile(reached, 100)
    return one


def _database_bytes(shop: Shop) -> int:
    if shop.engine.dialect.name == "sqlite":
        return 0
    with shop.session() as session:
        return (
            session.connection().execute(select(func.pg_database_size(func.current_database()))).scalar_one()
        )


def _rows(one: Run) -> Iterator[Row]:
    for operation, shop_ms in one.shop_ms.items():
        yield Row(f"{one.name}: {operation}, the shop's CPU", shop_ms, "ms")
        if one.postgres_ms[operation]:
            goal = {"add to cart": POSTGRES_ADD_MS, "whole checkout": POSTGRES_ORDER_MS}.get(operation)
            yield Row(f"{one.name}: {operation}, PostgreSQL's CPU", one.postgres_ms[operation], "ms", goal)
    if one.order_kb:
        yield Row(f"{one.name}: an order's room in the database", one.order_kb, "KB")
    yield Row(f"{one.name}: memory at rest", one.memory_mb, "MB")
    yield Row(f"{one.name}: a push reaches the last of {TABS:,} tabs", one.push_ms, "ms", PUSH_MS)


def _compared(alone: Run, all_workers: Run) -> Iterator[Row]:
    for operation, before_ms in alone.shop_ms.items():
        ratio = all_workers.shop_ms[operation] / before_ms
        yield Row(f"{operation}: 3 workers' CPU by one worker's", ratio, "x", GROWTH)
