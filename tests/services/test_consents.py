"""Consents: the newest word of an address counts, everything said before stays, and links can't be forged."""

from __future__ import annotations

from dataclasses import replace

import pytest

from shop_app.core.errors import Invalid, NotFound
from shop_app.core.shop import hold, shop
from shop_app.services import consents

pytestmark = pytest.mark.both
ADA = "ada@example.com"
TEXT = consents.PURPOSES["news"]


def said(session, email: str = ADA) -> list[tuple[str, bool, str, str]]:
    return [(one.purpose, one.given, one.text, one.source) for one in consents.history(session, email)]


def test_the_newest_word_counts_and_all_of_them_stay(session):
    assert consents.is_given(session, ADA, "news") is False
    for _twice in range(2):
        consents.give(session, " Ada@Example.com ", "news", TEXT, "checkout")
    assert consents.is_given(session, ADA, "news") is True
    assert consents.is_given(session, ADA, "reminders") is False
    for _twice in range(2):
        consents.withdraw(session, ADA, "news", "one-click")
    assert consents.is_given(session, ADA, "news") is False
    consents.give(session, ADA, "news", "Another text.", "account")
    assert consents.is_given(session, "eve@example.com", "news") is False
    assert said(session) == [
        ("news", True, "Another text.", "account"),
        ("news", False, "", "one-click"),
        ("news", True, TEXT, "checkout"),
    ]


@pytest.mark.parametrize(("email", "purpose"), [("ada", "news"), (ADA, "everything"), ("", "news")])
def test_what_is_no_address_or_purpose_is_refused(session, email, purpose):
    with pytest.raises(Invalid):
        consents.give(session, email, purpose, TEXT, "checkout")
    with pytest.raises(Invalid):
        consents.withdraw(session, email, purpose, "checkout")
    assert said(session) == []


def test_who_asked_for_a_letter_about_stock_has_agreed_until_they_object(session):
    assert consents.may_send(session, "back_in_stock", ADA)
    consents.withdraw(session, ADA, "back_in_stock", "one-click")
    assert not consents.may_send(session, "back_in_stock", ADA)
    assert consents.may_send(session, "back_in_stock", "eve@example.com")


def test_a_shop_may_ask_all_buyers_who_have_not_objected(session):
    assert not consents.may_send(session, "review_request", ADA)
    hold(replace(shop(), review_requests_need_consent=False))
    assert consents.may_send(session, "review_request", ADA)
    consents.withdraw(session, ADA, "reviews", "preferences")
    assert not consents.may_send(session, "review_request", ADA)
    assert not consents.may_send(session, "cart_reminder", ADA)


def test_an_address_that_was_refused_for_good_is_left_alone_but_for_its_orders(session):
    for _twice in range(2):
        consents.note_refused(session, ADA, "550 no such user")
    assert not consents.may_send(session, "back_in_stock", "ADA@example.com")
    assert consents.may_send(session, "order_shipped", ADA)
    consents.note_reached(session, ADA)
    assert consents.may_send(session, "back_in_stock", ADA)


def test_all_purposes_are_chosen_at_once_and_only_what_differs_is_noted(session):
    consents.give(session, ADA, "news", TEXT, "checkout")
    consents.choose(session, ADA, {"reminders", "back_in_stock"}, "preferences")
    assert {one.purpose: one.is_on for one in consents.choices(session, ADA)} == {
        "back_in_stock": True,
        "reminders": True,
        "reviews": False,
        "news": False,
    }
    assert said(session)[:2] == [
        ("news", False, "", "preferences"),
        ("reminders", True, consents.PURPOSES["reminders"], "preferences"),
    ]
    assert len(said(session)) == 3


def test_a_link_says_its_address_and_purpose_to_the_shop_alone():
    token = consents.token_of("Müller+1@exämple.de", "news")
    assert consents.read_token(token) == ("müller+1@exämple.de", "news")
    assert "ller" not in token
    assert token != consents.token_of("Müller+1@exämple.de", "news")
    middle = len(token) // 2
    turned = "A" if token[middle] != "A" else "B"
    for forged in (
        "",
        "x",
        "ü",
        token[:-4],
        token[:middle] + turned + token[middle + 1 :],
        token + "A" * 1000,
    ):
        with pytest.raises(NotFound):
            consents.read_token(forged)
