"""A list as staff use it: filtered, chosen from, worked on in the background, kept as a view, and taken along."""

from __future__ import annotations

import csv
import io
import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.journeys.admin.test_orders import axe, sign_in
from tests.journeys.conftest import NewShopper
from tests.journeys.shopper import DESKTOP, PHONE


def rows(page: Page):
    return page.locator("[data-record]")


def count_of(page: Page) -> int:
    return int(re.sub(r"\D", "", page.get_by_test_id("list-count").inner_text()))


def filter_by(page: Page, name: str, word: str) -> None:
    """Choose one word of a filter in the menu."""
    page.locator("[data-testid=list-filters] > summary").click()
    page.locator(f"[data-testid=list-filters] summary[data-name={name}]").click()
    opened = page.locator(f"[data-testid=list-filters] details[open]:has(summary[data-name={name}])")
    opened.get_by_text(word, exact=True).click()
    opened.get_by_role("button", name="Apply").click()


def test_a_list_is_filtered_kept_as_a_view_and_taken_along(new_shopper: NewShopper):
    staff = sign_in(new_shopper())
    page = staff.page
    staff.open("/admin/orders")
    expect(rows(page)).to_have_count(50)
    filter_by(page, "status", "Cancelled")
    chip = page.locator("[data-testid=list-chip][data-name=status]")
    expect(chip).to_contain_text("Status: Cancelled")
    expect(page).to_have_url(re.compile(r"[?&]status=cancelled"))
    # Sorted by its head, and back again by the browser's button.
    page.get_by_role("columnheader", name="Total").get_by_role("link").click()
    expect(page.locator("th[aria-sort=descending]")).to_contain_text("Total")
    page.go_back()
    expect(page.locator("th[aria-sort=descending]")).not_to_contain_text("Total")
    page.go_forward()
    expect(page.locator("th[aria-sort=descending]")).to_contain_text("Total")
    # A view of one's own, found among the tabs.
    page.get_by_role("button", name="Save as a view").click()
    page.get_by_label("Name", exact=True).first.fill("Lost")
    page.get_by_role("button", name="Save view").click()
    tab = page.get_by_role("link", name=re.compile("^Lost"))
    expect(tab).to_have_attribute("aria-current", "page")
    # What is filtered, in a file.
    found = count_of(page)
    page.locator("[data-testid=list-export] > summary").click()
    with page.expect_download() as begun:
        page.get_by_test_id("export-csv").click()
    text = Path(str(begun.value.path())).read_text(encoding="utf-8-sig")
    assert len(list(csv.reader(io.StringIO(text)))) == found + 1
    # Nothing fits: it is said why, and how to get out.
    staff.open("/admin/orders?status=cancelled&total=min:9999999")
    expect(page.get_by_test_id("list-empty")).to_contain_text("Without “Total: from €99,999.99”")
    page.get_by_role("link", name="Show all").click()
    expect(rows(page)).to_have_count(50)


def test_rows_are_chosen_with_the_mouse_and_the_keys(new_shopper: NewShopper):
    staff = sign_in(new_shopper())
    page = staff.page
    staff.open("/admin/orders")
    boxes = page.locator("[data-choose]")
    boxes.nth(1).click()
    boxes.nth(4).click(modifiers=["Shift"])
    chosen = page.locator("[data-chosen]")
    expect(chosen).to_have_text("4 chosen")
    page.locator("[data-choose-all]").click()
    expect(chosen).to_have_text("50 chosen")
    page.locator("[data-choose-every]").click()
    expect(chosen).to_have_text("All 1,000+ chosen")
    page.locator("[data-list-table]").focus()
    page.keyboard.press("Escape")
    expect(page.locator("[data-bulk]")).to_be_hidden()
    # Two down, one up, chosen, opened.
    for key in ("j", "j", "j", "k", "x"):
        page.keyboard.press(key)
    expect(page.locator("[data-record][data-selected]")).to_have_count(1)
    number = rows(page).nth(1).get_attribute("data-number")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(f"/admin/orders/{number}$"))
    # Back to the list as it was.
    page.go_back()
    expect(rows(page)).to_have_count(50)


def test_the_next_page_and_the_one_before(new_shopper: NewShopper):
    staff = sign_in(new_shopper())
    page = staff.page
    staff.open("/admin/orders")
    first = rows(page).first.get_attribute("data-number")
    page.get_by_role("link", name="Next").click()
    expect(rows(page).first).not_to_have_attribute("data-number", first or "")
    page.get_by_role("link", name="Previous").click()
    expect(rows(page).first).to_have_attribute("data-number", first or "")


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("size", [PHONE, DESKTOP], ids=["phone", "desktop"])
def test_axe_finds_nothing_in_lists(new_shopper: NewShopper, size: tuple[int, int], dark: bool):
    staff = sign_in(new_shopper(size=size, dark=dark))
    for path in (
        "/admin/orders",
        "/admin/settings/letters-sent",
        "/admin/settings/jobs",
        "/admin/settings/database",
    ):
        staff.open(path)
        assert axe(staff.page) == [], path
    staff.open("/admin/orders?status=placed&total=min:3000")
    staff.page.locator("[data-testid=list-filters] > summary").click()
    staff.page.locator("[data-choose]").first.click(force=True)
    assert axe(staff.page) == []
    assert staff.page.evaluate("document.documentElement.scrollWidth <= innerWidth")
