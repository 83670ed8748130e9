"""The cart of an account over raw sockets: the same on all of its devices, gone where a session ended."""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy import delete
from sqlmodel import Session, col, select

from shop_app.core.access.cookies import key_hash
from shop_app.core.access.principal import account_key
from shop_app.core.clock import now
from shop_app.models import Cart, Customer, LoginSession
from tests.shop import Shop
from tests.socket_client import STATE, Closed, Tab, delta_of, visitor_key

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

CART = f"{STATE}.shop_app___state___cart____cart"
CHECKOUT = f"{STATE}.shop_app___state___checkout____checkout"
SKU = "FH-DNM-OAT"
EMAIL = "ida@example.com"
WITHIN_SECONDS = 2.0


def written(shop: Shop, change: Any) -> Any:
    """Change the database as another process does."""
    with Session(shop.engine, expire_on_commit=False) as session:
        session.connection(execution_options={"writes": True})
        result = change(session)
        session.commit()
    return result


@pytest.fixture
def account(shop: Shop) -> Iterator[int]:
    """An account without a cart."""
    person = Customer(email=EMAIL, name="Ida Example")
    written(shop, lambda session: session.add(person))
    assert person.id
    yield person.id
    written(shop, lambda session: session.execute(delete(LoginSession)))
    written(shop, lambda session: session.execute(delete(Cart).where(col(Cart.customer_id) == person.id)))
    written(shop, lambda session: session.delete(session.get(Customer, person.id)))


def device(shop: Shop, account: int) -> Tab:
    """A tab of a browser of its own that is signed in."""
    key = secrets.token_urlsafe(32)
    row = LoginSession(token_hash=key_hash(key), customer_id=account, expires_at=now() + timedelta(hours=1))
    written(shop, lambda session: session.add(row))
    return Tab(shop.url, cookies={"shop_session": key})


async def shown_by(tab: Tab, updates: list[dict[str, Any]]) -> int | None:
    """The quantity that the tab shows, once it has loaded what it was asked to; None for no news."""
    asked = [event["name"] for update in updates for event in update.get("events") or []]
    if f"{CART}.load" in asked:
        updates = updates + await tab.call(f"{CART}.load")
    view = delta_of(updates).get("shop_app___state___cart____cart.view")
    return None if view is None else sum(line["quantity"] for line in view["lines"])


async def test_devices_of_an_account_show_the_same_cart_within_a_second(shop: Shop, account: int):
    async with device(shop, account) as phone, device(shop, account) as laptop:
        for tab in (phone, laptop):
            await tab.settle()
        began = time.monotonic()
        await phone.call(f"{CART}.add", {"sku": SKU, "quantity": 2})
        while (shown := await shown_by(laptop, await laptop.settle(quiet=0.05, seconds=0.1))) is None:
            assert time.monotonic() - began < WITHIN_SECONDS
        assert shown == 2


async def test_a_quantity_that_both_set_ends_as_one_of_the_two_on_both(shop: Shop, account: int):
    async with device(shop, account) as phone, device(shop, account) as laptop:
        for tab in (phone, laptop):
            await tab.settle()
        await phone.call(f"{CART}.add", {"sku": SKU, "quantity": 1})
        for _round in range(3):
            await asyncio.gather(
                phone.send(f"{CART}.set_quantity", {"sku": SKU, "quantity": 3}),
                laptop.send(f"{CART}.set_quantity", {"sku": SKU, "quantity": 2}),
            )
            shown = [await shown_by(tab, await tab.settle(quiet=0.5)) for tab in (phone, laptop)]
            assert shown in ([2, 2], [3, 3])


async def test_a_visitor_sees_nothing_of_it_whatever_their_cookie_says(shop: Shop, account: int):
    async with device(shop, account) as own:
        await own.settle()
        await own.call(f"{CART}.add", {"sku": SKU, "quantity": 1})
        for visitor in (own.visitor, account_key(account), visitor_key()):
            async with Tab(shop.url, visitor=visitor) as other:
                view = delta_of(await other.settle())["shop_app___state___cart____cart.view"]
                assert view["lines"] == []


async def test_a_tab_whose_session_ends_is_emptied_and_connects_again(shop: Shop, account: int):
    tab = device(shop, account)
    await tab.connect("/checkout")
    await tab.settle()
    await tab.call(f"{CART}.add", {"sku": SKU, "quantity": 1}, path="/checkout")
    await tab.call(f"{CHECKOUT}.load", path="/checkout")
    await tab.call(f"{CHECKOUT}.typed", {"field": "line1", "value": "Secret Street 7"}, path="/checkout")
    await tab.settle()

    written(shop, lambda session: session.execute(delete(LoginSession)))

    sent: list[dict[str, Any]] = []
    with pytest.raises(Closed):
        while True:
            sent += await tab.settle(quiet=0.1, seconds=0.2)
    emptied = delta_of(sent)
    assert emptied["shop_app___state___cart____cart.view"]["lines"] == []
    assert emptied["shop_app___state___checkout____checkout.view"]["form"]["line1"] == ""
    assert emptied["shop_app___state___checkout____checkout.account"] == ""
    await tab.close()

    # As the page does: the same tab, with what the browser's cookies are by then.
    await tab.connect("/checkout")
    try:
        frames = len(tab.frames)
        await tab.settle()
        came = "".join(tab.frames[frames:])
        assert not any(word in came for word in ("Secret Street", EMAIL, "Ida Example", SKU))
    finally:
        await tab.close()


async def test_an_event_right_after_the_end_finds_nothing_of_the_account(shop: Shop, account: int):
    async with device(shop, account) as tab:
        await tab.settle()
        await tab.call(f"{CART}.add", {"sku": SKU, "quantity": 1})
        await tab.call(f"{CHECKOUT}.load", path="/checkout")
        await tab.call(f"{CHECKOUT}.typed", {"field": "line1", "value": "Secret Street 7"})
        written(shop, lambda session: session.execute(delete(LoginSession)))

        await tab.call(f"{CHECKOUT}.typed", {"field": "email", "value": "x@example.com"})

        carts = written(
            shop,
            lambda session: session.exec(select(Cart).where(Cart.key_hash == key_hash(tab.visitor))).all(),
        )
        assert [cart.checkout for cart in carts] == []


@pytest.mark.parametrize("path", ["/", "/products", "/products/dune-mug", "/cart", "/checkout"])
def test_documents_are_the_same_for_everybody_and_free_of_the_person(shop: Shop, account: int, path: str):
    tab = device(shop, account)
    guest = {"cookie": f"shop_visitor={visitor_key()}", "accept-encoding": "identity"}
    customer = guest | {"cookie": f"shop_visitor={tab.visitor}; shop_session={tab.cookies['shop_session']}"}

    before, own, after = [httpx.get(shop.url + path, headers=headers) for headers in (guest, customer, guest)]
    while before.content != after.content:
        # Stock has changed meanwhile, for everybody.
        before, own, after = [
            after,
            *(httpx.get(shop.url + path, headers=headers) for headers in (customer, guest)),
        ]

    assert own.content == before.content
    assert own.headers["cache-control"] == before.headers["cache-control"]
    assert EMAIL not in own.text
    assert "Ida Example" not in own.text


async def test_a_tab_that_is_to_go_over_connects_again(shop: Shop):
    async with Tab(shop.url) as tab:
        await tab.settle()
        await tab.send(f"{CART}.go_over")
        with pytest.raises(Closed):
            async with asyncio.timeout(15):
                while True:
                    await tab._receive()
