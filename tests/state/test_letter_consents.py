"""What checkout asks about letters: only what the shop has switched on, and noted as it was read."""

from __future__ import annotations

from dataclasses import replace

import pytest

from shop_app.core.access.policy import policy_of
from shop_app.core.access.principal import NOBODY, Principal
from shop_app.core.shop import hold
from shop_app.core.shop import shop as this_shop
from shop_app.services.consents import PURPOSES, CheckoutConsents
from shop_app.state import letter_consents
from shop_app.state.checkout import Checkout
from shop_app.state.letter_consents import LetterConsents
from tests.paying import rows
from tests.state.conftest import send, submit
from tests.state.test_checkout import GOOD, full_cart

__all__ = ["full_cart"]
ADA = Principal("customer", 1, "ada@example.com", "Ada")


def said() -> list[tuple[str, str, bool, str, str]]:
    return [(row.email, row.purpose, bool(row.given), row.text, row.source) for row in rows("consent")]


@pytest.fixture
def asker(monkeypatch: pytest.MonkeyPatch) -> list[Principal]:
    """Who asks: the last of them."""
    people = [NOBODY]

    async def asked_by(_state: object) -> Principal:
        return people[-1]

    monkeypatch.setattr(letter_consents, "asked_by", asked_by)
    return people


async def test_nothing_is_asked_until_the_shop_has_switched_it_on(open_tab, asker):
    tab = await open_tab(LetterConsents, "/checkout")
    for who in (NOBODY, ADA):
        asker.append(who)
        await tab.load()
        assert tab.view == CheckoutConsents()


async def test_a_guest_is_asked_about_reviews_alone_and_told_where_nobody_asks(open_tab, asker):
    hold(replace(this_shop(), cart_reminder_hours=4, review_request_days=7))
    tab = await open_tab(LetterConsents, "/checkout")
    await tab.load()
    assert tab.view == CheckoutConsents(asks_reviews=True)
    hold(replace(this_shop(), review_requests_need_consent=False))
    await tab.load()
    assert tab.view == CheckoutConsents(tells_of_reviews=True)


async def test_a_customers_tick_counts_at_once_both_ways(open_tab, asker):
    declared = policy_of(LetterConsents.event_handlers["remind"].fn)
    assert declared
    assert declared.kind == "customer"
    hold(replace(this_shop(), cart_reminder_hours=4))
    asker.append(ADA)
    tab = await open_tab(LetterConsents, "/checkout")
    await tab.load()
    assert tab.view == CheckoutConsents(asks_reminders=True)
    await send(tab, "remind", on=True)
    assert tab.view == CheckoutConsents(asks_reminders=True, reminders_on=True)
    await send(tab, "remind", on=False)
    assert tab.view == CheckoutConsents(asks_reminders=True)
    assert said() == [
        (ADA.email, "reminders", True, PURPOSES["reminders"], "checkout"),
        (ADA.email, "reminders", False, "", "checkout"),
    ]


@pytest.mark.usefixtures("full_cart")
async def test_the_box_about_reviews_is_noted_with_the_order_and_only_where_it_is_ticked(open_tab):
    tab = await open_tab(Checkout, "/checkout")
    await tab.load()
    await submit(tab, "pay", GOOD | {"agree_reviews": "1", "postal_code": "1"})
    assert said() == []
    await submit(tab, "pay", GOOD | {"agree_reviews": "1"})
    assert tab.departure.address.startswith("/orders/")
    assert said() == [("marta@example.com", "reviews", True, PURPOSES["reviews"], "checkout")]


@pytest.mark.usefixtures("full_cart")
async def test_without_a_tick_nothing_is_noted(open_tab):
    tab = await open_tab(Checkout, "/checkout")
    await tab.load()
    await submit(tab, "pay", GOOD)
    assert tab.departure.address.startswith("/orders/")
    assert said() == []
