"""Signing in as staff do: by password and code, by passkey, and out everywhere while another tab is open."""

from __future__ import annotations

import re
import time
from typing import Any

import pytest
from playwright.sync_api import Page, expect
from pyotp.totp import TOTP
from sqlmodel import select

from shop_app.models import LoginSession
from shop_app.services.accounts import sessions
from shop_app.services.accounts.passwords import hash_password
from tests.journeys.admin.test_orders import axe
from tests.journeys.conftest import NewShopper
from tests.journeys.shopper import DESKTOP, PHONE, Shopper
from tests.shop import Shop

PASSWORD = "tea-leaves-and-rain"


def member(shop: Shop, name: str) -> str:
    """The address of a manager who is new."""
    email = f"{name}@example.com"
    with shop.session() as session:
        session.connection(execution_options={"writes": True})
        sessions.create_staff(session, email, hash_password(PASSWORD), "manager", name=name, actor="test")
        session.commit()
    return email


def enter(person: Shopper, email: str, target: str = "/admin/security") -> None:
    """Fill in the form, which then goes to `target` or to the code."""
    person.open(f"/admin/login?next={target}")
    person.see("login-email").fill(email)
    person.see("login-password").fill(PASSWORD)
    person.see("login-submit").click()


def leave(person: Shopper, page: Page | None = None) -> None:
    """Sign out; a toast may lie over the button."""
    button = (page or person.page).get_by_role("button", name="Sign out").first
    button.evaluate("button => button.form.requestSubmit()")


def authenticator(page: Page) -> tuple[Any, str]:
    """A device with a fingerprint reader, and its number; it answers by itself."""
    cdp = page.context.new_cdp_session(page)
    cdp.send("WebAuthn.enable")
    options = {
        "protocol": "ctap2",
        "transport": "internal",
        "hasResidentKey": True,
        "hasUserVerification": True,
        "isUserVerified": True,
        "automaticPresenceSimulation": True,
    }
    return cdp, cdp.send("WebAuthn.addVirtualAuthenticator", {"options": options})["authenticatorId"]


def test_a_password_and_a_code_sign_in(shop: Shop, new_shopper: NewShopper):
    email, staff = member(shop, "totp"), new_shopper()
    enter(staff, email)
    staff.page.wait_for_url(re.compile(r"^[^?]*/admin/security$"))
    staff.ready()
    staff.see("codes-begin").click()
    app = TOTP(staff.see("codes-secret").inner_text().replace(" ", ""))
    assert axe(staff.page) == []
    staff.see("codes-code").fill("000000")
    staff.see("codes-confirm").click()
    expect(staff.page.get_by_text("This isn't the code that the app shows now")).to_be_visible()
    staff.see("codes-code").fill(app.now())
    staff.see("codes-confirm").click()
    expect(staff.see("recovery-code")).to_have_count(8)
    recovery = staff.see("recovery-code").first.inner_text()
    assert axe(staff.page) == []
    staff.see("recovery-kept").click()
    leave(staff)
    staff.page.wait_for_url("**/admin/login?done=out")
    # The code that was used is used up; the app's next one is known already.
    enter(staff, email)
    staff.page.wait_for_url("**/admin/login/code")
    staff.ready()
    assert axe(staff.page) == []
    staff.see("login-code").fill("123456")
    staff.see("login-code-submit").click()
    expect(staff.see("login-problem")).to_contain_text("This code is wrong, or was used before")
    staff.ready()
    staff.see("login-code").fill(app.at(int(time.time()) + 30))
    staff.see("login-code-submit").click()
    staff.page.wait_for_url(re.compile(r"^[^?]*/admin/security$"))
    # On another computer, without the phone.
    other = new_shopper()
    enter(other, email)
    other.page.wait_for_url("**/admin/login/code")
    other.ready()
    other.see("login-code").fill(recovery)
    other.see("login-code-submit").click()
    other.page.wait_for_url(re.compile(r"^[^?]*/admin/security$"))
    expect(other.page.get_by_text("7 codes are left.")).to_be_visible()


def test_a_passkey_signs_in_alone(shop: Shop, new_shopper: NewShopper):
    email, staff = member(shop, "passkey"), new_shopper()
    cdp, number = authenticator(staff.page)
    enter(staff, email)
    staff.page.wait_for_url(re.compile(r"^[^?]*/admin/security$"))
    staff.ready()
    staff.page.get_by_label("Name of the new passkey").fill("Laptop")
    staff.see("passkey-add").click()
    expect(staff.see("passkey-row")).to_contain_text("Laptop")
    assert axe(staff.page) == []
    # Whoever is asked by the form of the address doesn't answer yet.
    cdp.send("WebAuthn.setAutomaticPresenceSimulation", {"authenticatorId": number, "enabled": False})
    leave(staff)
    staff.page.wait_for_url("**/admin/login?done=out")
    staff.ready()
    expect(staff.see("login-passkey")).to_be_visible()
    cdp.send("WebAuthn.setAutomaticPresenceSimulation", {"authenticatorId": number, "enabled": True})
    staff.see("login-passkey").click()
    staff.page.wait_for_url(re.compile(r"/admin$"))
    staff.ready()
    # And by what the browser offers where the address is typed.
    leave(staff)
    staff.page.wait_for_url(re.compile(r"/admin$"))


def test_signing_out_everywhere_empties_the_other_tab(shop: Shop, new_shopper: NewShopper):
    email = member(shop, "everywhere")
    staff, phone = new_shopper(), new_shopper(size=PHONE)
    enter(phone, email, "/admin")
    phone.page.wait_for_url(re.compile(r"/admin$"))
    phone.ready()
    expect(phone.see("kpi").first).to_be_visible()
    enter(staff, email)
    staff.page.wait_for_url(re.compile(r"^[^?]*/admin/security$"))
    staff.ready()
    expect(staff.see("session-row")).to_have_count(2)
    staff.see("session-end-others").click()
    expect(phone.see("signed-out")).to_be_visible(timeout=2_000)
    expect(phone.see("kpi")).to_have_count(0)
    assert axe(phone.page) == []
    expect(staff.see("session-row")).to_have_count(1)
    phone.page.get_by_role("button", name="Sign in again").click()
    phone.page.wait_for_url("**/admin/login?next=%2Fadmin")


def test_what_matters_asks_again_who_one_is(shop: Shop, new_shopper: NewShopper):
    email, staff = member(shop, "again"), new_shopper()
    enter(staff, email)
    staff.page.wait_for_url(re.compile(r"^[^?]*/admin/security$"))
    staff.ready()
    with shop.session() as session:
        session.connection(execution_options={"writes": True})
        for row in session.exec(select(LoginSession)):
            row.proven_at = row.proven_at.replace(year=2020)
        session.commit()
    staff.expected.append("422")
    staff.see("codes-begin").click()
    expect(staff.see("confirm-password")).to_be_visible()
    assert axe(staff.page) == []
    staff.see("confirm-password").fill("not-the-password")
    staff.see("confirm-submit").click()
    expect(staff.page.get_by_text("This isn't your password.")).to_be_visible()
    staff.see("confirm-password").fill(PASSWORD)
    staff.see("confirm-submit").click()
    expect(staff.page.get_by_text("Confirmed. You can repeat that now.")).to_be_visible()
    expect(staff.see("confirm-password")).to_be_hidden()
    staff.see("codes-begin").click()
    expect(staff.see("codes-secret")).to_be_visible()


def test_the_sign_in_works_without_scripts(shop: Shop, new_shopper: NewShopper):
    email, staff = member(shop, "plain"), new_shopper(scripts=False)
    staff.page.goto("/admin/login?next=/admin/security")
    staff.see("login-email").fill(email)
    staff.see("login-password").fill("wrong-password")
    staff.see("login-submit").click()
    expect(staff.see("login-problem")).to_have_text("The e-mail address or the password is wrong.")
    staff.see("login-email").fill(email)
    staff.see("login-password").fill(PASSWORD)
    staff.see("login-submit").click()
    staff.page.wait_for_url(re.compile(r"^[^?]*/admin/security$"))


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("size", [PHONE, DESKTOP])
def test_axe_finds_nothing(shop: Shop, new_shopper: NewShopper, size: tuple[int, int], dark: bool):
    person = new_shopper(size=size, dark=dark)
    for path in ("?problem=wrong", "?done=out", "/code", "/reset?done=sent", "/new-password?ticket=x"):
        person.open(f"/admin/login{path}")
        assert axe(person.page) == [], path
    enter(person, member(shop, f"axe-{size[0]}-{dark}".lower()))
    person.page.wait_for_url(re.compile(r"^[^?]*/admin/security$"))
    person.ready()
    assert axe(person.page) == []
