"""Paying from the cart with a wallet: the order is placed without an address, and has it once it is paid."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from shop_app.core import db
from shop_app.core.errors import Conflict
from shop_app.providers.payments import registry
from shop_app.providers.payments.base import Shopper
from shop_app.services.cart import commands as cart_commands
from shop_app.services.cart import express
from shop_app.services.cart import queries as cart_queries
from shop_app.services.cart.checkout import CheckoutForm
from shop_app.services.orders import shopper as shoppers
from shop_app.services.storefront import order_page
from shop_app.workflows import pay, recover
from tests.factories import make_promotion
from tests.paying import FORM, ME, World, make_world, rows
from tests.selling import wrong_books

ADA = {
    "email": "Ada@Example.com",
    "name": "Ada King Lovelace",
    "line1": "Am  Markt 1",
    "postal_code": "D-10115",
    "city": "Berlin",
}
TOTAL = 2780 + 490


@pytest.fixture
def world(engine, tmp_path) -> World:
    made = make_world(tmp_path)
    registry.remember_methods("stripe", ("card", "apple_pay", "link"))
    with db.transaction() as session:
        cart_commands.add(session, ME, "SHOAL-BOWL", 1)
    return made


def pay_at_once(shown_minor: int = TOTAL) -> str:
    form = CheckoutForm(country="DE", payment_provider=express.PROVIDER)
    return asyncio.run(pay.pay(ME, form, shown_minor, express=True))


def wallets() -> list[str]:
    with db.reading() as session:
        return [mark.key for mark in cart_queries.view(session, ME).wallets]


def order():
    return rows("customer_order")[-1]


@pytest.mark.both
def test_who_pays_tells_who_buys(world):
    url = pay_at_once()
    assert (order().status, order().email, order().ship_to["line1"]) == ("pending", "", "")
    assert (order().total_minor, order().country) == (TOTAL, "DE")
    # Another click is the same order, and the same page.
    assert pay_at_once() == url

    assert world.enter_card(url, **ADA).status_code == 303
    world.deliver()
    assert (order().status, order().payment_status, order().email) == ("placed", "paid", "ada@example.com")
    assert order().ship_to == order().bill_to == {
        "given_name": "Ada King", "family_name": "Lovelace", "company": "",
        "line1": "Am Markt 1", "line2": "", "postal_code": "10115", "locality": "Berlin",
        "region": "", "country": "DE",
    }  # fmt: skip
    assert [(row.kind, row.to_email) for row in rows("letter")] == [("order_paid", "ada@example.com")]
    with db.reading() as session:
        view = order_page.view(session, order().token)
    assert view.headline == "Thank you, Ada King. It is paid"
    assert wrong_books() == []


def test_what_is_missing_on_the_page_is_asked_for_and_nothing_is_charged(world):
    url = pay_at_once()
    for missing in ADA:
        answer = world.enter_card(url, **ADA | {missing: ""})
        assert (answer.status_code, 'aria-invalid="true"' in answer.text) == (422, True)
    assert rows("payment")[0].state == "open"


def test_a_bank_that_asks_first_keeps_the_address(world):
    url = pay_at_once()
    world.enter_card(url, "4000 0025 0000 3155", **ADA)
    assert world.browser.post(url, data={"answer": "confirm"}).status_code == 303
    world.deliver()
    assert (order().status, order().ship_to["locality"]) == ("placed", "Berlin")


def test_nobody_who_pays_gives_the_units_back(world, clock):
    pay_at_once()
    clock.shift(3 * 3600)
    asyncio.run(recover.sweep())
    assert (order().status, rows("stock_level")[0].allocated) == ("expired", 0)
    assert rows("letter") == []


def test_the_usual_checkout_takes_the_place_of_an_order_that_waits(world):
    pay_at_once()
    world.enter_card(world.pay(FORM, TOTAL))
    world.deliver()
    assert [(row.status, row.email) for row in rows("customer_order")] == [
        ("cancelled", ""),
        ("placed", "marta@example.com"),
    ]


def test_a_wallet_is_offered_only_where_nobody_in_particular_has_to_buy(world):
    assert wallets() == ["apple_pay", "link"]
    with db.transaction() as session:
        make_promotion(session, "AUTUMN10")
        cart_commands.apply_code(session, ME, "AUTUMN10")
    assert wallets() == []
    with pytest.raises(Conflict, match="can't be paid at once"):
        pay_at_once()
    assert rows("customer_order") == []


def test_without_a_wallet_at_the_provider_none_is_offered(world):
    registry.remember_methods("stripe", ("card", "bank_debit"))
    assert wallets() == []
    with pytest.raises(Conflict, match="can't be paid at once"):
        pay_at_once()


def test_a_price_that_rose_is_told_before_anybody_pays(world):
    with pytest.raises(Conflict, match="The total is now"):
        pay_at_once(TOTAL - 1)


STRANGER = Shopper("eve@example.com", "Eve", "Elsewhere 1", "", "1010", "Wien", "", "AT")


def test_an_order_that_knows_its_shopper_believes_no_other(world):
    world.pay(FORM, TOTAL)
    with db.transaction() as session:
        assert shoppers.fill_in(session, order().id, STRANGER) == ""
    assert (order().email, order().country) == ("marta@example.com", "DE")


def test_another_country_than_it_was_priced_for_wants_a_person(world):
    pay_at_once()
    with db.transaction() as session:
        assert shoppers.fill_in(session, order().id, STRANGER) == (
            "The address is in AT, and the order was priced for DE."
        )
        unreachable = replace(STRANGER, email="nobody")
        assert shoppers.fill_in(session, order().id, unreachable) == ""
