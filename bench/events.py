"""Add to cart over the real socket of the real server: from the frame to the answer, the row committed."""

from __future__ import annotations

from pathlib import Path

import psutil
from sqlmodel import col, func, select

from bench import load
from bench.report import Row, latency_rows
from shop_app.models import Cart, CartLine
from tests.shop import Shop, running

STATE = "reflex___state____state.shop_app___state___cart____cart"
SKU = "FH-DNM-OAT"
SECONDS = 6.0


def run(folder: Path) -> list[Row]:
    """One tab alone for the latency, then many for the throughput."""
    with running(folder, SHOP_LOAD_TEST="1", SHOP_LOG_LEVEL="WARNING") as shop:
        # Adding and taking out by turns: the cart neither grows nor reaches a limit.
        turns = [{"sku": SKU, "quantity": 1 + at % 5} for at in range(10)]
        load.run(shop.url, f"{STATE}.set_quantity", turns, processes=1, tabs=1, seconds=1)
        one = load.run(
            shop.url, f"{STATE}.add", [{"sku": SKU, "quantity": 1}], processes=1, tabs=1, seconds=SECONDS
        )
        before = _cpu(shop)
        many = load.run(
            shop.url, f"{STATE}.add", [{"sku": SKU, "quantity": 1}], processes=2, tabs=8, seconds=SECONDS
        )
        cpu_ms = (_cpu(shop) - before) * 1000 / max(many.events, 1)
        _check(shop)
    return [
        *latency_rows("add to cart, one tab", one.milliseconds, p50=3),
        Row("frame of the answer", one.frame_bytes, "bytes", 2048),
        Row("add to cart, 16 tabs", many.per_second, "events/s", 1000, at_least=True),
        *latency_rows("add to cart, 16 tabs", many.milliseconds),
        Row("the server's CPU for one event", cpu_ms, "ms"),
    ]


def _cpu(shop: Shop) -> float:
    used = psutil.Process(shop.process.pid).cpu_times()
    return used.user + used.system


def _check(shop: Shop) -> None:
    """The rows are there: nothing was answered that wasn't committed."""
    with shop.session() as session:
        carts = session.exec(select(func.count()).select_from(Cart).where(col(Cart.version) > 1)).one()
        lines = session.exec(select(func.count()).select_from(CartLine)).one()
    assert carts > 0, "no cart was written"
    assert lines >= carts, "a cart has no line"
