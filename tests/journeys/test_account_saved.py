"""A guest saves things and shares the list by a link; an open page shows at once that it is taken back."""

from __future__ import annotations

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.journeys.conftest import NewShopper
from tests.journeys.shopper import DESKTOP, PHONE, Shopper
from tests.journeys.test_pages import WCAG

MUG, SLUG = "FH-DNM-OAT", "dune-mug"


def no_barriers(page: Page) -> None:
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        page.wait_for_timeout(200)
        violations = Axe().run(page, options=WCAG).response["violations"]
        assert [f"{rule['id']}: {node['html'][:160]}" for rule in violations for node in rule["nodes"]] == []
        width = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert width <= 0
    page.emulate_media(color_scheme="light")


def save(shopper: Shopper, slug: str, value: str) -> None:
    shopper.open(f"/products/{slug}")
    shopper.choose(value)
    button = shopper.see("save-for-list").first
    expect(button).to_have_attribute("aria-pressed", "false")
    button.click()
    expect(button).to_have_attribute("aria-pressed", "true")


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_saved_shared_and_taken_back(new_shopper: NewShopper, size: tuple[int, int]):
    guest, friend = new_shopper(size=size), new_shopper(size=size)
    save(guest, SLUG, "Oat")
    guest.open(f"/products/{SLUG}?variant={MUG}")
    expect(guest.see("save-for-list").first).to_have_attribute("aria-pressed", "true")

    guest.open("/account/saved")
    thing = guest.see("saved-thing", sku=MUG)
    expect(thing).to_contain_text("Oat")
    no_barriers(guest.page)

    guest.see("saved-remove").click()
    expect(thing).to_have_count(0)
    guest.see("saved-undo").click()
    expect(thing).to_have_count(1)

    guest.see("saved-share").click()
    link = guest.see("saved-link").input_value()
    path = link[link.index("/lists/") :]
    friend.open(path)
    expect(friend.see("saved-thing", sku=MUG)).to_be_visible()
    expect(friend.see("shared-whose")).to_have_count(0)
    assert friend.page.locator('meta[name="robots"]').get_attribute("content") == "noindex"
    no_barriers(friend.page)
    friend.see("saved-add").click()
    expect(friend.see("cart-line", sku=MUG)).to_be_visible()
    friend.page.keyboard.press("Escape")

    guest.see("saved-take-back").click()
    expect(friend.page.get_by_role("heading", name="There is no list here")).to_be_visible()
    friend.expected.append("404")
    answer = friend.page.goto(path)
    assert answer is not None
    assert answer.status == 404
