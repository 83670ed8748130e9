"""What is in sight stays in place: while a page comes in, on a second visit, on a reload; the focus too."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, Route, expect

from tests.journeys.conftest import NewShopper
from tests.journeys.line import line
from tests.journeys.shopper import DESKTOP, PHONE, Shopper
from tests.journeys.test_shift import MOVED, WATCH
from tests.shop import Shop

TABLET = (768, 1024)
MOST = 0.02
PATHS = ("/", "/products", "/products?q=lamp", "/products/dune-mug")


def shift(page: Page) -> float:
    return sum(value for value, _what in page.evaluate(MOVED))


@pytest.mark.parametrize("size", [PHONE, TABLET, DESKTOP], ids=["phone", "tablet", "desktop"])
def test_nothing_jumps_cold_or_warm(new_shopper: NewShopper, size: tuple[int, int]):
    shopper = new_shopper(size=size)
    shopper.context.add_init_script(WATCH)
    shifts: dict[str, list[float]] = {}
    for path in PATHS:
        for _visit in range(4):
            shopper.open(path)
            shifts.setdefault(path, []).append(shift(shopper.page))
    assert {path: values for path, values in shifts.items() if max(values) > MOST} == {}


@pytest.mark.parametrize("size", [PHONE, TABLET, DESKTOP], ids=["phone", "tablet", "desktop"])
def test_nothing_jumps_on_a_slow_line(new_shopper: NewShopper, shop: Shop, size: tuple[int, int]):
    shopper = new_shopper(size=size)
    shopper.context.add_init_script(WATCH)
    shifts: dict[str, float] = {}
    with line(shop.url, piece=3000) as slow:
        shopper.base = slow.url
        for path in (*PATHS, "/cart", "/checkout", "/about"):
            shopper.open(slow.url + path)
            shifts[path] = shift(shopper.page)
    assert {path: value for path, value in shifts.items() if value > MOST} == {}


def test_a_reload_keeps_the_place(shopper: Shopper):
    page = shopper.page
    for path in ("/products", "/products/dune-mug"):
        shopper.open(path)
        page.mouse.wheel(0, 900)
        shopper.until("scrollY === 900")
        page.reload()
        shopper.ready()
        assert page.evaluate("scrollY") == 900


# --- The focus ----------------------------------------------------------------------------------------


def test_another_page_starts_at_its_heading(shopper: Shopper):
    page = shopper.page
    shopper.open("/products?category=table")
    link = shopper.see("product-card", slug="dune-mug").locator("h3 a")
    link.focus()
    page.keyboard.press("Enter")
    expect(page.locator("main h1")).to_have_text("Dune Mug")
    expect(page.locator("main h1")).to_be_focused()
    page.go_back()
    expect(page.locator("main h1")).to_have_text("Table")
    expect(page.locator("main h1")).to_be_focused()


def test_the_focus_stays_in_the_cart_when_its_button_goes(shopper: Shopper):
    shopper.fill_cart("dune-mug", value="Oat")
    shopper.fill_cart("ember-kettle")
    shopper.open("/cart")
    in_lines = "document.activeElement.closest('main') !== null && document.activeElement.id !== 'main'"
    save = shopper.page.locator("main").get_by_role("button", name="Save for later").first
    save.focus()
    shopper.page.keyboard.press("Enter")
    expect(shopper.see("cart-line").locator("visible=true")).to_have_count(1)
    shopper.until(in_lines)
    remove = shopper.page.locator("main").get_by_role("button", name=re.compile("Remove")).first
    remove.focus()
    shopper.page.keyboard.press("Enter")
    undo = shopper.page.get_by_role("button", name="Undo").first
    undo.focus()
    shopper.page.keyboard.press("Enter")
    expect(undo).to_be_hidden()
    shopper.until(in_lines)


def test_the_focus_stays_where_more_was_loaded(shopper: Shopper):
    page = shopper.page
    shopper.open("/products")
    more = page.locator("main a[rel=next]")
    for _page in range(6):
        if not more.count():
            break
        before = shopper.see("product-card").count()
        more.focus()
        page.keyboard.press("Enter")
        shopper.until(f"document.querySelectorAll('[data-testid=product-card]').length > {before}")
    expect(more).to_have_count(0)
    shopper.until("document.activeElement.matches('main *')")


# --- Titles and marks ---------------------------------------------------------------------------------

# What stands there frame by frame: what comes and goes between two frames nobody sees.
SEEN = """
window.seen = []
const look = () => {
    const nav = [...document.querySelectorAll("nav")].find((one) => one.checkVisibility())
    const links = [...nav?.querySelectorAll("a[aria-current=page]") ?? []]
    const marked = links.map((link) => link.textContent).join()
    const said = document.title + " | " + marked
    if (nav && window.seen.at(-1) !== said) window.seen.push(said)
    requestAnimationFrame(look)
}
look()
"""


@pytest.mark.parametrize(
    ("path", "says"),
    [
        ("/products?category=table", "Table · Fennholm | Table"),
        ("/products/dune-mug", "Dune Mug · Fennholm | "),
        ("/cart", "Cart · Fennholm | "),
    ],
)
def test_title_and_mark_are_right_from_the_start(shopper: Shopper, path: str, says: str):
    shopper.context.add_init_script(SEEN)
    shopper.open(path)
    assert shopper.page.evaluate("window.seen") == [says]


def test_the_title_stays_where_the_script_that_keeps_it_comes_late(shopper: Shopper):
    shopper.context.add_init_script(SEEN)

    def late(route: Route) -> None:
        shopper.page.wait_for_timeout(2_000)
        route.continue_()

    shopper.context.route("**/shop.js", late)
    shopper.open("/products?category=table")
    shopper.page.wait_for_load_state("networkidle")
    assert shopper.page.evaluate("window.seen") == ["Table · Fennholm | Table"]


def test_title_and_mark_change_once_on_the_way(shopper: Shopper):
    shopper.open("/products?category=table")
    shopper.page.evaluate(SEEN)
    shopper.see("product-card", slug="dune-mug").locator("h3 a").click()
    expect(shopper.page).to_have_title("Dune Mug · Fennholm")
    shopper.page.wait_for_load_state("networkidle")
    seen = shopper.page.evaluate("window.seen")
    assert [says.split(" | ")[0] for says in seen] in (
        ["Table · Fennholm", "Dune Mug · Fennholm"],
        # The mark of the list goes with the list, the title comes with the product.
        ["Table · Fennholm", "Table · Fennholm", "Dune Mug · Fennholm"],
    )
