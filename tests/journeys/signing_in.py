"""Signing in and out as customers do, by the pages' forms and what stands in their letters."""

from __future__ import annotations

import email
import re
import time
from email.policy import default

from sqlmodel import select

from shop_app.core.clock import now
from shop_app.models import Customer
from shop_app.services.accounts.passwords import hash_password
from tests.journeys.shopper import Shopper
from tests.shop import Shop

PASSWORD = "tea-leaves-and-rain"
DEMO_EMAIL, DEMO_PASSWORD = "shopper@example.com", "demo-shopper"
LINK = r"/account/login/link/\w+"


def account(shop: Shop, address: str, name: str = "") -> int:
    """The id of the account of that address with a password and nothing else; it may be there already."""
    with shop.session() as session:
        session.connection(execution_options={"writes": True})
        customer = session.exec(select(Customer).where(Customer.email == address)).first()
        if customer is None:
            customer = Customer(email=address, name=name)
        customer.password_hash, customer.verified_at = hash_password(PASSWORD).text, now()
        session.add(customer)
        session.commit()
        assert customer.id
        return customer.id


def ask(person: Shopper, address: str, target: str) -> None:
    """Type an address into the page of signing in, which leads to the page of code and password."""
    person.open(f"/account/login?next={target}")
    person.see("account-email").fill(address)
    person.see("account-continue").click()
    person.page.wait_for_url("**/account/login/code")
    person.ready()


def enter(person: Shopper, address: str, password: str = PASSWORD, target: str = "/account") -> None:
    """Sign in by a password, and wait for the page that follows."""
    ask(person, address, target)
    send_password(person, password, target)


def send_password(person: Shopper, password: str, target: str) -> None:
    person.see("account-password").fill(password)
    person.see("account-password-submit").click()
    person.page.wait_for_url(f"**{target}")
    person.ready()


def leave(person: Shopper) -> None:
    """Sign out by the account's page of signing in."""
    person.open("/account/login")
    person.see("account-sign-out").click()
    person.page.wait_for_url("**/account/login?done=out")
    person.ready()


def letter(shop: Shop, to: str, after: int = 0) -> tuple[str, str]:
    """Code and link of the newest letter with one to that address, once there are more than `after`."""
    ends = time.monotonic() + 15
    while time.monotonic() < ends:
        files = sorted((shop.data / "letters").glob("*.eml"), key=lambda file: file.stat().st_mtime_ns)
        read = [email.message_from_bytes(file.read_bytes(), policy=default) for file in files]
        bodies = [message.get_body(("plain",)) for message in read if message["to"] == to]
        texts = [body.get_content() for body in bodies if body]
        mine = [text for text in texts if re.search(r"Your code: \d{6}\b", text)]
        if len(mine) > after:
            code, link = re.search(r"Your code: (\d{6})\b", mine[-1]), re.search(LINK, mine[-1])
            assert code, mine[-1]
            assert link, mine[-1]
            return code[1], link[0]
        time.sleep(0.1)
    raise AssertionError(f"no letter to {to}")
