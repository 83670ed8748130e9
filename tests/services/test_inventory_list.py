"""The inventory as a list: what needs a look, how it is found, and rules set for many."""

from __future__ import annotations

from urllib.parse import parse_qs

import pytest
from sqlmodel import Session

from shop_app.core.access.permissions import BUILT_IN_ROLES
from shop_app.core.access.principal import NOBODY, Principal
from shop_app.core.errors import Forbidden, Invalid
from shop_app.models import StockPolicy
from shop_app.services.inventory import admin, incoming, stock_list
from shop_app.services.inventory.stock_list import INVENTORY
from shop_app.services.lists import query, view
from shop_app.services.lists.spec import Unchanged
from tests.factories import make_product, variant_with

pytestmark = pytest.mark.both
CLERK = Principal("staff", 0, "clerk@example.com", "Kim", "clerk", BUILT_IN_ROLES["clerk"])


@pytest.fixture
def shelf(session: Session) -> None:
    make_product(session, "Lamp", options={"Colour": ["Moss", "Clay"]}, stock=10)
    make_product(session, "Bowl", stock=3)
    make_product(session, "Mug", stock=0)
    make_product(session, "Course", stock=0, policy=StockPolicy.UNTRACKED)
    variant_with(session, "BOWL").barcode = "4006381333931"
    incoming.expect(session, "MUG", 24, by=CLERK)
    session.flush()


def found(session: Session, address: str = "") -> list[str]:
    shown = view.read(session, INVENTORY, query.read(INVENTORY, parse_qs(address)), CLERK)
    return [row.label for row in shown.rows]


@pytest.mark.parametrize(
    ("address", "skus"),
    [
        ("", ["BOWL", "COURSE", "LAMP-CLAY", "LAMP-MOSS", "MUG"]),
        ("sort=-on_hand", ["LAMP-CLAY", "LAMP-MOSS", "BOWL", "MUG", "COURSE"]),
        ("status=low", ["BOWL"]),
        ("status=out", ["MUG"]),
        ("status=low,out&sort=available", ["MUG", "BOWL"]),
        ("status=not:fine", ["BOWL", "MUG"]),
        ("status=oversold", []),
        ("available=min:3,max:9", ["BOWL"]),
        ("policy=untracked", ["COURSE"]),
        ("incoming=yes", ["MUG"]),
        ("asked=yes", []),
        ("vendor=Fennholm&available=min:5", ["LAMP-CLAY", "LAMP-MOSS"]),
        ("q=lamp-m", ["LAMP-MOSS"]),
        ("q=LAMP", ["LAMP-CLAY", "LAMP-MOSS"]),
        ("q=4006381333931", ["BOWL"]),
        ("q=%25", []),
        ("q=';DROP", []),
    ],
)
def test_the_list_finds(session, shelf, address, skus):
    if address == "sort=-on_hand":
        assert sorted(found(session, address)) == sorted(skus)
        assert found(session, address)[2:3] == ["BOWL"]
    else:
        assert found(session, address) == skus


def test_a_row_says_what_there_is_and_what_is_to_come(session, shelf):
    ids = [variant_with(session, sku).id or 0 for sku in ("MUG", "COURSE", "LAMP-MOSS")]
    rows = INVENTORY.load(session, ids, CLERK)
    mug, course, lamp = (rows[key] for key in ids)
    assert {name: cell.text for name, cell in mug.cells.items() if cell.text} == {
        "product": "Mug",
        "sku": "MUG",
        "available": "0",
        "on_hand": "0",
        "allocated": "0",
        "held": "0",
        "incoming": "24",
        "status": "Sold out",
        "low_at": "3",
        "policy": "Stop selling when sold out",
    }
    assert (course.cells["available"].text, course.cells["status"].text) == ("∞", "")
    assert (lamp.href, lamp.cells["product"].sub, lamp.marks["data-sku"]) == (
        "/admin/inventory/LAMP-MOSS",
        "Moss",
        "LAMP-MOSS",
    )
    assert stock_list.address("A/B 1?#") == "/admin/inventory/A%2FB%201%3F%23"


def test_rules_are_set_for_many_and_what_they_skip_is_said_before(session, shelf):
    threshold, policy = INVENTORY.action("low_at"), INVENTORY.action("policy")
    assert threshold
    assert threshold.plan
    assert threshold.run
    assert threshold.check
    assert policy
    assert policy.run
    bowl, course = (variant_with(session, sku).id or 0 for sku in ("BOWL", "COURSE"))
    assert threshold.plan(session, [bowl, course], CLERK).skipped == ((course, "COURSE", "Nobody counts it"),)
    threshold.run(session, bowl, CLERK, {"low_at": "2"})
    with pytest.raises(Unchanged):
        threshold.run(session, bowl, CLERK, {"low_at": "2"})
    for typed in ("", "-1", "many", "1000000"):
        with pytest.raises(Invalid):
            threshold.check({"low_at": typed})
    policy.run(session, bowl, CLERK, {"policy": "backorder", "expected_on": "2099-12-24"})
    with pytest.raises(Unchanged):
        policy.run(session, course, CLERK, {"policy": "untracked"})
    levels = admin.set_low_at(session, "BOWL", 2, by=CLERK)
    assert (levels.low_at, levels.policy, levels.expected_on) == (2, "backorder", "2099-12-24")


def test_it_is_for_those_who_may_see_stock(session, shelf):
    with pytest.raises(Forbidden):
        view.read(session, INVENTORY, query.read(INVENTORY, {}), NOBODY)
