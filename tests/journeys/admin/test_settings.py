"""A setting of the shop changes, and open tabs and served pages show it; nothing bars anybody from it."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.journeys.admin.test_orders import axe, sign_in
from tests.journeys.conftest import NewShopper
from tests.journeys.shopper import DESKTOP, PHONE

PAGES = ("", "/shop", "/legal", "/legal/terms", "/letters")


def test_a_changed_name_is_seen_on_an_open_tab_and_in_served_pages(new_shopper: NewShopper):
    shopper, staff = new_shopper(), sign_in(new_shopper())
    shopper.open("/products/dune-mug")
    staff.open("/admin/settings/shop")
    name = staff.page.get_by_label("Name of the shop")
    before = name.input_value()
    name.fill("Tide & Twine")
    expect(staff.page.locator("[data-changes]")).to_have_text("Name of the shop")
    staff.page.get_by_role("button", name="Save", exact=True).click()
    expect(staff.page.get_by_text("Saved. The shop shows it now")).to_be_visible()
    expect(shopper.page).to_have_title("Dune Mug · Tide & Twine")
    expect(shopper.page.locator("header").get_by_role("link", name="Tide & Twine")).to_be_visible()
    shopper.open("/imprint")
    expect(shopper.page).to_have_title("Imprint · Tide & Twine")
    name.fill(before)
    staff.page.get_by_role("button", name="Save", exact=True).click()
    expect(shopper.page).to_have_title(f"Imprint · {before}")


def test_a_value_that_cant_be_kept_stays_typed_with_its_reason(new_shopper: NewShopper):
    staff = sign_in(new_shopper())
    staff.open("/admin/settings/shop")
    mail = staff.page.get_by_label("E-mail for shoppers")
    mail.fill("nobody")
    staff.page.get_by_role("button", name="Save", exact=True).click()
    expect(staff.page.locator("#field-contact_email-note")).to_contain_text("Enter an e-mail address like")
    expect(mail).to_have_value("nobody")


@pytest.mark.parametrize("screen", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_the_settings_have_no_barriers(new_shopper: NewShopper, screen):
    staff = sign_in(new_shopper(size=screen))
    for page in PAGES:
        staff.open(f"/admin/settings{page}")
        staff.ready()
        assert axe(staff.page) == [], page
