"""A customer fetches all that the shop keeps about them, and has it erased; the books are right."""

from __future__ import annotations

import json
import re
import zipfile
from datetime import timedelta
from pathlib import Path

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect
from sqlmodel import Session, SQLModel, col, select

from shop_app.core.access.cookies import key_hash
from shop_app.core.clock import now
from shop_app.models import Customer, LoginSession, Order, OrderLine
from shop_app.services.books import check as books
from shop_app.services.fulfilment import commands as fulfilment_commands
from tests.journeys.conftest import NewShopper
from tests.journeys.shopper import PHONE, Shopper
from tests.journeys.test_pages import WCAG
from tests.paying import MANAGER
from tests.shop import Shop

EMAIL = "canary-journey@example.com"
KEY = "the-key-of-a-session-in-the-journey".ljust(43, "_")
PAGE = "/account/data"


def axe(shopper: Shopper) -> list[str]:
    violations = Axe().run(shopper.page, options=WCAG).response["violations"]
    return [f"{rule['id']}: {node['html'][:160]}" for rule in violations for node in rule["nodes"]]


def writing(shop: Shop) -> Session:
    session = Session(shop.engine)
    session.connection(execution_options={"writes": True})
    return session


def sign_in(shop: Shop, shopper: Shopper) -> None:
    """As whoever has just proven who they are."""
    with writing(shop) as session:
        customer = session.exec(select(Customer).where(Customer.email == EMAIL)).first()
        customer = customer or Customer(email=EMAIL, name="Sam Canary", verified_at=now())
        session.add(customer)
        session.flush()
        token = key_hash(KEY)
        if not session.exec(select(LoginSession).where(LoginSession.token_hash == token)).first():
            expires_at = now() + timedelta(days=1)
            session.add(LoginSession(token_hash=token, customer_id=customer.id, expires_at=expires_at))
        session.commit()
    shopper.context.add_cookies([{"name": "shop_session", "value": KEY, "url": shop.url}])


def deliver(shop: Shop) -> None:
    with writing(shop) as session:
        order_id = session.exec(select(Order.id).where(Order.email == EMAIL)).one()
        lines = session.exec(select(OrderLine).where(OrderLine.order_id == order_id)).all()
        units = {line.id or 0: line.quantity for line in lines}
        given = {"carrier": "DHL", "tracking": "00340434161094042557"}
        shipment = fulfilment_commands.ship(session, order_id or 0, units, by=MANAGER, **given)
        fulfilment_commands.mark_delivered(session, shipment.id, by=MANAGER)
        session.commit()


def tables_with_traces(shop: Shop) -> set[str]:
    with Session(shop.engine) as session:
        return {
            name
            for name, table in SQLModel.metadata.tables.items()
            if "canary-journey" in repr(session.connection().execute(select(table)).all()).lower()
        }


def test_a_customer_fetches_their_data_and_has_it_erased(new_shopper: NewShopper, shop: Shop, tmp_path: Path):
    shopper = new_shopper()
    shopper.fill_cart("shoal-bowl")
    shopper.check_out(email=EMAIL)
    shopper.pay()
    shopper.pay_by_card()
    expect(shopper.see("order-status").first).to_have_text(re.compile("paid|confirmed|thank", re.I))
    sign_in(shop, shopper)
    shopper.open(PAGE)
    expect(shopper.see("data-erase-reasons")).to_contain_text("hasn't been sent yet")
    assert shopper.see("data-erase").count() == 0
    assert axe(shopper) == []

    shopper.see("data-export").click()
    # The page turns by itself, once the file is there.
    link = shopper.see("data-export-file")
    expect(link).to_be_visible()
    with shopper.page.expect_download() as download:
        link.click()
    download.value.save_as(tmp_path / "mine.zip")
    with zipfile.ZipFile(tmp_path / "mine.zip") as archive:
        (order,) = json.loads(archive.read("json/orders.json"))
    assert order["email"] == EMAIL
    stranger = new_shopper()
    answer = stranger.context.request.get(f"{shop.url}{link.get_attribute('href')}", max_redirects=0)
    assert (answer.status, answer.headers["location"]) == (303, "/account/login?next=/account/data")

    deliver(shop)
    phone = new_shopper(size=PHONE, dark=True)
    sign_in(shop, phone)
    phone.open(PAGE)
    expect(phone.see("data-stays")).to_contain_text("One order stays in our books")
    phone.see("data-erase").click()
    phone.see("data-erase-confirm").click()
    expect(phone.page.locator("#field-understood-error")).to_be_visible()
    assert axe(phone) == []
    phone.see("data-erase-understood").check()
    phone.see("data-erase-confirm").click()
    phone.page.wait_for_url(f"{shop.url}/")
    # On the desktop too nothing of the person is shown any more.
    expect(shopper.page.locator("body")).not_to_contain_text("hasn't been sent yet")
    assert tables_with_traces(shop) == set()
    with Session(shop.engine) as session:
        (kept,) = session.exec(select(Order).where(col(Order.erased_at).is_not(None))).all()
        assert (kept.email, kept.bill_to["line1"]) == ("", "Am Speicher 4")
        assert books.check(session).violations == ()
