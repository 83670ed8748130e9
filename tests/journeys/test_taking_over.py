"""The served page until the reactive one takes over: nothing done in it gets lost, or counts twice."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, Route, expect

from tests.journeys.conftest import NewShopper
from tests.journeys.line import line
from tests.journeys.shopper import PHONE, Shopper
from tests.shop import Shop

SCRIPT = re.compile(r"/assets/entry\.client-[^/]+\.js")
SOCKET = re.compile(r"/_event")


def held(page: Page, path: str, *, wait: bool = True) -> Callable[[], None]:
    """Open a page whose reactive part starts only when the returned function is called.

    That function waits until the reactive page has taken over, unless told not to.
    """
    waiting: list[Route] = []
    page.route(SCRIPT, lambda route: waiting.append(route))
    page.goto(path, wait_until="domcontentloaded")
    expect(page.locator("#served h1")).to_be_visible()

    def go_on() -> None:
        for route in waiting:
            route.continue_()
        if wait:
            page.locator("#served").wait_for(state="detached")

    return go_on


def test_adding_before_the_page_is_ready_counts_once(shopper: Shopper):
    page = shopper.page
    go_on = held(page, "/products/dune-mug")
    add = page.locator('#served [data-testid="add-to-cart"]')
    add.click()
    add.click()
    expect(add).to_have_attribute("aria-busy", "true")
    go_on()
    expect(shopper.see("cart-drawer")).to_be_visible()
    expect(shopper.see("cart-count")).to_have_text("1")
    expect(shopper.see("cart-line")).to_have_count(1)


def test_what_was_chosen_and_stepped_before_is_what_is_added(shopper: Shopper):
    page = shopper.page
    go_on = held(page, "/products/dune-mug")
    served = page.locator("#served")
    served.locator('[data-testid="variant-option"][data-value="Moss"]').click()
    more = served.get_by_role("button", name="One more")
    more.click()
    more.click()
    served.locator('[data-testid="add-to-cart"]').click()
    go_on()
    line = shopper.see("cart-line")
    expect(line).to_have_count(1)
    expect(line).to_contain_text("Moss")
    expect(shopper.see("cart-count")).to_have_text("3")


def test_what_was_typed_unfolded_and_scrolled_goes_on(shopper: Shopper):
    page = shopper.page
    go_on = held(page, "/products/dune-mug")
    served = page.locator("#served")
    served.locator("summary").last.click()
    box = served.locator("#search")
    box.fill("moonstone")
    box.evaluate("node => { node.focus({preventScroll: true}); node.setSelectionRange(4, 6) }")
    page.evaluate("document.documentElement.scrollTo(0, 700)")
    go_on()
    box = page.locator("#search")
    expect(box).to_have_value("moonstone")
    expect(box).to_be_focused()
    assert box.evaluate("node => [node.selectionStart, node.selectionEnd]") == [4, 6]
    assert page.locator("main details").last.evaluate("node => node.open")
    assert page.evaluate("scrollY") == 700


def test_what_was_typed_is_searched_for(shopper: Shopper):
    go_on = held(shopper.page, "/")
    shopper.page.locator("#served #search").press_sequentially("moon")
    go_on()
    expect(shopper.see("search-suggestion").filter(has_text="Moonrise").first).to_be_visible()


def test_an_open_menu_stays_open(new_shopper: NewShopper):
    shopper = new_shopper(size=PHONE)
    page = shopper.page
    go_on = held(page, "/")
    page.locator("#served").get_by_role("button", name="Menu").click()
    expect(page.locator("#served dialog:modal")).to_be_visible()
    go_on()
    menu = page.locator("dialog#menu:modal")
    expect(menu).to_be_visible()
    page.keyboard.press("Escape")
    expect(menu).to_be_hidden()
    expect(page.get_by_role("button", name="Menu")).to_be_focused()


def test_the_pictures_stay_where_they_were_swiped_to(new_shopper: NewShopper):
    shopper = new_shopper(size=PHONE)
    page = shopper.page
    go_on = held(page, "/products/dune-mug")
    strip = "main [data-at]"
    page.locator(f"#served {strip}").evaluate(
        """node => new Promise((done) => {
            node.onscrollend = done
            node.scrollTo({left: node.clientWidth, behavior: "instant"})
        })"""
    )
    go_on()
    assert page.locator(strip).evaluate("node => Math.round(node.scrollLeft / node.clientWidth)") == 1


def test_nothing_is_taken_from_under_a_finger(shopper: Shopper):
    page = shopper.page
    go_on = held(page, "/products/dune-mug", wait=False)
    box = page.locator('#served [data-testid="add-to-cart"]').bounding_box()
    assert box
    page.mouse.move(box["x"] + 20, box["y"] + 20)
    page.mouse.down()
    go_on()
    page.locator('body > [data-ready="true"]').wait_for(state="attached")
    assert page.locator("#served").count() == 1
    page.mouse.up()
    expect(shopper.see("cart-count")).to_have_text("1")


def test_a_blocked_connection_is_said_and_links_work(shopper: Shopper):
    page = shopper.page
    shopper.expected.append("WebSocket")
    page.route_web_socket(SOCKET, lambda socket: socket.close())
    page.goto("/products/dune-mug")
    said = page.locator("#served").get_by_text("There is no connection to the shop right now.")
    expect(said).to_be_visible(timeout=3000)
    expect(page.locator("h1:visible")).to_have_text("Dune Mug")
    page.locator("#served").get_by_role("link", name="Table").first.click()
    expect(page).to_have_url(re.compile("category=table"))
    expect(page.locator('#served [data-testid="product-card"]').first).to_be_visible()


@pytest.mark.parametrize("path", ["/cart", "/checkout", "/orders/lookup"])
def test_without_a_connection_nothing_pretends_to_load(shopper: Shopper, path: str):
    page = shopper.page
    shopper.expected.append("WebSocket")
    page.route_web_socket(SOCKET, lambda socket: socket.close())
    page.goto(path)
    said = page.locator("#served").get_by_text("There is no connection to the shop right now.")
    expect(said).to_be_visible()
    assert page.locator(".skel:visible").count() == 0


def test_a_dropped_connection_is_said_and_what_is_pressed_counts_once(shopper: Shopper, shop: Shop):
    page = shopper.page
    shopper.expected.append("WebSocket")
    said = page.get_by_text("There is no connection to the shop right now.")
    add = shopper.see("add-to-cart").first
    with line(shop.url) as opened:
        shopper.base = opened.url
        shopper.open(opened.url + "/products/dune-mug")
        opened.cut()
        expect(said).to_be_visible()
        add.click()
        expect(add).to_have_attribute("aria-busy", "true")
        add.click(force=True)
        opened.mend()
        expect(shopper.see("cart-count")).to_have_text("1")
        expect(said).to_be_hidden()
        expect(shopper.see("cart-line")).to_have_count(1)
