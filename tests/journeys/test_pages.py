"""Every page of the storefront, in light and dark, on phone and desktop: for everyone, in any width."""

from __future__ import annotations

import pytest
from axe_playwright_python.sync_playwright import Axe

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


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
@pytest.mark.parametrize("name", PAGES)
def test_axe_finds_nothing(new_shopper: NewShopper, name: str, size: tuple[int, int], dark: bool):
    shopper = new_shopper(size=size, dark=dark)
    visit(shopper, name)
    violations = Axe().run(shopper.page, options=WCAG).response["violations"]
    assert [f"{rule['id']}: {node['html'][:160]}" for rule in violations for node in rule["nodes"]] == []


@pytest.mark.parametrize("size", [NARROW, WIDE], ids=["320", "1920"])
@pytest.mark.parametrize("name", PAGES)
def test_nothing_is_wider_than_the_window(new_shopper: NewShopper, name: str, size: tuple[int, int]):
    shopper = new_shopper(size=size)
    visit(shopper, name)
    wide = shopper.page.evaluate(
        """() => {
            const limit = document.documentElement.clientWidth
            const hidden = (node) => {
                for (let up = node.parentElement; up; up = up.parentElement)
                    if (getComputedStyle(up).overflowX !== 'visible') return true
                return false
            }
            return [document.documentElement.scrollWidth > limit ? 'the page scrolls sideways' : '']
                .concat([...document.querySelectorAll('body *')]
                    .filter((node) => node.getBoundingClientRect().right > limit + 1 && !hidden(node))
                    .map((node) => node.outerHTML.slice(0, 120)))
                .filter(Boolean).slice(0, 5)
        }"""
    )
    assert wide == []


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
    violations = Axe().run(shopper.page, options=WCAG).response["violations"]
    shopper.page.keyboard.press("Escape")
    shopper.see("search-input").first.fill("lamp")
    shopper.see("search-suggestion").first.wait_for()
    violations += Axe().run(shopper.page, options=WCAG).response["violations"]
    assert [f"{rule['id']}: {node['html'][:160]}" for rule in violations for node in rule["nodes"]] == []


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_checkout_is_for_everyone_with_all_its_fields_and_folded(new_shopper: NewShopper, dark: bool):
    shopper = new_shopper(dark=dark)
    shopper.fill_cart("dune-mug", value="Oat")
    shopper.check_out()
    shopper.see("billing-same").click()
    shopper.see("billing-fields").wait_for()
    violations = Axe().run(shopper.page, options=WCAG).response["violations"]
    shopper.see("billing-same").click()
    shopper.see("checkout-continue").click()
    shopper.see("checkout-known").wait_for()
    violations += Axe().run(shopper.page, options=WCAG).response["violations"]
    assert [f"{rule['id']}: {node['html'][:160]}" for rule in violations for node in rule["nodes"]] == []
