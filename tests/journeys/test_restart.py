"""The shop goes away and comes back while pages are open: with all States gone, each rebuilds itself."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.journeys.shopper import DESKTOP, Shopper
from tests.shop import free_port, running


@pytest.fixture
def visitor(browser: Browser) -> Iterator[tuple[Shopper, int]]:
    """A shopper without limits of any load test, and the port of the shop that comes and goes."""
    port = free_port()
    context = browser.new_context(
        base_url=f"http://localhost:{port}",
        viewport={"width": DESKTOP[0], "height": DESKTOP[1]},
        locale="en-GB",
    )
    context.set_default_timeout(20_000)
    shopper = Shopper(context, f"http://localhost:{port}")
    yield shopper, port
    context.close()
    # While the shop was away, nothing answered.
    away = ("ERR_CONNECTION_REFUSED", "ERR_CONNECTION_RESET", "WebSocket connection to")
    assert [trouble for trouble in shopper.troubles if not any(word in trouble for word in away)] == []


def test_open_pages_go_on_after_the_shop_was_killed(visitor: tuple[Shopper, int], tmp_path: Path):
    shopper, port = visitor
    email = shopper.page.locator("[autocomplete~=email]")
    with running(tmp_path, PORT=str(port)) as shop:
        shopper.fill_cart("dune-mug")
        product = shopper.tab()
        shopper.open("/products/dune-mug", product)
        shopper.open("/checkout")
        email.fill("robin@example.com")
        email.blur()
        # A second tab shows what was typed: it is saved.
        other = shopper.tab()
        shopper.open("/checkout", other)
        expect(other.locator("[autocomplete~=email]")).to_have_value("robin@example.com")
        shop.process.send_signal(signal.SIGKILL)
        shop.process.wait(10)
    with running(tmp_path, PORT=str(port)):
        # No page is loaded again by hand: each finds the shop by itself, and goes on where it was.
        shopper.see("add-to-cart", product).first.click()
        expect(shopper.see("cart-count", product).first).to_have_text("2")
        expect(email).to_have_value("robin@example.com")
        expect(shopper.see("order-total").first).to_have_text(
            shopper.see("order-total", other).first.inner_text()
        )
