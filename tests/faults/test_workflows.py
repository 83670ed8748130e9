"""Workflows under faults: whatever fails or dies between two lines, money, stock and order agree at last."""

from __future__ import annotations

import asyncio
import threading
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlmodel import SQLModel

from shop_app.core import db
from shop_app.core.clock import now
from shop_app.core.errors import Conflict, NotFound, ProviderDown
from shop_app.providers.payments import registry
from shop_app.providers.payments.base import AmountRefused, NeverTaken
from shop_app.services.cart import queries as cart_queries
from shop_app.services.payments import commands as payment_commands
from shop_app.services.payments.refund_rows import RefundRequest
from shop_app.web import webhooks
from shop_app.workflows import pay, reconcile, recover
from shop_app.workflows import refund as refund_workflow
from shop_app.workflows import sync_payment as sync_workflow
from tests.paying import FORM, GOOD, MANAGER, ME, World, client_of, everything, make_world, rows
from tests.selling import wrong_books

CREATE = "POST /v1/checkout/sessions"
BROKEN = ("4000000000000002", "4000000000009995")


@pytest.fixture
def world(engine, tmp_path) -> World:
    return make_world(tmp_path)


def order():
    return rows("customer_order")[-1]


def bowls() -> tuple[int, int]:
    level = rows("stock_level")[0]
    return level.on_hand, level.allocated


def sweep() -> int:
    return asyncio.run(recover.sweep())


def sessions(world: World) -> list[tuple[str, str]]:
    ids = client_of(world.sandbox).v1.checkout.sessions.list({"limit": 100}).data
    return [(str(session.status), session.payment_status) for session in ids]


def closed() -> bool:
    return asyncio.run(pay.end_unpaid_order(order().id, "cancelled"))


# --- The straight way -----------------------------------------------------------------------------


@pytest.mark.both
def test_a_click_leads_to_the_pay_page_with_the_order_written_down_before(world):
    url = world.pay()

    (payment,) = rows("payment")
    assert url == payment.redirect_url
    assert url.startswith("http://127.0.0.1/sandbox/pay/cs_test_")
    assert (order().status, order().total_minor, payment.amount_minor, payment.state) == (
        "pending",
        3270,
        3270,
        "open",
    )
    assert bowls() == (3, 1)
    session = client_of(world.sandbox).v1.checkout.sessions.retrieve(payment.reference)
    assert (session.amount_total, session.customer_email) == (3270, "marta@example.com")
    assert session.to_dict()["metadata"] == {
        "attempt": "order-1-1",
        "order_number": "1001",
        "order_token": order().token,
    }
    assert (session.success_url or "").endswith(f"/orders/{order().token}")
    assert (session.cancel_url or "").endswith(f"/orders/{order().token}?cancelled=1")
    assert session.expires_at == int(order().expires_at.timestamp())


def test_many_clicks_are_one_order_and_one_payment(world):
    total = world.fill_cart()

    async def clicks() -> set[str]:
        return set(await asyncio.gather(*(pay.pay(ME, FORM, total) for _ in range(6))))

    assert len(asyncio.run(clicks())) == 1
    assert (len(rows("customer_order")), len(rows("payment")), len(sessions(world))) == (1, 1, 1)


def test_paying_later_leads_to_the_order_at_once(world):
    url = world.pay(replace(FORM, payment_provider="manual"))

    assert url == f"/orders/{order().token}"
    assert order().status == "placed"
    assert sessions(world) == []
    assert [row.kind for row in rows("letter")] == ["order_placed"]


# --- Coming back without paying -------------------------------------------------------------------


@pytest.mark.parametrize("number", BROKEN)
def test_a_decline_keeps_everything_open_and_says_why(world, number):
    world.enter_card(world.pay(), number)
    world.deliver()

    (payment,) = rows("payment")
    assert (order().status, order().payment_status, payment.state) == ("pending", "none", "open")
    assert payment.decline_message.endswith("Nothing was charged.")
    assert [row.kind for row in rows("payment_event")] == ["opened", "declined"]
    assert bowls() == (3, 1)


def test_cancelling_gives_everything_back_and_nobody_can_pay_any_more(world):
    url = world.pay()
    asyncio.run(pay.cancel_payment(order().token))

    assert (order().status, rows("payment")[0].state, bowls()) == ("cancelled", "expired", (3, 0))
    assert sessions(world) == [("expired", "unpaid")]
    assert world.enter_card(url).status_code == 410
    with db.reading() as session:
        assert cart_queries.view(session, ME).count == 1


def test_cancelling_after_paying_leaves_the_order_paid(world):
    world.enter_card(world.pay())

    asyncio.run(pay.cancel_payment(order().token))
    assert (order().status, order().payment_status, bowls()) == ("placed", "paid", (3, 1))


def test_a_changed_cart_ends_the_old_payment_and_opens_another(world):
    old = world.pay()
    new = world.pay(total_minor=world.fill_cart())

    assert new != old
    assert [row.status for row in rows("customer_order")] == ["cancelled", "pending"]
    assert sorted(sessions(world)) == [("expired", "unpaid"), ("open", "unpaid")]
    assert world.enter_card(old).status_code == 410
    assert bowls() == (3, 2)


def test_a_changed_cart_whose_order_was_paid_meanwhile_keeps_that_order(world):
    world.enter_card(world.pay())
    total = world.fill_cart("DUNE-MUG")

    # What was added afterwards is a cart of its own by now, at another total than the one shown.
    asyncio.run(pay.pay(ME, FORM, total))
    assert [row.status for row in rows("customer_order")] == ["placed", "pending"]
    assert rows("customer_order")[0].payment_status == "paid"
    assert [row.sku for row in rows("order_line")] == ["SHOAL-BOWL", "DUNE-MUG"]


# --- Time -----------------------------------------------------------------------------------------


def test_an_order_whose_time_is_over_ends_and_gives_its_units_back(world, clock):
    url = world.pay()
    clock.shift(41 * 60)

    assert sweep() == 1
    assert (order().status, rows("payment")[0].state, bowls()) == ("expired", "expired", (3, 0))
    assert world.enter_card(url).status_code == 410
    assert sweep() == 0


def test_a_payment_without_a_webhook_is_found_before_the_order_ends(world, clock):
    world.enter_card(world.pay())
    clock.shift(41 * 60)

    assert sweep() == 1
    assert (order().status, order().payment_status, bowls()) == ("placed", "paid", (3, 1))


@pytest.mark.both
def test_reconcile_finds_what_the_webhook_missed_and_says_so_once(world):
    world.enter_card(world.pay())

    reference = rows("payment")[0].reference
    assert asyncio.run(reconcile.reconcile()) == [f"Payment {reference} of order id {order().id}: applied."]
    assert (order().status, order().payment_status) == ("placed", "paid")
    after = everything()
    assert asyncio.run(reconcile.reconcile()) == []
    assert everything() == after


def more_payments(count: int) -> set[int]:
    """So many further payments of the one order there is, as old attempts that are still open."""
    first = rows("payment")[0]
    payments_made = [
        dict(first._mapping)
        | {"id": first.id + n, "attempt": 1 + n, "reference": f"cs_test_{n}", "state": "open"}
        for n in range(1, count + 1)
    ]
    with db.transaction() as session:
        session.connection().execute(SQLModel.metadata.tables["payment"].insert(), payments_made)
    return {row.id for row in rows("payment")}


def test_reconcile_looks_at_every_payment_however_many_there_are(world, monkeypatch):
    world.pay()
    payments, looked = more_payments(1_300), []

    async def synced(payment, **_more) -> str:
        looked.append(payment.payment_id)
        return "already known"

    monkeypatch.setattr(reconcile, "sync_payment", synced)
    assert asyncio.run(reconcile.reconcile()) == []
    assert len(looked) == len(payments)
    assert set(looked) == payments


def test_reconcile_goes_on_from_page_to_page_and_finds_the_oldest(world, monkeypatch):
    monkeypatch.setattr(reconcile, "PAGE", 2)
    world.enter_card(world.pay())
    paid = rows("payment")[0]
    more_payments(4)
    sentences = asyncio.run(reconcile.reconcile())
    assert f"Payment {paid.reference} of order id {order().id}: applied." in sentences
    # The others are unknown to the provider, and each is said.
    assert len(sentences) == 5


def test_reconcile_does_not_say_that_all_agrees_while_notices_wait(world, monkeypatch):
    world.enter_card(world.pay())
    (_seq, body, header), *_rest = world.sandbox.deliveries.claim()

    async def broken(_inbox_id: int) -> str:
        raise RuntimeError("it can't be applied")

    for caller in ("shop_app.workflows.recover", "shop_app.workflows.sync_payment"):
        monkeypatch.setattr(f"{caller}.apply_notice", broken)
    assert world.post_event(body, header) == 200
    # The first run applies the payment; the notice still waits after it.
    asyncio.run(reconcile.reconcile())
    assert asyncio.run(reconcile.reconcile()) == [
        "1 webhook events couldn't be applied yet: the log says why."
    ]


def test_the_provider_s_records_are_read_to_the_end(world, monkeypatch):
    """Two hundred and three sessions are three of the provider's pages."""
    world.pay()
    with world.sandbox.store.change() as tables:
        stripe_object = tables.get("checkout.session", rows("payment")[0].reference) or {}
        for number in range(202):
            tables.put(stripe_object | {"id": f"cs_test_more_{number}", "status": "complete"})
    records = registry.provider("stripe").recent(now() - timedelta(hours=1))
    assert len({record.reference for record in records if record.kind == "session"}) == 202


def test_webhook_return_and_reconcile_at_once_pay_once(world):
    world.enter_card(world.pay())
    reference = rows("payment")[0].reference

    async def all_at_once() -> list[object]:
        return await asyncio.gather(
            *(sync_workflow.sync_from_provider("stripe", reference) for _ in range(8)),
            reconcile.reconcile(),
        )

    outcomes = asyncio.run(all_at_once())
    assert [row.kind for row in rows("payment_event")] == ["opened", "captured"]
    assert outcomes.count("applied") + len(outcomes[-1]) == 1  # pyright: ignore[reportArgumentType]
    assert len(rows("letter")) == 1


# --- The provider fails ----------------------------------------------------------------------------


@pytest.mark.parametrize("do", ["500", "429", "lost_reply"])
def test_when_the_provider_fails_for_a_while_the_same_click_goes_on_later(world, do):
    total = world.fill_cart()
    world.faults(api=[{"path": CREATE, "do": do, "times": 3}])

    with pytest.raises(ProviderDown, match="your cart is kept"):
        world.pay(total_minor=total)
    assert (order().status, rows("payment")[0].state, bowls()) == ("cancelled", "failed", (3, 0))
    assert wrong_books() == []
    world.faults()
    world.enter_card(world.pay(total_minor=total))
    world.deliver()
    assert [row.status for row in rows("customer_order")] == ["cancelled", "placed"]
    assert [row.state for row in rows("payment")] == ["failed", "captured"]
    assert (order().payment_status, bowls(), len(sessions(world))) == (
        "paid",
        (3, 1),
        1 + (do == "lost_reply"),
    )
    assert wrong_books() == []


def test_a_failure_that_is_replayed_is_left_behind_by_the_next_click(world):
    total = world.fill_cart()
    world.faults(api=[{"path": CREATE, "do": "500_kept"}])
    with pytest.raises(ProviderDown):
        world.pay(total_minor=total)

    world.enter_card(world.pay(total_minor=total))
    world.deliver()
    assert [(row.order_id, row.attempt, row.state) for row in rows("payment")] == [
        (1, 1, "failed"),
        (2, 1, "captured"),
    ]
    assert order().payment_status == "paid"


@pytest.mark.both
@pytest.mark.parametrize(
    "failure",
    [NeverTaken("No."), AmountRefused("Too little."), ProviderDown("?"), NotFound("?"), OSError("?")],
)
def test_whatever_keeps_a_payment_from_starting_gives_everything_back_at_once(world, monkeypatch, failure):
    total = world.fill_cart()
    before = rows("stock_level")

    def start(_request):
        raise failure

    monkeypatch.setattr(registry.provider("stripe"), "start", start)
    with pytest.raises((type(failure), ProviderDown)):
        world.pay(total_minor=total)
    assert (order().status, order().expires_at, rows("payment")[0].state) == ("cancelled", None, "failed")
    assert (rows("stock_level"), rows("letter"), rows("cart")[0].completed_at) == (before, [], None)
    assert wrong_books() == []


def test_of_two_clicks_whose_answer_one_alone_gets_the_order_goes_on(world, monkeypatch):
    """Both send the same attempt; the one that fails ends nothing that the other has opened."""
    total = world.fill_cart()
    payment_provider = registry.provider("stripe")
    start = payment_provider.start

    def started_by_the_other(request):
        monkeypatch.setattr(payment_provider, "start", start)
        thread = threading.Thread(target=lambda: world.pay(total_minor=total))
        thread.start()
        thread.join()
        raise ProviderDown("Payments don't answer just now.")

    monkeypatch.setattr(payment_provider, "start", started_by_the_other)
    with pytest.raises(ProviderDown):
        world.pay(total_minor=total)
    assert (order().status, rows("payment")[0].state, bowls()) == ("pending", "open", (3, 1))
    world.enter_card(rows("payment")[0].redirect_url)
    world.deliver()
    assert (len(rows("customer_order")), order().payment_status) == (1, "paid")
    assert wrong_books() == []


def test_a_payment_that_began_after_all_and_is_paid_is_for_a_person(world):
    total = world.fill_cart()
    world.faults(api=[{"path": CREATE, "do": "lost_reply", "times": 3}])
    with pytest.raises(ProviderDown):
        world.pay(total_minor=total)
    world.faults()
    (lost,) = client_of(world.sandbox).v1.checkout.sessions.list({"limit": 100}).data
    world.enter_card(lost.url or "")
    world.deliver()
    assert (order().status, order().payment_status) == ("cancelled", "paid")
    assert order().needs_review == "Paid after the order was cancelled."
    assert bowls() == (3, 0)
    assert wrong_books() == []


def test_while_the_provider_is_down_an_order_stays_rather_than_being_ended_blindly(world, clock):
    world.enter_card(world.pay())
    clock.shift(41 * 60)
    world.faults(api=[{"do": "500", "times": 50}])

    assert sweep() == 0
    assert (order().status, bowls()) == ("pending", (3, 1))
    world.faults()
    assert sweep() == 1
    assert order().payment_status == "paid"


def test_a_webhook_that_cant_look_waits_for_the_sweep(world):
    world.enter_card(world.pay())
    world.faults(api=[{"do": "500", "times": 50}])
    assert world.deliver() == [200, 200, 200, 200]
    assert {row.outcome for row in rows("provider_event")} == {""}
    assert order().status == "pending"

    world.faults()
    assert sweep() == 4
    assert order().payment_status == "paid"
    assert sweep() == 0


# --- A process dies -------------------------------------------------------------------------------


class Killed(BaseException):
    """What a killed process sees of its next line."""


def dies_at(monkeypatch, place, name: str) -> None:
    def die(*_args, **_kwargs):
        raise Killed

    monkeypatch.setattr(place, name, die)


@pytest.mark.parametrize("line", ["start_attempt", "opened"])
def test_death_between_two_lines_loses_nothing_and_the_next_click_goes_on(world, monkeypatch, line):
    total = world.fill_cart()
    with monkeypatch.context() as patch:
        dies_at(patch, payment_commands, line)
        with pytest.raises(Killed):
            world.pay(total_minor=total)
    assert (order().status, bowls()) == ("pending", (3, 1))

    world.enter_card(world.pay(total_minor=total))
    world.deliver()
    assert (len(rows("customer_order")), len(rows("payment")), len(sessions(world))) == (1, 1, 1)
    assert (order().status, order().payment_status) == ("placed", "paid")


@pytest.mark.parametrize("line", ["start_attempt", "opened", "not_started"])
def test_death_and_no_second_click_ends_a_minute_later_with_the_units_back(world, monkeypatch, clock, line):
    total = world.fill_cart()
    if line == "not_started":
        world.faults(api=[{"path": CREATE, "do": "500", "times": 3}])
    with monkeypatch.context() as patch:
        dies_at(patch, payment_commands, line)
        with pytest.raises(Killed):
            world.pay(total_minor=total)
    clock.shift(60)
    assert sweep() == 0
    assert (order().status, bowls()) == ("pending", (3, 1))
    clock.shift(1)
    assert sweep() == 1
    assert (order().status, bowls()) == ("cancelled", (3, 0))
    assert wrong_books() == []
    assert sweep() == 0


def test_one_whose_payment_is_open_has_its_whole_time(world, clock):
    world.pay()
    clock.shift(39 * 60)
    assert sweep() == 0
    assert (order().status, bowls()) == ("pending", (3, 1))


def test_death_between_the_answer_to_a_webhook_and_its_work_is_recovered(world, monkeypatch):
    world.enter_card(world.pay())
    with monkeypatch.context() as patch:
        patch.setattr(webhooks, "_apply", lambda _inbox_id: None)
        assert world.deliver() == [200] * 4
    assert [row.applied_at for row in rows("provider_event")] == [None] * 4

    assert sweep() == 4
    assert (order().payment_status, len(rows("letter"))) == ("paid", 1)


def test_an_order_that_ends_while_the_provider_answers_has_its_session_expired(world, monkeypatch):
    total = world.fill_cart()
    payment_provider = registry.provider("stripe")
    start = payment_provider.start

    def slowly(request):
        started = start(request)
        thread = threading.Thread(target=closed)
        thread.start()
        thread.join()
        return started

    monkeypatch.setattr(payment_provider, "start", slowly)
    with pytest.raises(Conflict, match="ended in the meantime"):
        world.pay(total_minor=total)
    assert (order().status, bowls()) == ("cancelled", (3, 0))
    assert sessions(world) == [("expired", "unpaid")]


# --- Refunds --------------------------------------------------------------------------------------


def refund(amount_minor: int, key: str) -> None:
    asyncio.run(refund_workflow.refund(order().id, RefundRequest(free_minor=amount_minor), key, MANAGER))


@pytest.fixture
def paid(world) -> World:
    world.enter_card(world.pay(), GOOD)
    world.deliver()
    return world


@pytest.mark.both
def test_parts_go_back_until_nothing_is_left(paid):
    refund(1000, "a")
    assert (order().payment_status, rows("payment")[0].refunded_minor) == ("partially_refunded", 1000)
    before = everything()
    with pytest.raises(Conflict, match="more than the €22.70 that is left"):
        refund(2271, "b")
    assert everything() == before
    refund(2270, "c")

    (payment,) = rows("payment")
    assert (order().payment_status, payment.refunded_minor, payment.refund_pending_minor) == (
        "refunded",
        3270,
        0,
    )
    assert [row.data["amount"] for row in rows("letter") if row.kind == "order_refunded"] == [
        "€10.00",
        "€22.70",
    ]
    paid.deliver()
    assert rows("payment")[0].refunded_minor == 3270


def test_a_double_click_is_one_refund(paid):
    refund(1000, "a")
    refund(1000, "a")

    assert rows("payment")[0].refunded_minor == 1000
    assert len(client_of(paid.sandbox).v1.refunds.list({}).data) == 1


def test_twenty_refunds_at_once_give_back_no_more_than_there_was(paid):
    async def many() -> list[object]:
        one, refund_request = order().id, RefundRequest(free_minor=981)
        return await asyncio.gather(
            *(refund_workflow.refund(one, refund_request, f"key-{n}", MANAGER) for n in range(20)),
            return_exceptions=True,
        )

    outcomes = asyncio.run(many())
    assert sum(outcome is None for outcome in outcomes) == 3
    assert rows("payment")[0].refunded_minor == 2943


def test_a_refund_whose_reply_was_lost_is_asked_for_again_with_the_same_key(paid):
    paid.faults(api=[{"path": "POST /v1/refunds", "do": "lost_reply", "times": 3}])
    with pytest.raises(ProviderDown):
        refund(1000, "a")
    assert (rows("payment")[0].refund_pending_minor, rows("refund")[0].status) == (1000, "pending")
    paid.faults()

    assert sweep() == 1
    assert (rows("payment")[0].refunded_minor, rows("payment")[0].refund_pending_minor) == (1000, 0)
    assert len(client_of(paid.sandbox).v1.refunds.list({}).data) == 1


def test_a_refund_made_at_stripes_own_dashboard_is_taken_over(paid):
    intent = rows("payment")[0].intent_reference
    client_of(paid.sandbox).v1.refunds.create({"payment_intent": intent, "amount": 500})
    paid.deliver()

    (refund,) = rows("refund")
    assert (refund.actor, refund.amount_minor, refund.status) == ("stripe", 500, "succeeded")
    assert (order().payment_status, rows("payment")[0].refunded_minor) == ("partially_refunded", 500)


def test_a_pending_refund_that_fails_days_later_is_money_that_stayed(paid):
    paid.faults(webhooks={"refund_status": "pending"})
    refund(1000, "a")
    (payment,), (refund_row,) = rows("payment"), rows("refund")
    assert (refund_row.status, payment.refund_pending_minor, payment.refunded_minor) == ("pending", 1000, 0)
    assert [row.kind for row in rows("letter")] == ["order_paid"]

    paid.browser.post(f"/sandbox/_refunds/{refund_row.provider_reference}?status=failed")
    paid.deliver()
    asyncio.run(reconcile.reconcile())
    (payment,), (refund_row,) = rows("payment"), rows("refund")
    assert (refund_row.status, payment.refund_pending_minor, payment.refunded_minor) == ("failed", 0, 0)
    assert order().payment_status == "paid"
