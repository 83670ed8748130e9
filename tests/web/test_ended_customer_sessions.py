"""A customer's session that ends empties its open pages within a second; the storefront's then connect anew.

Whoever ended it, and however: the customer on another device, the owner of the address, or time.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from sqlmodel import Session, col, select

from shop_app.core.access.principal import Principal
from shop_app.core.clock import now
from shop_app.models import Customer, LoginSession
from shop_app.services.accounts import email_changes, sessions, ways_in
from shop_app.services.accounts.browsers import Browser
from tests.shop import Shop
from tests.socket_client import STATE, Closed, Tab, delta_of, parse

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

ACCOUNT = "shop_app___state___account___frame____account"
SECURITY = "shop_app___state___account___security____account_security"
CART = "shop_app___state___cart____cart"
PAGE = "/account/security"
WITHIN_SECONDS = 10.0


@dataclass(frozen=True)
class Device:
    """A browser in which a customer is signed in."""

    shop: Shop
    key: str
    by: Principal

    async def open(self, path: str = PAGE, shows: str = f"{SECURITY}.account") -> tuple[Tab, dict[str, Any]]:
        """A tab, and what it was sent once that had come."""
        tab = Tab(self.shop.url, cookies={"shop_session": self.key})
        await tab.connect(path)
        return tab, await tab.until(shows)


def write(shop: Shop, command: Callable[[Session], Any]) -> Any:
    """Change the database as another process does."""
    with shop.session() as session:
        session.connection(execution_options={"writes": True})
        answer = command(session)
        session.commit()
        return answer


def enter(shop: Shop, email: str = "ada@example.com") -> Device:
    def signed_in(session: Session) -> tuple[str, Principal]:
        customer = session.exec(select(Customer).where(Customer.email == email)).first()
        if customer is None:
            customer = Customer(email=email, name="Ada")
            session.add(customer)
            session.flush()
        return sessions.open_for_customer(session, customer, Browser())

    return Device(shop, *write(shop, signed_in))


async def seconds_until(tab: Tab, ended: str) -> tuple[float, dict[str, Any], list[str]]:
    """How long until the page was sent `ended`, what it was sent by then, and which events it is to send."""
    begins, before, updates = time.monotonic(), len(tab.frames), []
    while time.monotonic() - begins < WITHIN_SECONDS:
        with suppress(Closed):
            await tab.settle(quiet=0.05, seconds=0.1)
        updates = [update for frame in tab.frames[before:] if (update := parse(frame))]
        if ended in (delta := delta_of(updates)):
            names = [event["name"] for update in updates for event in update.get("events") or []]
            return time.monotonic() - begins, delta, names
    raise AssertionError(f"the page was told nothing: {updates}")


async def by_the_customer(shop: Shop, device: Device) -> None:
    phone = enter(shop)
    tab, _shown = await phone.open()
    await tab.call(f"{STATE}.{SECURITY}.end_session", {"session": device.by.session_id}, path=PAGE)
    await tab.close()


async def by_time(shop: Shop, device: Device) -> None:
    def over(session: Session) -> None:
        session.get_one(LoginSession, device.by.session_id).expires_at = now()

    write(shop, over)


async def by_the_owner_of_the_address(shop: Shop, device: Device) -> None:
    write(shop, lambda session: ways_in.verified(session, device.by.id))


async def by_an_address_taken_back(shop: Shop, device: Device) -> None:
    def take_back(session: Session) -> None:
        ways_in.remove_all(session, session.get_one(Customer, device.by.id))

    write(shop, take_back)


ENDS = (by_the_customer, by_time, by_the_owner_of_the_address, by_an_address_taken_back)


@pytest.mark.parametrize("end", ENDS, ids=lambda end: end.__name__)
async def test_a_page_of_the_account_is_emptied_and_says_that_one_is_signed_out(shop: Shop, end: Any):
    def unverify(session: Session) -> None:
        for customer in session.exec(select(Customer).where(col(Customer.email) == "ada@example.com")):
            customer.verified_at = None

    write(shop, unverify)
    device = enter(shop)
    tab, shown = await device.open()
    assert shown[f"{ACCOUNT}.email"] == shown[f"{SECURITY}.account"]["email"] == "ada@example.com"
    await end(shop, device)
    _seconds, sent, events = await seconds_until(tab, f"{ACCOUNT}.ended")
    assert (sent[f"{ACCOUNT}.ended"], sent[f"{ACCOUNT}.next"]) == (True, PAGE)
    assert (sent[f"{ACCOUNT}.email"], sent[f"{ACCOUNT}.signed_in"]) == ("", False)
    account = sent[f"{SECURITY}.account"]
    assert (account["email"], account["sessions"], account["passkeys"]) == ("", [], [])
    assert events == []
    for handler in ("load", "end_others", "remove_password", "look_again", "prove_again"):
        said = delta_of(await tab.call(f"{STATE}.{SECURITY}.{handler}", path=PAGE))
        assert said["shop_app___state___base____notice.text"] == "Sign in to do that."
        assert not any(name.startswith(SECURITY) for name in said)
    await tab.close()


async def test_a_page_of_the_storefront_is_emptied_and_connects_anew_as_a_guest_s(shop: Shop):
    device, other = enter(shop), enter(shop, "other@example.com")
    tab, _shown = await device.open("/cart", f"{CART}.view")
    stranger, _shown = await other.open("/cart", f"{CART}.view")
    sku = {"sku": "DUNE-MUG-MOSS", "quantity": 1}
    for one in (tab, stranger):
        await one.call(f"{STATE}.{CART}.add", sku, path="/cart")
        await one.settle()
    await by_the_customer(shop, device)
    _seconds, sent, events = await seconds_until(tab, f"{CART}.loaded")
    assert sent[f"{CART}.view"]["lines"] == []
    assert events == []
    with pytest.raises(Closed):
        await tab.answer(seconds=WITHIN_SECONDS)
    await tab.close()
    # The browser connects again by itself, with the cookies that it has now.
    await tab.connect("/cart")
    loaded = await tab.until(f"{CART}.loaded")
    assert (loaded[f"{CART}.loaded"], loaded[f"{CART}.view"]["lines"]) == (True, [])
    # Others notice nothing.
    assert await stranger.settle(quiet=0.6, seconds=0.6) == []
    for one in (tab, stranger):
        await one.close()


async def test_an_address_that_changes_disturbs_no_page_of_its_own_session(shop: Shop):
    device = enter(shop)
    tab, _shown = await device.open()

    def change(session: Session) -> None:
        customer = session.get_one(Customer, device.by.id)
        assert session.get_one(LoginSession, device.by.session_id).proven_at > now() - timedelta(minutes=5)
        email_changes.ask(session, device.by, "ada2@example.com", "a" * 64)
        customer.email = "ada2@example.com"

    write(shop, change)
    begins, updates = time.monotonic(), []
    while not any(update.get("events") for update in updates):
        updates += await tab.settle(quiet=0.05, seconds=0.1)
        assert time.monotonic() - begins < WITHIN_SECONDS
    names = [event["name"] for update in updates for event in update.get("events") or []]
    said = delta_of(await tab.call(names[0], path=PAGE))
    assert said[f"{ACCOUNT}.email"] == said[f"{SECURITY}.account"]["email"] == "ada2@example.com"
    await tab.close()
