"""Finding things: facets in the address, search as one types, the back button, pages without scripts."""

from __future__ import annotations

import json
import re

import pytest
from playwright.sync_api import expect

from tests.journeys.shopper import Shopper
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
