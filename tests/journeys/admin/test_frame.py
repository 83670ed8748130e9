"""The back office's frame: the palette, keys, alerts, and what its pages and the storefront's load."""

from __future__ import annotations

import json
import re

import pytest
from playwright.sync_api import expect

from shop_app.web.shells import CLIENT
from tests.journeys.admin.test_orders import axe, bought, sign_in
from tests.journeys.conftest import NewShopper
from tests.journeys.shopper import DESKTOP, PHONE, Shopper

KB = 1024
MOST_SCRIPT = 230 * KB
PAGES = (
    "/admin",
    "/admin/orders",
    "/admin/products",
    "/admin/inventory",
    "/admin/staff",
    "/admin/audit",
    "/admin/settings",
)


def chosen(staff: Shopper) -> str:
    return staff.page.locator("#palette [aria-selected=true]").inner_text()


def test_the_palette_finds_records_pages_and_actions(new_shopper: NewShopper):
    number = bought(new_shopper(), "dune-mug")
    staff = sign_in(new_shopper())
    staff.open("/admin")
    staff.ready()
    staff.page.keyboard.press("Control+k")
    field = staff.page.get_by_role("combobox", name="Search or jump to")
    expect(field).to_be_focused()
    assert axe(staff.page) == []
    field.fill(number)
    expect(staff.page.locator("#palette [aria-selected=true]")).to_contain_text(f"Order {number}")
    field.press("Enter")
    staff.page.wait_for_url(f"**/admin/orders/{number}")
    staff.ready()
    # What can be done with the record at hand comes first.
    staff.page.keyboard.press("Control+k")
    expect(field).to_be_focused()
    field.fill("refund")
    expect(staff.page.locator("#palette [aria-selected=true]")).to_contain_text("Refund")
    field.press("Enter")
    expect(staff.see("refund-confirm")).to_be_visible()
    staff.page.keyboard.press("Escape")
    staff.page.keyboard.press("Control+k")
    field.fill("inventory")
    expect(staff.page.locator("#palette [aria-selected=true]")).to_contain_text("Inventory")
    field.press("Enter")
    staff.page.wait_for_url("**/admin/inventory")


def test_keys_press_what_shows_them_and_nothing_while_somebody_types(new_shopper: NewShopper):
    staff = sign_in(new_shopper())
    staff.open("/admin")
    staff.ready()
    staff.page.keyboard.type("go")
    staff.page.wait_for_url("**/admin/orders")
    staff.ready()
    staff.page.get_by_role("searchbox").first.click()
    staff.page.keyboard.type("gh?")
    expect(staff.page.get_by_role("searchbox").first).to_have_value("gh?")
    expect(staff.page.locator("#key-sheet")).to_be_hidden()
    staff.page.locator("h1").click()
    staff.page.keyboard.press("?")
    sheet = staff.page.locator("#key-sheet")
    expect(sheet).to_be_visible()
    expect(sheet).to_contain_text("Orders")
    single = sheet.get_by_role("checkbox")
    single.uncheck()
    staff.page.keyboard.press("Escape")
    staff.page.keyboard.type("gh")
    expect(staff.page.locator("h1")).to_have_text("Orders")
    staff.page.evaluate("localStorage.clear()")
    staff.page.keyboard.type("gh")
    staff.page.wait_for_url(re.compile(r"/admin$"))


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_every_page_is_accessible_fits_and_stays_in_place(
    new_shopper: NewShopper, size: tuple[int, int], dark: bool
):
    staff = sign_in(new_shopper(size=size, dark=dark))
    for path in PAGES:
        staff.open(path)
        staff.page.evaluate(
            "window.shift = 0; new PerformanceObserver((list) => list.getEntries().forEach((entry) => {"
            " if (!entry.hadRecentInput) window.shift += entry.value; }))"
            ".observe({ type: 'layout-shift', buffered: true })"
        )
        staff.ready()
        staff.page.wait_for_load_state("networkidle")
        assert axe(staff.page) == [], path
        width = staff.page.evaluate("document.documentElement.scrollWidth")
        assert width <= size[0], path
        assert staff.page.evaluate("window.shift") < 0.05, path


def test_a_page_of_the_back_office_is_light(new_shopper: NewShopper):
    staff = sign_in(new_shopper())
    weights: dict[str, int] = {}
    for path in PAGES:
        staff.requests.clear()
        staff.open(path)
        staff.ready()
        staff.page.wait_for_load_state("networkidle")
        weights[path] = sum(
            request.sizes()["responseBodySize"]
            for request in list(staff.requests)
            if request.resource_type == "script" and request.response() is not None
        )
    assert all(weights.values()), "something wasn't measured"
    assert {path: weight for path, weight in weights.items() if weight > MOST_SCRIPT} == {}


def test_no_file_of_the_storefront_has_a_byte_of_the_back_office(shop):
    manifest = next((CLIENT / "assets").glob("manifest-*.js")).read_text()
    match = re.search(r"window\.__reactRouterManifest=(\{.*\});?\s*$", manifest, re.DOTALL)
    assert match
    data = json.loads(match[1])
    loaded = {data["entry"]["module"], *data["entry"].get("imports", ())}
    for route in data["routes"].values():
        if not (route.get("path") or "").startswith("admin"):
            loaded |= {route["module"], *route.get("imports", ())}
    assert len(loaded) > 10
    for name in sorted(loaded):
        text = (CLIENT / name.lstrip("/")).read_text()
        assert "state___admin" not in text, name
        assert "/admin/orders" not in text, name
