"""Finding things: facets in the address, search as one types, the back button, pages without scripts."""

from __future__ import annotations

import json
import re

import pytest
from playwright.sync_api import expect

from tests.journeys.conftest import NewShopper
from tests.journeys.shopper import DESKTOP, PHONE, WIDE, Shopper
from tests.shop import Shop


def test_a_filter_changes_the_list_and_the_address(shopper: Shopper):
    shopper.open("/products")
    before = shopper.see("result-count").first.inner_text()
    shopper.see("facet", name="colour", value="moss").first.click()
    expect(shopper.page).to_have_url(re.compile(r"colour=moss"))
    expect(shopper.see("result-count").first).not_to_have_text(before)
    expect(shopper.see("product-card", slug="dune-mug").first).to_be_visible()
    # A link that can be shared: the same view for someone else.
    shown = shopper.see("result-count").first.inner_text()
    other = shopper.tab()
    shopper.open(shopper.page.url, other)
    expect(shopper.see("result-count", other).first).to_have_text(shown)


def test_back_and_forward_keep_the_filters(shopper: Shopper):
    page = shopper.page
    shopper.open("/products?category=table")
    count = shopper.see("result-count").first
    table = count.inner_text()
    shopper.see("facet", name="colour", value="moss").first.click()
    expect(page).to_have_url(re.compile("colour=moss"))
    expect(count).not_to_have_text(table)
    moss = count.inner_text()
    shopper.see("product-card", slug="dune-mug").locator("a").first.click()
    expect(page).to_have_url(re.compile("/products/dune-mug"))
    shopper.ready()
    page.go_back()
    expect(page).to_have_url(re.compile("colour=moss"))
    expect(count).to_have_text(moss)
    page.go_back()
    expect(page).not_to_have_url(re.compile("colour=moss"))
    expect(count).to_have_text(table)
    page.go_forward()
    expect(count).to_have_text(moss)


def _top(box: dict[str, float] | None) -> float:
    assert box
    return box["y"]


def test_filters_stay_where_they_are_and_keep_the_focus(shopper: Shopper):
    shopper.open("/products")
    rows = [shopper.see("facet", name="colour", value=value).first for value in ("moss", "clay", "sage")]
    before = [_top(row.bounding_box()) for row in rows]
    chips = shopper.page.get_by_role("list", name="Filters in force").get_by_role("listitem")
    for number, row in enumerate(rows, 1):
        row.click()
        expect(shopper.page.locator('a[role="checkbox"][aria-checked="true"]')).to_have_count(number)
        # With the one that clears them all.
        expect(chips).to_have_count(number + 1)
        expect(row).to_be_focused()
        assert [_top(other.bounding_box()) for other in rows] == before
    expect(shopper.page).to_have_url(re.compile("colour=clay,moss,sage"))
    rows[1].press(" ")
    expect(shopper.page).to_have_url(re.compile("colour=moss,sage"))
    expect(rows[1]).to_be_focused()


def test_a_filter_is_marked_at_once_on_a_slow_phone(new_shopper: NewShopper):
    shopper = new_shopper(size=PHONE)
    shopper.open("/products")
    shopper.page.get_by_role("button", name="Filter").first.click()
    row = shopper.see("facet", name="colour", value="moss").first
    # From the finger's touch to the first frame that shows the mark.
    row.evaluate(
        """(row) => {
          let tapped = 0;
          row.addEventListener("pointerdown", () => { tapped = performance.now(); });
          new MutationObserver((_changes, observer) => {
            observer.disconnect();
            requestAnimationFrame(() => setTimeout(() => {
              document.body.dataset.markedAfter = String(performance.now() - tapped);
            }));
          }).observe(row, { attributes: true, attributeFilter: ["aria-checked"] });
        }"""
    )
    shopper.context.new_cdp_session(shopper.page).send("Emulation.setCPUThrottlingRate", {"rate": 4})
    row.tap()
    marked = shopper.page.locator("body[data-marked-after]")
    marked.wait_for(state="attached")
    assert float(marked.get_attribute("data-marked-after") or "inf") < 200
    expect(shopper.page).to_have_url(re.compile("colour=moss"))
    expect(row).to_have_attribute("aria-checked", "true")


def test_a_filter_by_colour_and_stock_means_a_variant_and_leads_to_it(shopper: Shopper):
    shopper.open("/products?colour=clay")
    expect(shopper.see("product-card", slug="dune-mug").first).to_contain_text("Sold out")
    shopper.see("facet", name="in_stock", value="1").first.click()
    expect(shopper.see("product-card", slug="dune-mug")).to_have_count(0)
    shopper.open("/products?colour=ink&in_stock=1")
    shopper.see("product-card", slug="dune-mug").locator("a").first.click()
    expect(shopper.page).to_have_url(re.compile(r"/products/dune-mug\?variant=FH-DNM-INK"))


def test_prices_that_are_no_range_get_a_sentence_and_change_nothing(shopper: Shopper):
    page = shopper.page
    shopper.open("/products?category=table")
    count = shopper.see("result-count").first.inner_text()
    low, high, error = (page.locator(f"#filter-{name}") for name in ("price_min", "price_max", "price-error"))
    for lowest, highest, sentence in (
        ("abc", "", "Enter amounts in figures, such as 20 or 19.50."),
        ("20", "10", "“From” is more than “To”. Swap the two amounts."),
    ):
        low.fill(lowest)
        high.fill(highest)
        high.press("Enter")
        expect(error).to_have_text(sentence)
        expect(low).to_have_attribute("aria-describedby", "filter-price-error")
        expect(low).to_have_value(lowest)
        expect(page).to_have_url(re.compile(r"/products\?category=table$"))
        expect(shopper.see("result-count").first).to_have_text(count)
    low.fill("10")
    high.fill("20")
    high.press("Enter")
    expect(page).to_have_url(re.compile("price_min=10&price_max=20"))
    expect(error).to_have_count(0)


def test_a_very_wide_list_has_four_columns(new_shopper: NewShopper):
    for size, columns in ((WIDE, 4), (DESKTOP, 3), (PHONE, 2)):
        shopper = new_shopper(size=size)
        shopper.open("/products")
        cards = shopper.see("product-card")
        tops = [_top(cards.nth(number).bounding_box()) for number in range(5)]
        assert tops.count(tops[0]) == columns


def test_sorting_by_price(shopper: Shopper):
    shopper.open("/products?category=table")
    expect(shopper.see("product-title").first).not_to_have_text("Dune Mug")
    shopper.see("sort").first.select_option("price")
    expect(shopper.page).to_have_url(re.compile("sort=price"))
    expect(shopper.see("product-title").first).to_have_text("Dune Mug")


def test_search_suggests_as_one_types_and_the_keyboard_chooses(shopper: Shopper):
    shopper.open("/")
    box = shopper.see("search-input").first
    box.click()
    box.press_sequentially("moon", delay=30)
    suggestion = shopper.see("search-suggestion").first
    expect(suggestion).to_contain_text("Moonrise")
    box.press("ArrowDown")
    box.press("Enter")
    expect(shopper.page).to_have_url(re.compile("/products/moonrise-globe-lamp"))


def test_the_query_stays_in_the_box(shopper: Shopper):
    page, box = shopper.page, shopper.see("search-input").first
    page.goto("/products?q=sofa")
    expect(box).to_have_value("sofa")
    shopper.ready()
    expect(box).to_have_value("sofa")
    expect(shopper.see("product-card", slug="lounge-low-chair").first).to_be_visible()
    # A search that is chosen takes the place of what was typed.
    box.fill("lam")
    shopper.see("search-suggestion").filter(has_text=re.compile("^table lamp$")).click()
    expect(page).to_have_url(re.compile("q=table%20lamp"))
    expect(box).to_have_value("table lamp")
    page.go_back()
    expect(box).to_have_value("sofa")


def test_the_box_says_when_nothing_matches(shopper: Shopper):
    shopper.open("/")
    box = shopper.see("search-input").first
    box.fill("zzzz")
    expect(shopper.see("search-nothing")).to_contain_text("Nothing matches “zzzz”.")
    box.fill("blue chair")
    box.press("Enter")
    expect(shopper.page.get_by_role("link", name="Search for “chair”")).to_be_visible()
    expect(shopper.page.locator("main").get_by_role("link", name="Write to us")).to_be_visible()
    shopper.page.get_by_role("link", name="Search for “chair”").click()
    expect(shopper.see("product-card", slug="lounge-low-chair").first).to_be_visible()


def test_a_search_forgives_a_slip(shopper: Shopper):
    shopper.open("/products?q=kettel")
    expect(shopper.see("product-card", slug="ember-kettle").first).to_be_visible()


@pytest.mark.parametrize(
    "query", ["<script>alert(1)</script>", "%' OR 1=1 --", "x" * 5000, '"', "*", "NEAR("]
)
def test_odd_searches_find_nothing_and_break_nothing(shopper: Shopper, query: str):
    from urllib.parse import quote

    shopper.expected.append("414|431|400")
    shopper.page.goto(f"/products?q={quote(query)}")
    shopper.ready()
    expect(shopper.page.locator("main").first).to_be_visible()


def test_a_sold_out_variant_can_be_looked_at_and_not_bought(shopper: Shopper):
    shopper.open("/products/dune-mug")
    shopper.choose("Clay")
    expect(shopper.page).to_have_url(re.compile("variant=FH-DNM-CLA"))
    expect(shopper.see("stock-signal").first).to_contain_text(re.compile("sold out", re.I))
    add = shopper.see("add-to-cart").first
    assert add.is_disabled() or add.get_attribute("aria-disabled") == "true"


def test_without_scripts_a_product_says_name_price_availability_and_description(shop: Shop):
    status, html = shop.get("/products/dune-mug")
    assert status == 200
    body = html[html.index('id="served"') :]
    assert "Dune Mug" in body
    assert "€19.00" in body
    assert re.search("in stock|only|left", body, re.I)
    assert "A straight-sided mug with room for a proper cup of coffee." in body
    assert "<title" in html
    assert html.count("<h1") >= 1
    facts = re.search(r'<script type="application/ld\+json"[^>]*>(.*?)</script>', html, re.S)
    assert facts
    assert "Dune Mug" in json.dumps(json.loads(facts[1]))
    assert re.search(r'<link rel="canonical" href="[^"]+/products/dune-mug"', html)


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("/", ["Fennholm"]),
        ("/products", ["Dune Mug"]),
        ("/products?category=lighting", ["Moonrise Globe Lamp"]),
    ],
)
def test_without_scripts_lists_have_their_products(shop: Shop, path: str, words: list[str]):
    status, html = shop.get(path)
    assert status == 200
    for word in words:
        assert word in html[html.index('id="served"') :]


@pytest.mark.parametrize("path", ["/products/no-such-thing", "/no/such/page", "/orders/" + "x" * 43])
def test_what_is_not_there_is_404(shop: Shop, path: str):
    status, html = shop.get(path)
    assert status == 404
    assert "Traceback" not in html


def test_the_address_of_something_that_is_not_there_leads_on(shopper: Shopper):
    shopper.expected.append("404")
    shopper.page.goto("/products/no-such-thing")
    shopper.ready()
    expect(shopper.page.locator('main a[href^="/"]').first).to_be_visible()


def test_machines_find_their_way(shop: Shop):
    status, robots = shop.get("/robots.txt")
    assert (status, "Sitemap:" in robots) == (200, True)
    status, sitemap = shop.get("/sitemap.xml")
    assert status == 200
    assert sitemap.count("/products/") >= 48
    assert shop.get("/healthz")[0] == 200
    assert shop.get("/readyz")[0] == 200
