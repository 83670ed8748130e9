"""A purchase in a running demo shop, as a browser makes it: pages over HTTP, the rest over the socket."""

from __future__ import annotations

import asyncio
import re
import time
import urllib.parse
import urllib.request
from collections.abc import Mapping
from http.cookiejar import CookieJar
from typing import Any

from tests.socket_client import STATE, VISITOR, Tab

PRODUCT, SKU, PRICE = "/products/dune-mug", "FH-DNM-OAT", "€19.00"
CART = f"{STATE}.shop_app___state___cart____cart"
CHECKOUT = f"{STATE}.shop_app___state___checkout____checkout"
ORDER = "shop_app___state___order____order.view"
PATIENCE_SECONDS = 30
FORM = {
    "email": "sam@example.com",
    "given_name": "Sam",
    "family_name": "Shopper",
    "line1": "Am Speicher 4",
    "postal_code": "10115",
    "locality": "Berlin",
    "country": "DE",
    "shipping_method": "standard",
    "payment_provider": "stripe",
}
CARD = {"card": "4242 4242 4242 4242", "expiry": "12/34", "cvc": "123"}


def buy(base: str) -> None:
    """Buy a mug and pay by card, until the order's page says that it is paid.

    Errors  AssertionError where a step answers otherwise.
    """
    jar = CookieJar()
    browser = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(jar))
    assert PRICE in _read(browser, base + PRODUCT), "the served page of the product has no price"
    visitor = next(cookie.value for cookie in jar if cookie.name == VISITOR)
    assert visitor
    pay_page = asyncio.run(_check_out(base, visitor))
    order_page = _pay(browser, urllib.parse.urljoin(base, pay_page))
    asyncio.run(_see_paid(base, visitor, urllib.parse.urlparse(order_page).path))


async def _check_out(base: str, visitor: str) -> str:
    """Over the socket from the product to the payment page, whose address is returned."""
    tab = Tab(base, visitor=visitor)
    await tab.connect(PRODUCT)
    try:
        await tab.settle()
        added = await _call(tab, f"{CART}.add_form", {"form": {"sku": SKU, "quantity": "1"}}, PRODUCT, "view")
        assert [line["sku"] for line in added["lines"]] == [SKU], added
        shown = await _call(tab, f"{CHECKOUT}.load", {}, "/checkout", "view")
        chosen = {"field": "shipping_method", "value": FORM["shipping_method"]}
        shown = await _call(tab, f"{CHECKOUT}.typed", chosen, "/checkout", "view")
        form = FORM | {"shown_minor": str(shown["total_minor"]), "ticket": "fresh"}
        left = await _call(tab, f"{CHECKOUT}.pay", {"form": form}, "/checkout", "departure")
        return left["address"]
    finally:
        await tab.close()


async def _call(tab: Tab, name: str, payload: Mapping[str, Any], path: str, var: str) -> dict[str, Any]:
    """Send an event, and the value that it gives that var of its State."""
    await tab.send(name, payload, path=path)
    of_state = f"{name.split('.')[-2]}.{var}"
    return (await tab.until(of_state, seconds=PATIENCE_SECONDS))[of_state]


def _pay(browser: urllib.request.OpenerDirector, pay_page: str) -> str:
    assert "/sandbox/pay/" in pay_page, f"not a payment page: {pay_page}"
    _read(browser, pay_page)
    with browser.open(pay_page, urllib.parse.urlencode(CARD).encode(), timeout=PATIENCE_SECONDS) as answer:
        order_page = answer.url
    assert re.search(r"/orders/[\w-]{16,}", order_page), f"not an order: {order_page}"
    return order_page


async def _see_paid(base: str, visitor: str, path: str) -> None:
    """Open the order's page until it says so: the payment provider's webhook comes a moment later."""
    ends = time.monotonic() + PATIENCE_SECONDS
    while True:
        tab = Tab(base, visitor=visitor)
        await tab.connect(path)
        try:
            order = (await tab.until(ORDER, seconds=PATIENCE_SECONDS))[ORDER]
        finally:
            await tab.close()
        if order["phase"] == "paid":
            return
        assert time.monotonic() < ends, f"never paid: {order}"


def _read(browser: urllib.request.OpenerDirector, url: str) -> str:
    with browser.open(url, timeout=PATIENCE_SECONDS) as answer:
        return answer.read().decode()
