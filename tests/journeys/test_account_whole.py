"""From a guest to a customer who comes back: an order kept by a code, a passkey, and an empty browser."""

from __future__ import annotations

import re

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from tests.journeys.admin.test_signing_in import authenticator
from tests.journeys.conftest import NewShopper
from tests.journeys.shopper import ADDRESS, DESKTOP, PHONE, Shopper
from tests.journeys.signing_in import letter
from tests.journeys.test_pages import WCAG
from tests.shop import Shop

BOXES = "FH-RCH-SAN"


def sound(shopper: Shopper) -> None:
    """No barriers in light and dark, and nothing wider than the window."""
    for scheme in ("light", "dark"):
        shopper.page.emulate_media(color_scheme=scheme)
        violations = Axe().run(shopper.page, options=WCAG).response["violations"]
        assert [f"{rule['id']}: {node['html'][:160]}" for rule in violations for node in rule["nodes"]] == []
    assert shopper.page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


def kept(shopper: Shopper) -> str:
    """All that the page and the browser's storage hold."""
    return shopper.page.evaluate(
        "() => document.documentElement.outerHTML"
        " + JSON.stringify(localStorage) + JSON.stringify(sessionStorage)"
    )


@pytest.mark.parametrize("size", [PHONE, DESKTOP], ids=["390", "1280"])
def test_a_guest_keeps_an_order_and_comes_back_by_passkey(
    shop: Shop, new_shopper: NewShopper, size: tuple[int, int]
):
    shopper, address = new_shopper(size=size), f"whole{size[0]}@example.com"
    cdp, device = authenticator(shopper.page)
    presence = {"authenticatorId": device, "enabled": False}
    cdp.send("WebAuthn.setAutomaticPresenceSimulation", presence)

    # A guest buys, and keeps the order by the code of a letter.
    shopper.fill_cart("archive-boxes")
    shopper.check_out(email=address)
    shopper.pay()
    shopper.pay_by_card()
    expect(shopper.see("order-status").first).to_have_text(re.compile("paid", re.I))
    number = shopper.see("order-number").first.inner_text()
    sound(shopper)
    shopper.see("keep-order").click()
    shopper.page.wait_for_url("**/account/login/code")
    shopper.ready()
    sound(shopper)
    shopper.see("account-code").fill(letter(shop, address)[0])
    shopper.page.wait_for_url("**/orders/*")
    shopper.ready()
    expect(shopper.see("order-number").first).to_have_text(number)
    expect(shopper.see("keep-order")).to_have_count(0)
    shopper.open("/account/orders")
    expect(shopper.see("account-order", number=number)).to_have_count(1)
    sound(shopper)

    # A passkey is made, and signs in after a sign-out.
    shopper.open("/account/security")
    shopper.page.get_by_label("Name of the new passkey").fill("Phone")
    cdp.send("WebAuthn.setAutomaticPresenceSimulation", presence | {"enabled": True})
    shopper.see("passkey-add").click()
    expect(shopper.see("passkey-row")).to_contain_text("Phone")
    cdp.send("WebAuthn.setAutomaticPresenceSimulation", presence)
    sound(shopper)
    shopper.see("account-sign-out").click()
    shopper.page.wait_for_url("**/account/login?done=out")
    shopper.open("/account/login?next=/account/orders")
    cdp.send("WebAuthn.setAutomaticPresenceSimulation", presence | {"enabled": True})
    shopper.see("account-passkey").click()
    shopper.page.wait_for_url("**/account/orders")
    shopper.ready()
    expect(shopper.see("account-order", number=number)).to_have_count(1)

    # Signed out, the browser has nothing of it.
    cdp.send("WebAuthn.setAutomaticPresenceSimulation", presence)
    shopper.fill_cart("archive-boxes")
    shopper.open("/account/orders")
    expect(shopper.see("account-order", number=number)).to_have_count(1)
    shopper.see("account-sign-out").click()
    shopper.page.wait_for_url("**/account/login?done=out")
    shopper.ready()
    expect(shopper.see("sign-in-done")).to_have_text("You are signed out.")
    words = (address, "Sam Shopper", ADDRESS["address-line1"], BOXES)
    assert [word for word in words if word in kept(shopper)] == []
    shopper.page.go_back()
    shopper.ready()
    expect(shopper.see("account-order")).to_have_count(0)
    assert [word for word in words if word in kept(shopper)] == []
    shopper.open("/cart")
    expect(shopper.see("cart-line")).to_have_count(0)
    assert [word for word in words if word in kept(shopper)] == []
