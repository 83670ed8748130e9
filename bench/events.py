"""Add to cart over the real socket of the real server: from the frame to the answer, the row committed."""

from __future__ import annotations

from pathlib import Path

from sqlmodel import col, func, select

from bench import cpu, load
from bench.report import Row, latency_rows
from shop_app.models import Cart
from tests.shop import Shop, running

STATE = "reflex___state____state.shop_app___state___cart____cart"
SKU = "FH-DNM-OAT"
# Nine times more of it, then one again: the cart stays below the stock and every event changes it.
TURNS = [(f"{STATE}.add", {"sku": SKU, "quantity": 1})] * 9 + [
    (f"{STATE}.set_quantity", {"sku": SKU, "quantity": 1})
]
SECONDS = 6.0


def run(folder: Path) -> list[Row]:
    """One tab alone for the latency, then many for the throughput."""
    with running(folder, SHOP_LOAD_TEST="1", SHOP_LOG_LEVEL="WARNING") as shop:
        load.run(shop.url, TURNS, processes=1, tabs=1, seconds=1)
        before = changes(shop)
        one = load.run(shop.url, TURNS, processes=1, tabs=1, seconds=SECONDS)
        used = cpu.of_shop(shop)
        many = load.run(shop.url, TURNS, processes=2, tabs=8, seconds=SECONDS)
        cpu_ms = (cpu.of_shop(shop) - used) * 1000 / max(many.events, 1)
        committed = changes(shop) - before
    assert committed == one.events + many.events, (
        f"{committed} changes for {one.events + many.events} answers"
    )
    return [
        *latency_rows("add to cart, one tab", one.milliseconds, p50=3),
        Row("frame of the answer", one.frame_bytes, "bytes", 2048),
        Row("add to cart, 16 tabs", many.per_second, "events/s", 1000, at_least=True),
        *latency_rows("add to cart, 16 tabs", many.milliseconds),
        Row("the server's CPU for one event", cpu_ms, "ms"),
    ]


def changes(shop: Shop) -> int:
    """How often a cart was changed and committed: each change raises its version by one."""
    with shop.session() as session:
        return session.exec(select(func.coalesce(func.sum(col(Cart.version)), 0))).one()
