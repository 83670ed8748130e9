"""Faults on demand, and webhooks: signed, tried again, doubled, delayed, forged; and the strict forms."""

from __future__ import annotations

import json

import pytest
import stripe
from starlette.testclient import TestClient
from stripe.params.checkout import SessionCreateParams

from shop_app.sandbox import deliveries, idempotency
from shop_app.sandbox.forms import checked, parse_form
from shop_app.sandbox.replies import Refused, WrongParameters
from tests.paying import SECRET, World, client_of, make_sandbox
from tests.sandbox.test_contract import fresh, wanted

CREATE = "POST /v1/checkout/sessions"


@pytest.fixture
def world(tmp_path) -> World:
    return World(make_sandbox(tmp_path))


def paid(world: World) -> None:
    session = client_of(world.sandbox).v1.checkout.sessions.create(wanted())
    assert world.enter_card(session.url or "").status_code == 303


def waiting(world: World) -> list[tuple[int, str, str]]:
    return world.sandbox.deliveries.claim()


def test_events_are_signed_as_the_package_checks_them(world):
    paid(world)

    for _seq, body, header in waiting(world):
        event = stripe.Webhook.construct_event(body, header, SECRET)
        assert event.object == "event"
        with pytest.raises(stripe.SignatureVerificationError):
            stripe.Webhook.construct_event(body.replace("5290", "1"), header, SECRET)


def test_a_delivery_that_fails_comes_again_later_and_later(world, clock):
    paid(world)
    first = waiting(world)
    assert len(first) == 4
    for seq, *_ in first:
        world.sandbox.deliveries.note(seq, 500)
    assert waiting(world) == []

    clock.shift(1.3)
    again = waiting(world)
    assert [json.loads(body)["id"] for _, body, _ in again] == [
        json.loads(body)["id"] for _, body, _ in first
    ]
    for seq, *_ in again:
        world.sandbox.deliveries.note(seq, 200)
    clock.shift(7200)
    assert waiting(world) == []


def test_waits_grow_from_a_second_to_an_hour(monkeypatch):
    monkeypatch.setattr(deliveries.random, "uniform", lambda _low, _high: 1.0)

    assert [deliveries.wait_seconds(n) for n in (1, 2, 3, 12, 13, 99)] == [1, 2, 4, 2048, 3600, 3600]


def test_duplicates_forgeries_delay_and_pause_come_when_they_are_asked_for(world, clock):
    world.faults(webhooks={"duplicates": 1, "forge": True, "delay_seconds": 5})
    paid(world)

    assert waiting(world) == []
    clock.shift(5)
    world.faults(webhooks={"paused": True})
    assert waiting(world) == []
    world.faults()
    sent = [*waiting(world), *waiting(world)]
    good = 0
    for _seq, body, header in sent:
        try:
            stripe.Webhook.construct_event(body, header, SECRET, tolerance=0)
            good += 1
        except stripe.SignatureVerificationError:
            assert "evt_forged" in body
    assert (len(sent), good) == (12, 8)


def test_undelivered_events_can_be_asked_for(world):
    paid(world)
    seq, body, _ = waiting(world)[0]
    world.sandbox.deliveries.note(seq, 200)

    stripe_events = client_of(world.sandbox).v1.events.list({"delivery_success": False}).data
    assert len(stripe_events) == 3
    assert json.loads(body)["id"] not in [event.id for event in stripe_events]


@pytest.mark.parametrize(
    ("do", "error"),
    [("500", stripe.APIError), ("429", stripe.RateLimitError), ("lost_reply", stripe.APIConnectionError)],
)
def test_after_a_fault_the_same_key_gives_one_session(world, do, error):
    payment_provider, key, request = client_of(world.sandbox).v1.checkout.sessions, fresh(), wanted()
    world.faults(api=[{"path": CREATE, "do": do}])

    with pytest.raises(error):
        payment_provider.create(request, key)
    payment_provider.create(request, key)
    assert len(payment_provider.list({}).data) == 1


def test_a_failure_that_stripe_has_kept_is_replayed(world):
    payment_provider, key, request = client_of(world.sandbox).v1.checkout.sessions, fresh(), wanted()
    world.faults(api=[{"path": CREATE, "do": "500_kept"}])

    for _ in range(2):
        with pytest.raises(stripe.APIError):
            payment_provider.create(request, key)
    assert payment_provider.create(request, fresh()).status == "open"


def test_a_key_that_is_in_use_is_refused_until_its_request_is_done(world, clock):
    store, mark = world.sandbox.store, idempotency.fingerprint("/v1/refunds", {"amount": 1})
    first, _ = idempotency.claim(store, "a key", mark)

    with pytest.raises(Refused) as refused:
        idempotency.claim(store, "a key", mark)
    assert (refused.value.status, refused.value.body["error"]["code"]) == (409, "idempotency_key_in_use")

    with store.change() as tables:
        idempotency.keep(tables, "a key", first, 200, {"id": "re_1"})
    assert idempotency.claim(store, "a key", mark)[1] == (200, {"id": "re_1"})
    clock.shift(25 * 3600)
    assert idempotency.claim(store, "a key", mark)[1] is None


def test_a_key_whose_owner_has_died_is_taken_over_and_the_dead_one_can_do_nothing(world, clock):
    store, mark = world.sandbox.store, idempotency.fingerprint("/v1/refunds", {})
    first, _ = idempotency.claim(store, "a key", mark)
    clock.shift(91)

    second, _ = idempotency.claim(store, "a key", mark)
    with pytest.raises(Refused), store.change() as tables:
        idempotency.keep(tables, "a key", first, 200, {})
    with store.change() as tables:
        idempotency.keep(tables, "a key", second, 200, {})


@pytest.mark.parametrize(
    ("client", "headers"),
    [(("203.0.113.9", 1), {}), (("127.0.0.1", 1), {"x-forwarded-for": "203.0.113.9"})],
)
def test_faults_are_for_this_machine_alone(world, client, headers):
    outside = TestClient(world.sandbox.alone(), base_url="http://127.0.0.1", client=client)
    for answer in (
        outside.post("/sandbox/_faults", json={"webhooks": {"paused": True}}, headers=headers),
        outside.post("/sandbox/_refunds/re_1?status=failed", headers=headers),
    ):
        assert answer.status_code == 403
    assert world.browser.get("/sandbox/_faults").json()["webhooks"]["paused"] is False


def test_unknown_faults_are_refused(world):
    assert world.browser.post("/sandbox/_faults", json={"api": [{"do": "explode"}]}).status_code == 400
    assert world.browser.post("/sandbox/_faults", content=b"{").status_code == 400


@pytest.mark.parametrize(
    ("encoded", "param"),
    [
        ("a[[b]=1", "a[[b]"),
        ("=1", ""),
        ("mode=payment&mode[x]=1", "mode"),
        ("line_items=1", "line_items"),
        ("line_items[0][quantity]=many", "line_items[0][quantity]"),
        ("idempotency_key=x", "idempotency_key"),
        ("metadata[a][b]=1", "metadata[a]"),
        ("&".join("a[]=1" for _ in range(3000)), None),
    ],
)
def test_forms_that_mean_nothing_are_refused_by_name(encoded, param):
    with pytest.raises(WrongParameters) as refused:
        checked(SessionCreateParams, parse_form(encoded))
    assert refused.value.body["error"].get("param") in (param, param or None)


def test_brackets_are_parsed_as_stripe_reads_them():
    assert parse_form("a[0][b]=1&a[1][b]=2&c[d][e]=%C3%BC&f=&g[]=x&g[]=y") == {
        "a": [{"b": "1"}, {"b": "2"}],
        "c": {"d": {"e": "ü"}},
        "f": "",
        "g": ["x", "y"],
    }


def test_a_request_that_is_too_large_or_unknown_is_refused(world):
    key = {"authorization": "Bearer sk_test_sandbox_for_tests"}
    large = world.browser.post("/sandbox/v1/refunds", content=b"a=" + b"x" * 300_000, headers=key)
    assert large.status_code == 413
    assert world.browser.post("/sandbox/v1/unknown", headers=key).status_code == 404
    assert world.browser.get("/sandbox/v1/events").status_code == 401
