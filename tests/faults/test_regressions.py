"""What the kill harness has found, each as a small test of its own."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from shop_app.core.shop import shop
from shop_app.services.payments import authorisations
from shop_app.services.payments import commands as payment_commands
from shop_app.services.payments.refund_rows import RefundRequest
from shop_app.workflows import cancel, capture, recover, refund
from tests.paying import MANAGER, World, make_world, rows
from tests.selling import wrong_books


@pytest.fixture
def paid(engine, tmp_path) -> World:
    """A bowl at €27.80 with delivery at €4.90, paid."""
    world = make_world(tmp_path)
    world.enter_card(world.pay())
    world.deliver()
    return world


@pytest.mark.both
def test_the_delivery_may_be_kept_of_an_order_whose_goods_staff_took_back_before_they_left(paid):
    line, order_row = rows("order_line")[0], rows("customer_order")[0]

    asyncio.run(
        refund.refund(order_row.id, RefundRequest(lines={line.id: 1}, restock=True), "a key of ours", MANAGER)
    )

    (ended,) = rows("customer_order")
    assert (ended.status, ended.payment_status, ended.needs_review) == ("cancelled", "partially_refunded", "")
    assert wrong_books() == []


@pytest.fixture
def voided(engine, clock, tmp_path, monkeypatch) -> World:
    """An order whose cancelling died after the provider voided its payment, and before that was written."""
    monkeypatch.setattr(payment_commands, "shop", lambda: replace(shop(), capture="at_fulfilment"))
    world = make_world(tmp_path)
    world.enter_card(world.pay())
    world.deliver()
    asyncio.run(capture.void(rows("customer_order")[0].id))
    world.deliver()
    return world


@pytest.mark.both
def test_an_order_whose_cancelling_died_after_its_payment_was_voided_is_marked_once(voided, clock):
    asyncio.run(recover.sweep())
    assert rows("customer_order")[0].needs_review == ""

    clock.shift(authorisations.FLAG_AFTER.total_seconds() + 1)
    asyncio.run(recover.sweep())
    (order_row,) = rows("customer_order")
    assert (order_row.status, order_row.payment_status) == ("placed", "voided")
    assert order_row.needs_review == "The authorisation was voided, and the order wasn't cancelled."
    assert asyncio.run(recover.sweep()) == 0


def test_whoever_cancels_it_again_in_time_is_asked_nothing(voided, clock):
    order_row = rows("customer_order")[0]
    asyncio.run(
        cancel.cancel(order_row.id, restock=True, refund=True, reason="", by=MANAGER, request_key="again")
    )
    clock.shift(authorisations.FLAG_AFTER.total_seconds() + 1)
    asyncio.run(recover.sweep())

    (ended,) = rows("customer_order")
    assert (ended.status, ended.needs_review) == ("cancelled", "")
    assert wrong_books() == []
