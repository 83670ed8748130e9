"""The cart of an account: on two devices, through a sign-in during checkout, and gone at the end."""

from __future__ import annotations

import re

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect
from sqlalchemy import delete
from sqlmodel import Session, col

from shop_app.models import LoginSession
from tests.journeys import signing_in
from tests.journeys.conftest import NewShopper
from tests.journeys.shopper import DESKTOP, PHONE, Shopper
from tests.journeys.test_pages import WCAG
from tests.shop import Shop

WITHIN_A_SECOND = 1_000
NAME = "Nora Example"
BOXES = "FH-RCH-SAN"
sizes = pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])


def end_sessions(shop: Shop, customer_id: int) -> None:
    with Session(shop.engine) as session:
        session.connection(execution_options={"writes": True})
        session.execute(delete(LoginSession).where(col(LoginSession.customer_id) == customer_id))
        session.commit()


@sizes
def test_a_cart_on_two_devices(shop: Shop, new_shopper: NewShopper, size: tuple[int, int]):
    laptop, phone, email = new_shopper(), new_shopper(size=size), f"two{size[0]}@example.com"
    signing_in.account(shop, email, NAME)
    signing_in.enter(laptop, email)
    laptop.fill_cart("archive-boxes")
    laptop.open("/cart")
    phone.fill_cart("plain-picture-frame")
    phone.fill_cart("archive-boxes")
    signing_in.enter(phone, email, target="/cart")

    # Both carts are one, and the note says where they differed.
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
def test_a_sign_in_in_the_middle_of_checkout(shop: Shop, new_shopper: NewShopper, size: tuple[int, int]):
    shopper, email = new_shopper(size=size), f"middle{size[0]}@example.com"
    signing_in.account(shop, email, NAME)
    shopper.fill_cart("archive-boxes")
    shopper.open("/checkout")
    for name, text in (("given-name", "Nora"), ("address-line1", "Half a stre")):
        shopper.page.locator(f'[autocomplete~="{name}"]').first.fill(text)
    shopper.see("checkout-sign-in").click()
    shopper.page.wait_for_url(re.compile("/account/login"))
    shopper.ready()
    shopper.see("account-email").fill(email)
    shopper.see("account-continue").click()
    shopper.page.wait_for_url("**/account/login/code")
    shopper.ready()
    signing_in.send_password(shopper, signing_in.PASSWORD, "/checkout")

    for name, text in (("email", email), ("given-name", "Nora"), ("address-line1", "Half a stre")):
        expect(shopper.page.locator(f'[autocomplete~="{name}"]').first).to_have_value(text)
    expect(shopper.page.get_by_text(f"You are signed in as {email}")).to_be_visible()
    expect(shopper.see("hold-timer").first).to_be_visible()


def test_an_ended_session_leaves_nothing_on_the_page_or_in_the_browser(shop: Shop, shopper: Shopper):
    email = "ended@example.com"
    customer_id = signing_in.account(shop, email, NAME)
    signing_in.enter(shopper, email)
    shopper.fill_cart("archive-boxes")
    shopper.open("/checkout")
    street = shopper.page.locator('[autocomplete~="address-line1"]').first
    street.fill("Secret Street 7")
    street.press("Tab")
    expect(shopper.page.get_by_text(f"You are signed in as {email}")).to_be_visible()

    end_sessions(shop, customer_id)

    # Emptied at once; the tab connects again within a second or two, as a guest.
    nothing = shopper.page.get_by_text("There is nothing to check out")
    expect(nothing).to_be_visible(timeout=10_000)
    expect(shopper.see("cart-line")).to_have_count(0)
    shopper.page.go_back()
    shopper.ready()
    kept = shopper.page.evaluate(
        "() => document.documentElement.outerHTML"
        " + JSON.stringify(localStorage) + JSON.stringify(sessionStorage)"
    )
    assert not [word for word in (email, NAME, "Secret Street") if word in kept]
