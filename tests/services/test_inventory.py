"""Stock: three numbers that always match the ledger."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from sqlalchemy import select
from sqlmodel import Session, SQLModel

from shop_app.core import events
from shop_app.core.errors import Conflict, Invalid, OutOfStock
from shop_app.core.fact_cache import product_tag
from shop_app.models import Order, StockPolicy
from shop_app.services.inventory import commands as inventory_commands
from shop_app.services.inventory import holds as inventory_holds
from tests.factories import make_cart, make_product, stock_of, variant_with

pytestmark = pytest.mark.both
UNTIL = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
movement = SQLModel.metadata.tables["stock_movement"]


@pytest.fixture
def lamp(session: Session) -> int:
    make_product(session, "Lamp", stock=10)
    return id_of(session, "LAMP")


@pytest.fixture
def bowl(session: Session) -> int:
    make_product(session, "Bowl", stock=4)
    return id_of(session, "BOWL")


def id_of(session: Session, sku: str) -> int:
    variant_id = variant_with(session, sku).id
    assert variant_id
    return variant_id


def ledger(session: Session, variant_id: int) -> list[tuple[str, int, int, int]]:
    rows = session.connection().execute(
        select(movement).where(movement.c.variant_id == variant_id).order_by(movement.c.id)
    )
    return [(row.kind, row.on_hand_delta, row.allocated_delta, row.held_delta) for row in rows]


def test_a_stocktake_sets_what_is_there_and_says_who_and_why(session, lamp):
    inventory_commands.set_on_hand(
        session, lamp, 7, reason="stocktake", actor="clerk@example.com", note="shelf 3"
    )

    assert stock_of(session, "LAMP") == (7, 0, 0)
    assert ledger(session, lamp) == [("received", 10, 0, 0), ("adjusted", -3, 0, 0)]
    row = session.connection().execute(select(movement).order_by(movement.c.id.desc())).first()
    assert row
    assert (row.reason, row.actor, row.note) == ("stocktake", "clerk@example.com", "shelf 3")
    assert session.info["events"] == [
        events.ShownChanged((product_tag(1),)),
        events.StockChanged((lamp,)),
    ]


def test_setting_what_is_there_already_leaves_no_trace(session, lamp):
    inventory_commands.set_on_hand(session, lamp, 10, reason="stocktake")

    assert ledger(session, lamp) == [("received", 10, 0, 0)]


@pytest.mark.parametrize("units", [-1, 10**9 + 1])
def test_absurd_numbers_are_refused(session, lamp, units):
    with pytest.raises(Invalid):
        inventory_commands.set_on_hand(session, lamp, units, reason="stocktake")

    assert stock_of(session, "LAMP") == (10, 0, 0)


def test_units_of_orders_and_holds_cannot_be_taken_out_of_the_house(session, lamp):
    cart = make_cart(session)
    inventory_holds.hold(session, cart.id or 0, {lamp: 8}, expires_at=UNTIL)
    with pytest.raises(Invalid, match="already have more units"):
        inventory_commands.adjust(session, lamp, -3, reason="broken")

    assert stock_of(session, "LAMP") == (10, 0, 8)
    inventory_commands.adjust(session, lamp, -2, reason="broken")
    assert stock_of(session, "LAMP") == (8, 0, 8)


def test_a_hold_is_exactly_what_was_asked_for_last(session, lamp, bowl):
    cart = make_cart(session)
    inventory_holds.hold(session, cart.id or 0, {lamp: 2, bowl: 4}, expires_at=UNTIL)
    inventory_holds.hold(session, cart.id or 0, {lamp: 5}, expires_at=UNTIL)

    assert (stock_of(session, "LAMP"), stock_of(session, "BOWL")) == ((10, 0, 5), (4, 0, 0))
    for _again in range(2):
        inventory_holds.unhold(session, cart.id or 0, reason="expired")
    assert stock_of(session, "LAMP") == (10, 0, 0)
    assert ledger(session, lamp)[1:] == [("held", 0, 0, 2), ("held", 0, 0, 3), ("unheld", 0, 0, -5)]


def test_what_others_hold_cannot_be_held_and_the_refusal_tells_every_line(session, lamp, bowl):
    first, second = make_cart(session, key="first"), make_cart(session, key="second")
    inventory_holds.hold(session, first.id or 0, {bowl: 3}, expires_at=UNTIL)
    with pytest.raises(OutOfStock) as refusal, session.begin_nested():
        inventory_holds.hold(session, second.id or 0, {bowl: 2, lamp: 1}, expires_at=UNTIL)

    assert refusal.value.left == {"BOWL": 1, "LAMP": 1}
    assert refusal.value.message == "Only 1 of Bowl is left."
    assert (stock_of(session, "BOWL"), stock_of(session, "LAMP")) == ((4, 0, 3), (10, 0, 0))


def test_an_order_takes_over_what_its_cart_holds(session, bowl):
    cart = make_cart(session)
    inventory_holds.hold(session, cart.id or 0, {bowl: 4}, expires_at=UNTIL)
    inventory_commands.allocate(session, an_order(session), {bowl: 4}, cart_id=cart.id)

    assert stock_of(session, "BOWL") == (4, 4, 0)
    assert ledger(session, bowl)[-1] == ("allocated", 0, 4, -4)


def test_an_order_gives_back_what_it_has_once(session, lamp, bowl):
    order_id = an_order(session)
    inventory_commands.allocate(session, order_id, {lamp: 3, bowl: 1})
    for _again in range(2):
        inventory_commands.release(session, order_id, reason="order cancelled")

    assert (stock_of(session, "LAMP"), stock_of(session, "BOWL")) == ((10, 0, 0), (4, 0, 0))
    assert ledger(session, lamp)[1:] == [("allocated", 0, 3, 0), ("released", 0, -3, 0)]


def test_what_may_be_backordered_is_never_out_of_stock(session):
    make_product(session, "Chair", stock=0, policy=StockPolicy.BACKORDER)
    inventory_commands.allocate(session, an_order(session), {id_of(session, "CHAIR"): 5})

    assert stock_of(session, "CHAIR") == (0, 5, 0)


def test_of_what_is_untracked_the_ledger_has_what_orders_have(session):
    make_product(session, "Bench", stock=0, policy=StockPolicy.UNTRACKED)
    bench, order_id, cart = id_of(session, "BENCH"), an_order(session), make_cart(session)
    inventory_holds.hold(session, cart.id or 0, {bench: 9}, expires_at=UNTIL)
    inventory_commands.allocate(session, order_id, {bench: 3}, cart_id=cart.id)
    inventory_commands.release(session, order_id, reason="order cancelled", quantities={bench: 1})

    assert stock_of(session, "BENCH") == (2, 2, 0)
    assert ledger(session, bench) == [("allocated", 3, 3, 0), ("released", -1, -1, 0)]
    with pytest.raises(Invalid, match="isn't tracked"):
        inventory_commands.adjust(session, bench, 5, reason="found")


CLERK = "staff:clerk@example.com"


def test_a_shipment_takes_its_units_out_of_the_house(session, lamp, bowl):
    order_id = an_order(session)
    inventory_commands.allocate(session, order_id, {lamp: 3, bowl: 1})
    inventory_commands.ship(session, order_id, {lamp: 2, bowl: 0}, actor=CLERK, note="DHL 1")

    assert (stock_of(session, "LAMP"), stock_of(session, "BOWL")) == ((8, 1, 0), (4, 1, 0))
    assert ledger(session, lamp)[2:] == [("shipped", -2, -2, 0)]
    row = session.connection().execute(select(movement).order_by(movement.c.id.desc())).first()
    assert row
    assert (row.order_id, row.reason, row.actor, row.note) == (order_id, "parcel sent", CLERK, "DHL 1")


def test_no_shipment_takes_more_than_its_order_has(session, lamp):
    first, second = an_order(session), an_order(session, number=2)
    inventory_commands.allocate(session, first, {lamp: 2})
    inventory_commands.allocate(session, second, {lamp: 5})
    with pytest.raises(Conflict, match="more than the order has"):
        inventory_commands.ship(session, first, {lamp: 3}, actor=CLERK)
    with pytest.raises(Invalid):
        inventory_commands.ship(session, first, {lamp: -1}, actor=CLERK)

    assert stock_of(session, "LAMP") == (10, 7, 0)


def test_what_is_still_to_come_can_be_ordered_and_not_be_sent(session):
    make_product(session, "Chair", stock=2, policy=StockPolicy.BACKORDER)
    chair, order_id = id_of(session, "CHAIR"), an_order(session)
    inventory_commands.allocate(session, order_id, {chair: 5})
    with pytest.raises(Conflict, match="5 of Chair are to leave, and 2 are in the house"):
        inventory_commands.ship(session, order_id, {chair: 5}, actor=CLERK)
    inventory_commands.ship(session, order_id, {chair: 2}, actor=CLERK)
    with pytest.raises(Conflict):
        inventory_commands.write_off(session, order_id, {chair: 1}, reason="broken", actor=CLERK)

    assert stock_of(session, "CHAIR") == (0, 3, 0)


def test_a_shipment_that_was_cancelled_can_be_sent_again(session, lamp):
    order_id = an_order(session)
    inventory_commands.allocate(session, order_id, {lamp: 3})
    inventory_commands.ship(session, order_id, {lamp: 3}, actor=CLERK)
    inventory_commands.recall(session, order_id, {lamp: 3}, actor=CLERK)
    assert stock_of(session, "LAMP") == (10, 3, 0)
    with pytest.raises(Conflict):
        inventory_commands.recall(session, order_id, {lamp: 1}, actor=CLERK)
    inventory_commands.ship(session, order_id, {lamp: 3}, actor=CLERK)

    assert stock_of(session, "LAMP") == (7, 0, 0)
    assert [entry[0] for entry in ledger(session, lamp)[2:]] == ["shipped", "recalled", "shipped"]


def test_returned_goods_are_in_stock_for_anyone(session, lamp):
    order_id = an_order(session)
    inventory_commands.allocate(session, order_id, {lamp: 3})
    with pytest.raises(Conflict):
        inventory_commands.restock(session, order_id, {lamp: 1}, reason="return 1", actor=CLERK)
    inventory_commands.ship(session, order_id, {lamp: 3}, actor=CLERK)
    inventory_commands.restock(session, order_id, {lamp: 2}, reason="return 1", actor=CLERK)
    with pytest.raises(Conflict):
        inventory_commands.restock(session, order_id, {lamp: 2}, reason="return 2", actor=CLERK)
    with pytest.raises(Conflict):
        inventory_commands.recall(session, order_id, {lamp: 2}, actor=CLERK)

    assert stock_of(session, "LAMP") == (9, 0, 0)
    assert ledger(session, lamp)[-1] == ("returned", 2, 0, 0)


def test_part_of_an_order_is_released_and_the_rest_stays(session, lamp, bowl):
    order_id = an_order(session)
    inventory_commands.allocate(session, order_id, {lamp: 3, bowl: 2})
    inventory_commands.release(session, order_id, reason="cancelled", actor=CLERK, quantities={lamp: 1})
    with pytest.raises(Conflict):
        inventory_commands.release(session, order_id, reason="cancelled", quantities={lamp: 3})

    assert (stock_of(session, "LAMP"), stock_of(session, "BOWL")) == ((10, 2, 0), (4, 2, 0))
    inventory_commands.release(session, order_id, reason="cancelled")
    assert (stock_of(session, "LAMP"), stock_of(session, "BOWL")) == ((10, 0, 0), (4, 0, 0))


def test_what_is_cancelled_without_restock_is_gone_from_the_house(session, lamp):
    order_id = an_order(session)
    inventory_commands.allocate(session, order_id, {lamp: 3})
    inventory_commands.write_off(session, order_id, {lamp: 2}, reason="broken", actor=CLERK)
    with pytest.raises(Conflict):
        inventory_commands.write_off(session, order_id, {lamp: 2}, reason="broken", actor=CLERK)

    assert stock_of(session, "LAMP") == (8, 1, 0)
    assert ledger(session, lamp)[-1] == ("adjusted", -2, -2, 0)


def an_order(session: Session, number: int = 1) -> int:
    order = Order(
        number=number,
        token=f"t{number}",
        email="a@example.com",
        currency="EUR",
        subtotal_minor=0,
        discount_minor=0,
        shipping_minor=0,
        tax_minor=0,
        total_minor=0,
        country="DE",
        shipping_method="standard",
        payment_provider="stripe",
    )
    session.add(order)
    session.flush()
    assert order.id
    return order.id
