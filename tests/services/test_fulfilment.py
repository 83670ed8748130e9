"""Shipments: by line and quantity, several for an order, cancelled or delivered, and what follows."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from shop_app.core import db
from shop_app.core.access.principal import Principal
from shop_app.core.errors import Conflict, Forbidden, Invalid, NotFound
from shop_app.models import FulfilmentStatus
from shop_app.services.fulfilment import commands as fulfilment_commands
from shop_app.services.orders import review as order_review
from shop_app.services.orders.units import UnitLine, status_of
from shop_app.workflows import fulfil, mark_paid
from tests.paying import MANAGER, World, client_of, everything, make_world, rows
from tests.selling import (
    CLERK,
    LATER,
    cancel,
    delivered,
    letters,
    line,
    order,
    refund,
    run,
    run_sql,
    sell,
    send,
    statuses,
    stock,
    units,
    wrong_books,
)


@pytest.fixture
def world(engine, tmp_path) -> Iterator[World]:
    yield make_world(tmp_path)
    assert wrong_books() == []


@pytest.fixture
def sold(world) -> World:
    sell(world, {"SHOAL-BOWL": 2, "DUNE-MUG": 3})
    return world


def cancel_shipment(shipment_id: int) -> None:
    with db.transaction() as session:
        fulfilment_commands.cancel_shipment(session, shipment_id, by=CLERK)


def states() -> list[str]:
    return [row.status for row in rows("shipment")]


@pytest.mark.parametrize(
    ("lines", "shipments", "expected"),
    [
        ([(3, 0, 0, 0)], [], "none"),
        ([(3, 0, 0, 3)], [], "none"),
        ([(3, 1, 0, 0)], ["delivered"], "partial"),
        ([(3, 2, 1, 0)], ["delivered"], "partial"),
        ([(3, 1, 0, 2)], ["shipped"], "shipped"),
        ([(3, 3, 0, 0), (1, 1, 0, 0)], ["delivered", "shipped"], "shipped"),
        ([(3, 3, 0, 0), (1, 1, 0, 0)], ["delivered", "delivered"], "delivered"),
        ([(3, 3, 1, 0)], ["shipped"], "partially_returned"),
        ([(3, 2, 2, 1)], ["delivered"], "returned"),
    ],
)
def test_the_status_follows_from_units_and_shipments(lines, shipments, expected):
    unit_lines = [UnitLine(1, 1, "", "", *numbers, 0, 0) for numbers in lines]
    assert status_of(unit_lines, shipments) == FulfilmentStatus(expected)


@pytest.mark.both
def test_an_order_leaves_in_two_shipments_arrives_and_is_completed(sold):
    first = send({"SHOAL-BOWL": 2, "DUNE-MUG": 1})
    assert statuses() == ("placed", "paid", "partial")
    second = send({"DUNE-MUG": 2}, carrier="UPS", tracking="1Z")

    assert (units("DUNE-MUG"), stock(0), stock(1)) == ((3, 0, 0), (1, 0), (2, 0))
    assert statuses() == ("placed", "paid", "shipped")
    delivered(first)
    delivered(first)
    assert statuses() == ("placed", "paid", "shipped")
    delivered(second)
    assert statuses() == ("completed", "paid", "delivered")
    assert [letter["lines"][-1]["quantity"] for letter in letters("order_delivered")] == [1, 2]
    one, two = letters("order_shipped")
    assert (one["carrier"], one["rest"], two["tracking"], two["rest"]) == ("DHL", True, "1Z", False)
    assert one["lines"] == [
        {"title": "Shoal Bowl", "variant": "", "quantity": 2},
        {"title": "Dune Mug", "variant": "", "quantity": 1},
    ]


@pytest.mark.both
def test_a_shipment_that_didnt_leave_is_cancelled_and_sent_again(sold):
    first = send({"SHOAL-BOWL": 2})
    cancel_shipment(first)
    cancel_shipment(first)

    assert (units("SHOAL-BOWL"), stock(), states()) == ((0, 0, 0), (3, 2), ["cancelled"])
    assert statuses() == ("placed", "paid", "none")
    send({"SHOAL-BOWL": 2})
    assert (stock(), states()) == ((1, 0), ["cancelled", "shipped"])
    with pytest.raises(Conflict, match="cancelled already"):
        delivered(first)


def test_a_shipment_that_arrived_or_of_which_units_came_back_isnt_cancelled(sold):
    first = send({"SHOAL-BOWL": 2})
    refund(lines={"SHOAL-BOWL": 1}, restock=True)
    before = everything()
    with pytest.raises(Conflict, match="have come back"):
        cancel_shipment(first)
    assert everything() == before
    delivered(first)
    with pytest.raises(Conflict, match="delivered already"):
        cancel_shipment(first)


def test_a_double_click_is_one_shipment(sold):
    first = send({"DUNE-MUG": 1}, request_key="parcel-1")
    assert send({"DUNE-MUG": 1}, request_key="parcel-1") == first
    with pytest.raises(Conflict, match="with other values"):
        send({"DUNE-MUG": 2}, request_key="parcel-1")

    assert (units("DUNE-MUG"), len(rows("shipment")), len(letters("order_shipped"))) == ((1, 0, 0), 1, 1)


@pytest.mark.parametrize(
    ("lines", "more", "error", "words"),
    [
        ({"SHOAL-BOWL": 3}, {}, Conflict, "Only 2 of Shoal Bowl"),
        ({"SHOAL-BOWL": 0}, {}, Conflict, "Only 2 of Shoal Bowl"),
        ({}, {}, Invalid, "at least one unit"),
        ({"SHOAL-BOWL": 1}, {"carrier": "x" * 101}, Invalid, "100 characters"),
        ({"SHOAL-BOWL": 1}, {"by": Principal("staff", 1)}, Forbidden, "don't have the right"),
    ],
)
def test_a_shipment_that_cant_be_changes_nothing(sold, lines, more, error, words):
    before = everything()
    with pytest.raises(error, match=words):
        send(lines, **more)
    assert everything() == before


def test_a_line_of_another_order_isnt_sent(sold):
    foreign = line("SHOAL-BOWL").id
    sell(sold, {"DUNE-MUG": 1})
    with pytest.raises(NotFound):
        run(fulfil.fulfil(order().id, {foreign: 1}, carrier="", tracking="", by=CLERK))


def test_an_unpaid_order_is_sent_only_where_it_is_paid_on_pick_up(world):
    sell(world, {"SHOAL-BOWL": 1}, LATER)
    with pytest.raises(Conflict, match="isn't paid"):
        send({"SHOAL-BOWL": 1})
    delivered(send({"SHOAL-BOWL": 1}, unpaid_too=True))
    assert statuses() == ("placed", "none", "delivered")

    run(mark_paid.mark_paid(order().number, "cash 12", MANAGER))
    assert statuses() == ("completed", "paid", "delivered")


def test_an_order_that_waits_for_its_payment_isnt_sent_by_any_flag(world):
    world.pay()
    with pytest.raises(Conflict, match="waits for its payment"):
        send({"SHOAL-BOWL": 1}, unpaid_too=True, despite_review=True)


def test_an_order_that_waits_for_a_person_is_sent_after_a_look_or_by_will(sold):
    run_sql("UPDATE customer_order SET needs_review = 'Paid too much: €130.00 for €127.60.'")
    with pytest.raises(Conflict, match="waits for a person: Paid too much"):
        send({"SHOAL-BOWL": 1})
    send({"SHOAL-BOWL": 1}, despite_review=True)
    with db.transaction() as session:
        with pytest.raises(Invalid, match="Write what you found"):
            order_review.resolve(session, order().id, " ", MANAGER)
        order_review.resolve(session, order().id, "The bank's fee.", MANAGER)
    assert order().needs_review == ""
    send({"SHOAL-BOWL": 1})
    with db.transaction() as session, pytest.raises(Conflict, match="Nothing about this order"):
        order_review.resolve(session, order().id, "Again", MANAGER)


def test_an_order_in_dispute_is_sent_only_by_will(sold):
    run_sql(
        "INSERT INTO dispute (payment_id, provider_reference, status, reason, amount_minor, created_at)"
        " VALUES (1, 'dp_1', 'open', 'fraudulent', 100, '2026-01-01')"
    )
    with pytest.raises(Conflict, match="bank asks for the money back"):
        send({"SHOAL-BOWL": 1})
    send({"SHOAL-BOWL": 1}, despite_review=True)
    run_sql("DELETE FROM dispute")


@pytest.mark.both
def test_the_rest_is_cancelled_and_the_order_is_completed_when_its_part_arrives(sold):
    first = send({"SHOAL-BOWL": 2})
    cancel()
    assert statuses() == ("placed", "partially_refunded", "shipped")
    delivered(first)
    assert statuses() == ("completed", "partially_refunded", "delivered")
    assert (units("DUNE-MUG"), stock(1)) == ((0, 0, 3), (5, 0))


# --- Money that is taken with the first shipment ----------------------------------------------------


@pytest.fixture
def authorised(engine, tmp_path, configure) -> World:
    configure(SHOP_CAPTURE="at_fulfilment")
    world = make_world(tmp_path)
    sell(world, {"SHOAL-BOWL": 2})
    assert statuses() == ("placed", "authorized", "none")
    return world


def test_the_first_shipment_takes_the_money(authorised):
    send({"SHOAL-BOWL": 1})
    assert statuses() == ("placed", "paid", "partial")
    send({"SHOAL-BOWL": 1})
    assert statuses() == ("placed", "paid", "shipped")
    assert wrong_books() == []


def test_a_shipment_that_cant_be_takes_no_money(authorised):
    with pytest.raises(Conflict, match="Only 2 of Shoal Bowl"):
        send({"SHOAL-BOWL": 3})
    assert statuses() == ("placed", "authorized", "none")


def test_where_the_money_cant_be_taken_nothing_is_sent(authorised):
    intent = rows("payment")[0].intent_reference
    client_of(authorised.sandbox).v1.payment_intents.cancel(intent)
    with pytest.raises(Conflict, match="can't be captured any more"):
        send({"SHOAL-BOWL": 1})
    assert (stock(), rows("shipment")) == ((3, 2), [])
