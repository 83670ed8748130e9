"""The State of the order page: for whoever holds the link and nobody else; and finding an order again."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from shop_app.core import db
from shop_app.core.access.cookies import key_hash
from shop_app.core.errors import NotFound
from shop_app.services.cart import checkout
from shop_app.services.cart import commands as cart_commands
from shop_app.services.cart.checkout import CheckoutForm
from shop_app.services.orders import placing
from shop_app.services.storefront import order_page
from shop_app.services.storefront.order_page import OrderView
from shop_app.state import order as order_state
from shop_app.state.checkout import Checkout
from shop_app.state.lookup import Lookup
from shop_app.state.order import Order
from tests.state.conftest import VISITOR, submit
from tests.state.test_checkout import GOOD


@pytest.fixture
async def placed(open_tab, shop) -> str:
    """The address of an order that will be paid by bank transfer."""
    with db.transaction() as session:
        cart_commands.add(session, key_hash(VISITOR), "SHOAL-BOWL", 2)
    tab = await open_tab(Checkout, "/checkout")
    await tab.load()
    await submit(tab, "pay", GOOD | {"shown_minor": "4490"})
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
    assert (tab.missing, tab.view) == (True, OrderView())


async def test_an_order_that_is_gone_leaves_nothing_of_the_one_before(open_tab, placed):
    tab = await open_tab(Order, placed)
    await tab.load()
    tab._get_root_state()._update_router_vars(
        {"pathname": "/orders/x", "asPath": "/orders/x", "origin": ""}, {}
    )
    await tab.load()
    assert (tab.missing, tab.view) == (True, OrderView())


async def test_coming_back_by_the_cancel_link_gives_up_only_what_is_unpaid(open_tab, placed, monkeypatch):
    given_up = []

    async def cancel_payment(token: str) -> None:
        given_up.append(token)

    monkeypatch.setattr(order_state.pay, "cancel_payment", cancel_payment)
    tab = await open_tab(Order, f"{placed}?cancelled=1")
    assert await tab.load() is None
    assert given_up == [], "an order that waits for a transfer isn't given up by a link"


async def test_number_and_address_together_find_the_order(open_tab, placed):
    order = await open_tab(Order, placed)
    await order.load()
    tab = await open_tab(Lookup, "/orders/lookup")
    redirect = await submit(tab, "find", {"number": order.view.number, "email": "Marta@Example.com"})
    assert tab.refused == ""
    assert redirect is not None


async def test_a_wrong_number_and_a_wrong_address_are_answered_alike(open_tab, placed):
    order = await open_tab(Order, placed)
    await order.load()
    tab = await open_tab(Lookup, "/orders/lookup")
    assert await submit(tab, "find", {"number": order.view.number, "email": "other@example.com"}) is None
    first = tab.refused
    assert await submit(tab, "find", {"number": "999999", "email": "marta@example.com"}) is None
    assert first == tab.refused != ""


async def test_looking_up_is_limited(open_tab, placed):
    tab = await open_tab(Lookup, "/orders/lookup")
    problems = []
    for _ in range(11):
        await submit(tab, "find", {"number": "999999", "email": "marta@example.com"})
        problems.append(tab.refused)
    assert problems[9] != problems[10]
    assert "too often" in problems[10]


# --- Waiting for the payment ----------------------------------------------------------------------


class InBackground:
    """A State as a background task has it: it is changed inside `async with` alone."""

    def __init__(self, state: Any) -> None:
        self.__dict__.update(_state=state, _entered=False)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._state, name)

    def __setattr__(self, name: str, value: Any) -> None:
        assert self._entered, f"{name} is set outside of `async with self`"
        setattr(self._state, name, value)

    async def __aenter__(self) -> InBackground:
        assert not self._entered
        self.__dict__["_entered"] = True
        return self

    async def __aexit__(self, *_: object) -> None:
        self.__dict__["_entered"] = False


FORM = CheckoutForm(
    email="marta@example.com",
    given_name="Marta",
    family_name="Lind",
    line1="Oranienstraße 18",
    postal_code="10999",
    locality="Berlin",
    country="DE",
    shipping_method="standard",
    payment_provider="stripe",
)


def unpaid_order(visitor: str) -> str:
    """The address of an order whose card payment isn't known yet."""
    key = key_hash(visitor)
    with db.transaction() as session:
        cart_commands.add(session, key, "SHOAL-BOWL", 1)
        total_minor = checkout.view(session, key).total_minor
        return f"/orders/{placing.place(session, key, FORM, expected_total_minor=total_minor).token}"


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """How long each waiter has slept between its looks; nobody sleeps really."""
    slept: list[float] = []
    sleep = asyncio.sleep

    async def noted(seconds: float) -> None:
        slept.append(seconds)
        await sleep(0)

    monkeypatch.setattr(order_state.asyncio, "sleep", noted)
    return slept


async def waiting_tab(open_tab: Any, address: str) -> Order:
    tab = await open_tab(Order, address)
    assert await tab.load() is not None
    assert tab.view.phase == "confirming"
    return tab


def looks(monkeypatch: pytest.MonkeyPatch, *answers: Callable[[Any], Any]) -> list[str]:
    """Have each further read of an order go as given, and the rest as it is; the tokens that were read."""
    calls: list[str] = []
    view, left = order_page.view, list(answers)

    def one(session: Any, token: str) -> Any:
        calls.append(token)
        return left.pop(0)(view(session, token)) if left else view(session, token)

    monkeypatch.setattr(order_state.order_page, "view", one)
    return calls


def failing(error: Exception) -> Callable[[Any], Any]:
    def fail(_view: object) -> None:
        raise error

    return fail


@pytest.mark.parametrize(
    "error", [db.Unavailable("Try again in a moment."), NotFound("No such order."), RuntimeError("a bug")]
)
async def test_one_read_that_fails_ends_no_waiting(open_tab, shop, pauses, monkeypatch, error):
    tab = await waiting_tab(open_tab, unpaid_order(VISITOR))
    paid = replace(tab.view, phase="paid")
    looks_made = looks(monkeypatch, failing(error), lambda view: view, lambda _view: paid)
    await Order.wait.fn(InBackground(tab))
    assert (tab.view.phase, len(looks_made), pauses) == ("paid", 3, [2, 4, 8])
    assert tab._waiting is False


async def test_whatever_ends_the_waiting_it_can_begin_again(open_tab, shop, monkeypatch):
    tab = await waiting_tab(open_tab, unpaid_order(VISITOR))

    async def gone(_seconds: float) -> None:
        raise asyncio.CancelledError

    with monkeypatch.context() as stopped:
        stopped.setattr(order_state.asyncio, "sleep", gone)
        with pytest.raises(asyncio.CancelledError):
            await Order.wait.fn(InBackground(tab))
    assert await tab.load() is not None, "nobody waits any more, and nobody begins again"


async def test_an_order_that_stays_unpaid_is_looked_at_a_few_times_and_again_after_a_push(
    open_tab, shop, pauses
):
    tab = await waiting_tab(open_tab, unpaid_order(VISITOR))
    for _ in range(2):
        await Order.wait.fn(InBackground(tab))
        assert pauses == [2, 4, 8, 16, 32, 60]
        pauses.clear()
        assert await tab.load() is not None


async def test_a_tab_that_goes_on_to_another_order_waits_for_that_one(open_tab, shop, pauses, monkeypatch):
    tab = await waiting_tab(open_tab, unpaid_order(VISITOR))
    second, noted = unpaid_order("w" * 43), order_state.asyncio.sleep

    async def going_on(seconds: float) -> None:
        if len(pauses) == 1:
            tab._get_root_state()._update_router_vars(
                {"pathname": second, "asPath": second, "origin": ""}, {}
            )
            assert await tab.load() is None, "one waiter is enough for a tab"
        await noted(seconds)

    monkeypatch.setattr(order_state.asyncio, "sleep", going_on)
    paid = replace((await waiting_tab(open_tab, second)).view, phase="paid")
    looks_made = looks(monkeypatch, *[lambda view: view] * 4, lambda _view: paid)
    await Order.wait.fn(InBackground(tab))
    assert (tab.view, pauses) == (paid, [2, 4, 2, 4])
    assert set(looks_made[1:]) == {paid.token}
