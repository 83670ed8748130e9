"""Products in the back office: from nothing to sold, two people at one product, what counts as unsaved."""

from __future__ import annotations

import re

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.journeys.conftest import NewShopper
from tests.journeys.shopper import PHONE, Shopper

WCAG = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]}


def sign_in(person: Shopper, who: str = "owner") -> Page:
    person.open("/admin/login")
    person.see("login-email").fill(f"{who}@example.com")
    person.see("login-password").fill(f"demo-{who}")
    person.see("login-submit").click()
    person.page.wait_for_url(re.compile(r"/admin$"))
    return person.page


def unsaved(page: Page) -> str:
    """What the save bar names; "" while nothing differs."""
    page.wait_for_timeout(100)
    bar = page.locator("[data-save-bar]")
    return page.locator("[data-changes]").inner_text() if bar.is_visible() else ""


def save(page: Page) -> None:
    page.keyboard.press("Control+s")
    expect(page.locator("form[data-changed]")).to_have_count(0)


def paste(page: Page, text: str) -> None:
    """Paste into the field that has the focus, as from a spreadsheet."""
    page.evaluate(
        """text => {
          const data = new DataTransfer();
          data.setData("text/plain", text);
          const event = new ClipboardEvent("paste", {clipboardData: data, bubbles: true, cancelable: true});
          document.activeElement.dispatchEvent(event);
        }""",
        text,
    )


def prices(page: Page) -> list[str]:
    return page.locator("[data-cell=price]").evaluate_all("cells => cells.map(cell => cell.value)")


def violations(page: Page) -> list[str]:
    found = Axe().run(page, options=WCAG).response["violations"]
    return [f"{rule['id']}: {node['html'][:160]}" for rule in found for node in rule["nodes"]]


def test_a_product_with_twelve_variants_from_nothing_to_sold(new_shopper: NewShopper):
    owner = new_shopper()
    page = sign_in(owner)
    owner.open("/admin/products/new")
    owner.see("product-name").fill("Pebble bowl")
    owner.see("product-create").click()
    page.wait_for_url(re.compile("/admin/products/pebble-bowl$"))
    stops = page.locator("[data-check][data-state=stop]")
    expect(stops).to_have_count(3)
    page.locator("[data-cell=price]").fill("24")
    page.locator("[data-cell=weight]").fill("1.2 kg")
    page.locator("#variants summary").click()
    for place, values in enumerate((("Moss", "Oat", "Clay", "Ink"), ("Small", "Medium", "Large"))):
        page.locator("#add-option").click()
        for value in values:
            page.locator(f"#option-{place}-new").fill(value)
            page.keyboard.press("Enter")
    expect(page.locator("tr[data-variant]")).to_have_count(12)
    assert unsaved(page) == "Price, Weight, 11 new variants, Options"
    page.locator("[data-cell=price]").nth(0).focus()
    paste(page, "20\n22\n24\n")
    page.locator("#status-active").check()
    page.locator("#field-description").fill("Thrown by **hand**.")
    save(page)
    assert prices(page)[:4] == ["20.00", "22.00", "24.00", "24.00"]
    expect(page.locator("[data-check=stock]")).to_have_attribute("data-state", "stop")
    sku = page.locator("[data-cell=sku]").nth(1).input_value()
    assert sku == "PEBBLE-BOWL-MOSS-MEDIUM"
    buyer = new_shopper()
    buyer.open(f"/products/pebble-bowl?variant={sku}")
    expect(buyer.see("product-title")).to_have_text("Pebble bowl")
    expect(buyer.see("product-price").first).to_have_text("€22.00")
    expect(buyer.page.locator("strong", has_text="hand")).to_be_visible()
    owner.open("/admin/products?q=pebble")
    expect(owner.see("product-row", slug="pebble-bowl")).to_be_visible()


def test_two_people_at_one_product(new_shopper: NewShopper):
    ana, kim = new_shopper(), new_shopper()
    first, second = sign_in(ana), sign_in(kim)
    for person in (ana, kim):
        person.open("/admin/products/ladder-shelf")
    first.locator("#field-title").fill("Ladder shelf A")
    first.locator("#field-vendor").fill("Ohl")
    second.locator("#field-title").fill("Ladder shelf B")
    second.locator("#field-subtitle").fill("Oak")
    save(first)
    second.keyboard.press("Control+s")
    expect(kim.see("conflict")).to_have_count(1)
    expect(kim.see("conflict")).to_contain_text("Ladder shelf A")
    # What the other changed elsewhere is there, what was typed here too.
    expect(second.locator("#field-vendor")).to_have_value("Ohl")
    expect(second.locator("#field-title")).to_have_value("Ladder shelf B")
    second.locator("[data-takes=title]").click()
    assert unsaved(second) == "Subtitle"
    save(second)
    expect(second.locator("h1")).to_have_text("Ladder shelf A")
    expect(second.locator("#field-subtitle")).to_have_value("Oak")


def test_unsaved_is_what_differs(new_shopper: NewShopper):
    owner = new_shopper()
    page = sign_in(owner)
    owner.open("/admin/products/dune-mug")
    assert unsaved(page) == ""
    title = page.locator("#field-title")
    typed = title.input_value()
    title.fill("Another")
    assert unsaved(page) == "Title"
    title.fill(typed)
    assert unsaved(page) == ""
    price = page.locator("[data-cell=price]")
    came = prices(page)
    price.nth(0).fill("1")
    price.nth(1).fill("2")
    assert unsaved(page) == "2 × Price"
    page.keyboard.press("Control+z")
    page.keyboard.press("Control+z")
    assert (prices(page), unsaved(page)) == (came, "")
    # Keys alone: down, a range, filled.
    price.nth(0).focus()
    page.keyboard.press("ArrowDown")
    expect(price.nth(1)).to_be_focused()
    page.keyboard.type("21.5")
    page.keyboard.press("Shift+ArrowDown")
    page.keyboard.press("Shift+ArrowDown")
    page.keyboard.press("Control+d")
    assert prices(page)[1:4] == ["21.5", "21.5", "21.5"]
    page.locator("#status-draft").check()
    assert unsaved(page) == "Visibility, 3 × Price"
    page.locator("[data-discards]").click()
    assert (prices(page), unsaved(page)) == (came, "")
    expect(page.locator("#status-active")).to_be_checked()
    # What is written in another way is stored, and no change any more.
    price.nth(0).fill("19,5")
    page.locator("#field-tags").fill("mug,coffee , gift")
    save(page)
    assert (prices(page)[0], unsaved(page)) == ("19.50", "")
    # What can't be taken stays, with its reason.
    price.nth(0).fill("much")
    page.locator("[data-cell=sku]").nth(1).fill("FH-LDS")
    page.keyboard.press("Control+s")
    expect(page.locator("[data-note]").first).to_have_text("Enter an amount such as 24.00.")
    assert prices(page)[0] == "much"


def test_the_pages_can_be_used_by_everybody(new_shopper: NewShopper):
    for size, dark in (((1280, 900), False), (PHONE, True)):
        owner = new_shopper(size=size, dark=dark)
        page = sign_in(owner)
        for path in ("/admin/products", "/admin/products/new", "/admin/products/dune-mug"):
            owner.open(path)
            page.wait_for_timeout(300)
            assert violations(page) == [], path
            assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), path
