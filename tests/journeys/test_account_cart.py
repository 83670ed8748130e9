"""The cart of an account: on two devices, through a sign-in during checkout, and gone at the end."""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterator
from datetime import timedelta

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect
from sqlalchemy import delete
from sqlmodel import Session, col

from shop_app.core.access.cookies import key_hash
from shop_app.core.clock import now
from shop_app.models import Cart, Customer, LoginSession
from shop_app.services import joining
from tests.journeys.conftest import NewShopper
from tests.journeys.shopper import DESKTOP, PHONE, Shopper
from tests.journeys.test_pages import WCAG
from tests.shop import Shop

WITHIN_A_SECOND = 1_000
EMAIL = "nora@example.com"
BOXES = "FH-RCH-SAN"
sizes = pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])


@pytest.fixture(autouse=True)
def account(shop: Shop) -> Iterator[int]:
    """An account without a cart."""
    with Session(shop.engine) as session:
        session.connection(execution_options={"writes": True})
        person = Customer(email=EMAIL, name="Nora Example")
        session.add(person)
        session.commit()
        account_id = person.id or 0
    yield account_id
    with Session(shop.engine) as session:
        session.connection(execution_options={"writes": True})
        session.execute(delete(Cart).where(col(Cart.customer_id) == account_id))
        session.delete(session.get_one(Customer, account_id))
        session.commit()


def sign_in(shop: Shop, shopper: Shopper, account: int) -> None:
    """What a sign-in does: a session whose key is in the browser's cookie, and the cart that joins."""
    key = secrets.token_urlsafe(32)
    visitor = next(
        cookie["value"] for cookie in shopper.context.cookies() if cookie["name"] == "shop_visitor"
    )
    with Session(shop.engine) as session:
        session.connection(execution_options={"writes": True})
        until = now() + timedelta(hours=1)
        session.add(LoginSession(token_hash=key_hash(key), customer_id=account, expires_at=until))
        joining.join(session, account, key_hash(visitor))
        session.commit()
    shopper.context.add_cookies([{"name": "shop_session", "value": key, "url": shop.url, "httpOnly": True}])


def end_sessions(shop: Shop) -> None:
    with Session(shop.engine) as session:
        session.connection(execution_options={"writes": True})
        session.execute(delete(LoginSession).where(col(LoginSession.customer_id).is_not(None)))
        session.commit()


@sizes
def test_a_cart_on_two_devices(shop: Shop, new_shopper: NewShopper, account: int, size: tuple[int, int]):
    laptop, phone = new_shopper(), new_shopper(size=size)
    laptop.open("/")
    sign_in(shop, laptop, account)
    laptop.fill_cart("archive-boxes")
    laptop.open("/cart")
    phone.fill_cart("plain-picture-frame")
    phone.fill_cart("archive-boxes")
    sign_in(shop, phone, account)

    # Both carts are one, and the note says where they differed.
    phone.open("/cart")
    note = phone.see("merge-note").first
    expect(note).to_contain_text("in your account is in one cart now")
    expect(phone.see("cart-line")).to_have_count(2)
    for dark in ("light", "dark"):
        phone.page.emulate_media(color_scheme=dark)
        assert Axe().run(phone.page, options=WCAG).response["violations"] == []

    # From here on both show the same, whoever changes it.
    laptop.open("/cart")
    field = laptop.see("cart-line", sku=BOXES).get_by_test_id("line-quantity")
    field.fill("3")
    field.press("Enter")
    expect(phone.see("cart-count").first).to_have_text("4", timeout=2 * WITHIN_A_SECOND)
    phone.see("merge-note-read").first.click()
    expect(phone.see("merge-note")).to_have_count(0)
    expect(laptop.see("merge-note")).to_have_count(0, timeout=2 * WITHIN_A_SECOND)


@sizes
def test_a_sign_in_in_the_middle_of_checkout(
    shop: Shop, new_shopper: NewShopper, account: int, size: tuple[int, int]
):
    shopper = new_shopper(size=size)
    shopper.fill_cart("archive-boxes")
    shopper.open("/checkout")
    for name, text in (("given-name", "Nora"), ("address-line1", "Half a stre")):
        shopper.page.locator(f'[autocomplete~="{name}"]').first.fill(text)
    shopper.see("checkout-sign-in").click()
    shopper.page.wait_for_url(re.compile("/account/login"))
    sign_in(shop, shopper, account)

    shopper.open("/checkout")
    for name, text in (("email", EMAIL), ("given-name", "Nora"), ("address-line1", "Half a stre")):
        expect(shopper.page.locator(f'[autocomplete~="{name}"]').first).to_have_value(text)
    expect(shopper.page.get_by_text(f"You are signed in as {EMAIL}")).to_be_visible()
    expect(shopper.see("hold-timer").first).to_be_visible()


def test_an_ended_session_leaves_nothing_on_the_page_or_in_the_browser(
    shop: Shop, shopper: Shopper, account: int
):
    shopper.open("/")
    sign_in(shop, shopper, account)
    shopper.fill_cart("archive-boxes")
    shopper.open("/checkout")
    street = shopper.page.locator('[autocomplete~="address-line1"]').first
    street.fill("Secret Street 7")
    street.press("Tab")
    expect(shopper.page.get_by_text(f"You are signed in as {EMAIL}")).to_be_visible()

    end_sessions(shop)

    # Emptied at once; the tab connects again within a second or two, as a guest.
    nothing = shopper.page.get_by_text("There is nothing to check out")
    expect(nothing).to_be_visible(timeout=10_000)
    expect(shopper.see("cart-count").first).not_to_have_text("1")
    shopper.page.go_back()
    shopper.ready()
    kept = shopper.page.evaluate(
        "() => document.documentElement.outerHTML"
        " + JSON.stringify(localStorage) + JSON.stringify(sessionStorage)"
    )
    assert not [word for word in (EMAIL, "Nora Example", "Secret Street", BOXES) if word in kept]
