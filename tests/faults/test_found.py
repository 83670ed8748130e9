"""What the kill harness has found, each as a small test of its own."""

from __future__ import annotations

import asyncio

import pytest

from shop_app import db, till
from shop_app.services.books import books
from shop_app.services.refunds.refunds import RefundWish
from tests.paying import MANAGER, World, make_world, rows


@pytest.fixture
def paid(engine, tmp_path) -> World:
    """A bowl at €27.80 with delivery at €4.90, paid."""
    world = make_world(tmp_path)
    world.enter_card(world.pay())
    world.deliver()
    return world


def wrong() -> list[str]:
    with db.reading() as session:
        return [found.sentence for found in books.check(session).violations]


@pytest.mark.both
def test_the_delivery_may_be_kept_of_an_order_whose_goods_staff_took_back_before_they_left(paid):
    line, found = rows("order_line")[0], rows("customer_order")[0]

    asyncio.run(till.refund(found.id, RefundWish(lines={line.id: 1}, restock=True), "a key of ours", MANAGER))

    (ended,) = rows("customer_order")
    assert (ended.status, ended.payment_status, ended.attention) == ("cancelled", "partially_refunded", "")
    assert wrong() == []
