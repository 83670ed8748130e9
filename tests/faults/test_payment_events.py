"""Every kind of payment event, sent in every way: once, twice, shuffled, at once, forged or to another shop.

An event only makes the shop retrieve the payment; so each ends where the provider's books say.
"""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import Callable
from typing import Any

import pytest
import stripe

from shop_app.core import db
from shop_app.services.books import check as books
from shop_app.workflows import reconcile, recover
from tests.paying import GOOD, SECRET, World, client_of, everything, make_world, rows

PAYS_LATER, IS_RETURNED = "DE89370400440532013000", "DE62370400440532013001"


@pytest.fixture
def world(engine, tmp_path) -> World:
    return make_world(tmp_path)


def order() -> Any:
    return rows("customer_order")[-1]


def debit(world: World, account: str) -> None:
    assert world.browser.post(world.pay(), data={"account": account}).status_code == 303


def bank_says(world: World, status: str) -> None:
    intent_id = client_of(world.sandbox).v1.payment_intents.list({"limit": 1}).data[0].id
    assert world.browser.post(f"/sandbox/_debits/{intent_id}?status={status}").status_code == 200


def paid(world: World, card: str = GOOD) -> str:
    """Pay by card; the intent's id."""
    world.enter_card(world.pay(), card)
    return client_of(world.sandbox).v1.payment_intents.list({"limit": 1}).data[0].id


def debit_succeeds(world: World) -> None:
    debit(world, PAYS_LATER)
    bank_says(world, "succeeded")


def debit_fails(world: World) -> None:
    debit(world, PAYS_LATER)
    bank_says(world, "failed")


def refund(world: World, amount: int | None = None) -> str:
    params: Any = {"payment_intent": paid(world)} | ({"amount": amount} if amount else {})
    return client_of(world.sandbox).v1.refunds.create(params).id


def refund_fails(world: World) -> None:
    world.faults(webhooks={"refund_status": "pending"})
    refund_id = refund(world, 1000)
    assert world.browser.post(f"/sandbox/_refunds/{refund_id}?status=failed").status_code == 200


def refund_succeeds(world: World) -> None:
    world.faults(webhooks={"refund_status": "pending"})
    refund_id = refund(world, 1000)
    assert world.browser.post(f"/sandbox/_refunds/{refund_id}?status=succeeded").status_code == 200


def dispute(world: World, evidence: str = "", card: str = "4000 0000 0000 0259") -> None:
    paid(world, card)
    disputes = client_of(world.sandbox).v1.disputes
    dispute = disputes.list({"limit": 1}).data[0].id
    if evidence:
        disputes.update(dispute, {"evidence": {"uncategorized_text": evidence}, "submit": True})


def accept_dispute(world: World) -> None:
    dispute(world)
    disputes = client_of(world.sandbox).v1.disputes
    disputes.close(disputes.list({"limit": 1}).data[0].id)


def expires(world: World) -> None:
    world.pay()
    client_of(world.sandbox).v1.checkout.sessions.expire(rows("payment")[-1].reference)


# What happens at the provider -> what the order, its payment and its stock are then.
CASES: dict[str, tuple[Callable[[World], Any], tuple[str, str, str, int]]] = {
    "completed, paid": (paid, ("placed", "paid", "captured", 1)),
    "completed, unpaid": (lambda world: debit(world, PAYS_LATER), ("pending", "none", "open", 1)),
    "paid later": (debit_succeeds, ("placed", "paid", "captured", 1)),
    "returned later": (debit_fails, ("cancelled", "none", "failed", 0)),
    "expired": (expires, ("pending", "none", "expired", 1)),
    "declined": (lambda world: paid(world, "4000 0000 0000 0002"), ("pending", "none", "open", 1)),
    "refunded": (refund, ("placed", "refunded", "captured", 1)),
    "partly refunded": (lambda world: refund(world, 1000), ("placed", "partially_refunded", "captured", 1)),
    "refund succeeded": (refund_succeeds, ("placed", "partially_refunded", "captured", 1)),
    "refund failed": (refund_fails, ("placed", "paid", "captured", 1)),
    "disputed": (dispute, ("placed", "disputed", "captured", 1)),
    "dispute answered": (lambda world: dispute(world, "a letter"), ("placed", "disputed", "captured", 1)),
    "dispute won": (lambda world: dispute(world, "winning_evidence"), ("placed", "paid", "captured", 1)),
    "dispute lost": (
        lambda world: dispute(world, "losing_evidence"),
        ("placed", "charged_back", "captured", 1),
    ),
    "dispute accepted": (accept_dispute, ("placed", "charged_back", "captured", 1)),
    "inquiry": (
        lambda world: dispute(world, card="4000 0000 0000 1976"),
        ("placed", "paid", "captured", 1),
    ),
}


def events(world: World) -> list[tuple[str, str]]:
    """Every event that waits to be delivered: body and signature."""
    collected = []
    while claimed := world.sandbox.deliveries.claim():
        for seq, body, header in claimed:
            world.sandbox.deliveries.note(seq, 200)
            collected.append((body, header))
    return collected


def in_order(world: World, notices: list[tuple[str, str]]) -> None:
    for body, header in notices:
        assert world.post_event(body, header) == 200


def twice(world: World, notices: list[tuple[str, str]]) -> None:
    in_order(world, notices + notices)


def backwards(world: World, notices: list[tuple[str, str]]) -> None:
    in_order(world, notices[::-1])


def shuffled(world: World, notices: list[tuple[str, str]]) -> None:
    mixed = notices * 2
    random.Random(7).shuffle(mixed)
    in_order(world, mixed)


def never(world: World, notices: list[tuple[str, str]]) -> None:
    """The webhook was down all day: only the comparison finds it."""
    asyncio.run(reconcile.reconcile())


def standing() -> tuple[str, str, str, int]:
    payment, level = rows("payment")[-1], rows("stock_level")[0]
    return order().status, order().payment_status, payment.state, level.allocated


def no_event_counts_twice() -> None:
    keys = [(row.payment_id, row.kind, row.provider_reference) for row in rows("payment_event")]
    assert len(keys) == len(set(keys))
    with db.reading() as session:
        assert books.check(session).violations == ()


WAYS = [in_order, twice, backwards, shuffled, never]


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)
@pytest.mark.parametrize("name", list(CASES))
def test_each_event_ends_right_however_it_is_sent(world, name, way):
    happens, expected = CASES[name]
    happens(world)
    way(world, events(world))

    assert standing() == expected
    # Money that a refund should have given back and that stayed need review.
    assert (order().needs_review != "") is (name == "refund failed")
    no_event_counts_twice()


@pytest.mark.parametrize("name", list(CASES))
def test_forged_events_change_nothing(world, name):
    CASES[name][0](world)
    notices, before = events(world), everything()
    for body, _header in notices:
        forged = stripe.WebhookSignature.generate_signature_header(body, "whsec_forged")
        assert world.post_event(body, forged) == 400
        assert world.post_event(body, "") == 400
    assert everything() == before


def sign(body: str) -> str:
    return stripe.WebhookSignature.generate_signature_header(body, SECRET)


KINDS = {
    "checkout.session.completed": "checkout.session",
    "checkout.session.async_payment_succeeded": "checkout.session",
    "checkout.session.async_payment_failed": "checkout.session",
    "checkout.session.expired": "checkout.session",
    "payment_intent.succeeded": "payment_intent",
    "payment_intent.payment_failed": "payment_intent",
    "payment_intent.canceled": "payment_intent",
    "charge.refunded": "charge",
    "refund.updated": "refund",
    "refund.failed": "refund",
    "charge.dispute.created": "dispute",
    "charge.dispute.updated": "dispute",
    "charge.dispute.closed": "dispute",
}


@pytest.mark.parametrize("kind", list(KINDS))
def test_events_of_another_shop_with_the_same_numbers_change_nothing(world, kind):
    world.pay()
    before = everything()
    stripe_object = {
        "object": KINDS[kind],
        "id": "of_another_shop",
        "payment_intent": "pi_of_another_shop",
        "amount": 3270,
        "currency": "eur",
        "status": "succeeded",
        "payment_status": "paid",
        "metadata": {"attempt": "order-1-1", "order_token": "of another shop"},
    }
    body = json.dumps({"id": "evt_1", "object": "event", "type": kind, "data": {"object": stripe_object}})
    assert world.post_event(body, sign(body)) == 200

    after = everything()
    assert {name for name in before if after[name] != before[name]} == {"provider_event"}
    assert rows("provider_event")[0].outcome in ("ignored", "already known")


def test_events_that_lie_about_amount_and_currency_only_make_the_shop_retrieve(world):
    paid(world)
    for body, _header in events(world):
        lied = body.replace("3270", "1").replace('"eur"', '"usd"')
        assert world.post_event(lied, sign(lied)) == 200

    assert standing() == ("placed", "paid", "captured", 1)
    assert rows("payment")[0].captured_minor == 3270


@pytest.mark.parametrize(("amount", "status"), [(3000, "partially_paid"), (4000, "overpaid")])
def test_another_amount_at_the_provider_is_flagged_for_review(world, amount, status):
    change(world, paid(world), amount_received=amount)
    in_order(world, events(world))

    assert order().payment_status == status
    assert order().needs_review.startswith("Paid ")
    assert rows("stock_level")[0].allocated == 1
    no_event_counts_twice()


def test_another_currency_at_the_provider_is_marked_and_counts_as_nothing(world):
    paid(world)
    reference = rows("payment")[0].reference
    with world.sandbox.store.change() as tables:
        session = tables.get("checkout.session", reference) or {}
        tables.put(session | {"currency": "usd"})
    in_order(world, events(world))

    assert (order().status, order().payment_status) == ("pending", "none")
    assert "USD" in order().needs_review
    assert asyncio.run(recover.sweep()) == 0
    no_event_counts_twice()


def change(world: World, intent_id: str, **values: Any) -> None:
    with world.sandbox.store.change() as tables:
        intent = tables.get("payment_intent", intent_id) or {}
        tables.put(intent | values)


@pytest.mark.both
def test_paid_too_late_takes_the_units_again_where_they_are(world, clock):
    session = late(world, clock)
    assert (order().status, rows("stock_level")[0].allocated) == ("expired", 0)
    pay_behind_the_shops_back(world, session)
    in_order(world, events(world))

    assert standing() == ("placed", "paid", "captured", 1)
    assert order().needs_review == ""
    no_event_counts_twice()


@pytest.mark.both
def test_paid_too_late_for_units_that_are_gone_is_marked_and_never_cancelled(world, clock):
    session = late(world, clock)
    with db.transaction() as tables:
        tables.connection().exec_driver_sql("UPDATE stock_level SET on_hand = 0")
        tables.connection().exec_driver_sql(
            "INSERT INTO stock_movement (variant_id, kind, on_hand_delta, allocated_delta, held_delta,"
            " reason, note, actor, at) SELECT variant_id, 'adjusted',"
            " CASE WHEN variant_id = 1 THEN -3 ELSE -5 END, 0, 0, '', '', 'test', '2026-01-01'"
            " FROM stock_level"
        )
    pay_behind_the_shops_back(world, session)
    in_order(world, events(world))

    assert (order().status, order().payment_status) == ("expired", "paid")
    assert order().needs_review.startswith("Paid after the order had expired")
    assert rows("payment")[0].captured_minor == 3270


def late(world: World, clock: Any) -> str:
    """An order that ran out of time; its session's id."""
    world.pay()
    clock.shift(41 * 60)
    asyncio.run(recover.sweep())
    events(world)
    return rows("payment")[0].reference


def pay_behind_the_shops_back(world: World, session_id: str) -> None:
    """The session was paid in the very moment in which it was expired."""
    from shop_app.sandbox import charges

    with world.sandbox.store.change() as tables:
        session = tables.get("checkout.session", session_id) or {}
        session |= {"status": "open"}
        intent = charges.intent_of(tables, session)
        charges.succeed(tables, session, intent, charges.CARDS["4242424242424242"])


def test_unknown_kinds_are_kept_and_change_nothing(world):
    world.pay()
    before = everything()
    body = json.dumps(
        {"id": "evt_new", "object": "event", "type": "invoice.sent", "data": {"object": {"id": "in_1"}}}
    )
    assert world.post_event(body, sign(body)) == 200

    assert [(row.kind, row.outcome) for row in rows("provider_event")] == [("invoice.sent", "ignored")]
    after = everything()
    assert all(after[name] == before[name] for name in before if name != "provider_event")
