"""The order's desk: for whoever holds the link and nobody else; and finding an order again."""

from __future__ import annotations

import pytest

from shop_app import db
from shop_app.services.cart import cart
from shop_app.state import order as desk
from shop_app.state.checkout import Checkout
from shop_app.state.lookup import Lookup
from shop_app.state.order import NO_ORDER, Order
from shop_app.web.cookies import key_hash
from tests.state.conftest import VISITOR
from tests.state.test_checkout import GOOD


@pytest.fixture
async def placed(open_tab, shop) -> str:
    """The address of an order that will be paid by bank transfer."""
    with db.transaction() as session:
        cart.add(session, key_hash(VISITOR), "SHOAL-BOWL", 2)
    tab = await open_tab(Checkout, "/checkout")
    await tab.load()
    await tab.pay(GOOD | {"shown_minor": "4490"})
    return tab.departure.address


async def test_the_link_shows_the_order(open_tab, placed):
    tab = await open_tab(Order, placed)
    await tab.load()
    assert (tab.missing, tab.view.phase, tab.view.email) == (False, "awaiting_transfer", "marta@example.com")
    assert [(line.title, line.quantity, line.total) for line in tab.view.lines] == [
        ("Shoal Bowl", 2, "€40.00")
    ]
    assert (tab.view.subtotal, tab.view.shipping, tab.view.total) == ("€40.00", "€4.90", "€44.90")


@pytest.mark.parametrize("token", ["nobody-holds-this-token-0000000", "%00", "", "x" * 4000])
async def test_a_token_that_no_order_has_shows_nothing(open_tab, placed, token):
    tab = await open_tab(Order, f"/orders/{token}")
    await tab.load()
    assert (tab.missing, tab.view) == (True, NO_ORDER)


async def test_an_order_that_is_gone_leaves_nothing_of_the_one_before(open_tab, placed):
    tab = await open_tab(Order, placed)
    await tab.load()
    tab._get_root_state()._update_router_vars(
        {"pathname": "/orders/x", "asPath": "/orders/x", "origin": ""}, {}
    )
    await tab.load()
    assert (tab.missing, tab.view) == (True, NO_ORDER)


async def test_coming_back_by_the_cancel_link_gives_up_only_what_is_unpaid(open_tab, placed, monkeypatch):
    given_up = []

    async def give_up(token: str) -> None:
        given_up.append(token)

    monkeypatch.setattr(desk.till, "give_up", give_up)
    tab = await open_tab(Order, f"{placed}?cancelled=1")
    assert await tab.load() is None
    assert given_up == [], "an order that waits for a transfer isn't given up by a link"


async def test_number_and_address_together_find_the_order(open_tab, placed):
    order = await open_tab(Order, placed)
    await order.load()
    tab = await open_tab(Lookup, "/orders/lookup")
    found = await tab.find({"number": order.view.number, "email": "Marta@Example.com"})
    assert tab.problem == ""
    assert found is not None


async def test_a_wrong_number_and_a_wrong_address_are_answered_alike(open_tab, placed):
    order = await open_tab(Order, placed)
    await order.load()
    tab = await open_tab(Lookup, "/orders/lookup")
    assert await tab.find({"number": order.view.number, "email": "other@example.com"}) is None
    first = tab.problem
    assert await tab.find({"number": "999999", "email": "marta@example.com"}) is None
    assert first == tab.problem != ""


async def test_looking_up_is_limited(open_tab, placed):
    tab = await open_tab(Lookup, "/orders/lookup")
    problems = []
    for _ in range(11):
        await tab.find({"number": "999999", "email": "marta@example.com"})
        problems.append(tab.problem)
    assert problems[9] != problems[10]
    assert "too often" in problems[10]
