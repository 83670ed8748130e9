"""The money of returns: what arrived goes back once, and a withdrawal from all of it with its delivery."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest

from shop_app.core import db
from shop_app.core.access.permissions import BUILT_IN_ROLES
from shop_app.core.access.principal import Principal
from shop_app.core.errors import Conflict, Forbidden
from shop_app.services.books import check as books
from shop_app.services.fulfilment import commands as fulfilment_commands
from shop_app.services.returns import admin as return_admin
from shop_app.services.returns import commands as return_commands
from shop_app.services.storefront import order_page
from shop_app.workflows import refund as refund_workflow
from tests.paying import World, make_world, rows

BOSS = Principal("staff", 0, "boss@example.com", "Boss", "owner", BUILT_IN_ROLES["owner"])
KEY = "k" * 32


@pytest.fixture
def world(engine, tmp_path) -> Iterator[World]:
    """A bowl at €27.80 with €4.90 of delivery, paid by card."""
    world = make_world(tmp_path)
    world.enter_card(world.pay(total_minor=world.fill_cart(quantity=1)))
    world.deliver()
    yield world
    with db.reading() as session:
        assert [violation.sentence for violation in books.check(session).violations] == []


def withdraw() -> return_commands.Receipt:
    with db.transaction() as session:
        return return_commands.withdraw(session, "1001", "marta@example.com", "Marta Lind", None, "", KEY)


def send() -> None:
    with db.transaction() as session:
        shipment = fulfilment_commands.ship(session, 1, {1: 1}, carrier="DHL", tracking="1", by=BOSS)
        fulfilment_commands.mark_delivered(session, shipment.id, by=BOSS)


def refund(key: str = "refund-of-return-1") -> None:
    async def run() -> None:
        return_refund = await db.write(return_admin.refund_request, 1, by=BOSS)
        if return_refund:
            await refund_workflow.refund(return_refund.order_id, return_refund.request, key, BOSS)

    asyncio.run(run())


def test_a_withdrawal_of_all_gives_back_the_delivery_too(world):
    send()
    withdraw()
    with db.transaction() as session:
        return_admin.receive(session, 1, {1: 1}, {1: 1}, by=BOSS)
    refund()
    refund()

    (row,) = rows("refund")
    (return_row,) = rows("return_request")
    assert (row.amount_minor, row.return_id, return_row.status) == (3270, 1, "refunded")
    with db.reading() as session:
        view = order_page.view(session, rows("customer_order")[0].token)
    assert (view.phase, view.refunded, view.headline) == (
        "refunded",
        "€32.70",
        "Your money is on its way back",
    )
    assert [step.label for step in view.steps][-2:] == ["Returned", "Refunded"]
    assert {step.state for step in view.steps} == {"done"}
    assert view.choices == []


def test_what_wasnt_sent_is_cancelled_with_its_refund_and_never_sent(world):
    withdraw()
    with db.transaction() as session, pytest.raises(Conflict, match="The shopper has withdrawn"):
        fulfilment_commands.ship(session, 1, {1: 1}, carrier="", tracking="", by=BOSS)
    refund()

    (return_row,) = rows("return_request")
    (order,) = rows("customer_order")
    assert (return_row.status, order.status, rows("order_line")[0].quantity_cancelled) == (
        "refunded",
        "cancelled",
        1,
    )
    assert rows("refund")[0].amount_minor == 3270


def test_staff_without_the_right_give_nothing_back(world):
    send()
    withdraw()
    clerk = Principal("staff", 0, "clerk@example.com", permissions=BUILT_IN_ROLES["clerk"])
    with db.transaction() as session, pytest.raises(Forbidden):
        return_admin.refund_request(session, 1, by=clerk)
    assert rows("refund") == []
