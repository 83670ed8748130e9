"""Staff work on orders: in parts, without a mouse, two at once, and on a phone."""

from __future__ import annotations

import re

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.journeys.conftest import NewShopper
from tests.journeys.shopper import DESKTOP, PHONE, Shopper
from tests.journeys.test_pages import WCAG

expect.set_options(timeout=15_000)


def sign_in(person: Shopper, who: str = "owner") -> Shopper:
    """The same visitor, signed in as that demo member of staff."""
    person.open("/admin/login")
    person.see("login-email").fill(f"{who}@example.com")
    person.see("login-password").fill(f"demo-{who}")
    person.see("login-submit").click()
    person.page.wait_for_url(re.compile(r"/admin(?!/login)"))
    person.ready()
    return person


def axe(page: Page) -> list[str]:
    violations = Axe().run(page, options=WCAG).response["violations"]
    return [f"{rule['id']}: {node['html'][:160]}" for rule in violations for node in rule["nodes"]]


def bought(person: Shopper, *slugs: str) -> str:
    """The number of a paid order of these."""
    for slug in slugs[:-1]:
        person.fill_cart(slug)
        person.page.keyboard.press("Escape")
        expect(person.see("cart-drawer").first).to_be_hidden()
    return re.sub(r"\D", "", person.buy(slugs[-1]))


def status(person: Shopper, word: str) -> None:
    expect(person.page.locator("main [data-status]").get_by_text(word, exact=True).first).to_be_visible()


def test_an_order_is_sent_in_parts_and_refunded_in_parts(new_shopper: NewShopper):
    buyer = new_shopper()
    number = bought(buyer, "shoal-bowl", "shoal-bowl")
    staff = sign_in(new_shopper())
    staff.open(f"/admin/orders/{number}")
    assert axe(staff.page) == []
    # One of two.
    units = staff.page.locator("#pack input[type=number]")
    expect(units).to_have_value("2")
    units.fill("1")
    staff.page.get_by_label("Carrier").first.fill("DHL")
    staff.page.get_by_label("Tracking number or address").first.fill("00340434161094042557")
    staff.see("order-fulfil").click()
    status(staff, "Part shipped")
    expect(staff.see("order-shipment")).to_have_count(1)
    expect(staff.page.get_by_role("link", name="00340434161094042557")).to_have_attribute(
        "href", re.compile("^https://www.dhl.com/")
    )
    # The buyer's open page says so by itself.
    expect(buyer.page.get_by_text("A part of it is on its way").first).to_be_visible()
    staff.see("order-fulfil").click()
    status(staff, "Shipped")
    expect(staff.see("order-shipment")).to_have_count(2)
    # Two refunds, and one too much.
    for times in (1, 2):
        staff.see("order-refund").click()
        expect(staff.page.locator("#order-refund")).to_be_visible()
        staff.see("refund-amount").fill("5.00")
        expect(staff.see("refund-confirm")).to_have_text("Refund €5.00")
        if times == 1:
            assert axe(staff.page) == []
        staff.see("refund-confirm").dblclick()
        expect(staff.page.locator("#order-refund")).to_be_hidden()
        expect(staff.see("order-refunded")).to_have_count(times)
    status(staff, "Part refunded")
    staff.see("order-refund").click()
    staff.see("refund-amount").fill("5000")
    staff.see("refund-confirm").click()
    expect(staff.see("form-refused").first).to_contain_text("That is more than the")
    expect(staff.see("refund-amount")).to_have_value("5000")
    staff.page.keyboard.press("Escape")
    expect(staff.see("order-refunded")).to_have_count(2)


def test_an_order_is_sent_and_refunded_without_a_mouse(new_shopper: NewShopper):
    number = bought(new_shopper(), "dune-mug")
    staff = sign_in(new_shopper(dark=True))
    keys = staff.page.keyboard
    staff.page.wait_for_timeout(300)
    keys.type("go")
    staff.page.wait_for_url(re.compile("/admin/orders"))
    staff.ready()
    row = staff.see("order-row", number=number)
    expect(row).to_be_visible()
    assert axe(staff.page) == []
    staff.page.locator("[data-list-table]").focus()
    keys.press("j")
    expect(row).to_be_focused()
    # A look beside the list, and on with an arrow.
    keys.press("Space")
    peek = staff.page.locator("#order-peek")
    expect(peek).to_contain_text(f"Order {number}")
    keys.press("ArrowDown")
    expect(peek).not_to_contain_text(f"Order {number}")
    keys.press("Escape")
    expect(peek).to_be_hidden()
    row.focus()
    keys.press("Enter")
    staff.page.wait_for_url(re.compile(f"/admin/orders/{number}"))
    expect(staff.page.locator("h1")).to_have_text(number)
    expect(staff.see("order-fulfil")).to_be_visible()
    staff.ready()
    keys.type("ff")
    status(staff, "Shipped")
    keys.type("r")
    staff.page.locator("#order-refund").wait_for()
    staff.see("refund-amount").focus()
    keys.type("3.50")
    keys.press("Enter")
    expect(staff.see("order-refunded")).to_have_count(1)


def test_two_people_on_one_order_see_each_other_and_lose_nothing(new_shopper: NewShopper):
    number = bought(new_shopper(), "dune-mug")
    olga, second = sign_in(new_shopper()), sign_in(new_shopper())
    clerk = sign_in(new_shopper(), "clerk")
    for person in (olga, second, clerk):
        person.open(f"/admin/orders/{number}")
    expect(clerk.see("order-others")).to_contain_text("Olga")
    # What somebody isn't allowed to do isn't offered.
    expect(clerk.see("order-refund")).to_have_count(0)
    for person in (olga, second):
        person.see("address-edit").click()
        person.page.locator("#field-line1").wait_for()
    olga.page.locator("#field-line1").fill("Lindenstraße 5")
    olga.see("address-save").click()
    # Everybody's page follows by itself.
    expect(clerk.page.get_by_text("Lindenstraße 5").first).to_be_visible()
    second.page.locator("#field-line1").fill("Ahornweg 7")
    second.see("address-save").click()
    expect(second.see("address-theirs")).to_contain_text("Lindenstraße 5")
    expect(second.page.locator("#field-line1")).to_have_value("Ahornweg 7")
    second.see("address-save").click()
    expect(olga.page.locator("address").get_by_text("Ahornweg 7").first).to_be_visible()
    # One packs while the other looks on.
    clerk.see("order-fulfil").click()
    status(olga, "Shipped")
    expect(olga.see("address-edit")).to_have_count(0)


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_an_order_is_seen_sent_and_refunded_on_a_phone(new_shopper: NewShopper, dark: bool):
    number = bought(new_shopper(), "shoal-bowl")
    staff = sign_in(new_shopper(size=PHONE, dark=dark))
    staff.open("/admin/orders?tab=to-pack")
    assert axe(staff.page) == []
    staff.see("order-row", number=number).get_by_role("link").first.tap()
    staff.page.wait_for_url(re.compile(f"/admin/orders/{number}"))
    staff.ready()
    staff.see("order-fulfil").tap()
    status(staff, "Shipped")
    staff.see("order-refund").tap()
    staff.page.locator("#order-refund input[type=number]").first.fill("1")
    expect(staff.see("refund-amount")).to_have_value(re.compile(r"^\d+\.\d\d$"))
    amount = staff.see("refund-amount").input_value()
    expect(staff.see("refund-confirm")).to_have_text(f"Refund €{amount}")
    assert axe(staff.page) == []
    staff.see("refund-confirm").tap()
    expect(staff.see("order-refunded")).to_have_count(1)
    assert axe(staff.page) == []
    assert staff.page.evaluate("document.documentElement.scrollWidth") <= PHONE[0]


def test_a_slip_is_printed_and_reasons_are_the_shops_own(new_shopper: NewShopper):
    number = bought(new_shopper(), "shoal-bowl")
    staff = sign_in(new_shopper(size=DESKTOP))
    staff.open(f"/admin/orders/{number}/slip")
    expect(staff.see("packing-slip", number=number)).to_contain_text("Shoal Bowl")
    assert axe(staff.page) == []
    staff.open("/admin/settings/reasons")
    assert axe(staff.page) == []
    add = staff.see("reason-add", kind="refund")
    add.get_by_label("New reason").fill("Lost on its way")
    add.get_by_role("button", name="Add").click()
    expect(staff.see("reasons", kind="refund").locator("input[name=label]").last).to_have_value(
        "Lost on its way"
    )
    staff.open(f"/admin/orders/{number}")
    staff.see("order-refund").click()
    expect(staff.page.locator("#order-refund option", has_text="Lost on its way")).to_have_count(1)
