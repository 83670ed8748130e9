"""Signing in as customers do: by the code of a letter, by its link, password and passkey; and out again."""

from __future__ import annotations

import base64
from typing import Any

import cbor2
import pytest
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from playwright.sync_api import expect
from sqlmodel import select
from webauthn.helpers import bytes_to_base64url

from shop_app.models import Customer, Passkey
from tests.journeys import signing_in
from tests.journeys.admin.test_orders import axe
from tests.journeys.admin.test_signing_in import authenticator
from tests.journeys.conftest import NewShopper
from tests.journeys.shopper import DESKTOP, PHONE, Shopper
from tests.journeys.signing_in import letter
from tests.passkey_device import Device
from tests.shop import Shop

TARGET = "/products/dune-mug"


def ask(person: Shopper, address: str) -> None:
    signing_in.ask(person, address, TARGET)


def label(person: Shopper) -> str:
    return person.see("account-link").get_attribute("aria-label") or ""


@pytest.mark.parametrize("size", [PHONE, DESKTOP])
def test_a_guest_signs_in_by_the_code_of_a_letter_and_out(
    shop: Shop, new_shopper: NewShopper, size: tuple[int, int]
):
    person, address = new_shopper(size=size), f"code-{size[0]}@example.com"
    person.open("/")
    assert label(person) == "Sign in"
    ask(person, address)
    expect(person.page.get_by_text(address)).to_be_visible()
    code, _link = letter(shop, address)
    person.see("account-code").fill("12345")
    person.see("account-code-submit").click()
    expect(person.page.get_by_text("This code is wrong, or it is over.")).to_be_visible()
    person.ready()
    # A code that is pasted is sent.
    person.see("account-code").fill(code)
    person.page.wait_for_url(person.base + TARGET)
    person.ready()
    expect(person.see("account-link")).to_have_attribute("aria-label", "Account")
    person.open("/account/login")
    expect(person.page.get_by_text("You are signed in in this browser.")).to_be_visible()
    assert axe(person.page) == []
    person.see("account-sign-out").click()
    person.page.wait_for_url("**/account/login?done=out")
    person.ready()
    expect(person.see("sign-in-done")).to_have_text("You are signed out.")
    assert label(person) == "Sign in"
    person.page.go_back()
    person.ready()
    expect(person.see("account-link").first).to_have_attribute("aria-label", "Sign in")
    assert address not in person.page.content()
    assert address not in str(
        person.page.evaluate("JSON.stringify([{...localStorage}, {...sessionStorage}])")
    )


def test_the_letter_s_link_shows_the_code_elsewhere_and_finishes_here(shop: Shop, new_shopper: NewShopper):
    person, phone, address = new_shopper(), new_shopper(size=PHONE), "link@example.com"
    ask(person, address)
    code, link = letter(shop, address)
    phone.open(link)
    expect(phone.see("account-digits")).to_have_text(code)
    assert axe(phone.page) == []
    phone.see("account-link-finish").click()
    expect(phone.see("sign-in-problem")).to_contain_text("You asked for the letter in another browser.")
    person.open(link)
    person.see("account-link-finish").click()
    person.page.wait_for_url(person.base + TARGET)
    phone.open(link)
    expect(phone.page.get_by_role("heading", name="This letter is over")).to_be_visible()


def with_passkey(shop: Shop, address: str, cdp: Any, authenticator: str) -> None:
    """Give the account of that address a passkey, and the browser's device its private half."""
    device = Device()
    numbers = device.key.public_key().public_numbers()
    public = {1: 2, 3: -7, -1: 1, -2: numbers.x.to_bytes(32, "big"), -3: numbers.y.to_bytes(32, "big")}
    with shop.session() as session:
        session.connection(execution_options={"writes": True})
        owner = session.exec(select(Customer).where(Customer.email == address)).one()
        session.add(
            Passkey(
                customer_id=owner.id,
                credential_id=bytes_to_base64url(device.id),
                public_key=bytes_to_base64url(cbor2.dumps(public)),
            )
        )
        session.commit()
    private = device.key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    credential = {
        "credentialId": base64.b64encode(device.id).decode(),
        "isResidentCredential": True,
        "rpId": "localhost",
        "privateKey": base64.b64encode(private).decode(),
        "userHandle": base64.b64encode(b"customer").decode(),
        "signCount": 0,
    }
    cdp.send("WebAuthn.addCredential", {"authenticatorId": authenticator, "credential": credential})


def test_a_customer_comes_back_by_passkey(shop: Shop, new_shopper: NewShopper):
    person, address = new_shopper(), "passkey@example.com"
    cdp, number = authenticator(person.page)
    simulation = {"authenticatorId": number, "enabled": False}
    cdp.send("WebAuthn.setAutomaticPresenceSimulation", simulation)
    ask(person, address)
    person.see("account-code").fill(letter(shop, address)[0])
    person.page.wait_for_url(person.base + TARGET)
    with_passkey(shop, address, cdp, number)
    # By the button, and by what the browser offers where the address is typed.
    for offered in (False, True):
        cdp.send("WebAuthn.setAutomaticPresenceSimulation", simulation)
        person.open("/account/login")
        person.see("account-sign-out").click()
        person.page.wait_for_url("**/account/login?done=out")
        person.ready()
        if not offered:
            person.open(f"/account/login?next={TARGET}")
        cdp.send("WebAuthn.setAutomaticPresenceSimulation", simulation | {"enabled": True})
        if offered:
            person.page.goto(f"/account/login?next={TARGET}", wait_until="commit")
        else:
            person.see("account-passkey").click()
        person.page.wait_for_url(person.base + TARGET)
        person.ready()
        expect(person.see("account-link")).to_have_attribute("aria-label", "Account")
    with shop.session() as session:
        statement = select(Passkey.last_used_at).where(Passkey.staff_id == None)  # noqa: E711
        assert session.exec(statement).one()


def test_the_demo_s_password_signs_in_without_scripts(new_shopper: NewShopper):
    person = new_shopper(scripts=False)
    person.page.goto(f"/account/login?next={TARGET}")
    person.see("account-email").fill("shopper@example.com")
    person.see("account-continue").click()
    person.page.wait_for_url("**/account/login/code")
    person.see("account-password").fill("not-the-password")
    person.see("account-password-submit").click()
    expect(person.page.get_by_text("The e-mail address or the password is wrong.")).to_be_visible()
    person.see("account-password").fill("demo-shopper")
    person.see("account-password-submit").click()
    person.page.wait_for_url(person.base + TARGET)


def test_a_password_can_be_shown(new_shopper: NewShopper):
    person = new_shopper()
    ask(person, "shopper@example.com")
    password = person.see("account-password")
    password.fill("demo-shopper")
    person.page.get_by_role("button", name="Show the password").click()
    expect(password).to_have_attribute("type", "text")
    person.see("account-password-submit").click()
    person.page.wait_for_url(person.base + TARGET)


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("size", [PHONE, DESKTOP])
def test_axe_finds_nothing(new_shopper: NewShopper, size: tuple[int, int], dark: bool):
    person = new_shopper(size=size, dark=dark)
    for path in ("login?problem=email", "login/code?problem=code", "login/code?problem=wrong", "register"):
        person.open(f"/account/{path}")
        assert axe(person.page) == [], path
        assert person.page.evaluate("document.documentElement.scrollWidth <= innerWidth"), path
