"""Money that is only authorised: the order is placed, captured when it ships, voided when it is cancelled."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest
import stripe

from shop_app.core import db
from shop_app.core.errors import Conflict, Forbidden, ProviderDown
from shop_app.core.money import show
from shop_app.core.shop import shop
from shop_app.services.books import check as books
from shop_app.services.cart import queries as cart_queries
from shop_app.services.payments import commands as payment_commands
from shop_app.services.storefront import order_page
from shop_app.workflows import capture as capture_workflow
from shop_app.workflows import reconcile, recover
from tests.factories import make_product
from tests.paying import FORM, MANAGER, ME, World, client_of, everything, make_world, rows
from tests.selling import CLERK


@pytest.fixture
def world(engine, tmp_path, monkeypatch) -> World:
    monkeypatch.setattr(payment_commands, "shop", lambda: replace(shop(), capture="at_fulfilment"))
    return make_world(tmp_path)


@pytest.fixture
def authorised(world) -> World:
    world.enter_card(world.pay())
    world.deliver()
    return world


def order():
    return rows("customer_order")[-1]


def intent(world: World):
    return client_of(world.sandbox).v1.payment_intents.list({"limit": 1}).data[0]


def capture() -> None:
    asyncio.run(capture_workflow.capture(order().id))


def cancel_units() -> None:
    with db.transaction() as session:
        session.connection().exec_driver_sql("UPDATE order_line SET quantity_cancelled = 1 WHERE id = 1")


def books_are_right() -> None:
    with db.reading() as session:
        violations = books.check(session).violations
        assert [v for v in violations if not v.rule.startswith("stock-")] == []


@pytest.mark.both
def test_an_authorised_order_is_placed_and_nothing_is_charged(authorised):
    (payment,) = rows("payment")
    assert intent(authorised).status == "requires_capture"
    assert (order().status, order().payment_status, order().paid_at, order().expires_at) == (
        "placed",
        "authorized",
        None,
        None,
    )
    assert (payment.state, payment.captured_minor, payment.authorized_until is not None) == (
        "authorized",
        0,
        True,
    )
    assert rows("cart")[0].completed_at is not None
    assert [row.kind for row in rows("letter")] == ["order_authorized"]
    assert rows("stock_level")[0].allocated == 1
    books_are_right()


@pytest.mark.both
def test_capturing_takes_it_once(authorised):
    capture()
    (payment,) = rows("payment")
    assert (payment.state, payment.captured_minor) == ("captured", 3270)
    assert (order().payment_status, order().paid_at is not None) == ("paid", True)
    assert [row.kind for row in rows("letter")] == ["order_authorized", "order_paid"]
    after = everything()

    capture()
    assert everything() == after
    authorised.deliver()
    assert [row.kind for row in rows("payment_event")] == ["opened", "authorized", "captured"]
    books_are_right()


def test_what_was_cancelled_isnt_charged(world):
    total = world.fill_cart(quantity=2)
    world.enter_card(world.pay(total_minor=total))
    world.deliver()
    cancel_units()
    capture()

    assert intent(world).amount_received == total - 2780
    assert (rows("payment")[0].captured_minor, order().payment_status) == (total - 2780, "paid")
    assert order().needs_review == ""
    books_are_right()


def test_voiding_charges_nothing_and_asks_for_nobody(authorised):
    asyncio.run(capture_workflow.void(order().id))

    assert intent(authorised).status == "canceled"
    assert (rows("payment")[0].state, order().payment_status, order().needs_review) == (
        "cancelled",
        "voided",
        "",
    )
    asyncio.run(capture_workflow.void(order().id))
    capture()
    assert rows("payment")[0].captured_minor == 0
    books_are_right()


def test_an_authorisation_that_runs_out_is_flagged_for_review(clock, authorised):
    clock.shift(7 * 24 * 3600 + 60)
    authorised.deliver()

    assert (rows("payment")[0].state, order().status, order().payment_status) == (
        "cancelled",
        "placed",
        "voided",
    )
    assert order().needs_review == "The authorisation has ended without being captured."
    assert rows("stock_level")[0].allocated == 1
    books_are_right()


def test_capturing_too_late_is_refused_in_a_sentence(clock, authorised):
    clock.shift(7 * 24 * 3600 + 60)
    with pytest.raises(Conflict, match="can't be captured any more"):
        capture()
    assert (rows("payment")[0].state, order().payment_status) == ("cancelled", "voided")


def test_a_capture_whose_reply_was_lost_is_found(authorised):
    authorised.faults(
        api=[
            {
                "path": f"POST /v1/payment_intents/{intent(authorised).id}/capture",
                "do": "lost_reply",
                "times": 3,
            }
        ]
    )
    with pytest.raises(ProviderDown):
        capture()
    authorised.faults()
    capture()

    assert (rows("payment")[0].captured_minor, order().payment_status) == (3270, "paid")
    assert len([row for row in rows("payment_event") if row.kind == "captured"]) == 1


def test_the_sweep_voids_what_is_authorised_for_a_cancelled_order(authorised):
    with db.transaction() as session:
        session.connection().exec_driver_sql("UPDATE customer_order SET status = 'cancelled'")
    assert asyncio.run(recover.sweep()) == 1

    assert (intent(authorised).status, order().payment_status, order().needs_review) == (
        "canceled",
        "voided",
        "",
    )
    assert asyncio.run(recover.sweep()) == 0


# --- Bank debits ----------------------------------------------------------------------------------


def debit(world: World) -> None:
    answer = world.browser.post(world.pay(), data={"account": "DE89 3704 0044 0532 0130 00"})
    assert answer.status_code == 303
    world.deliver()


@pytest.fixture
def debited(engine, tmp_path) -> World:
    world = make_world(tmp_path)
    debit(world)
    return world


@pytest.mark.both
def test_an_order_waits_for_its_bank_beyond_its_time(clock, debited):
    assert (order().status, [row.kind for row in rows("letter")]) == ("pending", ["order_processing"])
    assert rows("cart")[0].completed_at is not None
    clock.shift(100)
    assert asyncio.run(recover.sweep()) == 0
    clock.shift(3600)
    asyncio.run(recover.sweep())
    debited.deliver()

    assert (order().status, order().payment_status) == ("placed", "paid")
    books_are_right()


def test_a_bank_debit_is_called_one_before_and_after_it_is_paid(clock, debited):
    def labels() -> tuple[str, str, list[tuple[str, str]]]:
        with db.reading() as session:
            view = order_page.view(session, order().token)
        return view.phase, view.payment_label, view.paid_with

    assert labels() == ("awaiting_bank", "Bank debit", [])
    clock.shift(3600)
    asyncio.run(recover.sweep())
    debited.deliver()
    assert labels() == ("paid", "Bank debit", [("Bank debit", show(order().total_minor, "EUR"))])


def test_meanwhile_the_shopper_can_order_something_else(debited):
    debited.pay(total_minor=debited.fill_cart("DUNE-MUG"))

    assert [row.status for row in rows("customer_order")] == ["pending", "pending"]
    with db.reading() as session:
        assert cart_queries.view(session, ME).count == 1


def test_a_bank_that_says_nothing_for_two_weeks_wants_a_person(clock, debited):
    with debited.sandbox.store.change() as tables:
        tables.keep_note("debits", {})
    clock.shift(15 * 24 * 3600)
    asyncio.run(recover.sweep())

    assert (order().status, rows("stock_level")[0].allocated) == ("pending", 1)
    assert order().needs_review.startswith("The bank has said nothing")
    assert asyncio.run(recover.sweep()) == 0


def test_a_debit_that_is_returned_ends_the_order_with_the_right_words(debited):
    intent_id = intent(debited).id
    debited.browser.post(f"/sandbox/_debits/{intent_id}?status=failed")
    debited.deliver()

    assert (order().status, order().payment_status, rows("stock_level")[0].allocated) == (
        "cancelled",
        "none",
        0,
    )
    assert [row.kind for row in rows("letter")] == ["order_processing", "order_payment_failed"]
    with db.reading() as session:
        view = order_page.view(session, order().token)
    assert (view.phase, view.headline) == ("unpaid", "The payment didn't go through")
    assert "cart" not in view.explanation
    books_are_right()


# --- A changed cart -------------------------------------------------------------------------------


def test_a_changed_cart_expires_the_open_session_at_once(engine, tmp_path):
    world = make_world(tmp_path)
    url = world.pay()
    assert asyncio.run(recover.end_outdated_orders()) == 0
    world.fill_cart("DUNE-MUG")

    assert asyncio.run(recover.end_outdated_orders()) == 1
    assert (order().status, rows("stock_level")[0].allocated) == ("cancelled", 0)
    assert world.enter_card(url).status_code == 410
    assert asyncio.run(recover.end_outdated_orders()) == 0


def test_a_changed_cart_whose_order_was_paid_in_that_moment_leaves_it_paid(engine, tmp_path):
    world = make_world(tmp_path)
    world.enter_card(world.pay())
    world.fill_cart("DUNE-MUG")

    asyncio.run(recover.end_outdated_orders())
    assert (order().status, order().payment_status) == ("placed", "paid")


# --- Money that nobody knows ----------------------------------------------------------------------


def test_reconcile_reports_money_that_no_payment_knows_and_marks_the_order(authorised):
    token = order().token
    with authorised.sandbox.store.change() as tables:
        stripe_object = tables.get("payment_intent", rows("payment")[0].intent_reference) or {}
        for name, metadata in (("pi_ours", {"order_token": token}), ("pi_foreign", {})):
            tables.put(
                stripe_object | {"id": name, "status": "succeeded", "metadata": metadata, "amount": 500}
            )

    assert asyncio.run(reconcile.reconcile()) == [
        "The provider holds €5.00 as pi_foreign, which no payment here has.",
        "The provider holds €5.00 as pi_ours, which no payment here has: order 1001 is flagged for review.",
    ]
    assert order().needs_review == "The provider holds €5.00 as pi_ours, which no payment here has."
    after = everything()
    asyncio.run(reconcile.reconcile())
    assert everything() == after


def test_reconcile_says_what_it_found_before_the_provider_fell_silent(authorised):
    authorised.faults(api=[{"path": "GET /v1/disputes", "do": "500", "times": 50}])
    sentences: list[str] = []
    with pytest.raises(ProviderDown):
        asyncio.run(reconcile.reconcile(say=sentences.append))
    assert sentences == []


@pytest.mark.parametrize(("price", "is_taken"), [(30, False), (49, False), (50, True)])
def test_what_is_less_than_the_least_cant_be_taken_and_nothing_is_touched(world, price, is_taken):
    collected = replace(FORM, shipping_method="pick-up")
    with db.transaction() as session:
        make_product(session, "Thing", price_minor=price)
    world.fill_cart()
    world.enter_card(world.pay(collected, world.fill_cart("THING") - 490))
    world.deliver()
    cancel_units()
    before = everything()
    if is_taken:
        capture()
        assert rows("payment")[0].captured_minor == price
        return
    with pytest.raises(
        Conflict, match=rf"^€0\.{price} can't be taken: a payment has to be at least €0\.50\."
    ):
        capture()
    assert everything() == before
    assert intent(world).status == "requires_capture"
    with pytest.raises(stripe.InvalidRequestError) as refusal:
        client_of(world.sandbox).v1.payment_intents.capture(intent(world).id, {"amount_to_capture": price})
    assert refusal.value.code == "amount_too_small"


def test_staff_capture_before_anything_is_sent_and_only_with_the_right(authorised):
    before = everything()
    with pytest.raises(Forbidden):
        asyncio.run(capture_workflow.capture_now(order().id, CLERK))
    assert everything() == before
    asyncio.run(capture_workflow.capture_now(order().id, MANAGER))
    assert (intent(authorised).status, order().payment_status) == ("succeeded", "paid")
    assert [row.kind for row in rows("order_event") if row.kind.endswith("_asked")] == ["capture_asked"]
    assert rows("audit_entry")[-1].action == "order.capture_asked"
    before = everything()
    for act in (capture_workflow.capture_now, capture_workflow.void_now):
        with pytest.raises(Conflict):
            asyncio.run(act(order().id, MANAGER))
    assert everything() == before
    books_are_right()


def test_staff_void_what_a_bank_has_set_aside(authorised):
    asyncio.run(capture_workflow.void_now(order().id, MANAGER))
    assert (intent(authorised).status, order().payment_status) == ("canceled", "voided")
    assert [row.kind for row in rows("order_event") if row.kind.endswith("_asked")] == ["void_asked"]
    books_are_right()
