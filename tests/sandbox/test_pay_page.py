"""The hosted pay page: each test card ends as it should, without scripts, and nothing is paid twice."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from shop_app.core.clock import now
from tests.paying import World, client_of, make_sandbox
from tests.sandbox.test_contract import wanted


class Page:
    def __init__(self, folder: Path) -> None:
        self.world = World(make_sandbox(folder))
        self.stripe = client_of(self.world.sandbox).v1
        session = self.stripe.checkout.sessions.create(wanted())
        self.id, self.url = session.id, session.url or ""

    def card(self, number: str, **more: str):
        return self.world.enter_card(self.url, number, **more)

    def session(self):
        return self.stripe.checkout.sessions.retrieve(self.id, {"expand": ["payment_intent"]})

    def kinds(self) -> list[str]:
        return [event.type for event in reversed(self.stripe.events.list({"limit": 100}).data)]


@pytest.fixture
def page(tmp_path: Path) -> Page:
    return Page(tmp_path)


def test_the_page_says_what_it_is_and_what_is_paid(page):
    shown = page.world.browser.get(page.url)

    assert shown.status_code == 200
    assert "Test payment page – no money moves" in shown.text
    assert "Pay €52.90" in shown.text
    assert "marta@example.com" in shown.text
    for mark in ("card-number", "sandbox-pay", "sandbox-cancel"):
        assert f'data-testid="{mark}"' in shown.text
    assert "<script" not in shown.text
    assert 'href="https://shop.example/orders/t?cancelled=1"' in shown.text
    assert shown.headers["cache-control"] == "no-store"
    policy = shown.headers["content-security-policy"]
    assert "form-action 'self' https://shop.example;" in policy
    assert "script-src" not in policy


def test_a_good_card_pays_and_leads_back(page):
    answer = page.card("4242 4242 4242 4242")

    session = page.session()
    assert (answer.status_code, answer.headers["location"]) == (303, "https://shop.example/orders/t")
    assert (session.status, session.payment_status, session.url) == ("complete", "paid", None)
    assert (session.payment_intent.status, session.payment_intent.amount_received) == ("succeeded", 5290)
    assert page.kinds() == [
        "payment_intent.created",
        "charge.succeeded",
        "payment_intent.succeeded",
        "checkout.session.completed",
    ]


@pytest.mark.parametrize("number", ["4242-4242-4242-4242", "5555555555554444", "378282246310005"])
def test_other_good_cards_pay_too(page, number):
    assert page.card(number).status_code == 303


def test_paying_again_pays_nothing_more(page):
    page.card("4242 4242 4242 4242")

    assert page.card("4242 4242 4242 4242").headers["location"] == "https://shop.example/orders/t"
    assert page.world.browser.get(page.url).status_code == 303
    assert len(page.stripe.charges.list({}).data) == 1


@pytest.mark.parametrize(
    ("number", "message", "code"),
    [
        ("4000 0000 0000 0002", "Your card was declined.", "generic_decline"),
        ("4000 0000 0000 9995", "Your card has insufficient funds.", "insufficient_funds"),
        ("4111 1111 1111 1111", "This page takes test cards only", "test_mode_live_card"),
    ],
)
def test_a_declined_card_says_so_and_another_can_be_tried(page, number, message, code):
    answer = page.card(number)

    session = page.session()
    assert answer.status_code == 402
    assert message in answer.text
    assert 'data-testid="card-number"' in answer.text
    assert (session.status, session.payment_status) == ("open", "unpaid")
    assert session.payment_intent.last_payment_error.decline_code == code
    assert page.kinds()[-1] == "payment_intent.payment_failed"
    assert page.card("4242 4242 4242 4242").status_code == 303
    assert page.session().payment_intent.id == session.payment_intent.id


def test_a_card_that_asks_is_confirmed_on_a_page_of_its_own(page):
    assert page.card("4000 0025 0000 3155").headers["location"] == page.url

    page_text = page.world.browser.get(page.url)
    assert 'data-testid="sandbox-confirm"' in page_text.text
    assert page.session().payment_intent.status == "requires_action"
    assert page.world.browser.post(page.url, data={"answer": "confirm"}).status_code == 303
    assert page.session().payment_status == "paid"


def test_a_confirmation_can_be_refused_and_the_card_tried_again(page):
    page.card("4000 0025 0000 3155")

    answer = page.world.browser.post(page.url, data={"answer": "decline"})
    assert "wasn't confirmed" in re.sub("&#39;", "'", answer.text)
    assert page.session().payment_status == "unpaid"
    assert page.card("4242 4242 4242 4242").status_code == 303


@pytest.mark.parametrize(
    ("card", "more"),
    [
        ("4242 4242 4242 4243", {}),
        ("", {}),
        ("4242", {}),
        ("٤٢٤٢٤٢٤٢٤٢٤٢٤٢٤٢", {}),
        ("<b>x</b>", {}),
        ("4242424242424242", {"expiry": "13/30"}),
        ("4242424242424242", {"expiry": "01/20"}),
        ("4242424242424242", {"cvc": "1"}),
        ("4" * 100_000, {}),
    ],
)
def test_wrong_details_are_pointed_at_and_nothing_is_tried(page, card, more):
    answer = page.card(card, **more)

    assert answer.status_code == 422
    assert 'role="alert"' in answer.text
    assert "<b>x</b>" not in answer.text
    assert page.session().payment_intent is None
    assert page.kinds() == []


def test_an_expired_session_says_so_and_takes_nothing(page):
    page.stripe.checkout.sessions.expire(page.id)

    for answer in (page.world.browser.get(page.url), page.card("4242 4242 4242 4242")):
        assert answer.status_code == 410
        assert "This payment page has expired" in answer.text
    assert page.stripe.charges.list({}).data == []


def test_a_session_ends_by_itself_when_its_time_is_over(tmp_path, clock):
    page = Page.__new__(Page)
    page.world = World(make_sandbox(tmp_path))
    page.stripe = client_of(page.world.sandbox).v1
    ends_at = int(now().timestamp()) + 31 * 60
    session = page.stripe.checkout.sessions.create(wanted(expires_at=ends_at))
    page.id, page.url = session.id, session.url or ""
    clock.shift(31 * 60)

    assert page.card("4242 4242 4242 4242").status_code == 410
    assert page.session().status == "expired"
    assert page.kinds() == ["checkout.session.expired"]


def test_an_unknown_address_and_a_form_from_elsewhere_are_refused(page):
    assert page.world.browser.get("/sandbox/pay/cs_test_nothing").status_code == 404
    crossed = page.world.browser.post(page.url, data={}, headers={"sec-fetch-site": "cross-site"})
    assert crossed.status_code == 403


def test_the_books_survive_a_restart(page, tmp_path):
    page.card("4242 4242 4242 4242")

    again = client_of(make_sandbox(tmp_path)).v1
    assert again.checkout.sessions.retrieve(page.id).payment_status == "paid"
    assert len(again.events.list({}).data) == 4
