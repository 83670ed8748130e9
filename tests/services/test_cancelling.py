"""Cancelling: unpaid, authorised, paid, partly sent; once, and right when money comes in that moment."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest

from shop_app.core import db
from shop_app.core.errors import Conflict, Forbidden, ProviderDown
from shop_app.services.cart import queries as cart_queries
from shop_app.worker import jobs
from shop_app.workflows import cancel as cancel_workflow
from shop_app.workflows import recover
from tests.interleaving import Rival, Step, around
from tests.paying import MANAGER, ME, World, client_of, everything, make_world, rows
from tests.selling import (
    CLERK,
    LATER,
    cancel,
    delivered,
    letters,
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


@pytest.fixture
def world(engine, tmp_path) -> Iterator[World]:
    yield make_world(tmp_path)
    assert wrong_books() == []


def at_stripe(world: World) -> list[int]:
    return sorted(refund.amount for refund in client_of(world.sandbox).v1.refunds.list({"limit": 100}).data)


# --- Unpaid ---------------------------------------------------------------------------------------


@pytest.mark.both
def test_an_unpaid_order_ends_at_the_provider_first_and_gives_its_units_back(world):
    url = world.pay()
    cancel()

    assert (statuses(), stock(), units("SHOAL-BOWL")) == (("cancelled", "none", "none"), (3, 0), (0, 0, 1))
    assert rows("payment")[0].state == "expired"
    assert world.enter_card(url).status_code == 410
    assert [data["partly"] for data in letters("order_cancelled")] == [False]
    with db.reading() as session:
        assert cart_queries.view(session, ME).count == 1


def test_an_order_to_be_paid_later_is_cancelled_with_its_code_free_again(world):
    sell(world, {"SHOAL-BOWL": 2}, LATER)
    cancel(restock=False)

    assert (statuses(), stock()) == (("cancelled", "none", "none"), (1, 0))
    assert letters("order_cancelled")[0]["amount"] == ""


def test_while_the_provider_is_down_nothing_is_cancelled(world):
    world.pay()
    world.faults(api=[{"do": "500", "times": 50}])
    before = everything()
    with pytest.raises(ProviderDown):
        cancel()
    assert everything() == before
    world.faults()


def test_an_order_whose_payment_never_began_has_ended_with_its_attempt(world):
    total = world.fill_cart()
    world.faults(api=[{"path": "POST /v1/checkout/sessions", "do": "500", "times": 3}])
    with pytest.raises(ProviderDown):
        world.pay(total_minor=total)
    world.faults()
    before = everything()
    with pytest.raises(Conflict, match="cancelled already"):
        cancel()
    assert everything() == before
    assert (statuses()[0], rows("payment")[0].state, stock()) == ("cancelled", "failed", (3, 0))


# --- Paid -----------------------------------------------------------------------------------------


@pytest.mark.both
def test_a_paid_order_goes_back_whole_with_its_delivery_once(world):
    sell(world, {"SHOAL-BOWL": 1})
    for _click in range(3):
        cancel()

    assert (statuses(), stock(), at_stripe(world)) == (("cancelled", "refunded", "none"), (3, 0), [3270])
    assert [(row.quantity, row.amount_minor) for row in rows("refund_line")] == [(1, 2780), (0, 490)]
    assert [data["amount"] for data in letters("order_cancelled")] == ["€32.70"]
    before = everything()
    with pytest.raises(Conflict, match="cancelled already"):
        cancel("another")
    with pytest.raises(Conflict, match="with other values"):
        cancel(restock=False)
    assert everything() == before


def test_what_went_back_before_isnt_given_twice(world):
    sell(world, {"SHOAL-BOWL": 1})
    refund(free_minor=1000)
    cancel()
    assert (at_stripe(world), statuses()[:2]) == ([1000, 2270], ("cancelled", "refunded"))


def test_money_that_is_kept_is_kept_by_somebodys_will(world):
    sell(world, {"SHOAL-BOWL": 1})
    cancel(refund=False)

    assert (statuses(), at_stripe(world), stock()) == (("cancelled", "paid", "none"), [], (3, 0))
    assert [row.data for row in rows("order_event") if row.kind == "money_kept"] == [{"amount_minor": 3270}]


def test_of_an_order_that_was_partly_sent_only_the_rest_ends(world):
    sell(world, {"SHOAL-BOWL": 2, "DUNE-MUG": 3})
    shipment = send({"SHOAL-BOWL": 2, "DUNE-MUG": 1})
    cancel(restock=False)

    assert (statuses(), units("DUNE-MUG")) == (("placed", "partially_refunded", "shipped"), (1, 0, 2))
    assert (at_stripe(world), stock(1)) == ([4800], (2, 0))
    assert letters("order_cancelled")[0]["partly"]
    delivered(shipment)
    assert statuses()[0] == "completed"
    with pytest.raises(Conflict, match="Use a return"):
        cancel("another")


def test_an_order_that_was_sent_whole_isnt_cancelled(world):
    sell(world, {"SHOAL-BOWL": 1})
    send({"SHOAL-BOWL": 1})
    before = everything()
    with pytest.raises(Conflict, match="Use a return"):
        cancel()
    with pytest.raises(Forbidden):
        cancel(by=CLERK)
    assert everything() == before


def test_a_payment_in_dispute_isnt_refunded_by_cancelling(world):
    sell(world, {"SHOAL-BOWL": 1})
    run_sql(
        "INSERT INTO payment_event (payment_id, kind, amount_minor, provider_reference, at)"
        " VALUES (1, 'dispute_opened', 3270, 'dp_1', '2026-01-01')"
    )
    run_sql("UPDATE customer_order SET payment_status = 'disputed'")
    with pytest.raises(Conflict, match="Cancel without a refund"):
        cancel()
    cancel(refund=False)
    assert (statuses(), stock(), at_stripe(world)) == (("cancelled", "disputed", "none"), (3, 0), [])


def test_a_partly_paid_order_that_waits_for_a_person_is_cancelled_and_its_money_goes_back(world):
    world.pay()
    run_sql("UPDATE payment SET state = 'captured', captured_minor = 500, intent_reference = 'pi_none'")
    run_sql(
        "INSERT INTO payment_event (payment_id, kind, amount_minor, provider_reference, at)"
        " VALUES (1, 'captured', 500, 'pi_none', '2026-01-01')"
    )
    run_sql(
        "UPDATE customer_order SET needs_review = 'Paid €5.00 of €32.70.', payment_status = 'partially_paid'"
    )
    with pytest.raises(Conflict, match="didn't take the refund"):
        cancel()
    # The money is somewhere the provider doesn't know of: the order says so.
    assert (statuses()[0], stock()) == ("cancelled", (3, 0))
    assert order().needs_review == "The refund cancel-1:1 of €5.00 wasn't taken."


# --- Authorised -----------------------------------------------------------------------------------


def test_an_authorised_order_is_let_go_and_ends(engine, tmp_path, configure):
    configure(SHOP_CAPTURE="at_fulfilment")
    world = make_world(tmp_path)
    sell(world, {"SHOAL-BOWL": 2})
    cancel()

    assert (statuses(), stock(), at_stripe(world)) == (("cancelled", "voided", "none"), (3, 0), [])
    intent = rows("payment")[0].intent_reference
    assert client_of(world.sandbox).v1.payment_intents.retrieve(intent).status == "canceled"
    assert wrong_books() == []


# --- At the same moment ---------------------------------------------------------------------------

STEPS = (
    Step("the check", cancel_workflow.cancelling, "check"),
    Step("the end of its payments", cancel_workflow.authorisations, "of_order"),
    Step("the list of its payments", cancel_workflow.payment_commands, "of_order"),
    Step("the cancelling", cancel_workflow.cancelling, "cancel"),
)


@pytest.mark.both
@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("step", STEPS, ids=lambda step: step.label)
@pytest.mark.parametrize("back", [True, False], ids=["refund", "no refund"])
def test_a_card_that_is_entered_while_staff_cancel_ends_right(world, step, when, back):
    url = world.pay()

    def pays() -> None:
        world.enter_card(url)
        world.deliver()

    with around(step, when, Rival(pays)):
        try:
            cancel(refund=back)
            outcome = "cancelled"
        except Conflict as refusal:
            outcome = refusal.message
    asyncio.run(recover.sweep())
    paid = rows("payment")[0].captured_minor
    if outcome == "cancelled":
        assert (order().status, stock()) == ("cancelled", (3, 0))
        kept = [row.data for row in rows("order_event") if row.kind == "money_kept"]
        # Paid meanwhile, and cancelled without a refund: staff decided so, and the history says it.
        assert sum(at_stripe(world)) == (0 if kept else paid)
        assert not kept or (not back and step is STEPS[0] and when == "before")
    else:
        assert not back
        assert (statuses(), stock(), paid) == (("placed", "paid", "none"), (3, 1), 3270)


def test_twenty_cancels_at_once_are_one(world):
    sell(world, {"SHOAL-BOWL": 1})
    order_id = order().id
    arguments = {"restock": True, "refund": True, "reason": "", "by": MANAGER}

    async def many() -> list[object]:
        return await asyncio.gather(
            *(
                cancel_workflow.cancel(order_id, request_key=f"key-{number % 4}", **arguments)
                for number in range(20)
            ),
            return_exceptions=True,
        )

    outcomes = asyncio.run(many())
    assert sum(outcome is None for outcome in outcomes) == 5
    assert all(isinstance(outcome, Conflict) for outcome in outcomes if outcome is not None)
    assert (at_stripe(world), stock(), statuses()[:2]) == ([3270], (3, 0), ("cancelled", "refunded"))


def test_a_partly_paid_order_is_cancelled_its_money_goes_back_and_nobody_is_asked_again(world):
    world.pay()
    run_sql(
        "INSERT INTO payment (order_id, attempt, provider, reference, state, currency, amount_minor,"
        " captured_minor, refunded_minor, refund_pending_minor, redirect_url, decline_message, created_at)"
        " VALUES (1, 2, 'manual', '1001-2', 'captured', 'EUR', 500, 500, 0, 0, '', '', '2026-01-01')"
    )
    run_sql(
        "INSERT INTO payment_event (payment_id, kind, amount_minor, provider_reference, at)"
        " VALUES (2, 'captured', 500, 'SEPA', '2026-01-01')"
    )
    run_sql(
        "UPDATE customer_order SET needs_review = 'Paid €5.00 of €32.70.', payment_status = 'partially_paid'"
    )
    cancel()
    assert (statuses(), order().needs_review, stock()) == (("cancelled", "refunded", "none"), "", (3, 0))


def test_letters_of_shipments_refunds_and_cancelling_can_be_sent(world):
    sell(world, {"SHOAL-BOWL": 2, "DUNE-MUG": 3})
    send({"SHOAL-BOWL": 1})
    refund(lines={"DUNE-MUG": 1}, destination="credit", restock=True)
    cancel()
    jobs.send_letters()
    sent = rows("letter")
    assert {"order_shipped", "order_refunded", "order_cancelled"} <= {row.kind for row in sent}
    assert [row.problem for row in sent if row.problem or row.sent_at is None] == []
