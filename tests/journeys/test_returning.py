"""Changing one's mind: a guest withdraws and gets the receipt; a return is asked for on the order's page."""

from __future__ import annotations

import email
import email.policy
import re
import time
from datetime import timedelta
from pathlib import Path

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect
from sqlmodel import col, select

from shop_app.core.clock import now
from shop_app.models import Order, OrderLine, ReturnRequest, Shipment
from tests.journeys.conftest import NewShopper
from tests.journeys.shopper import PHONE, Shopper
from tests.journeys.test_pages import WCAG
from tests.shop import Shop


def letter(shop: Shop, name: str) -> email.message.EmailMessage:
    """The first letter of that kind, once it is written."""
    ends = time.monotonic() + 15
    while time.monotonic() < ends:
        letters: list[Path] = sorted((shop.data / "letters").glob(f"{name}*.eml"))
        if letters:
            return email.message_from_bytes(letters[-1].read_bytes(), policy=email.policy.default)  # pyright: ignore
        time.sleep(0.1)
    raise AssertionError(f"No letter {name} was written")


def axe(shopper: Shopper) -> list[str]:
    violations = Axe().run(shopper.page, options=WCAG).response["violations"]
    return [f"{rule['id']}: {node['html'][:160]}" for rule in violations for node in rule["nodes"]]


def test_a_guest_withdraws_and_sees_the_receipt(new_shopper: NewShopper, shop: Shop):
    buyer = new_shopper()
    number = re.sub(r"\D", "", buyer.buy("shoal-bowl"))
    guest = new_shopper(size=PHONE, dark=True)
    guest.open("/")
    guest.page.locator("footer").get_by_role("link", name="Withdraw from a contract").click()
    guest.page.get_by_label("Your name").fill("Sam Shopper")
    guest.page.get_by_label("Order number").fill(number)
    guest.page.get_by_label("Email").fill("sam@example.com")
    guest.see("withdrawal-look").click()
    expect(guest.see("withdrawal-step")).to_have_attribute("data-step", "check")
    expect(guest.see("withdrawal-step")).to_be_focused()
    assert axe(guest) == []
    # Twice, as impatient people do.
    guest.see("withdrawal-confirm").dblclick()
    receipt = guest.see("withdrawal-receipt")
    expect(receipt).to_contain_text("1 × Shoal Bowl")
    expect(receipt).to_contain_text(re.compile(r"\d\d:\d\d CES?T"))
    assert axe(guest) == []

    text = letter(shop, "withdrawal_received").get_body(("plain",))
    assert text is not None
    assert f"Order: {number}" in text.get_content()
    assert "1 × Shoal Bowl" in text.get_content()
    # The buyer's page, open all the while, shows it by itself.
    expect(buyer.see("order-return")).to_contain_text("Won't be sent")
    with shop.session() as session:
        order = session.exec(select(Order).where(Order.number == int(number))).one()
        return_requests = session.exec(select(ReturnRequest).where(ReturnRequest.order_id == order.id)).all()
    assert [(row.kind, row.status) for row in return_requests] == [("withdrawal", "approved")]


def test_something_is_sent_back_from_the_orders_page(shopper: Shopper, shop: Shop):
    since = now() - timedelta(days=10)
    with shop.session() as session:
        # Several units, so that something is left to send back: whoever sends all back needs no button.
        token = session.exec(
            select(Order.token)
            .join(Shipment, col(Shipment.order_id) == Order.id)
            .join(OrderLine, col(OrderLine.order_id) == Order.id)
            .where(Order.payment_status == "paid", col(Shipment.delivered_at) > since)
            .where(col(OrderLine.quantity) > 1)
            .order_by(col(Order.id))
        ).first()
    shopper.open(f"/orders/{token}")
    expect(shopper.see("order-shipment").first).to_contain_text("DHL")
    shopper.see("return-open").click()
    shopper.see("return-send").click()
    shopper.page.get_by_role("link", name="Choose a reason").click()
    expect(shopper.page.get_by_label("Reason")).to_be_focused()
    assert axe(shopper) == []
    shopper.page.get_by_label("Reason").select_option("damaged")
    shopper.see("return-quantity").first.select_option("1")
    shopper.see("return-send").click()
    expect(shopper.see("order-return")).to_contain_text("Requested")
    expect(shopper.page.locator("#return-drawer")).not_to_be_visible()
    expect(shopper.see("return-open")).to_be_focused()
