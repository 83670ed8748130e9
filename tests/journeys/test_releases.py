"""A new release takes the place of the one before, while tabs are open."""

from __future__ import annotations

import re
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Error, Page, expect

from shop_app.core.settings import ROOT
from shop_app.web import frontend
from tests import releases
from tests.journeys.shopper import DESKTOP, Shopper
from tests.shop import free_port, running

AWAY = ("ERR_CONNECTION_REFUSED", "ERR_CONNECTION_RESET", "ERR_EMPTY_RESPONSE", "WebSocket connection to")
"""What consoles say while no server is there."""


@pytest.fixture
def shopper(browser: Browser) -> Iterator[Shopper]:
    """A visitor of a shop that goes and comes back at the same address."""
    base = f"http://localhost:{free_port()}"
    context = browser.new_context(
        base_url=base, viewport={"width": DESKTOP[0], "height": DESKTOP[1]}, locale="en-GB"
    )
    context.set_default_timeout(30_000)
    shopper = Shopper(context, base)
    yield shopper
    context.close()
    assert [trouble for trouble in shopper.troubles if not any(word in trouble for word in AWAY)] == []


def count_loads(page: Page) -> list[str]:
    """The documents that this page loads from now on."""
    loads: list[str] = []
    page.on("domcontentloaded", lambda loaded: loads.append(loaded.url))
    return loads


def await_release(page: Page, root: Path) -> None:
    """Wait until the page runs that release's scripts."""
    (name,) = (name for name in releases.chunks(root) if name.startswith("root-"))
    until = time.monotonic() + 60
    while not _has_loaded(page, name):
        assert time.monotonic() < until, f"{page.url} has not been loaded again"
        page.wait_for_timeout(200)


def _has_loaded(page: Page, name: str) -> bool:
    loaded = "name => performance.getEntriesByType('resource').some((entry) => entry.name.endsWith(name))"
    try:
        return page.evaluate(loaded, f"/assets/{name}")
    except Error:
        # It is being loaded again right now.
        return False


@pytest.mark.timeout(600)
def test_open_tabs_outlive_two_releases(shopper: Shopper, tmp_path: Path):
    port = shopper.base.rpartition(":")[2]
    same = releases.another(tmp_path, "s_", changes_states=False)
    other = releases.another(tmp_path, "o_", changes_states=True)
    lookup = shopper.tab()
    number = lookup.locator("[name=number]").first
    with running(tmp_path, PORT=port):
        shopper.fill_cart("dune-mug")
        shopper.open("/orders/lookup", lookup)
        number.click()
        lookup.keyboard.type("1234567")
        loads, lookup_loads = count_loads(shopper.page), count_loads(lookup)
    with running(tmp_path, root=same, PORT=port):
        # It connects again by itself, and what it loads now is the former release's.
        shopper.page.keyboard.press("Escape")
        with shopper.page.expect_response(re.compile(r"/assets/_about_")) as chunk:
            shopper.page.locator("footer a[href='/about']").first.click()
        assert chunk.value.status == 200
        assert chunk.value.url.rpartition("/")[2] in releases.chunks(ROOT) - releases.chunks(same)
        # Only there once all of it has come.
        shopper.page.wait_for_url("**/about")
        shopper.ready()
        expect(shopper.see("cart-count").first).to_have_text("1")
        assert (loads, lookup_loads) == ([], [])
    with running(tmp_path, root=other, PORT=port):
        # Its States are others, so tabs are loaded again, once, with what was typed where it was.
        for page in (shopper.page, lookup):
            await_release(page, other)
            shopper.ready(page)
        expect(number).to_have_value("1234567")
        expect(number).to_be_focused()
        expect(shopper.see("cart-count").first).to_have_text("1")
        expect(shopper.see("cart-count", lookup).first).to_have_text("1")
        # And what was opened under the first release could go on even now.
        first = next(name for name in releases.chunks(ROOT) if name.startswith("_about_"))
        assert urllib.request.urlopen(f"{shopper.base}/assets/{first}").status == 200
        shopper.page.wait_for_timeout(frontend.RELOAD_SPREAD_MS)
        assert (len(loads), len(lookup_loads)) == (1, 1)
