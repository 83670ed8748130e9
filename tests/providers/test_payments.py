"""Payment providers behind one Protocol: lines that add up, expiry in bounds, safe failures."""

from __future__ import annotations

import logging
from dataclasses import replace
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
import stripe
from hypothesis import given
from hypothesis import strategies as st

from shop_app.core.clock import now
from shop_app.core.errors import NotFound, ProviderDown
from shop_app.core.settings import ROOT, settings
from shop_app.providers.payments import registry, stripe_mapping
from shop_app.providers.payments.base import METHODS, NeverTaken, PayLine, PaymentMethod, StartPayment
from shop_app.providers.payments.registry import provider
from shop_app.providers.payments.stripe import StripeProvider, line_items, session_expiry, session_params
from shop_app.services.cart import ways_to_pay
from shop_app.workflows import learn_methods
from tests.paying import KEY, SANDBOX, SECRET, World, client_of, make_sandbox


def a_request(**changes) -> StartPayment:
    request = StartPayment(
        order_id=7,
        attempt=2,
        order_number=1007,
        order_token="a-token",
        currency="EUR",
        amount_minor=5290,
        email="marta@example.com",
        lines=(PayLine("Dune Mug", 2, 4800, "Moss"), PayLine("Standard", 1, 490)),
        started_at=now(),
        expires_at=now() + timedelta(minutes=40),
        return_url="https://s.example/orders/t",
        cancel_url="https://s.example/orders/t?cancelled=1",
    )
    return replace(request, **changes)


@pytest.fixture
def payment_provider(tmp_path) -> StripeProvider:
    stripe_provider = StripeProvider(key=KEY, base=SANDBOX, webhook_secrets=(SECRET,))
    stripe_provider.__dict__["client"] = client_of(make_sandbox(tmp_path))
    return stripe_provider


def total(items) -> int:
    return sum(item["price_data"]["unit_amount"] * item["quantity"] for item in items)


def test_even_lines_keep_their_quantity_and_uneven_ones_say_it():
    lines = (PayLine("Mug", 3, 900), PayLine("Bowl", 3, 1000), PayLine("Delivery", 1, 490))
    items: Any = line_items(a_request(lines=lines, amount_minor=2390))

    shown = [
        (item["price_data"]["product_data"]["name"], item["quantity"], item["price_data"]["unit_amount"])
        for item in items
    ]
    assert shown == [("Mug", 3, 300), ("3 × Bowl", 1, 1000), ("Delivery", 1, 490)]


@given(st.lists(st.tuples(st.integers(1, 99), st.integers(0, 10**7)), min_size=1, max_size=60))
def test_items_always_add_up_to_the_order(parts):
    lines = tuple(PayLine("Thing", quantity, amount) for quantity, amount in parts)
    amount = sum(line.total_minor for line in lines)

    assert total(line_items(a_request(lines=lines, amount_minor=amount))) == amount


@pytest.mark.parametrize(
    "lines", [(), (PayLine("Mug", 1, 1),), tuple(PayLine("x", 1, 1) for _ in range(101))]
)
def test_lines_that_cant_be_right_become_one_of_the_whole_amount(lines):
    assert total(line_items(a_request(lines=lines, amount_minor=5290))) == 5290


def test_the_request_is_the_same_however_late_it_is_sent_again(clock):
    request = a_request()
    first = session_params(request)
    clock.shift(600)

    assert session_params(request) == first
    assert request.key == "order-7-2"


@pytest.mark.parametrize(("minutes", "expected"), [(1, 31), (40, 40), (60 * 24 * 3, 60 * 24 - 1)])
def test_sessions_end_with_the_order_as_far_as_stripe_lets_them(clock, minutes, expected):
    request = a_request(expires_at=now() + timedelta(minutes=minutes))

    assert session_expiry(request) == int((now() + timedelta(minutes=expected)).timestamp())


def test_a_payment_is_started_once_and_seen_as_it_is(payment_provider):
    request = a_request()
    started = payment_provider.start(request)

    assert payment_provider.start(request) == started
    snapshot = payment_provider.retrieve(started.reference)
    assert (snapshot.state, snapshot.amount_minor, snapshot.currency) == ("open", 5290, "EUR")
    assert (snapshot.attempt_key, snapshot.order_token, snapshot.order_number) == (
        "order-7-2",
        "a-token",
        "1007",
    )
    assert (snapshot.captured_minor, snapshot.refunds, snapshot.intent_reference) == (0, (), "")
    payment_provider.expire(started.reference)
    payment_provider.expire(started.reference)
    assert payment_provider.retrieve(started.reference).state == "expired"


def test_what_stripe_refuses_is_never_taken_and_the_log_tells_no_secret(payment_provider, caplog):
    with caplog.at_level(logging.DEBUG), pytest.raises(NeverTaken) as refused:
        payment_provider.start(a_request(email="not an address", amount_minor=5290))

    assert refused.value.message == "The payment couldn't be started. Nothing was charged."
    ours = [record.getMessage() for record in caplog.records if record.name.startswith("shop_app")]
    assert ours
    assert not any("not an address" in line or KEY in line for line in ours)


def test_more_than_was_paid_cant_be_given_back(tmp_path, payment_provider):
    world = World(make_sandbox(tmp_path))
    started = payment_provider.start(a_request())
    world.enter_card(started.redirect_url)
    snapshot = payment_provider.retrieve(started.reference)

    back = payment_provider.refund(snapshot.intent_reference, 5000, "one")
    assert (back.amount_minor, back.status, back.request_key) == (5000, "succeeded", "one")
    with pytest.raises(NeverTaken):
        payment_provider.refund(snapshot.intent_reference, 300, "two")
    assert payment_provider.retrieve(started.reference).refunds == (back,)


def test_a_provider_that_cant_be_reached_is_down_in_words_for_shoppers(configure):
    configure(STRIPE_SECRET_KEY="sk_test_x", STRIPE_API_BASE="http://127.0.0.1:9")
    payment_provider = provider("stripe")
    assert isinstance(payment_provider, StripeProvider)
    payment_provider.client._requestor._options.max_network_retries = 0

    with pytest.raises(ProviderDown) as down:
        payment_provider.start(a_request())
    assert down.value.message.startswith("Payments don't answer just now. Nothing was charged")
    assert down.value.__cause__ is None


def test_unknown_references_and_names_are_not_found(payment_provider):
    with pytest.raises(NotFound):
        payment_provider.retrieve("cs_test_nothing")
    with pytest.raises(NotFound):
        provider("paypal")


def test_demo_mode_talks_to_the_sandbox_with_secrets_that_are_kept():
    chosen = settings()

    assert chosen.stripe_base == "http://127.0.0.1:3000/sandbox"
    assert chosen.stripe_key.startswith("sk_test_sandbox_")
    assert (chosen.stripe_key, chosen.webhook_secrets) == (chosen.stripe_key, chosen.webhook_secrets)


def test_with_a_key_it_talks_to_stripe(configure):
    assert configure(STRIPE_SECRET_KEY="sk_test_x").stripe_base == "https://api.stripe.com"


def test_paying_later_asks_nobody():
    payment_provider = provider("manual")
    started = payment_provider.start(a_request())

    assert (started.reference, started.redirect_url, started.expires_at) == ("1007-2", "", None)
    assert payment_provider.retrieve(started.reference).state == "open"
    payment_provider.expire(started.reference)
    assert payment_provider.refund("", 500, "a").status == "succeeded"


# --- What can be paid with ---------------------------------------------------------------------------------


def test_only_what_the_account_has_switched_on_is_offered(payment_provider, configure):
    """The sandbox takes cards and bank debits, and no wallets."""
    assert payment_provider.methods() == ("card", "bank_debit")
    configure(SHOP_CAPTURE="at_fulfilment")
    assert payment_provider.methods() == ("card",)


def test_wallets_that_are_switched_on_are_named_once_each():
    on, off = SimpleNamespace(available=True), SimpleNamespace(available=False)
    account = SimpleNamespace(card=on, apple_pay=on, google_pay=off, sepa_debit=on, bacs_debit=on, twint=on)
    assert stripe_mapping.methods(account) == ("card", "apple_pay", "bank_debit")


@pytest.mark.parametrize(
    ("details", "method"),
    [
        ({"type": "card", "card": {}}, "card"),
        ({"type": "card", "card": {"wallet": {"type": "apple_pay"}}}, "apple_pay"),
        ({"type": "card", "card": {"wallet": {"type": "google_pay"}}}, "google_pay"),
        ({"type": "sepa_debit", "sepa_debit": {}}, "bank_debit"),
        ({"type": "twint"}, ""),
    ],
)
def test_a_payment_is_called_by_what_it_was_made_with(details, method):
    session = stripe.checkout.Session.construct_from({"id": "cs", "status": "complete", "metadata": {}}, KEY)
    charge = {"id": "ch", "amount_refunded": 0, "payment_method_details": details}
    intent = stripe.PaymentIntent.construct_from(
        {
            "id": "pi", "status": "succeeded", "latest_charge": charge, "amount_received": 100,
            "last_payment_error": None, "cancellation_reason": None,
        },
        KEY,
    )  # fmt: skip
    shown: Any = stripe.checkout.Session.construct_from(
        {**session.to_dict(), "amount_total": 100, "currency": "eur"}, KEY
    )
    assert stripe_mapping.payment_snapshot(shown, intent, ()).method == method


async def test_checkout_shows_the_marks_of_what_was_learnt_and_none_before(tmp_path, monkeypatch):
    sandbox = StripeProvider(key=KEY, base=SANDBOX, webhook_secrets=(SECRET,))
    sandbox.__dict__["client"] = client_of(make_sandbox(tmp_path))
    registry.offer([PaymentMethod("stripe", lambda: sandbox), registry.MANUAL])
    assert ways_to_pay.marks("stripe") == []

    assert await learn_methods.learn_methods()
    names = [mark.name for mark in ways_to_pay.marks("stripe")]
    assert names == ["Visa", "Mastercard", "American Express", "Bank debit"]
    assert ways_to_pay.marks("manual") == []
    ways = [ways_to_pay.Way(provider, (), 5000, "") for provider in registry.offered(collected=False)]
    choices = ways_to_pay.choices(ways_to_pay.Ways(ways[0], tuple(ways), ()), collected=False)
    assert [choice.label for choice in choices] == ["Card or bank debit", "Bank transfer"]


def test_every_mark_has_its_picture():
    pictures = {path.stem for path in (ROOT / "assets" / "marks").glob("*.svg")}
    assert pictures == {*METHODS, *ways_to_pay.CARDS} - {"card"}


async def test_a_provider_that_does_not_answer_keeps_the_marks_that_are_known(monkeypatch):
    class Silent(StripeProvider):
        def methods(self) -> tuple[str, ...]:
            raise ProviderDown("Nobody answers.")

    silent = Silent(key=KEY, base=SANDBOX, webhook_secrets=(SECRET,))
    registry.offer([PaymentMethod("stripe", lambda: silent)])
    registry.remember_methods("stripe", ("card",))
    assert not await learn_methods.learn_methods()
    assert registry.known_methods("stripe") == ("card",)


def test_a_call_says_what_the_account_takes(payment_provider: StripeProvider):
    answer = payment_provider.check()
    assert answer.succeeded
    assert answer.text.endswith("The account takes: Card, Bank debit.")


def test_a_refused_call_says_so_in_stripes_words_without_the_key(payment_provider: StripeProvider):
    class Refusing(stripe.HTTPClient):
        name = "refusing"

        def request(self, method, url, headers, post_data=None):
            words = "Invalid API Key provided: sk_live_********************wxyz"
            return f'{{"error": {{"type": "invalid_request_error", "message": "{words}"}}}}', 401, {}

    client = stripe.StripeClient(KEY, http_client=Refusing(), max_network_retries=0)
    payment_provider.__dict__["client"] = client
    answer = payment_provider.check()
    assert not answer.succeeded
    assert answer.text == "Invalid API Key provided: …"
