"""What changes by itself on open pages, within a second of the commit that changed it."""

from __future__ import annotations

import re

from playwright.sync_api import expect

from tests.journeys.conftest import NewShopper
from tests.journeys.shopper import Shopper

WITHIN_A_SECOND = 1_000


def test_two_tabs_of_one_visitor_share_the_cart(shopper: Shopper):
    other = shopper.tab()
    shopper.open("/cart", other)
    shopper.open("/products/archive-boxes")
    shopper.see("add-to-cart").first.click()
    expect(shopper.see("cart-line", sku="FH-RCH-SAN").first).to_be_visible()
    expect(shopper.see("cart-count", other).first).to_have_text("1", timeout=WITHIN_A_SECOND)
    expect(shopper.see("cart-line", other, sku="FH-RCH-SAN").last).to_be_visible(timeout=WITHIN_A_SECOND)
    shopper.see("line-remove", other).last.click()
    expect(shopper.see("cart-line", other)).to_have_count(0)
    expect(shopper.see("cart-line", sku="FH-RCH-SAN")).to_have_count(0, timeout=WITHIN_A_SECOND)


def test_another_visitor_has_another_cart(shopper: Shopper, new_shopper: NewShopper):
    shopper.fill_cart("archive-boxes")
    other = new_shopper()
    other.open("/cart")
    expect(other.see("cart-line")).to_have_count(0)


def test_the_last_one_goes_and_an_open_page_says_so(shopper: Shopper, new_shopper: NewShopper):
    watcher = new_shopper()
    watcher.open("/products/noon-desk-clock?variant=FH-NND-CLA")
    signal = watcher.see("stock-signal").first
    expect(signal).to_contain_text("1")
    shopper.fill_cart("noon-desk-clock", value="Clay")
    shopper.check_out()
    shopper.see("pay").first.click()
    shopper.see("card-number").wait_for()
    # The units are taken when the order is placed; the watcher's page was not touched.
    expect(signal).to_contain_text(re.compile("sold out|out of stock|gone", re.I), timeout=WITHIN_A_SECOND)
    shopper.see("sandbox-cancel").click()
    shopper.ready()
    expect(signal).to_contain_text("1", timeout=2 * WITHIN_A_SECOND)


def test_the_cart_survives_a_reload(shopper: Shopper):
    shopper.fill_cart("plain-picture-frame")
    shopper.page.reload()
    shopper.ready()
    expect(shopper.see("cart-count").first).to_have_text("1")


def test_a_removed_line_comes_back_by_undo(shopper: Shopper):
    shopper.fill_cart("ash-bath-brush")
    shopper.open("/cart")
    shopper.see("line-remove").last.click()
    expect(shopper.see("cart-line")).to_have_count(0)
    shopper.page.get_by_role("button", name=re.compile("undo", re.I)).last.click()
    expect(shopper.see("cart-line", sku="FH-SHB").last).to_be_visible()
