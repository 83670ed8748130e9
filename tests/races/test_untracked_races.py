"""Races of an untracked variant: buyers meet staff who start and stop tracking it, on both databases."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sqlalchemy import Engine

from shop_app.core import db
from shop_app.core.access.permissions import BUILT_IN_ROLES
from shop_app.core.access.principal import Principal
from shop_app.models import StockPolicy
from shop_app.services.cart import commands as cart_commands
from shop_app.services.cart import holds as cart_holds
from shop_app.services.fulfilment import commands as fulfilment_commands
from shop_app.services.inventory import admin as inventory_admin
from shop_app.services.inventory import commands as inventory_commands
from shop_app.services.orders import placing
from shop_app.services.orders import units as order_units
from tests.factories import key_hash, make_basics, make_product
from tests.interleaving import Rival, Step, around
from tests.racing import ENOUGH, FORM, at_once, count, fill, fill_many, numbers, wrong_in_the_books

pytestmark = pytest.mark.both
CLERK = Principal("staff", 0, "clerk@example.com", permissions=BUILT_IN_ROLES["clerk"])
LATER = replace(FORM, payment_provider="manual")
SKU = "TABLE"


@pytest.fixture(autouse=True)
def _shop(engine: Engine) -> None:
    with db.transaction() as session:
        make_basics(session)
        make_product(session, "Table", stock=0, policy=StockPolicy.UNTRACKED)
        make_product(session, "Bowl", stock=1000)


def act(job: tuple[str, str]) -> str:
    """A buyer or a clerk; the clerk's count is enough for everybody."""
    kind, buyer = job
    with db.transaction(durable=True) as session:
        if kind == "track":
            inventory_admin.track(session, SKU, 500, by=CLERK)
        elif kind == "stop":
            inventory_admin.stop_tracking(session, SKU, by=CLERK)
        elif kind == "enter":
            cart_holds.enter(session, key_hash(buyer))
        elif kind == "more":
            cart_commands.add(session, key_hash(buyer), SKU, 1)
        else:
            placing.place(session, key_hash(buyer), FORM, expected_total_minor=ENOUGH)
    return kind


def test_any_number_of_buyers_have_it_at_once(engine):
    buyers = [f"buyer {number}" for number in range(40)]
    fill_many({buyer: {SKU: 3, "BOWL": 1} for buyer in buyers})
    assert at_once(act, [("place", buyer) for buyer in buyers], 8) == {"place": 40}
    assert (numbers(SKU), numbers("BOWL")) == ((120, 120, 0), (1000, 40, 0))
    assert wrong_in_the_books() == []


def test_buyers_and_staff_who_switch_it_leave_the_books_right(engine):
    for round_number in range(6):
        buyers = [f"buyer {round_number} {number}" for number in range(12)]
        fill_many({buyer: {SKU: 1, "BOWL": 1} for buyer in buyers})
        switches = [("track", ""), ("stop", ""), ("track", ""), ("stop", "")]
        jobs = [(kind, buyer) for buyer in buyers for kind in ("enter", "more", "enter", "place")]
        for place_at, job in enumerate(switches):
            jobs.insert(9 * place_at + round_number, job)

        ended = at_once(act, jobs, 8)

        # A buyer may be told to try again, as may a clerk; nobody is told that it is sold out.
        assert ended["OutOfStock"] == 0
        assert ended["place"] >= 1
        assert wrong_in_the_books() == []


def send(order_id: int) -> None:
    with db.transaction(durable=True) as session:
        line_id = next(iter(order_units.lines_of(session, order_id)))
        fulfilment_commands.ship(
            session, order_id, {line_id: 2}, carrier="", tracking="", by=CLERK, unpaid_too=True
        )


def test_a_parcel_and_a_switch_meet_in_either_order(engine):
    for round_number in range(10):
        buyer = f"buyer {round_number}"
        fill(buyer, TABLE=2)
        with db.transaction() as session:
            placed = placing.place(session, key_hash(buyer), LATER, expected_total_minor=ENOUGH)

        def send_or_switch(kind: str, order_id: int = placed.order_id) -> str:
            if kind != "send":
                return act((kind, ""))
            send(order_id)
            return kind

        ended = at_once(send_or_switch, ["send", "track" if round_number % 2 else "stop"], 2)

        assert ended["send"] == 1
        assert wrong_in_the_books() == []
    assert count("shipment") == 10


def test_a_parcel_whose_units_are_taken_does_not_wait_for_who_waits_for_them(engine):
    """Who tracks it locks the variant, then its level; a movement has the level and names the variant."""
    fill("buyer", TABLE=2)
    with db.transaction() as session:
        placed = placing.place(session, key_hash("buyer"), LATER, expected_total_minor=ENOUGH)
    clerk = Rival(lambda: act(("track", "")))

    with around(Step("its level is changed", inventory_commands, "shift_all"), "after", clerk):
        send(placed.order_id)

    assert (clerk.struck, clerk.problem) == (True, None)
    assert count("shipment") == 1
    assert wrong_in_the_books() == []
