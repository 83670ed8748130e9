"""The list of orders: what its tabs and filters find, and what is done with many orders at once."""

from __future__ import annotations

import asyncio

import pytest

from shop_app.core import db
from shop_app.core.errors import Conflict, Invalid
from shop_app.services.lists import engine as lists_engine
from shop_app.services.lists import query
from shop_app.services.lists.spec import Unchanged
from shop_app.services.order_desk.order_list import ORDERS, tracking_list
from shop_app.workflows.ship_all import ship_all
from tests.paying import MANAGER, everything, make_world, rows
from tests.selling import CLERK, LATER, order, run_sql, sell, statuses, wrong_books

both = pytest.mark.both
KEY = "a-key-of-the-job-1"


@pytest.fixture
def world(engine, tmp_path):
    return make_world(tmp_path)


def found(**asked: str) -> list[int]:
    """The ids that the list finds for the fields of an address."""
    with db.reading() as session:
        return list(lists_engine.page(session, ORDERS, query.read(ORDERS, asked)).ids)


@both
def test_tabs_and_filters_find_what_they_say(world):
    paid = sell(world, {"DUNE-MUG": 2})
    later = sell(world, {"SHOAL-BOWL": 1}, LATER)
    assert found() == [later, paid]
    assert (found(tab="to-pack"), found(tab="unpaid"), found(tab="attention")) == ([paid], [later], [])
    assert (found(sku="DUNE-MUG"), found(sku="starts:SHO"), found(product="shoal-bowl")) == (
        [paid],
        [later],
        [later],
    )
    assert (found(payment="paid"), found(payment="not:paid"), found(country="DE,FR")) == (
        [paid],
        [later],
        [later, paid],
    )
    assert found(total="min:4000", placed="today") == [paid]
    assert (found(q="marta"), found(q=str(rows("customer_order")[0].number)), found(q="nobody")) == (
        [later, paid],
        [paid],
        [],
    )
    run_sql("UPDATE customer_order SET needs_review = 'Look', archived_at = placed_at WHERE id = 1")
    assert (found(tab="attention"), found(tab="archived"), found(tab="returns")) == ([paid], [paid], [])
    with db.reading() as session:
        shown = ORDERS.load(session, [paid, later], CLERK)
    assert (shown[paid].cells["items"].text, shown[paid].cells["attention"].text) == ("2", "Look at it")
    assert shown[later].cells["payment"].text == "Not paid"
    assert shown[later].marks == {"data-testid": "order-row", "data-number": str(order().number)}


def test_many_are_sent_with_a_pasted_list_each_once(world):
    first = sell(world, {"DUNE-MUG": 2})
    second = sell(world, {"SHOAL-BOWL": 1})
    unpaid = sell(world, {"SHOAL-BOWL": 1}, LATER)
    numbers = [row.number for row in rows("customer_order")]
    action = ORDERS.action("ship")
    assert action is not None
    assert action.plan is not None
    with db.reading() as session:
        plan = action.plan(session, [first, second, unpaid], CLERK)
    assert (plan.will, [reason for _id, _name, reason in plan.skipped]) == (
        (first, second),
        ["It isn't paid"],
    )
    tracked = tracking_list(f"{numbers[0]}\tUPS\t1Z999\n")
    for _ in range(2):
        asyncio.run(ship_all(first, by=CLERK, request_key=KEY, tracked=tracked))
    (shipment,) = rows("shipment")
    assert (shipment.carrier, shipment.tracking) == ("UPS", "1Z999")
    before = everything()
    with pytest.raises(Unchanged):
        asyncio.run(ship_all(second, by=CLERK, request_key=KEY + "2", tracked=tracked))
    with pytest.raises(Conflict, match="Nothing of it"):
        asyncio.run(ship_all(first, by=CLERK, request_key=KEY + "3"))
    assert everything() == before
    asyncio.run(ship_all(second, by=MANAGER, request_key=KEY + "4"))
    run_sql(f"DELETE FROM order_word WHERE order_id = {unpaid}")
    assert (len(rows("shipment")), statuses(), wrong_books()) == (2, ("placed", "none", "none"), [])


@pytest.mark.parametrize("text", ["", "1042", "x\t1", "1042\t1\n1042\t2", "\n".join(["1\t2"] * 501)])
def test_a_list_that_cant_be_read_is_refused(text: str):
    with pytest.raises(Invalid):
        tracking_list(text)
