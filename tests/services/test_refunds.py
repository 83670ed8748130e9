"""Refunds: any part of what was captured, exact to the cent, once for each request."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shop_app.core import db
from shop_app.core.access.permissions import BUILT_IN_ROLES
from shop_app.core.access.principal import Principal
from shop_app.core.errors import Conflict, Forbidden, Invalid, NotFound
from shop_app.services.cart import commands as cart_commands
from shop_app.services.credit import commands as credit_commands
from shop_app.services.payments import refund_view, refundable
from shop_app.services.payments.refund_view import RefundView
from shop_app.services.payments.refundable import RefundableLine
from shop_app.workflows import mark_paid, pay
from tests.paying import FORM, ME, World, client_of, everything, make_world, rows
from tests.selling import (
    CLERK,
    LATER,
    letters,
    line,
    order,
    refund,
    run_sql,
    sell,
    send,
    statuses,
    stock,
    units,
    wrong_books,
)

OWNER = Principal("staff", 0, "owner@example.com", permissions=BUILT_IN_ROLES["owner"])


@pytest.fixture
def world(engine, tmp_path) -> Iterator[World]:
    yield make_world(tmp_path)
    assert wrong_books() == []


@pytest.fixture
def sold(world) -> World:
    """Two bowls and three mugs at €55.60 and €72.00, delivery for nothing."""
    sell(world, {"SHOAL-BOWL": 2, "DUNE-MUG": 3})
    return world


def items() -> list[tuple[int | None, int, int, bool]]:
    return [(row.order_line_id, row.quantity, row.amount_minor, row.restocked) for row in rows("refund_line")]


def made() -> list[tuple[str, int, str, str]]:
    return [(row.request_key, row.amount_minor, row.status, row.destination) for row in rows("refund")]


def at_stripe(world: World) -> list[int]:
    return sorted(refund.amount for refund in client_of(world.sandbox).v1.refunds.list({"limit": 100}).data)


def views() -> list[RefundView]:
    with db.reading() as session:
        return refund_view.of_order(session, order().id)


# --- Exact amounts --------------------------------------------------------------------------------


@given(st.integers(0, 10**6), st.integers(1, 60), st.data())
def test_all_units_refunded_in_any_steps_come_to_exactly_the_line(total, quantity, data):
    left, gone, quantity_left = total, 0, quantity
    while quantity_left:
        step = data.draw(st.integers(1, quantity_left))
        share = RefundableLine(1, "", quantity, quantity_left, total, left).share(step)
        assert abs(share * quantity - total * step) < quantity * step
        gone, left, quantity_left = gone + share, left - share, quantity_left - step
    assert gone == total


@pytest.mark.both
def test_lines_delivery_and_a_free_amount_go_back_together_with_a_line_each(world):
    sell(world, {"SHOAL-BOWL": 1})
    refund(lines={"SHOAL-BOWL": 1}, shipping_minor=400, free_minor=50, reason="Arrived broken")

    assert made() == [("key-1:1", 3230, "succeeded", "original")]
    assert items() == [(line("SHOAL-BOWL").id, 1, 2780, False), (None, 0, 400, False)]
    assert statuses() == ("placed", "partially_refunded", "none")
    assert at_stripe(world) == [3230]
    with db.reading() as session:
        left = refundable.refundable(session, order().id)
    assert (left.lines[line("SHOAL-BOWL").id].left_minor, left.shipping_minor, left.free_minor) == (0, 90, 40)


def test_three_units_for_a_price_that_doesnt_divide_go_back_one_by_one(sold):
    run_sql("UPDATE order_line SET total_minor = 7100, discount_minor = 100 WHERE sku = 'DUNE-MUG'")
    for number in range(3):
        refund(f"key-{number}", lines={"DUNE-MUG": 1})

    assert [row.amount_minor for row in rows("refund")] == [2367, 2367, 2366]
    with pytest.raises(Conflict, match="Of Dune Mug 0 can still be refunded"):
        refund("key-3", lines={"DUNE-MUG": 1})
    run_sql("UPDATE order_line SET total_minor = 7200, discount_minor = 0 WHERE sku = 'DUNE-MUG'")


def test_tax_that_was_added_on_top_goes_back_with_its_line_and_delivery(world, configure):
    configure(SHOP_PRICES_INCLUDE_TAX="0")
    sell(make_world_again(world), {"SHOAL-BOWL": 1})
    assert order().total_minor == 3270 + 528 + 93
    refund(lines={"SHOAL-BOWL": 1}, shipping_minor=490 + 93)

    assert [row.amount_minor for row in rows("refund")] == [2780 + 528 + 490 + 93]
    assert statuses()[1] == "refunded"


def make_world_again(world: World) -> World:
    """The same shop: emptied caches have forgotten its payment provider."""
    return World(world.sandbox)


# --- What is refused ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("refund_request", "error", "words"),
    [
        ({"lines": {"SHOAL-BOWL": 3}}, Conflict, "Of Shoal Bowl 2 can still be refunded"),
        ({"shipping_minor": 1}, Conflict, "Of the delivery €0.00 is left"),
        ({"free_minor": 12761}, Conflict, "more than the €127.60 that is left"),
        ({"lines": {"SHOAL-BOWL": 2, "DUNE-MUG": 3}, "free_minor": 1}, Conflict, "more than the €127.60"),
        ({}, Invalid, "above zero"),
        ({"free_minor": -5}, Invalid, "above zero"),
        ({"lines": {"SHOAL-BOWL": 0}}, Invalid, "at least one unit"),
        ({"free_minor": 5, "destination": "cash"}, Invalid, "where the money goes"),
        ({"free_minor": 5, "by": CLERK}, Forbidden, "don't have the right"),
        ({"free_minor": 5, "return_id": 99}, NotFound, "no such return"),
    ],
)
def test_a_refund_that_cant_be_changes_nothing(sold, refund_request, error, words):
    before = everything()
    with pytest.raises(error, match=words):
        refund(**refund_request)
    assert everything() == before
    assert at_stripe(sold) == []


@pytest.mark.both
def test_the_same_request_is_one_refund_and_another_one_under_its_key_is_refused(sold):
    for _click in range(3):
        refund(lines={"SHOAL-BOWL": 1}, restock=True)
    before = everything()
    with pytest.raises(Conflict, match="with other values"):
        refund(lines={"SHOAL-BOWL": 2}, restock=True)

    assert everything() == before
    assert (at_stripe(sold), units("SHOAL-BOWL"), stock()) == ([2780], (0, 0, 1), (3, 1))


def test_the_key_of_another_order_is_refused(sold):
    refund(free_minor=100)
    sell(sold, {"DUNE-MUG": 1})
    with pytest.raises(Conflict, match="with other values"):
        refund(free_minor=100)
    assert len(made()) == 1


def test_money_that_a_bank_holds_in_a_dispute_doesnt_go_back_a_second_time(sold):
    run_sql(
        "INSERT INTO payment_event (payment_id, kind, amount_minor, provider_reference, at)"
        " VALUES (1, 'dispute_opened', 12000, 'dp_1', '2026-01-01')"
    )
    with pytest.raises(Conflict, match="bank has asked for this money itself"):
        refund(free_minor=761)
    refund(free_minor=760)
    assert at_stripe(sold) == [760]
    run_sql("DELETE FROM payment_event WHERE provider_reference = 'dp_1'")
    run_sql("UPDATE customer_order SET payment_status = 'partially_refunded'")


# --- The goods ------------------------------------------------------------------------------------


@pytest.mark.both
def test_units_that_havent_left_are_free_again_or_written_off(sold):
    refund("a", lines={"SHOAL-BOWL": 1}, restock=True)
    refund("b", lines={"DUNE-MUG": 1}, restock=False)

    assert (units("SHOAL-BOWL"), stock(0)) == ((0, 0, 1), (3, 1))
    assert (units("DUNE-MUG"), stock(1)) == ((0, 0, 1), (4, 2))
    assert [item[3] for item in items()] == [False, False]
    assert statuses() == ("placed", "partially_refunded", "none")


def test_units_that_have_left_come_back_into_stock(sold):
    send({"SHOAL-BOWL": 2, "DUNE-MUG": 3})
    assert stock() == (1, 0)
    refund("a", lines={"SHOAL-BOWL": 1}, restock=True)
    refund("b", lines={"SHOAL-BOWL": 1}, restock=False)
    refund("c", lines={"DUNE-MUG": 1})

    assert (units("SHOAL-BOWL"), stock()) == ((2, 1, 0), (2, 0))
    assert [item[1:] for item in items()] == [(1, 2780, True), (1, 2780, False), (1, 2400, False)]
    assert statuses() == ("placed", "partially_refunded", "partially_returned")


def test_a_line_of_which_a_part_has_left_is_parted(sold):
    send({"DUNE-MUG": 1})
    refund(lines={"DUNE-MUG": 2}, restock=True)
    refund("b", lines={"DUNE-MUG": 1}, restock=True)

    assert (units("DUNE-MUG"), stock(1)) == ((1, 1, 2), (5, 0))
    with pytest.raises(Conflict, match="Of Dune Mug 0"):
        refund("c", lines={"DUNE-MUG": 1}, restock=True)


def test_an_order_of_which_everything_is_refunded_before_it_leaves_is_cancelled(sold):
    refund("a", lines={"SHOAL-BOWL": 2}, restock=True)
    refund("b", lines={"DUNE-MUG": 3}, restock=True)

    assert statuses() == ("cancelled", "refunded", "none")
    assert (stock(0), stock(1)) == ((3, 0), (5, 0))


# --- Credit ---------------------------------------------------------------------------------------


@pytest.mark.both
def test_store_credit_in_place_of_the_card_asks_nobody_outside(sold):
    refund(lines={"SHOAL-BOWL": 1}, destination="credit", reason="Kind words")

    assert made() == [("key-1:1", 2780, "succeeded", "credit")]
    assert at_stripe(sold) == []
    assert [(row.email, row.kind, row.balance_minor) for row in rows("credit_account")] == [
        ("marta@example.com", "store_credit", 2780)
    ]
    assert rows("payment_event")[-1].provider_reference == "credit-key-1:1"
    assert (rows("payment")[0].refunded_minor, statuses()[1]) == (2780, "partially_refunded")
    assert [(data["amount"], data["destination"]) for data in letters("order_refunded")] == [
        ("€27.80", "credit")
    ]
    with pytest.raises(Conflict, match="more than the €99.80 that is left"):
        refund("b", free_minor=9981)


def test_an_order_paid_by_card_and_gift_card_gives_back_to_the_card_first(world):
    world.fill_cart("SHOAL-BOWL", 2)
    with db.transaction() as session:
        issued = credit_commands.issue(session, 2000, by=OWNER, request_key="card")
        cart_commands.apply_credit(session, ME, issued.code)
    url = asyncio.run(pay.pay(ME, FORM, 5560, expected_credit_minor=2000))
    world.enter_card(url)
    world.deliver()
    assert (statuses()[1], rows("credit_account")[0].balance_minor) == ("paid", 0)
    refund("a", lines={"SHOAL-BOWL": 1})
    refund("b", lines={"SHOAL-BOWL": 1})

    assert [(key, amount, status) for key, amount, status, _to in made()] == [
        ("a:1", 2780, "succeeded"),
        ("b:1", 780, "succeeded"),
        ("b:2", 2000, "succeeded"),
    ]
    assert [item[1:3] for item in items()] == [(1, 2780), (1, 780), (0, 2000)]
    assert (at_stripe(world), rows("credit_account")[0].balance_minor) == ([780, 2780], 2000)
    assert statuses()[1] == "refunded"
    assert [view.destination_text for view in views()] == [
        "The way it was paid",
        "The way it was paid",
        "To the credit it was paid with",
    ]


def test_money_that_came_by_transfer_is_given_back_by_hand_and_noted(world):
    sell(world, {"SHOAL-BOWL": 1}, LATER)
    asyncio.run(mark_paid.mark_paid(order().number, "SEPA 1", OWNER))
    refund(free_minor=3270)
    assert (statuses()[1], made()[0][2]) == ("refunded", "succeeded")


# --- What people read -----------------------------------------------------------------------------


def test_a_refund_is_seen_pending_succeeded_and_sent_back_by_the_bank(sold):
    sold.faults(webhooks={"refund_status": "pending"})
    refund(lines={"DUNE-MUG": 2}, reason="Too small")
    assert [(view.amount, view.status, view.what, view.reason) for view in views()] == [
        ("€48.00", "pending", "2 × Dune Mug", "Too small")
    ]
    reference = rows("refund")[0].provider_reference
    sold.browser.post(f"/sandbox/_refunds/{reference}?status=succeeded")
    sold.deliver()
    assert (views()[0].status, views()[0].status_text) == ("succeeded", "Sent back")

    sold.browser.post(f"/sandbox/_refunds/{reference}?status=failed")
    sold.deliver()
    assert (views()[0].status, statuses()[1]) == ("reversed", "paid")
    assert order().needs_review == f"The refund {reference} of €48.00 failed."
    refund("again", lines={"DUNE-MUG": 2})
    assert rows("payment")[0].refunded_minor + rows("payment")[0].refund_pending_minor == 4800


# --- Returns --------------------------------------------------------------------------------------


def a_return(reason: str, status: str = "approved") -> int:
    run_sql(
        "INSERT INTO return_request (order_id, request_key, kind, status, email, reason, note, answer, actor,"
        f" created_at, version) VALUES (1, 'r', 'return', '{status}', 'a@example.com', '{reason}', '', '',"
        " '', '2026-11-20', 1)"
    )
    run_sql(
        "INSERT INTO return_line (return_id, order_line_id, quantity, quantity_received, quantity_restocked)"
        f" VALUES (1, {line('DUNE-MUG').id}, 2, 0, 0)"
    )
    return 1


def test_the_refund_of_a_return_moves_money_alone_and_ends_the_return(sold):
    send({"SHOAL-BOWL": 2, "DUNE-MUG": 3})
    refund(lines={"DUNE-MUG": 2}, restock=True, return_id=a_return("damaged"))

    assert (units("DUNE-MUG"), stock(1)) == ((3, 0, 0), (2, 0))
    assert (rows("return_request")[0].status, rows("refund")[0].return_id) == ("refunded", 1)


def test_the_refund_of_a_withdrawal_before_anything_left_ends_its_units(sold):
    returned = a_return("not_sent")
    with pytest.raises(Conflict, match="withdrawn: only 1 of Dune Mug"):
        send({"DUNE-MUG": 2})
    refund(lines={"DUNE-MUG": 2}, return_id=returned)
    assert (units("DUNE-MUG"), stock(1), rows("return_request")[0].status) == ((0, 0, 2), (5, 1), "refunded")
    send({"DUNE-MUG": 1})


def test_what_cost_nothing_is_cancelled_without_a_refund_and_comes_back_by_a_return(sold):
    run_sql("UPDATE order_line SET total_minor = 0, discount_minor = subtotal_minor WHERE sku = 'DUNE-MUG'")
    refund("a", lines={"DUNE-MUG": 1}, restock=True)
    assert (units("DUNE-MUG"), rows("refund"), stock(1)) == ((0, 0, 1), [], (5, 2))
    send({"DUNE-MUG": 2})
    with pytest.raises(Conflict, match="Book what came back as a return"):
        refund("b", lines={"DUNE-MUG": 1}, restock=True)
    run_sql("UPDATE order_line SET total_minor = 7200, discount_minor = 0 WHERE sku = 'DUNE-MUG'")
