"""The payment provider failing in every way at every call, and clocks that jump: all ends as it should."""

from __future__ import annotations

import asyncio

import pytest
import stripe

from shop_app.core.clock import now
from shop_app.core.errors import Conflict, ProviderDown
from shop_app.providers.payments.registry import provider
from shop_app.providers.payments.stripe import API_VERSION
from shop_app.services.payments.refund_rows import RefundRequest
from shop_app.workflows import pay, recover, refund
from tests.paying import KEY, MANAGER, SANDBOX, SECRET, InProcess, World, client_of, make_world, rows
from tests.selling import wrong_books

FAULTS = ("500", "429", "lost reply", "time-out")
"""A lost reply comes after the work was done, a time-out before; 429 isn't tried again by the package."""
CALLS = {
    "start": "POST /v1/checkout/sessions",
    "retrieve": "GET /v1/checkout/sessions/",
    "expire": "/expire",
    "refund": "POST /v1/refunds",
}


@pytest.fixture
def world(engine, tmp_path) -> World:
    return make_world(tmp_path)


class Failing(InProcess):
    """Fails the calls whose "METHOD path" holds `at`, as often as it is asked to."""

    def __init__(self, app, at: str, do: str, times: int) -> None:
        super().__init__(app)
        self.at, self.do, self.left = at, do, times

    def request(self, method, url, headers, post_data=None):
        called = f"{method.upper()} {url.split('/sandbox', 1)[-1]}"
        if self.at not in called or self.left <= 0:
            return super().request(method, url, headers, post_data)
        self.left -= 1
        if self.do in ("500", "429"):
            kind = {"500": "api_error", "429": "rate_limit"}[self.do]
            return f'{{"error": {{"type": "{kind}", "message": "no"}}}}', int(self.do), {}
        if self.do == "lost reply":
            super().request(method, url, headers, post_data)
        raise stripe.APIConnectionError(self.do, should_retry=True)


def break_provider(world: World, call: str, do: str, times: int) -> Failing:
    """The provider fails so many calls of that kind from now on."""
    failing = Failing(world.sandbox.alone(), CALLS[call], do, times)
    provider("stripe").__dict__["client"] = stripe.StripeClient(
        KEY,
        stripe_version=API_VERSION,
        http_client=failing,
        max_network_retries=2,
        base_addresses={"api": SANDBOX},
    )
    return failing


def order():
    return rows("customer_order")[-1]


@pytest.mark.parametrize("do", FAULTS)
@pytest.mark.parametrize("times", [2, 30], ids=["for a moment", "for long"])
def test_a_checkout_outlives_every_failure_of_its_first_call(world, do, times):
    total = world.fill_cart()
    failing, refusal = break_provider(world, "start", do, times), ""
    try:
        url = world.pay(total_minor=total)
    except ProviderDown as down:
        refusal = down.message
        failing.left = 0
        url = world.pay(total_minor=total)
    assert ("your cart is kept" in refusal) == (times == 30 or do == "429")
    world.enter_card(url)
    world.deliver()
    ended = ["cancelled"] if refusal else []
    assert [row.status for row in rows("customer_order")] == [*ended, "placed"]
    assert order().payment_status == "paid"
    sessions = client_of(world.sandbox).v1.checkout.sessions.list({"limit": 100}).data
    assert [session.payment_status for session in sessions].count("paid") == 1
    assert wrong_books() == []


@pytest.mark.parametrize("do", FAULTS)
@pytest.mark.parametrize("times", [2, 30], ids=["for a moment", "for long"])
def test_a_payment_is_applied_although_retrieving_fails(world, do, times):
    world.enter_card(world.pay())
    failing = break_provider(world, "retrieve", do, times)
    assert set(world.deliver()) == {200}
    failing.left = 0
    asyncio.run(recover.sweep())
    assert order().payment_status == "paid"
    assert [row.kind for row in rows("letter")] == ["order_paid"]
    assert wrong_books() == []


@pytest.mark.parametrize("do", FAULTS)
@pytest.mark.parametrize("times", [2, 30], ids=["for a moment", "for long"])
def test_an_order_ends_only_when_the_provider_has_ended_its_payment(world, do, times):
    url = world.pay()
    failing = break_provider(world, "expire", do, times)
    try:
        asyncio.run(pay.cancel_payment(order().token))
    except ProviderDown:
        assert order().status == "pending"
        failing.left = 0
        asyncio.run(pay.cancel_payment(order().token))
    assert order().status == "cancelled"
    assert world.enter_card(url).status_code == 410
    assert wrong_books() == []


@pytest.mark.parametrize("do", FAULTS)
@pytest.mark.parametrize("times", [2, 30], ids=["for a moment", "for long"])
def test_a_refund_outlives_every_failure_and_is_made_once(world, do, times):
    world.enter_card(world.pay())
    world.deliver()
    failing, refusal = break_provider(world, "refund", do, times), ""
    try:
        asyncio.run(refund.refund(order().id, RefundRequest(free_minor=1000), "a key of ours", MANAGER))
    except ProviderDown as down:
        refusal = down.message
        failing.left = 0
        asyncio.run(recover.sweep())
    assert ("The refund is kept, and goes on by itself." in refusal) == (times == 30 or do == "429")
    assert [(row.status, row.amount_minor) for row in rows("refund")] == [("succeeded", 1000)]
    assert [refunds.amount for refunds in client_of(world.sandbox).v1.refunds.list({}).data] == [1000]
    world.deliver()
    assert rows("payment")[0].refunded_minor == 1000
    assert wrong_books() == []


# --- Clocks that jump -------------------------------------------------------------------------------


@pytest.mark.parametrize("seconds", [-86_400, -600, 600, 86_400])
def test_a_webhook_signed_by_a_clock_that_is_far_off_waits_until_they_agree(world, clock, seconds):
    world.enter_card(world.pay())
    _seq, body, _header = world.sandbox.deliveries.claim()[0]
    signed_at = int(now().timestamp()) + seconds
    header = stripe.WebhookSignature.generate_signature_header(body, SECRET, signed_at)
    assert world.post_event(body, header) == 400
    assert rows("provider_event") == []
    clock.shift(60)
    world.deliver()
    assert order().payment_status == "paid"


def test_a_clock_that_jumps_back_ends_nothing_early_and_pays_as_ever(world, clock):
    url = world.pay()
    clock.shift(-3 * 3600)

    assert asyncio.run(recover.sweep()) == 0
    assert world.pay(total_minor=order().total_minor) == url
    world.enter_card(url)
    clock.shift(30)
    world.deliver()
    assert (order().status, order().payment_status) == ("placed", "paid")
    assert wrong_books() == []


def test_a_clock_that_jumps_ahead_and_back_ends_an_order_once_and_nobody_pays_for_nothing(world, clock):
    url = world.pay()
    clock.shift(3 * 3600)
    assert asyncio.run(recover.sweep()) >= 1
    clock.shift(-3 * 3600)
    assert order().status == "expired"
    assert world.enter_card(url).status_code == 410
    again = world.pay(total_minor=order().total_minor)
    assert again != url
    world.enter_card(again)
    clock.shift(30)
    world.deliver()
    assert [row.status for row in rows("customer_order")] == ["expired", "placed"]
    assert wrong_books() == []


def test_a_payment_made_before_the_clock_jumped_a_week_ahead_is_found(world, clock):
    world.enter_card(world.pay())
    clock.shift(7 * 86_400)
    asyncio.run(recover.sweep())
    assert (order().status, order().payment_status) == ("placed", "paid")
    with pytest.raises(Conflict):
        asyncio.run(refund.refund(order().id, RefundRequest(free_minor=10**6), "a key of ours", MANAGER))
    assert wrong_books() == []
