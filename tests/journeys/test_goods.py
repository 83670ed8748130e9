"""Stock and pictures in the browser: restocked and counted on a phone, pictures put in order by keys."""

from __future__ import annotations

import io

import pytest
from axe_playwright_python.sync_playwright import Axe
from PIL import Image
from playwright.sync_api import Locator, expect

from shop_app.core import db
from tests.factories import stock_of
from tests.journeys.conftest import NewShopper
from tests.journeys.shopper import DESKTOP, PHONE, Shopper
from tests.journeys.test_pages import WCAG
from tests.shop import Shop

BOWL, SLUG = "FH-SHL-RUS", "shoal-bowl"
PAGES = {
    "inventory": "/admin/inventory",
    "a variant": f"/admin/inventory/{BOWL}",
    "counting": "/admin/stocktake",
    "categories": "/admin/categories",
    "collections": "/admin/collections",
    "a collection": "/admin/collections/featured",
}


def sign_in(person: Shopper, who: str = "owner") -> Shopper:
    person.open("/admin/login")
    person.see("login-email").fill(f"{who}@example.com")
    person.see("login-password").fill(f"demo-{who}")
    person.see("login-submit").click()
    person.page.wait_for_url(lambda url: "/admin/login" not in url)
    return person


def on_hand(shop: Shop) -> int:
    with db.reading(on=shop.engine) as session:
        return stock_of(session, BOWL)[0]


def number(person: Shopper, name: str) -> Locator:
    return person.see("stock-number", name=name)


def test_restocked_and_counted_on_a_phone(new_shopper: NewShopper, shop: Shop):
    clerk, before = sign_in(new_shopper(size=PHONE), "clerk"), on_hand(shop)
    page = clerk.page
    clerk.open(f"/admin/inventory/{BOWL}")
    for _ in range(3):
        page.get_by_role("button", name="One unit more").tap()
    clerk.see("stock-reason").select_option("delivery")
    clerk.see("stock-adjust").tap()
    expect(number(clerk, "on-hand")).to_have_text(str(before + 3))
    page.get_by_role("button", name="Undo").tap()
    expect(page.get_by_text(f"{BOWL} is as it was before")).to_be_visible()
    assert on_hand(shop) == before
    # A scanner types the code and Enter, and so does the count after it.
    clerk.open("/admin/stocktake")
    clerk.see("scan").fill(BOWL)
    page.keyboard.press("Enter")
    expect(clerk.see("count-units")).to_be_focused()
    page.keyboard.type(str(before - 1))
    page.keyboard.press("Enter")
    expect(clerk.see("count-line", sku=BOWL)).to_contain_text("−1")
    expect(clerk.see("scan")).to_be_focused()
    page.keyboard.type("0000000000000")
    page.keyboard.press("Enter")
    expect(clerk.see("count-error")).to_contain_text("No variant has this SKU or barcode")
    clerk.see("stocktake-book").tap()
    clerk.see("stocktake-confirm").tap()
    expect(clerk.see("count-summary")).to_have_text("0 counted, 0 differ")
    assert on_hand(shop) == before - 1


def picture(colour: str) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (60, 80), colour).save(out, "PNG")
    return out.getvalue()


def keys(person: Shopper) -> list[str]:
    return person.see("picture").evaluate_all("tiles => tiles.map(tile => tile.dataset.key)")


def test_three_pictures_are_added_and_put_in_order_by_keys(new_shopper: NewShopper):
    owner = sign_in(new_shopper())
    owner.expected.append("422")
    owner.open(f"/admin/products/{SLUG}")
    owner.see("picture").first.wait_for()
    before = keys(owner)
    files = [
        {"name": f"{colour}.png", "mimeType": "image/png", "buffer": picture(colour)}
        for colour in ("red", "green", "blue")
    ]
    lie = {"name": "lie.jpg", "mimeType": "image/jpeg", "buffer": b"<html><script>1</script>"}
    owner.see("picture-files").set_input_files([*files, lie])  # pyright: ignore[reportArgumentType]
    expect(owner.page.get_by_text("3 pictures were added. 1 file was refused.")).to_be_visible()
    expect(owner.page.get_by_text("lie.jpg: This file isn't a picture")).to_be_visible()
    expect(owner.see("picture")).to_have_count(len(before) + 3)
    red, green, blue = keys(owner)[-3:]
    owner.see("picture", key=blue).locator("[data-picture-button]").focus()
    owner.page.keyboard.press("Alt+ArrowLeft")
    expect(owner.see("picture").last).to_have_attribute("data-key", green)
    owner.page.keyboard.press("Alt+ArrowLeft")
    expect(owner.see("picture").nth(-2)).to_have_attribute("data-key", red)
    expect(owner.see("picture", key=blue).locator("[data-picture-button]")).to_be_focused()
    assert keys(owner) == [*before, blue, red, green]


@pytest.mark.parametrize(("size", "dark"), [(DESKTOP, False), (PHONE, True)], ids=["light", "dark phone"])
def test_axe_finds_nothing(new_shopper: NewShopper, size: tuple[int, int], dark: bool):
    owner = sign_in(new_shopper(size=size, dark=dark))
    wrong = []
    for name, path in PAGES.items():
        owner.open(path)
        for rule in Axe().run(owner.page, options=WCAG).response["violations"]:
            wrong += [f"{name}: {rule['id']}: {node['html'][:160]}" for node in rule["nodes"]]
        wide = owner.page.evaluate(
            "document.documentElement.scrollWidth > document.documentElement.clientWidth"
        )
        wrong += [f"{name} scrolls sideways"] if wide else []
    assert wrong == []
