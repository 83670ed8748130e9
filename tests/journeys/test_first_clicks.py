"""A click counts once whenever it comes: before any script, while the page starts, while the line is gone."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest
from playwright.sync_api import Page, Route, WebSocketRoute, expect

from tests.journeys.conftest import NewShopper
from tests.journeys.shopper import Shopper

PRODUCT = "/products/dune-mug"
TAKING_OVER = re.compile(r"/served\.js")
REACTIVE = re.compile(r"/assets/entry\.client-[^/]+\.js")
SOCKET = re.compile(r"/_event")


def held(page: Page, *patterns: re.Pattern[str]) -> Callable[[], None]:
    """Answers to these requests wait until the returned function is called."""
    waiting: list[Route] | None = []

    def come(route: Route) -> None:
        if waiting is None:
            route.continue_()
        else:
            waiting.append(route)

    def go_on() -> None:
        nonlocal waiting
        routes, waiting = waiting or [], None
        for route in routes:
            route.continue_()

    for pattern in patterns:
        page.route(pattern, come)
    return go_on


@dataclass
class Wire:
    """The page's socket: what goes through it either way may be kept or swallowed, and the line cut."""

    up: Callable[[str], bool] = lambda _frame: True
    """Whether a frame of the page is handed on."""
    down: Callable[[str], bool] = lambda _frame: True
    """Whether a frame of the server is."""
    swallowed: list[str] = field(default_factory=list)
    kept: list[str] = field(default_factory=list)
    lines: list[tuple[WebSocketRoute, WebSocketRoute]] = field(default_factory=list)

    def open(self, line: WebSocketRoute) -> None:
        server = line.connect_to_server()
        self.lines.append((line, server))
        line.on_message(lambda frame: self._hand_on(str(frame), server, self.up, self.swallowed))
        server.on_message(lambda frame: self._hand_on(str(frame), line, self.down, self.kept))

    def _hand_on(
        self, frame: str, to: WebSocketRoute, passes: Callable[[str], bool], stopped: list[str]
    ) -> None:
        if passes(frame):
            to.send(frame)
        else:
            stopped.append(frame)

    def go_on(self) -> None:
        """Hand on what of the server's was kept, and all that comes."""
        self.down = lambda _frame: True
        line, _server = self.lines[-1]
        for frame in self.kept:
            line.send(frame)

    def cut(self) -> None:
        """End the connection on both sides; the next one hands on everything."""
        self.up = self.down = lambda _frame: True
        line, server = self.lines[-1]
        server.close()
        line.close()


@pytest.fixture
def wire(shopper: Shopper) -> Wire:
    wire = Wire()
    shopper.page.route_web_socket(SOCKET, wire.open)
    return wire


def see_one(shopper: Shopper) -> None:
    """One unit is in the cart, here and in what another tab reads anew."""
    shopper.ready()
    expect(shopper.see("cart-drawer")).to_be_visible()
    expect(shopper.see("cart-count")).to_have_text("1")
    expect(shopper.see("add-to-cart").first).to_have_attribute("aria-busy", "false")
    tab = shopper.tab()
    shopper.open("/cart", tab)
    expect(shopper.see("cart-count", tab)).to_have_text("1")


def wait_for(page: Page, is_so: Callable[[], object]) -> None:
    """Until something has come over the wire."""
    for _ in range(300):
        if is_so():
            return
        page.wait_for_timeout(50)
    raise AssertionError("it never came")


def test_before_any_script_has_come(shopper: Shopper):
    page = shopper.page
    go_on = held(page, TAKING_OVER, REACTIVE)
    page.goto(PRODUCT, wait_until="commit")
    page.locator('#served [data-testid="add-to-cart"]').click()
    go_on()
    page.locator("#served").wait_for(state="detached")
    assert page.url.endswith(PRODUCT)
    see_one(shopper)


def test_a_form_that_was_sent_before_any_script_has_come(shopper: Shopper):
    page = shopper.page
    go_on = held(page, TAKING_OVER, REACTIVE)
    page.goto(PRODUCT, wait_until="commit")
    quantity = page.locator('#served [name="quantity"]')
    quantity.fill("2")
    quantity.press("Enter")
    go_on()
    page.locator("#served").wait_for(state="detached")
    expect(shopper.see("cart-count")).to_have_text("2")
    assert page.url.endswith(PRODUCT)


def test_while_the_page_starts_on_a_slow_machine(shopper: Shopper):
    page = shopper.page
    shopper.context.new_cdp_session(page).send("Emulation.setCPUThrottlingRate", {"rate": 6})
    page.goto(PRODUCT, wait_until="commit")
    shopper.see("add-to-cart").first.click()
    see_one(shopper)


def test_before_the_socket_has_answered(shopper: Shopper, wire: Wire):
    wire.down = lambda _frame: False
    page = shopper.page
    page.goto(PRODUCT)
    wait_for(page, lambda: wire.kept)
    page.locator('#served [data-testid="add-to-cart"]').click()
    wire.go_on()
    see_one(shopper)


def test_the_second_of_two_presses_is_not_taken_from_under_the_finger(shopper: Shopper):
    page = shopper.page
    go_on = held(page, REACTIVE)
    page.goto(PRODUCT, wait_until="domcontentloaded")
    served = page.locator("#served")
    box = served.locator('[data-testid="add-to-cart"]').bounding_box()
    assert box
    served.get_by_role("button", name="One more").click()
    page.mouse.move(box["x"] + 20, box["y"] + 20)
    page.mouse.down()
    go_on()
    page.locator('body > [data-ready="true"]').wait_for(state="attached")
    # The end of the first press is over by now.
    page.wait_for_timeout(150)
    assert served.count() == 1
    page.mouse.up()
    expect(shopper.see("cart-count")).to_have_text("2")


def test_what_a_dying_connection_swallows_is_sent_again(shopper: Shopper, wire: Wire):
    shopper.open(PRODUCT)
    wire.up = lambda frame: ".add_form" not in frame
    shopper.see("add-to-cart").first.click()
    wait_for(shopper.page, lambda: wire.swallowed)
    expect(shopper.see("add-to-cart").first).to_have_attribute("aria-busy", "true")
    wire.cut()
    see_one(shopper)


def test_what_was_handled_before_the_connection_died_is_not_done_again(shopper: Shopper, wire: Wire):
    shopper.open(PRODUCT)
    sent: list[str] = []

    def note(frame: str) -> bool:
        sent.extend([frame] if ".add_form" in frame else [])
        return True

    wire.up = note
    wire.down = lambda _frame: False
    shopper.see("add-to-cart").first.click()
    wait_for(shopper.page, lambda: any('"handled"' in frame for frame in wire.kept))
    wire.cut()
    wire.up = note
    see_one(shopper)
    # It was sent again, and known to be the same.
    assert len(sent) == 2
    assert sent[0] == sent[1]


def test_a_choice_outlives_what_the_page_draws_before_it_is_answered(new_shopper: NewShopper):
    shopper, wire = new_shopper(), Wire()
    page = shopper.page
    page.route_web_socket(SOCKET, wire.open)
    shopper.open(PRODUCT)
    field = page.locator("#buy [name=sku]")
    expect(field).to_have_value("FH-DNM-MOS")
    wire.up = lambda frame: ".choose" not in frame
    shopper.choose("Ink")
    wait_for(page, lambda: wire.swallowed)
    # The same State answers something else, and the form is drawn with the variant of before.
    page.locator("#reviews select").first.select_option(index=1)
    expect(field).to_have_value("FH-DNM-MOS")
    shopper.add_to_cart()
    expect(shopper.see("cart-line")).to_have_count(1)
    expect(shopper.see("cart-line", sku="FH-DNM-INK").first).to_be_visible()
