"""What is in sight stays where it is while a page gets its content."""

from __future__ import annotations

import pytest

from tests.journeys.conftest import NewShopper
from tests.journeys.shopper import DESKTOP, PHONE

MOST = 0.01
"""Layout shift, as browsers count it; from 0.1 on it annoys."""
WATCH = """
window.shifts = []
new PerformanceObserver((list) => window.shifts.push(...list.getEntries()))
    .observe({type: "layout-shift", buffered: true})
"""
# Two frames: what was painted last has then been reported.
MOVED = """() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() =>
    setTimeout(() => done(window.shifts.filter((shift) => !shift.hadRecentInput).map((shift) =>
        [shift.value, shift.sources.map((source) => (source.node?.outerHTML ?? "").slice(0, 200))]))))))"""


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_nothing_in_sight_jumps_while_cart_and_checkout_load(new_shopper: NewShopper, size: tuple[int, int]):
    shopper = new_shopper(size=size)
    shopper.context.add_init_script(WATCH)
    jumps = {}
    for cart in ("empty", "full"):
        for path in ("/cart", "/checkout"):
            shopper.open(path)
            if (cart, path) == ("full", "/cart"):
                shopper.see("cart-country").wait_for()
            moved = shopper.page.evaluate(MOVED)
            if sum(shift for shift, _what in moved) > MOST:
                jumps[cart, path] = moved
        if cart == "empty":
            shopper.fill_cart("dune-mug")
    assert jumps == {}
