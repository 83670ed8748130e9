"""Small screens, large text, forced colours, right to left, and the large view of a picture."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.journeys.conftest import NewShopper
from tests.journeys.shopper import NARROW, PHONE, Shopper

LANDSCAPE = (844, 390)
TWICE_AS_LARGE = (640, 400)
"""What is left of 1280 × 800 at 200 %."""
# WCAG 1.4.12: what people may set for themselves.
SPACING = """
* { line-height: 1.5 !important; letter-spacing: .12em !important; word-spacing: .16em !important }
p { margin-bottom: 2em !important }
"""
WIDER = """() => {
    const limit = document.documentElement.clientWidth
    const clipped = (node) => {
        for (let up = node.parentElement; up; up = up.parentElement)
            if (getComputedStyle(up).overflowX !== "visible") return up !== document.body
        return false
    }
    return [...document.querySelectorAll("body *")].filter((node) => {
        const box = node.getBoundingClientRect()
        const isOut = box.width > 1 && (box.right > limit + 1 || box.left < -1)
        return isOut && node.checkVisibility() && !clipped(node)
    }).map((node) => node.outerHTML.slice(0, 140)).slice(0, 5)
}"""
PATHS = ("/", "/products", "/products/dune-mug", "/cart", "/checkout", "/orders/lookup", "/delivery")


@pytest.mark.parametrize("direction", ["ltr", "rtl"])
def test_spaced_text_and_either_direction_fit_the_narrowest_screen(new_shopper: NewShopper, direction: str):
    shopper = new_shopper(size=NARROW)
    page = shopper.page
    shopper.fill_cart("dune-mug", value="Oat")
    wide = {}
    for path in PATHS:
        shopper.open(path)
        page.add_style_tag(content=SPACING)
        page.evaluate("direction => document.documentElement.dir = direction", direction)
        if found := page.evaluate(WIDER):
            wide[path] = found
    assert wide == {}


def test_nothing_covers_the_end_of_a_product_page(new_shopper: NewShopper):
    shopper = new_shopper(size=PHONE)
    page = shopper.page
    shopper.open("/products/dune-mug")
    page.evaluate("document.documentElement.scrollTo({top: document.body.scrollHeight, behavior: 'instant'})")
    covered = """() => [...document.querySelectorAll("footer a")].filter((link) => {
        const box = link.getBoundingClientRect()
        const top = document.elementFromPoint(box.x + box.width / 2, box.y + box.height / 2)
        return box.top < innerHeight && box.bottom > 0 && !link.contains(top)
    }).map((link) => link.textContent)"""
    assert page.evaluate(covered) == []
    # Half-way down the bar is at hand, and doesn't cover what has the focus.
    link = page.locator("#reviews button:enabled").last
    link.focus()
    bar = page.locator("[data-watches]")
    expect(bar).to_be_visible()
    bar_box, box = bar.bounding_box(), link.bounding_box()
    assert bar_box
    assert box
    assert box["y"] + box["height"] <= bar_box["y"]


@pytest.mark.parametrize("size", [LANDSCAPE, TWICE_AS_LARGE], ids=["landscape", "200 %"])
def test_the_carts_drawer_shows_its_lines_on_a_short_screen(new_shopper: NewShopper, size: tuple[int, int]):
    shopper = new_shopper(size=size)
    shopper.fill_cart("dune-mug", value="Oat")
    seen = shopper.page.evaluate(
        """() => {
            const box = (inside) => document.querySelector("dialog:modal " + inside).getBoundingClientRect()
            const [lines, head] = [box("[data-testid=cart-line]"), box("div:has(> h2)")]
            return Math.min(lines.bottom, innerHeight) - Math.max(lines.top, head.bottom)
        }"""
    )
    assert seen >= 100
    # All of it can be reached.
    out = shopper.page.locator("dialog:modal").get_by_role("link", name="Check out")
    out.scroll_into_view_if_needed()
    expect(out).to_be_in_viewport()


def test_colours_are_seen_where_the_system_forces_its_own(new_shopper: NewShopper):
    shopper = new_shopper()
    page = shopper.page
    page.emulate_media(forced_colors="active")
    shopper.open("/products/dune-mug")
    dots = (
        page.locator('[data-testid="variant-option"]')
        .first.locator("xpath=ancestor::fieldset[1]")
        .locator("label span")
    )
    colours = dots.evaluate_all(
        """nodes => nodes.filter((node) => node.style.background)
            .map((node) => getComputedStyle(node).backgroundColor)"""
    )
    assert len(colours) > 1
    assert len(set(colours)) == len(colours)


# --- The large view -----------------------------------------------------------------------------------


def large(shopper: Shopper) -> tuple[float, float]:
    """The width of the picture on the page, and of the large one."""
    return tuple(  # pyright: ignore
        shopper.page.evaluate(
            """() => ["main [data-at] img", "dialog:modal img"]
                .map((selector) => document.querySelector(selector))
                .map((image) => image?.getBoundingClientRect().width ?? 0)"""
        )
    )


def test_the_large_view_is_larger_and_zooms_by_mouse_and_keys(new_shopper: NewShopper):
    shopper = new_shopper()
    page = shopper.page
    shopper.open("/products/dune-mug")
    opener = page.locator("main [data-at] button").first
    opener.focus()
    page.keyboard.press("Enter")
    on_page, shown = large(shopper)
    assert shown >= 1.5 * on_page
    frame = page.locator("dialog:modal [data-zoom]")
    frame.dblclick(position={"x": 300, "y": 200})
    expect(frame).to_have_attribute("data-zoom", "2.5")
    expect(frame.locator("img")).to_have_css("width", f"{2.5 * shown:g}px")
    frame.dblclick(position={"x": 300, "y": 200})
    expect(frame).to_have_attribute("data-zoom", "1")
    page.keyboard.press("+")
    expect(frame).to_have_attribute("data-zoom", "1.5")
    page.keyboard.press("0")
    expect(frame).to_have_attribute("data-zoom", "1")
    page.keyboard.press("ArrowRight")
    expect(page.locator("dialog:modal [role=status]")).to_have_text("2 / 5")
    page.keyboard.press("Escape")
    expect(page.locator("dialog:modal")).to_have_count(0)
    expect(page.locator("main [data-at] button").nth(1)).to_be_focused()


def test_two_fingers_make_the_large_picture_larger(new_shopper: NewShopper):
    shopper = new_shopper(size=PHONE)
    page = shopper.page
    shopper.open("/products/dune-mug")
    page.locator("main [data-at] button").first.tap()
    frame = page.locator("dialog:modal [data-zoom]")
    expect(frame).to_have_attribute("data-zoom", "1")
    before = large(shopper)[1]
    assert before == PHONE[0]
    touch = shopper.context.new_cdp_session(page)

    def fingers(kind: str, *places: tuple[int, int]) -> None:
        points = [{"x": x, "y": y, "id": number} for number, (x, y) in enumerate(places)]
        touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

    fingers("touchStart", (170, 400), (220, 400))
    for apart in (60, 80, 100):
        fingers("touchMove", (195 - apart // 2, 400), (195 + apart // 2, 400))
    fingers("touchEnd")
    expect(frame).to_have_attribute("data-zoom", "2")
    expect(frame.locator("img")).to_have_css("width", f"{2 * before:g}px")
