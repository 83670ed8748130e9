"""The served HTML of every page with content is, element for element, what the reactive page shows."""

from __future__ import annotations

import difflib
import time

import pytest

from shop_app.services.shop.legal import PAGES
from tests.journeys.conftest import NewShopper
from tests.journeys.shopper import DESKTOP, PHONE
from tests.shop import Shop

ADDRESSES = (
    "/",
    "/products",
    "/products?page=2",
    "/products?category=table",
    "/products?colour=moss&sort=price",
    "/products?on_sale=1&in_stock=1&price_max=40",
    "/products?q=mug",
    "/products?colour=clay&in_stock=1",
    "/products?price_min=abc&price_max=10",
    "/products?q=blue%20chair",
    "/products?q=zzzzzz",
    "/products/dune-mug",
    "/products/dune-mug?variant=FH-DNM-CLA",
    "/products/no-such-thing",
    "/no-such-page",
    *(f"/{name}" for name in PAGES),
)
LATER = {
    # React focuses such an element, and writes the attribute only where the page was prerendered.
    "autofocus",
    # Scripts say here whether the bar is in sight.
    "data-shown",
    # React Router marks the links that it follows itself.
    "data-discover",
    # Whether the reactive page has loaded: what makes it take over.
    "data-ready",
}
"""Attributes that only the reactive page has."""

# One line for each element and each text. Styles as the browser writes them; what a form field holds and
# whether it is chosen are properties, which React sets without attributes.
LINES = """
(later) => {
  window.linesOf = (root) => {
    const lines = [];
    const walk = (node, depth) => {
      const indent = " ".repeat(depth);
      let text = "";
      const flush = () => { if (text) lines.push(indent + JSON.stringify(text)); text = ""; };
      for (const child of node.childNodes) {
        if (child.nodeType === Node.TEXT_NODE) { text += child.data; continue; }
        if (child.nodeType !== Node.ELEMENT_NODE || child.localName === "noscript") continue;
        flush();
        const attributes = [...child.attributes]
          .filter(({ name }) => !later.includes(name) && !["value", "checked", "selected"].includes(name))
          .map(({ name, value }) => [name, name === "style" ? child.style.cssText : value])
          .map(([name, value]) => `${name}=${JSON.stringify(value)}`);
        if ("value" in child) attributes.push(`holds=${JSON.stringify(child.value)}`);
        if ("checked" in child) attributes.push(`checked=${child.checked}`);
        lines.push(`${indent}${child.localName} ${attributes.sort().join(" ")}`);
        walk(child, depth + 1);
      }
      flush();
    };
    walk(root, 0);
    return lines;
  };
}
"""
KEEP_SERVED = """
document.addEventListener("DOMContentLoaded", () => {
  const block = document.getElementById("served");
  if (block) window.servedLines = linesOf({ childNodes: block.childNodes });
})
"""
LOADED = "() => document.querySelector('[data-ready=\"true\"]') && !document.getElementById('served')"
REACTIVE = "() => linesOf({ childNodes: [document.querySelector('[data-ready=\"true\"]')] })"


@pytest.fixture
def marks_are_known(shop: Shop) -> None:
    """What can be paid with is learnt some seconds after the start, and shown on every page from then on."""
    deadline = time.monotonic() + 40
    while "/marks/" not in shop.get("/")[1]:
        assert time.monotonic() < deadline
        time.sleep(0.2)


@pytest.mark.usefixtures("marks_are_known")
@pytest.mark.parametrize("size", [PHONE, DESKTOP], ids=["phone", "desktop"])
@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_the_reactive_page_is_what_was_served(new_shopper: NewShopper, size: tuple[int, int], dark: bool):
    shopper = new_shopper(size=size, dark=dark)
    shopper.expected.append(r"404 \(Not Found\) \(.*/no-such-")
    shopper.context.add_init_script(f"({LINES})({sorted(LATER)!r});{KEEP_SERVED}")
    differences = {}
    for address in ADDRESSES:
        shopper.page.goto(address)
        shopper.page.wait_for_function(LOADED)
        served = shopper.page.evaluate("() => window.servedLines")
        reactive = shopper.page.evaluate(REACTIVE)
        assert len(served) > 60, address
        if lines := list(difflib.unified_diff(served, reactive, "served", "reactive", n=0, lineterm="")):
            differences[address] = lines
    assert differences == {}


def test_the_content_is_painted_before_the_scripts_start(new_shopper: NewShopper):
    answer = new_shopper().page.goto("/")
    assert answer
    assert answer.text().count("requestAnimationFrame(()=>setTimeout(start));") == 1
