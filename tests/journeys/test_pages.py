"""Every page of the storefront, in light and dark, on phone and desktop: for everyone, in any width."""

from __future__ import annotations

import re

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from tests.journeys.conftest import NewShopper
from tests.journeys.shopper import DESKTOP, NARROW, PHONE, WIDE, Shopper

PAGES = {
    "home": "/",
    "catalogue": "/products",
    "category": "/products?category=table",
    "search": "/products?q=lamp",
    "nothing found": "/products?q=zzzz",
    "product": "/products/dune-mug",
    "sold out": "/products/wren-bird",
    "cart": "/cart",
    "checkout": "/checkout",
    "lookup": "/orders/lookup",
    "withdrawal": "/withdrawal",
    "about": "/about",
    "delivery": "/delivery",
    "returns": "/returns",
    "privacy": "/privacy",
    "terms": "/terms",
    "lost": "/no/such/page",
}
WCAG = {"runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]}}


def visit(shopper: Shopper, name: str) -> None:
    if name in ("cart", "checkout"):
        shopper.fill_cart("dune-mug", value="Oat")
    if name == "lost":
        shopper.expected.append("404")
    shopper.open(PAGES[name])
    shopper.page.wait_for_load_state("networkidle")


@pytest.mark.parametrize(("size", "odd_size"), [(DESKTOP, WIDE), (PHONE, NARROW)], ids=["desktop", "phone"])
@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_for_everyone_in_both_colours_and_any_width(
    new_shopper: NewShopper, name: str, size: tuple[int, int], odd_size: tuple[int, int]
):
    shopper = new_shopper(size=size)
    visit(shopper, name)
    problems = axe(shopper, "light")
    shopper.page.emulate_media(color_scheme="dark", reduced_motion="reduce")
    expect(shopper.page.locator("html")).to_have_class(re.compile(r"\bdark\b"))
    problems += axe(shopper, "dark")
    for width, height in (size, odd_size):
        shopper.page.set_viewport_size({"width": width, "height": height})
        problems += [f"{width}: {what}" for what in too_wide(shopper)]
    assert problems == []


def axe(shopper: Shopper, colours: str) -> list[str]:
    violations = Axe().run(shopper.page, options=WCAG).response["violations"]
    return [f"{colours}: {rule['id']}: {node['html'][:160]}" for rule in violations for node in rule["nodes"]]


def too_wide(shopper: Shopper) -> list[str]:
    """What stands out of the window, once the page has taken its width."""
    return shopper.page.evaluate(
        """() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => {
            const limit = document.documentElement.clientWidth
            const hidden = (node) => {
                for (let up = node.parentElement; up; up = up.parentElement)
                    if (getComputedStyle(up).overflowX !== 'visible') return true
                return false
            }
            done([document.documentElement.scrollWidth > limit ? 'the page scrolls sideways' : '']
                .concat([...document.querySelectorAll('body *')]
                    .filter((node) => node.getBoundingClientRect().right > limit + 1 && !hidden(node))
                    .map((node) => node.outerHTML.slice(0, 120)))
                .filter(Boolean).slice(0, 5))
        })))"""
    )


@pytest.mark.parametrize("name", ["home", "catalogue", "product"])
def test_the_keyboard_reaches_the_content_first(new_shopper: NewShopper, name: str):
    shopper = new_shopper()
    visit(shopper, name)
    shopper.page.keyboard.press("Tab")
    assert shopper.page.evaluate("document.activeElement.getAttribute('href')") == "#main"
    shopper.page.keyboard.press("Enter")
    assert shopper.page.evaluate("document.activeElement.id") == "main"


def test_the_drawer_and_the_open_search_are_for_everyone_too(new_shopper: NewShopper):
    shopper = new_shopper()
    shopper.fill_cart("dune-mug", value="Oat")
    problems = axe(shopper, "drawer")
    shopper.page.keyboard.press("Escape")
    shopper.see("search-input").first.fill("lamp")
    shopper.see("search-suggestion").first.wait_for()
    assert problems + axe(shopper, "search") == []


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_checkout_is_for_everyone_with_all_its_fields_and_folded(new_shopper: NewShopper, dark: bool):
    shopper = new_shopper(dark=dark)
    shopper.fill_cart("dune-mug", value="Oat")
    shopper.check_out()
    shopper.see("billing-same").click()
    shopper.see("billing-fields").wait_for()
    problems = axe(shopper, "open")
    shopper.see("billing-same").click()
    shopper.see("checkout-continue").click()
    shopper.see("checkout-known").wait_for()
    assert problems + axe(shopper, "folded") == []
