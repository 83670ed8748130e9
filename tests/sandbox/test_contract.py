"""What Stripe documents and the shop relies on: the same tests for the sandbox and for Stripe's test mode.

With STRIPE_TEST_KEY set they also run there; without, that half is skipped, and says so.
"""

from __future__ import annotations

import os
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import stripe

from shop_app.providers.payments.stripe import API_VERSION
from tests.paying import GOOD, World, client_of, make_sandbox

REAL_KEY = os.environ.get("STRIPE_TEST_KEY", "")
STRIPE = pytest.param(
    "stripe",
    marks=pytest.mark.skipif(
        not REAL_KEY.startswith(("sk_test_", "rk_test_")), reason="STRIPE_TEST_KEY isn't set"
    ),
)


@dataclass
class Provider:
    client: stripe.StripeClient
    payments: Callable[..., str]
    """Makes an intent of so many cents, paid with a card of `CARDS`, and gives its id."""


CARDS = {
    "pays": (GOOD, "pm_card_visa"),
    "is disputed": ("4000 0000 0000 0259", "pm_card_createDispute"),
}
"""The card's number for the pay page, and Stripe's own name of it."""


@pytest.fixture(params=["sandbox", STRIPE])
def payment_provider(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Provider]:
    if request.param == "stripe":
        request.getfixturevalue("monkeypatch").undo()
        client = stripe.StripeClient(REAL_KEY, stripe_version=API_VERSION)
        yield Provider(client, lambda cents, **how: _paid_at_stripe(client, cents, **how))
        return
    yield _sandbox(tmp_path)


@pytest.fixture
def sandbox(tmp_path: Path) -> Provider:
    """For what Stripe's test mode can't be asked: its account settles in one currency."""
    return _sandbox(tmp_path)


def _sandbox(tmp_path: Path) -> Provider:
    world = World(make_sandbox(tmp_path))
    client = client_of(world.sandbox)

    def pay(
        cents: int, *, card: str = "pays", capture: str = "automatic_async", currency: str = "eur"
    ) -> str:
        session = client.v1.checkout.sessions.create(
            wanted(cents, currency=currency, payment_intent_data={"capture_method": capture})
        )
        assert session.url
        assert world.enter_card(session.url, CARDS[card][0]).status_code == 303
        return str(client.v1.checkout.sessions.retrieve(session.id).payment_intent)

    return Provider(client, pay)


def _paid_at_stripe(
    client: stripe.StripeClient, cents: int, *, card: str = "pays", capture: Any = "automatic_async"
) -> str:
    return client.v1.payment_intents.create(
        {
            "amount": cents,
            "currency": "eur",
            "payment_method": CARDS[card][1],
            "confirm": True,
            "capture_method": capture,
            "automatic_payment_methods": {"enabled": True, "allow_redirects": "never"},
        }
    ).id


def wanted(cents: int = 5290, *, currency: str = "eur", **more: Any) -> Any:
    item = {"currency": currency, "unit_amount": cents, "product_data": {"name": "Shoal Bowl"}}
    return {
        "mode": "payment",
        "line_items": [{"quantity": 1, "price_data": item}],
        "success_url": "https://shop.example/orders/t",
        "cancel_url": "https://shop.example/orders/t?cancelled=1",
        "customer_email": "marta@example.com",
        "client_reference_id": "t",
        "metadata": {"attempt": "order-1-1"},
        "payment_intent_data": {"metadata": {"attempt": "order-1-1"}},
        "expires_at": int(time.time()) + 40 * 60,
    } | more


def fresh() -> Any:
    return {"idempotency_key": f"test-{uuid.uuid4()}"}


def test_a_session_is_open_and_says_what_was_asked(payment_provider):
    session = payment_provider.client.v1.checkout.sessions.create(wanted())

    stripe_sessions = payment_provider.client.v1.checkout.sessions.retrieve(session.id)
    assert session.id.startswith("cs_test_")
    assert (stripe_sessions.object, stripe_sessions.status, stripe_sessions.payment_status) == (
        "checkout.session",
        "open",
        "unpaid",
    )
    assert (stripe_sessions.amount_total, stripe_sessions.currency, stripe_sessions.payment_intent) == (
        5290,
        "eur",
        None,
    )
    assert (stripe_sessions.client_reference_id, stripe_sessions.to_dict()["metadata"]) == (
        "t",
        {"attempt": "order-1-1"},
    )
    assert stripe_sessions.url == session.url
    assert stripe_sessions.livemode is False


def test_line_items_add_up_to_the_total(payment_provider):
    two = [
        {
            "quantity": 3,
            "price_data": {"currency": "eur", "unit_amount": 700, "product_data": {"name": "Mug"}},
        },
        {
            "quantity": 1,
            "price_data": {"currency": "eur", "unit_amount": 0, "product_data": {"name": "Gift"}},
        },
    ]
    session = payment_provider.client.v1.checkout.sessions.create(wanted(line_items=two))

    items = payment_provider.client.v1.checkout.sessions.line_items.list(session.id).data
    assert session.amount_total == 2100
    assert sorted((item.description, item.quantity, item.amount_total) for item in items) == [
        ("Gift", 1, 0),
        ("Mug", 3, 2100),
    ]


def test_the_same_key_and_request_give_the_same_session(payment_provider):
    key, request = fresh(), wanted()

    first = payment_provider.client.v1.checkout.sessions.create(request, key)
    again = payment_provider.client.v1.checkout.sessions.create(request, key)

    assert again.id == first.id
    assert again.last_response.headers["Idempotent-Replayed"] == "true"


def test_other_parameters_under_the_same_key_are_refused(payment_provider):
    key = fresh()
    payment_provider.client.v1.checkout.sessions.create(wanted(5290), key)

    with pytest.raises(stripe.IdempotencyError) as refused:
        payment_provider.client.v1.checkout.sessions.create(wanted(5291), key)
    assert refused.value.http_status == 400


def test_wrong_parameters_use_no_key_up(payment_provider):
    key = fresh()
    with pytest.raises(stripe.InvalidRequestError):
        payment_provider.client.v1.checkout.sessions.create(wanted(line_items=[]), key)

    assert payment_provider.client.v1.checkout.sessions.create(wanted(), key).status == "open"


@pytest.mark.parametrize(
    ("change", "param"),
    [
        ({"foo": "1"}, "foo"),
        ({"mode": "payments"}, "mode"),
        ({"line_items": [{"qty": 1}]}, "line_items[0]"),
        ({"success_url": "no address"}, "success_url"),
        ({"expires_at": int(time.time()) + 60}, "expires_at"),
        ({"expires_at": int(time.time()) + 25 * 3600}, "expires_at"),
        ({"customer_email": "nobody"}, "customer_email"),
        ({"metadata": {"k" * 41: "v"}}, "metadata"),
        ({"payment_intent_data": {"capture_method": "sometimes"}}, "payment_intent_data[capture_method]"),
    ],
)
def test_requests_that_stripe_refuses_are_refused(payment_provider, change, param):
    with pytest.raises(stripe.InvalidRequestError) as refused:
        payment_provider.client.v1.checkout.sessions.create(wanted(**change))

    assert refused.value.http_status == 400
    assert str(refused.value.param).startswith(param)


def test_an_amount_that_is_too_small_is_refused(payment_provider):
    with pytest.raises(stripe.InvalidRequestError) as refused:
        payment_provider.client.v1.checkout.sessions.create(wanted(10))
    assert refused.value.code == "amount_too_small"


@pytest.mark.parametrize(
    ("currency", "amount", "code"),
    [
        ("isk", 11_481, "parameter_invalid_integer"),
        ("ugx", 3_700_050, "parameter_invalid_integer"),
        ("kwd", 5124, "parameter_invalid_integer"),
        ("bhd", 5121, "parameter_invalid_integer"),
        ("gbp", 29, "amount_too_small"),
        ("czk", 1499, "amount_too_small"),
        ("huf", 17_499, "amount_too_small"),
        ("jpy", 49, "amount_too_small"),
        ("eur", 0, "amount_too_small"),
        ("eur", 100_000_000, "amount_too_large"),
        ("isk", 100_000_000, "amount_too_large"),
        ("xts", 5290, None),
    ],
)
def test_amounts_that_a_currency_doesnt_take_are_refused(sandbox, currency, amount, code):
    with pytest.raises(stripe.InvalidRequestError) as refused:
        sandbox.client.v1.checkout.sessions.create(wanted(amount, currency=currency))
    assert (refused.value.http_status, refused.value.code) == (400, code)


@pytest.mark.parametrize(
    ("currency", "amount"),
    [
        ("isk", 11_500), ("ugx", 3_700_000), ("kwd", 5120), ("gbp", 30), ("huf", 17_550), ("twd", 50_001),
        ("jpy", 50), ("rsd", 11_481), ("eur", 50), ("eur", 99_999_999), ("kwd", 99_999_990),
    ],
)  # fmt: skip
def test_amounts_that_a_currency_takes_are_taken(sandbox, currency, amount):
    session = sandbox.client.v1.checkout.sessions.create(wanted(amount, currency=currency))
    assert (session.amount_total, session.currency) == (amount, currency)


@pytest.mark.parametrize(
    ("currency", "paid", "off_step", "on_step"), [("isk", 100_000, 50, 50_000), ("kwd", 9990, 9, 5120)]
)
def test_captures_and_refunds_are_multiples_of_the_step(sandbox, currency, paid, off_step, on_step):
    held = sandbox.payments(paid, currency=currency, capture="manual")
    intents, refunds = sandbox.client.v1.payment_intents, sandbox.client.v1.refunds
    with pytest.raises(stripe.InvalidRequestError) as refused:
        intents.capture(held, {"amount_to_capture": paid - off_step})
    assert refused.value.param == "amount_to_capture"
    assert intents.retrieve(held).amount_received == 0
    assert intents.capture(held, {"amount_to_capture": on_step}).amount_received == on_step
    with pytest.raises(stripe.InvalidRequestError) as refused:
        refunds.create({"payment_intent": held, "amount": off_step})
    assert (refused.value.param, refunds.list({"payment_intent": held}).data) == ("amount", [])
    assert refunds.create({"payment_intent": held, "amount": on_step}).amount == on_step


def test_an_expired_session_stays_expired(payment_provider):
    session = payment_provider.client.v1.checkout.sessions.create(wanted())

    assert payment_provider.client.v1.checkout.sessions.expire(session.id).status == "expired"
    with pytest.raises(stripe.InvalidRequestError):
        payment_provider.client.v1.checkout.sessions.expire(session.id)
    assert payment_provider.client.v1.checkout.sessions.retrieve(session.id).status == "expired"


def test_what_isnt_there_is_a_404(payment_provider):
    with pytest.raises(stripe.InvalidRequestError) as refused:
        payment_provider.client.v1.checkout.sessions.retrieve("cs_test_nothing")
    assert (refused.value.http_status, refused.value.code) == (404, "resource_missing")


def test_a_wrong_key_is_refused(payment_provider):
    with pytest.raises(stripe.AuthenticationError) as refused:
        payment_provider.client.v1.checkout.sessions.list({}, {"api_key": "sk_test_wrong"})
    assert refused.value.http_status == 401


def test_parts_are_refunded_up_to_the_whole_and_not_a_cent_more(payment_provider):
    intent = payment_provider.payments(5000)
    refunds = payment_provider.client.v1.refunds

    first = refunds.create({"payment_intent": intent, "amount": 1500, "reason": "requested_by_customer"})
    assert (first.object, first.amount, first.status) == ("refund", 1500, "succeeded")
    with pytest.raises(stripe.InvalidRequestError) as refused:
        refunds.create({"payment_intent": intent, "amount": 3501})
    assert refused.value.param == "amount"
    refunds.create({"payment_intent": intent, "amount": 3500})
    with pytest.raises(stripe.InvalidRequestError) as refused:
        refunds.create({"payment_intent": intent})
    assert refused.value.code == "charge_already_refunded"
    stripe_refunds = refunds.list({"payment_intent": intent}).data
    assert sorted(refund.amount for refund in stripe_refunds) == [1500, 3500]


def test_a_refund_under_the_same_key_is_one_refund(payment_provider):
    intent, key = payment_provider.payments(5000), fresh()

    first = payment_provider.client.v1.refunds.create({"payment_intent": intent, "amount": 1000}, key)
    again = payment_provider.client.v1.refunds.create({"payment_intent": intent, "amount": 1000}, key)

    assert again.id == first.id
    assert len(payment_provider.client.v1.refunds.list({"payment_intent": intent}).data) == 1


def test_an_intent_carries_its_charge_when_asked(payment_provider):
    intent = payment_provider.client.v1.payment_intents.retrieve(
        payment_provider.payments(1999), {"expand": ["latest_charge"]}
    )

    charge: Any = intent.latest_charge
    assert (intent.status, intent.amount_received, charge.object) == ("succeeded", 1999, "charge")
    assert (charge.amount_captured, charge.amount_refunded, charge.paid) == (1999, 0, True)


def test_events_can_be_listed_and_parsed(payment_provider):
    payment_provider.payments(1999)

    events = payment_provider.client.v1.events.list({"type": "payment_intent.succeeded", "limit": 1}).data
    assert [event.type for event in events] == ["payment_intent.succeeded"]
    assert stripe.Event.construct_from(events[0].to_dict(), None).data.object["object"] == "payment_intent"


def test_lists_come_in_pages(payment_provider):
    stripe_session = [payment_provider.client.v1.checkout.sessions.create(wanted()).id for _ in range(3)]

    first = payment_provider.client.v1.checkout.sessions.list({"limit": 2})
    rest = payment_provider.client.v1.checkout.sessions.list(
        {"limit": 2, "starting_after": first.data[-1].id}
    )

    assert [session.id for session in first.data] == stripe_session[:0:-1]
    assert first.has_more is True
    assert rest.data[0].id == stripe_session[0]


# --- Authorise, capture, let go -------------------------------------------------------------------


def test_what_is_authorised_is_captured_once_and_in_part(payment_provider):
    intents = payment_provider.client.v1.payment_intents
    id = payment_provider.payments(5000, capture="manual")
    held: Any = intents.retrieve(id, {"expand": ["latest_charge"]})
    assert (held.status, held.amount_capturable, held.amount_received) == ("requires_capture", 5000, 0)
    assert held.latest_charge.captured is False
    assert held.latest_charge.payment_method_details.card.capture_before > time.time()

    with pytest.raises(stripe.InvalidRequestError):
        intents.capture(id, {"amount_to_capture": 5001})
    taken = intents.capture(id, {"amount_to_capture": 3000})
    assert (taken.status, taken.amount_received, taken.amount_capturable) == ("succeeded", 3000, 0)
    with pytest.raises(stripe.InvalidRequestError) as refused:
        intents.capture(id)
    assert refused.value.code == "payment_intent_unexpected_state"


def test_what_is_authorised_can_be_let_go_and_not_captured_then(payment_provider):
    intents = payment_provider.client.v1.payment_intents
    id = payment_provider.payments(5000, capture="manual")

    gone = intents.cancel(id, {"cancellation_reason": "requested_by_customer"})
    assert (gone.status, gone.cancellation_reason, gone.amount_received) == (
        "canceled",
        "requested_by_customer",
        0,
    )
    for command in (intents.capture, intents.cancel):
        with pytest.raises(stripe.InvalidRequestError) as refused:
            command(id)
        assert refused.value.code == "payment_intent_unexpected_state"


# --- Disputes -------------------------------------------------------------------------------------


def dispute_of(payment_provider: Provider, intent: str) -> stripe.Dispute:
    """Stripe opens it a moment after the payment."""
    for _try in range(30):
        disputes = payment_provider.client.v1.disputes.list({"payment_intent": intent}).data
        if disputes:
            return disputes[0]
        time.sleep(1)
    raise AssertionError("no dispute was opened")


def test_a_disputed_payment_says_so_and_has_a_due_date(payment_provider):
    intent = payment_provider.payments(5000, card="is disputed")

    dispute = dispute_of(payment_provider, intent)
    assert (dispute.object, dispute.amount, dispute.currency, dispute.status) == (
        "dispute",
        5000,
        "eur",
        "needs_response",
    )
    assert (dispute.payment_intent, dispute.reason) == (intent, "fraudulent")
    assert (dispute.evidence_details.due_by or 0) > time.time()
    paid: Any = payment_provider.client.v1.payment_intents.retrieve(intent, {"expand": ["latest_charge"]})
    assert (paid.status, paid.latest_charge.disputed) == ("succeeded", True)
    with pytest.raises(stripe.InvalidRequestError) as refused:
        payment_provider.client.v1.refunds.create({"payment_intent": intent, "amount": 100})
    assert refused.value.code == "charge_disputed"


@pytest.mark.parametrize(("evidence", "status"), [("winning_evidence", "won"), ("losing_evidence", "lost")])
def test_evidence_decides_a_dispute(payment_provider, evidence, status):
    disputes = payment_provider.client.v1.disputes
    dispute = dispute_of(payment_provider, payment_provider.payments(5000, card="is disputed"))
    disputes.update(dispute.id, {"evidence": {"uncategorized_text": evidence}, "submit": True})

    for _try in range(30):
        if disputes.retrieve(dispute.id).status == status:
            break
        time.sleep(1)
    assert disputes.retrieve(dispute.id).status == status
    with pytest.raises(stripe.InvalidRequestError):
        disputes.close(dispute.id)


def test_an_accepted_dispute_is_lost(payment_provider):
    dispute = dispute_of(payment_provider, payment_provider.payments(5000, card="is disputed"))

    assert payment_provider.client.v1.disputes.close(dispute.id).status == "lost"


def test_an_account_says_what_it_has_switched_on(payment_provider):
    listed = payment_provider.client.v1.payment_method_configurations.list({"limit": 100})
    (default,) = [one for one in listed.data if one.is_default and one.active]
    assert (default.object, default.livemode) == ("payment_method_configuration", False)
    card: Any = default.card
    assert (card.available, card.display_preference.value) == (True, "on")
