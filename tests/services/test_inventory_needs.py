"""Who needs a variant: orders that have units of it are named where it is counted down, and on its page."""

from __future__ import annotations

import pytest

from shop_app.core import db
from shop_app.core.access.permissions import BUILT_IN_ROLES
from shop_app.core.access.principal import Principal
from shop_app.core.errors import Invalid
from shop_app.services.inventory import admin, needs, queries, record
from shop_app.services.stock_alerts import line
from tests.factories import stock_of
from tests.paying import World, make_world
from tests.selling import order, sell

CLERK = Principal("staff", 0, "clerk@example.com", "Kim", "clerk", BUILT_IN_ROLES["clerk"])


@pytest.fixture
def world(engine, tmp_path) -> World:
    return make_world(tmp_path)


def test_orders_are_named_where_their_units_would_be_counted_away(world):
    sell(world, {"SHOAL-BOWL": 2})
    number = str(order().number)
    with db.reading() as session:
        on_hand, allocated, held = stock_of(session, "SHOAL-BOWL")
        shown = record.record(session, "SHOAL-BOWL", by=CLERK)
    assert (allocated, held) == (2, 0)
    assert [(need.number, need.units) for need in shown.orders] == [(number, 2)]
    assert (shown.history[0].title, shown.history[0].order_number) == ("Ordered", number)
    sentence = f"already have more units than would be left. 2 belong to the orders {number}."
    with pytest.raises(Invalid, match=sentence) as refusal, db.transaction() as session:
        admin.set_units(session, "SHOAL-BOWL", 1, seen=on_hand, reason="count", by=CLERK)
    assert refusal.value.field == "units"
    with db.transaction() as session:
        assert admin.set_units(session, "SHOAL-BOWL", 2, seen=on_hand, reason="count", by=CLERK).left == 0


def test_who_asked_for_it_is_counted_and_named_for_those_who_may_see_customers(world):
    with db.transaction() as session:
        now = queries.stock_levels(session, "SHOAL-BOWL", by=CLERK).on_hand
        admin.change_units(session, "SHOAL-BOWL", -now, reason="lost", by=CLERK)
    with db.transaction() as session:
        line.ask(session, "SHOAL-BOWL", "ada@example.com")
    stock_only = Principal("staff", 0, "new@example.com", "New", "", frozenset({"inventory.view"}))
    with db.reading() as session:
        count, named = needs.requests(session, "SHOAL-BOWL", by=CLERK)
        assert (count, [request.email for request in named]) == (1, ["ada@example.com"])
        assert needs.requests(session, "SHOAL-BOWL", by=stock_only) == (1, [])
