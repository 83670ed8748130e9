"""Stripe's webhooks: only what is signed is kept, each once; applying reads the truth and never the body."""

from __future__ import annotations

import json
from typing import Any

import pytest
import stripe
from sqlalchemy import text

from shop_app.core import db
from shop_app.core.clock import now
from shop_app.services.payments import inbox as payment_inbox
from tests.paying import GOOD, SECRET, World, client_of, everything, make_world, rows
from tests.sandbox.test_contract import wanted


@pytest.fixture
def world(engine, tmp_path) -> World:
    return make_world(tmp_path)


def event(kind: str = "checkout.session.completed", about: Any = None, id: str = "evt_1") -> str:
    stripe_object = about or {"id": "cs_test_1", "object": "checkout.session", "metadata": {}}
    return json.dumps({"id": id, "object": "event", "type": kind, "data": {"object": stripe_object}})


def signed(body: str, *, secret: str = SECRET, seconds: int = 0) -> str:
    at = int(now().timestamp()) + seconds
    return stripe.WebhookSignature.generate_signature_header(body, secret, at)


@pytest.mark.both
def test_a_paid_session_makes_the_order_paid_whatever_the_order_of_its_events(world):
    url = world.pay()
    assert world.enter_card(url, GOOD).status_code == 303
    assert world.deliver() == [200, 200, 200, 200]

    (order,), (payment,) = rows("customer_order"), rows("payment")
    assert (order.status, order.payment_status, order.needs_review) == ("placed", "paid", "")
    assert (payment.state, payment.captured_minor, payment.amount_minor) == ("captured", 3270, 3270)
    assert [(row.kind, row.amount_minor) for row in rows("payment_event")] == [
        ("opened", 3270),
        ("captured", 3270),
    ]
    outcomes = {row.kind: row.outcome for row in rows("provider_event")}
    assert len(outcomes) == 4
    assert sorted(outcomes.values()) == ["already known", "already known", "already known", "applied"]
    assert [(row.kind, row.dedupe_key) for row in rows("letter")] == [("order_paid", "order_paid:1001")]
    (level, _) = rows("stock_level")
    assert (level.on_hand, level.allocated) == (3, 1)


@pytest.mark.parametrize(
    "header",
    [
        lambda body: "",
        lambda body: "rubbish",
        lambda body: "t=,v1=",
        lambda body: signed(body, secret="whsec_other"),
        lambda body: signed(body.replace("evt_1", "evt_2")),
        lambda body: signed(body, seconds=-301),
        lambda body: signed(body, seconds=301),
        lambda body: signed(body).replace("v1=", "v0="),
    ],
    ids=["none", "rubbish", "empty", "other secret", "other body", "old", "future", "other scheme"],
)
def test_what_stripe_didnt_sign_now_is_refused_and_nothing_is_kept(world, clock, header):
    before, body = everything(), event()

    assert world.post_event(body, header(body)) == 400
    assert everything() == before


@pytest.mark.parametrize(("name", "answer"), [("manual", 400), ("paypal", 404)])
def test_a_provider_without_notices_and_one_that_isnt_offered_get_nothing_kept(world, name, answer):
    before, body = everything(), event()

    headers = {"stripe-signature": signed(body)}
    assert world.webhooks.post(f"/webhooks/{name}", content=body, headers=headers).status_code == answer
    assert everything() == before


def test_times_within_five_minutes_on_both_sides_are_taken(world, clock):
    for number, seconds in enumerate((-300, 300)):
        body = event(id=f"evt_{number}")
        assert world.post_event(body, signed(body, seconds=seconds)) == 200
    assert len(rows("provider_event")) == 2


@pytest.mark.parametrize(
    "body",
    ["[" * 100_000, "9" * 5_000, "", "{}", "[]", "null", '{"object":"event","id":"evt"}', "not json", '"x"'],
)
def test_what_is_signed_and_no_event_is_refused(world, body):
    before = everything()

    assert world.post_event(body, signed(body)) == 400
    assert everything() == before


def test_bytes_that_are_no_text_and_bodies_that_are_too_large_are_refused(world):
    before = everything()

    assert world.post_event(b"\xff\xfe", signed("x")) == 400
    large = event(about={"id": "x" * 300_000})
    assert world.post_event(large, signed(large)) == 413
    assert everything() == before


def test_two_secrets_are_in_force_while_one_replaces_the_other(world, configure, monkeypatch):
    chosen = configure(STRIPE_WEBHOOK_SECRET="whsec_new, whsec_old")
    assert chosen.webhook_secrets == ("whsec_new", "whsec_old")
    from shop_app.providers.payments import registry

    payment_provider = registry.provider("stripe")
    monkeypatch.setattr(payment_provider, "_secrets", chosen.webhook_secrets)
    for secret, answer in (("whsec_new", 200), ("whsec_old", 200), ("whsec_older", 400)):
        body = event(id=f"evt_{secret}")
        assert world.post_event(body, signed(body, secret=secret)) == answer


@pytest.mark.both
def test_the_same_event_is_kept_and_applied_once(world):
    world.enter_card(world.pay())
    (_, body, header), *_rest = [
        sent for sent in world.sandbox.deliveries.claim() if "checkout.session.completed" in sent[1]
    ]

    assert [world.post_event(body, header) for _ in range(8)] == [200] * 8
    assert len(rows("provider_event")) == 1
    assert [row.kind for row in rows("payment_event")] == ["opened", "captured"]
    assert len(rows("letter")) == 1


def test_events_out_of_order_and_doubled_end_the_same(world):
    world.faults(webhooks={"duplicates": 2})
    world.enter_card(world.pay(), "4000000000000002")
    url = rows("payment")[0].redirect_url
    world.enter_card(url, GOOD)
    sent = world.sandbox.deliveries.claim() + world.sandbox.deliveries.claim()

    assert {world.post_event(body, header) for _seq, body, header in reversed(sent)} == {200}
    (order,), (payment,) = rows("customer_order"), rows("payment")
    assert (order.status, order.payment_status) == ("placed", "paid")
    assert (payment.state, payment.decline_message) == ("captured", "")


def test_a_forged_paid_event_for_a_real_session_pays_nothing(world):
    world.pay()
    reference = rows("payment")[0].reference
    stripe_object = {
        "id": reference,
        "object": "checkout.session",
        "payment_status": "paid",
        "amount_total": 3270,
        "metadata": {"attempt": "order-1-1"},
    }
    body = event(about=stripe_object)

    # Even with the right signature the body is only a reason to look.
    assert world.post_event(body, signed(body)) == 200
    assert (rows("customer_order")[0].status, rows("payment")[0].captured_minor) == ("pending", 0)
    assert [(row.outcome, row.problem) for row in rows("provider_event")] == [("already known", "")]


def test_an_event_of_another_shop_is_kept_and_let_be(world):
    world.pay()
    other = client_of(world.sandbox).v1.checkout.sessions.create(wanted(metadata={"attempt": "order-1-1"}))
    world.enter_card(other.url or "")
    before = {name: them for name, them in everything().items() if name != "provider_event"}
    world.deliver()

    assert {name: them for name, them in everything().items() if name != "provider_event"} == before
    outcomes = {row.kind: (row.outcome, row.problem) for row in rows("provider_event")}
    assert outcomes["checkout.session.completed"] == ("ignored", "No payment of this shop.")


@pytest.mark.parametrize("kind", ["customer.created", "payout.paid", "charge.dispute.created", "x" * 500])
def test_events_that_concern_nobody_are_kept_and_let_be(world, kind):
    body = event(kind, {"id": "cus_1", "object": "customer"})

    assert world.post_event(body, signed(body)) == 200
    assert [(row.kind, row.outcome) for row in rows("provider_event")] == [(kind[:100], "ignored")]


def test_while_the_database_is_down_stripe_is_asked_to_come_again(world, monkeypatch):
    world.enter_card(world.pay())
    with db.transaction() as session:
        session.connection().execute(text("ALTER TABLE provider_event RENAME TO gone"))
    assert set(world.deliver()) == {500}
    with db.transaction() as session:
        session.connection().execute(text("ALTER TABLE gone RENAME TO provider_event"))

    assert rows("provider_event") == []
    assert rows("customer_order")[0].status == "pending"


def test_a_bug_while_storing_is_a_500_too(world, monkeypatch):
    def broken(*_args: object) -> None:
        raise RuntimeError("a bug")

    monkeypatch.setattr(payment_inbox, "receive", broken)
    body = event()
    assert world.post_event(body, signed(body)) == 500
