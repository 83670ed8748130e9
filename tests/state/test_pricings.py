"""How often a cart is priced: once for each view that a page shows, whatever the click."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from shop_app.core import db
from shop_app.core.access.cookies import key_hash
from shop_app.services.cart import commands as cart_commands
from shop_app.services.cart import priced_cart
from shop_app.state.cart import Cart
from shop_app.state.checkout import Checkout
from shop_app.state.order import Order
from tests import factories
from tests.state.conftest import VISITOR, submit
from tests.state.test_checkout import GOOD, gift_card

BOWL = "SHOAL-BOWL"


@pytest.fixture
def pricings(shop: None, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The number of lines of each pricing, of a cart with two bowls to begin with."""
    with db.transaction() as session:
        cart_commands.add(session, key_hash(VISITOR), BOWL, 2)
    counted: list[int] = []
    real = priced_cart.price_cart

    def counting(items: Any, **how: Any) -> Any:
        counted.append(len(items))
        return real(items, **how)

    monkeypatch.setattr(priced_cart, "price_cart", counting)
    return counted


CLICKS: list[tuple[type[Any], Callable[[Any], Awaitable[Any]], int]] = [
    (Cart, lambda tab: tab.load(), 1),
    (Cart, lambda tab: tab.add("FABLE-LAMP-MOSS", 1), 1),
    (Cart, lambda tab: tab.set_quantity(BOWL, 3), 1),
    (Cart, lambda tab: tab.remove(BOWL), 1),
    (Cart, lambda tab: tab.open_drawer(), 0),
    (Cart, lambda tab: tab.load_countries(), 0),
    (Checkout, lambda tab: tab.renew_hold(), 1),
    (Checkout, lambda tab: tab.typed("postal_code", "10115"), 1),
    (Checkout, lambda tab: tab.typed("country", "FR"), 1),
    (Checkout, lambda tab: tab.refresh(), 1),
    (Checkout, lambda tab: tab.extend_hold(), 0),
    (Checkout, lambda tab: submit(tab, "pay", {}), 1),
]


@pytest.mark.parametrize(
    ("kind", "click", "times"), CLICKS, ids=[f"{kind.__name__}-{n}" for n, (kind, _, _) in enumerate(CLICKS)]
)
async def test_a_click_prices_the_cart_as_often_as_there_is_a_view_of_it(
    open_tab, pricings, kind, click, times
):
    tab = await open_tab(kind, "/checkout" if kind is Checkout else "/cart")
    await tab.load()
    pricings.clear()
    await click(tab)
    assert len(pricings) == times


@pytest.mark.parametrize(("kind", "refused_times"), [(Cart, 0), (Checkout, 1)])
async def test_a_code_or_a_card_prices_the_cart_once(open_tab, pricings, kind, refused_times):
    with db.transaction() as session:
        factories.make_promotion(session, "AUTUMN10")
    card = gift_card()
    tab = await open_tab(kind, "/checkout" if kind is Checkout else "/cart")
    await tab.load()

    async def times(click: Awaitable[Any]) -> int:
        pricings.clear()
        await click
        return len(pricings)

    assert await times(submit(tab, "apply_code", {"code": "AUTUMN10"})) == 1
    assert [discount.amount for discount in tab.view.discounts] == ["−€4.00"]
    assert await times(submit(tab, "apply_credit", {"credit": card})) == 1
    assert [credit.amount for credit in tab.view.credits] == ["−€20.00"]
    assert await times(submit(tab, "apply_code", {"code": "NOPE"})) == refused_times
    assert tab.errors["code"] == "There is no code NOPE"
    assert await times(tab.remove_code("AUTUMN10")) == 1
    assert await times(tab.remove_credit(tab.view.credits[0].account_id)) == 1
    assert (tab.view.discounts, tab.view.credits) == ([], [])


async def test_the_pages_price_each_of_their_views_once(open_tab, pricings):
    checkout = await open_tab(Checkout, "/checkout")
    await checkout.load()
    assert len(pricings) == 1
    assert (checkout.view.cart.total, checkout.view.cart.count) == (checkout.view.total, 2)


async def test_the_page_of_an_order_prices_nothing(open_tab, pricings):
    checkout = await open_tab(Checkout, "/checkout")
    await checkout.load()
    await submit(checkout, "pay", GOOD | {"shown_minor": str(checkout.view.total_minor)})
    assert checkout.departure.address, checkout.errors or checkout.refused
    pricings.clear()
    order = await open_tab(Order, checkout.departure.address)
    await order.load()
    assert (order.view.lines != [], pricings) == (True, [])
