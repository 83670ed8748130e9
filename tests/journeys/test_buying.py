"""From the home page to a paid order, and every way that a payment can end."""

from __future__ import annotations

import re

from playwright.sync_api import expect
from sqlmodel import select

from shop_app.models import Order, OrderStatus, PaymentStatus, StockLevel, Variant
from tests.journeys.conftest import NewShopper
from tests.journeys.shopper import DECLINED_CARD, GOOD_CARD, PHONE, Shopper
from tests.shop import Shop

PAID = re.compile("paid|confirmed|thank", re.I)
BILL_TO = {
    "given_name": "Ada",
    "family_name": "Bell",
    "company": "Bell Ltd",
    "line1": "9 Mill Lane",
    "locality": "London",
    "postal_code": "EC1Y 8SY",
}


def stock(shop: Shop, sku: str) -> tuple[int, int]:
    """On hand and allocated, as the database has them now."""
    with shop.session() as session:
        level = session.exec(select(StockLevel).join(Variant).where(Variant.sku == sku)).one()
        return level.on_hand, level.allocated


def order_of(shop: Shop, number: str) -> Order:
    with shop.session() as session:
        return session.exec(select(Order).where(Order.number == int(re.sub(r"\D", "", number)))).one()


def test_a_choice_counts_before_the_server_has_answered_it(shopper: Shopper):
    shopper.open("/products/dune-mug")
    # Both clicks in one task of the browser: no answer can come in between.
    shopper.page.evaluate(
        """() => {
            document.querySelector('[data-testid="variant-option"][data-value="Oat"]').click()
            document.querySelector('[data-testid="add-to-cart"]').click()
        }"""
    )
    expect(shopper.see("cart-drawer").first).to_be_visible()
    expect(shopper.see("cart-line", sku="FH-DNM-OAT").first).to_be_visible()
    expect(shopper.see("cart-line")).to_have_count(1)


def test_from_the_home_page_to_a_paid_order(shopper: Shopper, shop: Shop):
    before = stock(shop, "FH-DNM-OAT")
    shopper.open("/")
    shopper.page.get_by_role("navigation", name="Categories").get_by_role("link", name="Table").click()
    expect(shopper.page).to_have_url(re.compile("category=table"))
    expect(shopper.see("result-count").first).to_contain_text("7")
    shopper.see("product-card", slug="dune-mug").locator("a").first.click()
    expect(shopper.page).to_have_url(re.compile("/products/dune-mug"))
    shopper.ready()
    shopper.choose("Oat")
    expect(shopper.see("product-price").first).to_contain_text("€19.00")
    shopper.add_to_cart()
    expect(shopper.see("cart-line", sku="FH-DNM-OAT").first).to_be_visible()
    expect(shopper.see("cart-count").first).to_have_text("1")
    shopper.open("/cart")
    expect(shopper.see("cart-subtotal").last).to_contain_text("€19.00")
    shopper.see("go-to-checkout").last.click()
    expect(shopper.page).to_have_url(re.compile("/checkout"))
    shopper.check_out()
    # €19.00 and €4.90 for delivery.
    expect(shopper.see("order-total").first).to_contain_text("€23.90")
    shopper.pay()
    shopper.pay_by_card()
    expect(shopper.page).to_have_url(re.compile("/orders/"))
    # By itself: nobody loads the page again.
    expect(shopper.see("order-status").first).to_have_text(PAID)

    order = order_of(shop, shopper.see("order-number").first.inner_text())
    assert (order.status, order.payment_status) == (OrderStatus.PLACED, PaymentStatus.PAID)
    assert (order.subtotal_minor, order.shipping_minor, order.total_minor) == (1900, 490, 2390)
    assert order.email == "sam@example.com"
    on_hand, allocated = before
    assert stock(shop, "FH-DNM-OAT") == (on_hand, allocated + 1)
    shopper.open("/cart")
    expect(shopper.see("cart-line")).to_have_count(0)


def test_the_same_way_on_a_phone(new_shopper: NewShopper, shop: Shop):
    shopper = new_shopper(size=PHONE)
    number = shopper.buy("ebb-plates")
    assert order_of(shop, number).payment_status == PaymentStatus.PAID


def test_a_declined_card_can_be_followed_by_another(shopper: Shopper, shop: Shop):
    shopper.fill_cart("pleat-lamp")
    shopper.check_out()
    shopper.pay()
    # Stripe's own answer to a declined card, which browsers call an error.
    shopper.expected.append("402")
    shopper.pay_by_card(DECLINED_CARD)
    expect(shopper.page.get_by_text(re.compile("declined", re.I)).first).to_be_visible()
    shopper.pay_by_card(GOOD_CARD)
    expect(shopper.see("order-status").first).to_have_text(PAID)
    assert order_of(shop, shopper.see("order-number").first.inner_text()).payment_status == PaymentStatus.PAID


def test_cancelling_at_the_payment_page_keeps_the_cart_and_gives_the_stock_back(shopper: Shopper, shop: Shop):
    before = stock(shop, "FH-LLL")
    shopper.fill_cart("lull-paper-lamp")
    shopper.check_out()
    shopper.pay()
    assert stock(shop, "FH-LLL") == (before[0], before[1] + 1)
    shopper.see("sandbox-cancel").click()
    expect(shopper.page).to_have_url(re.compile(re.escape(shopper.base)))
    shopper.ready()
    expect(shopper.see("order-status").first).to_contain_text(
        "Nothing was charged, and your cart is still there."
    )
    shopper.open("/cart")
    expect(shopper.see("cart-line", sku="FH-LLL").last).to_be_visible()
    assert stock(shop, "FH-LLL") == before


def test_what_was_typed_at_the_checkout_is_still_there_after_a_reload(shopper: Shopper):
    shopper.fill_cart("rinse-tumbler")
    shopper.check_out(email="again@example.com")
    expect(shopper.see("order-total").first).to_contain_text("€")
    shopper.open("/checkout")
    expect(shopper.page.locator('[autocomplete~="email"]').first).to_have_value("again@example.com")
    expect(shopper.page.locator('[autocomplete~="postal-code"]').first).to_have_value("10115")


def test_what_is_known_folds_and_is_sent_all_the_same(shopper: Shopper, shop: Shop):
    """Also what the browser filled in by itself; and the bill may go to another address."""
    shopper.fill_cart("dusk-pillar-candles")
    shopper.check_out()
    page = shopper.page
    page.locator('[name="locality"]').evaluate("(field) => { field.value = 'Potsdam' }")
    shopper.see("billing-same").click()
    shopper.see("billing-fields").wait_for()
    page.locator('[name="billing_country"]').select_option("GB")
    for name, text in BILL_TO.items():
        page.locator(f'[name="billing_{name}"]').fill(text)
    shopper.see("checkout-continue").click()
    expect(shopper.see("checkout-known")).to_contain_text("10115 Potsdam")
    expect(shopper.see("checkout-known")).to_contain_text("Bell Ltd")
    expect(page.locator('[name="locality"]')).to_be_hidden()

    shopper.open("/checkout")
    expect(shopper.see("checkout-known")).to_contain_text("10115 Potsdam")
    shopper.pay()
    shopper.pay_by_card(GOOD_CARD)
    expect(shopper.see("order-status").first).to_have_text(PAID)
    expect(page.locator("main")).to_contain_text("Billed to")
    order = order_of(shop, shopper.see("order-number").first.inner_text())
    assert (order.ship_to["locality"], order.bill_to["company"]) == ("Potsdam", "Bell Ltd")
    assert (order.country, order.bill_to["country"]) == ("DE", "GB")


def test_what_is_typed_in_another_script_is_bought_with_and_found_again(shopper: Shopper, shop: Shop):
    """One name, digits in full width, a host with an umlaut: shown and kept as they are read."""
    shopper.fill_cart("dune-mug")
    shopper.check_out(email="sam@müller.de")
    typed = {
        "given_name": "",
        "family_name": "علی\u200cرضا",
        "postal_code": "１０１１５",
        "phone": "after six",
    }
    for name, text in typed.items():
        shopper.page.locator(f'[name="{name}"]').fill(text)
    shopper.see("checkout-continue").click()
    expect(shopper.see("checkout-known")).to_contain_text("sam@müller.de")
    expect(shopper.see("checkout-known")).to_contain_text("علی\u200cرضا")
    expect(shopper.see("checkout-known")).to_contain_text("10115 Berlin")
    shopper.pay()
    shopper.pay_by_card(GOOD_CARD)
    number = shopper.see("order-number").first.inner_text()
    order = order_of(shop, number)
    assert (order.email, order.phone) == ("sam@müller.de", "after six")

    shopper.open("/orders/lookup")
    shopper.page.locator('[name="number"]').fill(number.translate(str.maketrans("0123456789", "٠١٢٣٤٥٦٧٨٩")))
    shopper.page.locator('main [name="email"]').fill("sam@xn--mller-kva.de")
    shopper.page.locator("main").get_by_role("button").first.click()
    expect(shopper.see("order-number").first).to_have_text(number)


def test_an_order_is_found_by_number_and_e_mail_and_by_nothing_else(shopper: Shopper):
    number = shopper.buy("pinch-salt-cellar")
    page = shopper.page
    for email, is_found in (("someone@example.com", False), ("sam@example.com", True)):
        shopper.open("/orders/lookup")
        page.get_by_label(re.compile("number", re.I)).first.fill(number)
        page.locator("main").get_by_label(re.compile("e-?mail", re.I)).first.fill(email)
        page.locator("main").get_by_role("button").first.click()
        if is_found:
            expect(shopper.see("order-number").first).to_have_text(number)
        else:
            expect(page).to_have_url(re.compile("/orders/lookup"))
            expect(page.locator("main")).to_contain_text(re.compile("no order|can't find|match", re.I))


def test_an_empty_form_says_what_is_missing_and_places_nothing(shopper: Shopper, shop: Shop):
    before = stock(shop, "FH-HLV-SAN")
    shopper.fill_cart("halo-vase")
    shopper.open("/checkout")
    shopper.see("pay").first.click()
    expect(shopper.page.get_by_text("5 things need your attention")).to_be_visible()
    shopper.page.get_by_role("link", name="Enter your name").click()
    expect(shopper.page.locator('[autocomplete~="given-name"]').first).to_be_focused()
    expect(shopper.page.locator('[autocomplete~="email"]').first).to_have_attribute("aria-invalid", "true")
    assert stock(shop, "FH-HLV-SAN") == before
