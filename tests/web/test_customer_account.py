"""What customers do to their own account by HTTP: who may, what it needs, what is answered, who is told."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta
from typing import Any

import httpx
import pytest
from sqlmodel import Session, col, select
from starlette.applications import Starlette

from shop_app.core import db
from shop_app.core.access import cookies, policy, rates
from shop_app.core.access.cookies import key_hash
from shop_app.core.access.principal import NOBODY, Principal
from shop_app.core.clock import now
from shop_app.core.settings import settings
from shop_app.models import Customer, Letter, LoginSession, Passkey, SignInCode
from shop_app.services.accounts import (
    email_changes,
    open_sessions,
    passkeys,
    passwords,
    sessions,
    sign_in_codes,
)
from shop_app.services.accounts.browsers import Browser
from shop_app.services.accounts.passwords import hash_password
from shop_app.web import customer_account, own_account, session_look_up
from shop_app.web.edge import Edge
from tests.passkey_device import Device

ORIGIN = "http://localhost:3000"
EMAIL, OTHER = "ada@example.com", "other@example.com"
PASSWORD, NEXT = "quite-long-enough", "another-long-one"
Open = Callable[..., Awaitable[httpx.AsyncClient]]


class Fast:
    """Hashes in no time: what is tried here isn't the hash."""

    @staticmethod
    def hash(password: str) -> str:
        return f"fast${password}"

    @staticmethod
    def verify_and_update(password: str, text: str) -> tuple[bool, str | None]:
        return text == f"fast${password}", None


@pytest.fixture
async def browser(engine: Any, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Open]:
    """`await browser(EMAIL)`: a browser in which that customer is signed in; without, in which nobody is."""
    monkeypatch.setattr(passwords, "_hasher", lambda: Fast)
    monkeypatch.setattr(rates, "PAUSE_SECONDS", 0)
    monkeypatch.setattr(policy, "_look_up", session_look_up.signed_in)
    session_look_up._noted.clear()
    opened: list[httpx.AsyncClient] = []

    async def open_one(email: str = "", *, origin: str = ORIGIN) -> httpx.AsyncClient:
        app = Edge(Starlette(routes=[*customer_account.routes, *own_account.routes]), origins=[ORIGIN])
        visitor = cookies.new_key()
        kept = httpx.Cookies()
        kept.set(cookies.visitor_cookie(), visitor, domain="localhost.local")
        if email:
            key, _who = await db.write(signed_in, email, key_hash(visitor))
            kept.set(cookies.session_cookie(), key, domain="localhost.local")
        transport = httpx.ASGITransport(app=app, client=("127.0.0.1", 1234))
        client = httpx.AsyncClient(
            transport=transport, base_url=settings().public_url, headers={"origin": origin}, cookies=kept
        )
        opened.append(client)
        return client

    yield open_one
    for client in opened:
        await client.aclose()
    await asyncio.gather(*session_look_up._writing)


def signed_in(session: Session, email: str, visitor_hash: str = "") -> tuple[str, Principal]:
    customer = session.exec(select(Customer).where(Customer.email == email)).first()
    if customer is None:
        customer = Customer(email=email, name="Ada Moberg", verified_at=now())
        session.add(customer)
        session.flush()
    return sessions.open_for_customer(session, customer, Browser(visitor_hash))


def key_of(client: httpx.AsyncClient) -> str:
    return client.cookies.get(cookies.session_cookie()) or ""


async def who(client: httpx.AsyncClient) -> Principal:
    return await db.read(sessions.who, key_hash(key_of(client))) if key_of(client) else NOBODY


def hash_of(session: Session, email: str = EMAIL) -> str | None:
    return session.exec(select(Customer.password_hash).where(Customer.email == email)).one()


def sent(session: Session) -> list[str]:
    return [row.kind for row in session.exec(select(Letter).order_by(col(Letter.id))).all()]


def where(answer: httpx.Response) -> str:
    assert answer.status_code == 303
    assert answer.headers["cache-control"] == "no-store"
    return answer.headers["location"]


async def set_password(client: httpx.AsyncClient, password: str = PASSWORD) -> str:
    return where(await client.post("/account/security/password", data={"password": password}))


# --- A password -----------------------------------------------------------------------------------


async def test_a_password_is_set_in_a_fresh_session_which_gets_a_new_key(clock: Any, browser: Open):
    ada, phone = await browser(EMAIL), await browser(EMAIL)
    before = key_of(ada)
    assert await set_password(ada) == "/account/security?done=password"
    assert await db.read(hash_of) == f"fast${PASSWORD}"
    assert key_of(ada) != before
    assert (await who(ada)).email == EMAIL
    assert await who(phone) == NOBODY
    assert await db.read(sent) == ["customer_new_browser", "customer_password_changed"]


@pytest.mark.parametrize(
    ("password", "reason"),
    [
        ("1234567", "length"),
        ("x" * 201, "length"),
        ("", "length"),
        ("password1", "known"),
        ("ada.moberg2026", "words"),
        ("fennholm77", "words"),
    ],
)
async def test_what_attackers_try_first_is_refused_with_the_reason(
    clock: Any, browser: Open, monkeypatch: pytest.MonkeyPatch, password: str, reason: str
):
    from types import SimpleNamespace

    monkeypatch.setattr(customer_account, "shop", lambda: SimpleNamespace(name="Fennholm"))
    ada = await browser(EMAIL)
    assert await set_password(ada, password) == f"/account/security?problem={reason}"
    assert await db.read(hash_of) is None
    assert await db.read(sent) == []


@pytest.mark.parametrize(
    "password", ["correct horse battery staple", "пароль-дня-7", "y8 z" * 50, " 8 or so "]
)
async def test_anything_else_of_any_signs_is_taken_as_it_is(clock: Any, browser: Open, password: str):
    ada = await browser(EMAIL)
    assert await set_password(ada, password) == "/account/security?done=password"
    assert await db.read(hash_of) == f"fast${password}"


async def test_nobody_sets_a_password_without_a_fresh_session_of_their_own(clock: Any, browser: Open):
    ada, stranger = await browser(EMAIL), await browser()
    assert await set_password(stranger) == "/account/login?next=%2Faccount%2Fsecurity"
    clock.shift(timedelta(minutes=15))
    assert await set_password(ada) == "/account/security?problem=prove_again"
    assert await db.read(hash_of) is None


# --- Proving again --------------------------------------------------------------------------------


async def stale(clock: Any, browser: Open) -> httpx.AsyncClient:
    ada = await browser(EMAIL)
    clock.shift(timedelta(minutes=16))
    return ada


async def is_fresh(client: httpx.AsyncClient) -> bool:
    return await db.read(open_sessions.fresh, (await who(client)).session_id)


async def test_a_password_proves_again(clock: Any, browser: Open):
    ada = await browser(EMAIL)
    await set_password(ada)
    clock.shift(timedelta(minutes=16))
    before = key_of(ada)
    wrong = await ada.post("/account/confirm", data={"password": NEXT})
    assert (wrong.status_code, key_of(ada)) == (422, before)
    assert not await is_fresh(ada)
    assert (await ada.post("/account/confirm", data={"password": PASSWORD})).status_code == 200
    assert key_of(ada) != before
    assert await is_fresh(ada)


async def test_a_code_from_a_letter_proves_again_once(clock: Any, browser: Open):
    ada = await stale(clock, browser)
    assert (await ada.post("/account/confirm/code")).status_code == 200

    def digits(session: Session) -> str:
        return sign_in_codes.digits_of(session.exec(select(SignInCode.seed)).one(), EMAIL)

    code = await db.read(digits)
    wrong = f"{(int(code) + 1) % 1_000_000:06}"
    assert (await ada.post("/account/confirm", data={"code": wrong})).status_code == 422
    assert (await ada.post("/account/confirm", data={})).status_code == 422
    assert not await is_fresh(ada)
    assert (await ada.post("/account/confirm", data={"code": code})).status_code == 200
    assert await is_fresh(ada)
    clock.shift(timedelta(minutes=16))
    assert (await ada.post("/account/confirm", data={"code": code})).status_code == 422


async def test_a_passkey_is_added_and_proves_again(clock: Any, browser: Open):
    ada, device = await browser(EMAIL), Device()
    options = await ada.post("/account/passkeys/options", json={})
    made = {"answer": device.make(options.text), "name": "Laptop"}
    assert (await ada.post("/account/passkeys", json=made)).status_code == 200
    clock.shift(timedelta(minutes=16))
    assert (await ada.post("/account/passkeys/options", json={})).status_code == 409
    challenge = (await ada.post("/account/confirm/options", json={})).text
    answer = {"answer": device.prove(challenge)}
    assert (await ada.post("/account/confirm", json=answer)).status_code == 200
    assert await is_fresh(ada)
    replayed = await ada.post("/account/confirm", json=answer)
    assert replayed.status_code == 422


async def test_another_s_passkey_proves_nothing(clock: Any, browser: Open):
    ada, other, device = await browser(EMAIL), await browser(OTHER), Device()
    options = (await other.post("/account/passkeys/options", json={})).text
    await other.post("/account/passkeys", json={"answer": device.make(options)})
    clock.shift(timedelta(minutes=16))
    challenge = (await ada.post("/account/confirm/options", json={})).text
    assert (await ada.post("/account/confirm", json={"answer": device.prove(challenge)})).status_code == 422
    assert not await is_fresh(ada)


ADDRESSES = ("passkeys/options", "passkeys", "confirm/options", "confirm")


@pytest.mark.parametrize("address", ADDRESSES)
async def test_neither_is_ever_the_other_and_nobody_is_either(clock: Any, browser: Open, address: str):
    def as_staff(session: Session) -> str:
        sessions.create_staff(session, "s@example.com", hash_password(PASSWORD), "owner", actor="test")
        login = sessions.login_of(session, "s@example.com", kind="staff")
        return sessions.sign_in(session, sessions.prove(login, PASSWORD))[0]

    ada, nobody, staff = await browser(EMAIL), await browser(), await browser()
    staff.cookies.set(cookies.session_cookie(), await db.write(as_staff))
    refused = [
        await ada.post(f"/admin/{address}", json={}),
        await staff.post(f"/account/{address}", json={}),
        await nobody.post(f"/account/{address}", json={}),
        await nobody.post(f"/admin/{address}", json={}),
    ]
    assert [answer.status_code for answer in refused] == [403] * 4
    assert (await staff.post("/account/confirm/code")).status_code == 403


async def test_letters_with_codes_are_bounded(clock: Any, browser: Open):
    ada = await browser(EMAIL)
    answers = [(await ada.post("/account/confirm/code")).status_code for _try in range(14)]
    assert answers == [200] * 12 + [429] * 2


@pytest.mark.parametrize(
    "address",
    ["/account/security/password", "/account/confirm", "/account/confirm/code", "/account/email-undo"],
)
async def test_other_sites_send_no_forms_here(clock: Any, browser: Open, address: str):
    ada = await browser(EMAIL, origin="https://evil.example")
    answer = await ada.post(address, data={"password": PASSWORD, "ticket": "x"})
    assert answer.status_code == 403
    assert await db.read(hash_of) is None


# --- An address taken back ------------------------------------------------------------------------


def changed(session: Session) -> str:
    """An account whose address was changed: what the link at the old one has."""
    _key, by = signed_in(session, EMAIL)
    email_changes.ask(session, by, "new@example.com", "a" * 64)
    row = session.exec(select(Letter).where(Letter.kind == "customer_email_code")).one()
    assert email_changes.confirm(session, by, email_changes.code_of(row.data), "a" * 64)
    link = session.exec(select(Letter).where(Letter.kind == "customer_email_changed")).one()
    return email_changes.undo_link(link.data).rpartition("/")[2]


def addresses(session: Session) -> list[str]:
    return sorted(session.exec(select(Customer.email)).all())


async def test_the_link_takes_the_address_back_by_post_alone(clock: Any, browser: Open):
    ticket, anybody = await db.write(changed), await browser()
    for method in ("GET", "HEAD"):
        await anybody.request(method, "/account/email-undo", params={"ticket": ticket})
    assert await db.read(addresses) == ["new@example.com"]
    answer = await anybody.post("/account/email-undo", data={"ticket": ticket})
    assert where(answer) == f"/account/email-undo/{ticket}"
    assert await db.read(addresses) == [EMAIL]
    assert cookies.session_cookie() not in anybody.cookies, "it signs nobody in"

    def left(session: Session) -> tuple[int, int]:
        return len(session.exec(select(LoginSession)).all()), len(session.exec(select(Passkey)).all())

    assert await db.read(left) == (0, 0)


@pytest.mark.parametrize("junk", ["", "x", "\x00", "x" * 3000, "../../admin"])
async def test_what_is_no_link_takes_nothing_back(clock: Any, browser: Open, junk: str):
    await db.write(changed)
    anybody = await browser()
    assert (
        where(await anybody.post("/account/email-undo", data={"ticket": junk})) == "/account/email-undo/over"
    )
    assert await db.read(addresses) == ["new@example.com"]


def test_passkeys_of_customers_name_the_account(session: Session, clock: Any):
    _key, by = signed_in(session, EMAIL)
    assert EMAIL in passkeys.add_options(session, by, "a" * 64)
