"""A customer looks after how they sign in: sets a password, and ends a session that then shows nothing."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect
from sqlmodel import select

from shop_app.core.clock import now
from shop_app.models import Customer
from shop_app.services.accounts import sessions
from shop_app.services.accounts.browsers import Browser
from tests.journeys.conftest import NewShopper
from tests.journeys.shopper import DESKTOP, PHONE, Shopper
from tests.journeys.test_pages import WCAG
from tests.shop import Shop

PASSWORD = "tea-leaves-and-rain"


def enter(shop: Shop, person: Shopper, email: str, device: str) -> None:
    """Sign them in, as a code by letter does."""
    with shop.session() as session:
        session.connection(execution_options={"writes": True})
        customer = session.exec(select(Customer).where(Customer.email == email)).first()
        if customer is None:
            customer = Customer(email=email, name="Ada", verified_at=now())
            session.add(customer)
            session.flush()
        key, _who = sessions.open_for_customer(session, customer, Browser(device=device))
        session.commit()
    person.context.add_cookies([{"name": "shop_session", "value": key, "url": person.base}])


def axe(page: Page) -> list[str]:
    violations: list[dict[str, Any]] = Axe().run(page, options=WCAG).response["violations"]
    return [f"{rule['id']}: {node['html'][:160]}" for rule in violations for node in rule["nodes"]]


@pytest.mark.parametrize(("size", "dark"), [(DESKTOP, False), (PHONE, True)], ids=["1280", "390"])
def test_a_password_is_set_and_another_session_ended(
    shop: Shop, new_shopper: NewShopper, size: tuple[int, int], dark: bool
):
    email = f"ada{size[0]}@example.com"
    ada, lost = new_shopper(size=size, dark=dark), new_shopper(size=size, dark=dark)
    enter(shop, lost, email, "Safari, iPhone")
    enter(shop, ada, email, "Firefox, Linux")
    lost.open("/account/security")
    ada.open("/account/security")
    expect(ada.see("session-row")).to_have_count(2)
    expect(ada.see("session-row").first).to_contain_text("This browser")
    assert axe(ada.page) == []
    # The other session ends, and its page has nothing any more.
    ada.see("session-end").click()
    lost.see("signed-out").wait_for()
    expect(ada.see("session-row")).to_have_count(1)
    assert email not in lost.page.content()
    assert axe(lost.page) == []
    # A password that many have isn't taken, the next one is.
    for password, mark in (("password1", "password-problem"), (PASSWORD, "password-done")):
        ada.see("new-password").fill(password)
        ada.see("new-password-save").click()
        ada.page.wait_for_url("**/account/security?*")
        ada.ready()
        expect(ada.see(mark)).to_be_visible()
    expect(ada.page.get_by_text("You have one. A code by letter signs you in as well.")).to_be_visible()
    assert axe(ada.page) == []
    with shop.session() as session:
        customer = session.exec(select(Customer).where(Customer.email == email)).one()
        login = sessions.login_of(session, email, kind="customer")
        assert sessions.prove(login, PASSWORD).email == customer.email
    assert urlsplit(ada.page.url).path == "/account/security"
