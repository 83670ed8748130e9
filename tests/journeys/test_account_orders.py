"""A customer's account: ordering again with one thing gone and one dearer, and addresses at checkout."""

from __future__ import annotations

import re

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect
from sqlmodel import col, select

from shop_app.models import Address, Customer, Order
from shop_app.services.search import listing_index
from tests.factories import make_product, variant_with
from tests.journeys import signing_in
from tests.journeys.conftest import NewShopper
from tests.journeys.shopper import DESKTOP, PHONE, Shopper
from tests.journeys.test_pages import WCAG
from tests.shop import Shop

EMAIL = signing_in.DEMO_EMAIL


def axe(shopper: Shopper) -> list[str]:
    violations = Axe().run(shopper.page, options=WCAG).response["violations"]
    return [f"{rule['id']}: {node['html'][:160]}" for rule in violations for node in rule["nodes"]]


def fits(shopper: Shopper) -> bool:
    """Whether nothing makes the page wider than the window."""
    return shopper.page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


def signed_in(shopper: Shopper) -> Shopper:
    """The shopper as the demo's customer."""
    signing_in.enter(shopper, EMAIL, signing_in.DEMO_PASSWORD)
    return shopper


def customer_id(shop: Shop) -> int:
    with shop.session() as session:
        return session.exec(select(Customer.id).where(Customer.email == EMAIL)).one() or 0


def stock(shop: Shop, *titles: str) -> None:
    """Things that only this journey sells."""
    with shop.session() as session:
        for title in titles:
            product = make_product(session, title, price_minor=2400, stock=20)
            listing_index.refresh(session, [product.id or 0])
        session.commit()


@pytest.mark.parametrize("size", [PHONE, DESKTOP])
def test_an_order_is_ordered_again_with_one_thing_gone_and_one_dearer(
    new_shopper: NewShopper, shop: Shop, size
):
    names = [f"{thing} {size[0]}" for thing in ("Again Mug", "Again Bowl")]
    stock(shop, *names)
    address = f"again-{size[0]}@example.com"
    account_id = signing_in.account(shop, address)
    shopper = new_shopper(size=size, dark=size == PHONE)
    signing_in.enter(shopper, address)
    for name in names:
        shopper.open(f"/products/{name.lower().replace(' ', '-')}")
        shopper.add_to_cart()
    shopper.check_out()
    shopper.pay()
    shopper.pay_by_card()
    expect(shopper.see("order-status").first).to_have_text(re.compile("paid", re.I))
    number = shopper.see("order-number").first.inner_text()
    with shop.session() as session:
        order = session.exec(select(Order).where(Order.number == int(number))).one()
        assert order.customer_id == account_id
        variant_with(session, f"AGAIN-MUG-{size[0]}").price_minor = 2600
        variant_with(session, f"AGAIN-BOWL-{size[0]}").active = False
        session.commit()

    shopper.open(f"/account/orders?q={number}")
    row = shopper.see("account-order", number=number)
    expect(row).to_have_count(1)
    row.get_by_test_id("order-again").click()
    note = row.get_by_test_id("again-note")
    expect(note).to_contain_text("1 of 2 things are in your cart")
    lines = note.get_by_test_id("again-line")
    expect(lines.nth(0)).to_contain_text("1 in your cart, at €26.00. It was €24.00.")
    expect(lines.nth(0)).to_have_attribute("data-price", "dearer")
    expect(lines.nth(1)).to_have_attribute("data-outcome", "gone")
    assert axe(shopper) == []
    assert fits(shopper)
    expect(shopper.see("cart-count").first).to_have_text("1")
    note.get_by_role("link", name="Go to cart").click()
    expect(shopper.see("cart-line", sku=f"AGAIN-MUG-{size[0]}")).to_have_count(1)
    expect(shopper.see("cart-line")).to_have_count(1)


def test_addresses_are_kept_and_offered_at_checkout(new_shopper: NewShopper, shop: Shop):
    with shop.session() as session:
        for address in session.exec(select(Address).where(Address.customer_id == customer_id(shop))):
            session.delete(address)
        session.commit()
    shopper = signed_in(new_shopper(size=PHONE))
    shopper.open("/account/addresses")
    for street, postcode in (("Oranienstraße 18", "10999"), ("Am Speicher 4", "10115")):
        shopper.see("address-add").click()
        form = shopper.see("address-form")
        for name, text in (
            ("given-name", "Marta"), ("family-name", "Lind"), ("address-line1", street),
            ("postal-code", postcode), ("address-level2", "Berlin"),
        ):  # fmt: skip
            form.locator(f'[autocomplete="{name}"]').fill(text)
        assert axe(shopper) == []
        shopper.see("address-save").click()
        expect(shopper.see("address").filter(has_text=street)).to_have_count(1)
    assert fits(shopper)

    shopper.fill_cart("shoal-bowl")
    shopper.open("/checkout")
    expect(shopper.see("checkout-known")).to_contain_text("Oranienstraße 18")
    shopper.see("checkout-change").click()
    street = shopper.page.locator('[autocomplete~="address-line1"]').first
    options = shopper.page.locator('[name="own_address"] option')
    value = options.filter(has_text="Am Speicher 4").get_attribute("value")
    shopper.page.locator('[name="own_address"]').select_option(value)
    expect(street).to_have_value("Am Speicher 4")
    street.fill("Am Speicher 6")
    shopper.page.keyboard.press("Tab")
    shopper.see("keep-changed-address").click()
    expect(options.filter(has_text="Am Speicher 6")).to_have_count(1)
    expect(street).to_have_value("Am Speicher 6")
    assert axe(shopper) == []
    assert fits(shopper)
    with shop.session() as session:
        streets = session.exec(
            select(Address.line1).where(Address.customer_id == customer_id(shop)).order_by(col(Address.id))
        ).all()
    assert streets == ["Oranienstraße 18", "Am Speicher 6"]


@pytest.mark.parametrize("page", ["/account", "/account/orders", "/account/addresses", "/account/credit"])
@pytest.mark.parametrize(("size", "dark"), [(PHONE, True), (DESKTOP, False)])
def test_the_accounts_pages_are_sound(new_shopper: NewShopper, page, size, dark):
    shopper = signed_in(new_shopper(size=size, dark=dark))
    shopper.open(page)
    assert axe(shopper) == []
    assert fits(shopper)
