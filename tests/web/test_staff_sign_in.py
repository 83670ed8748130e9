"""Staff sign in by plain forms and by passkeys: what is answered, what is kept, and what gets nobody in."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from typing import Any

import httpx
import pytest
from pyotp.totp import TOTP
from sqlmodel import func, select
from starlette.applications import Starlette

from shop_app.core import db
from shop_app.core.access import cookies, policy, rates
from shop_app.core.access.cookies import key_hash
from shop_app.core.access.principal import NOBODY, Principal
from shop_app.core.clock import now
from shop_app.core.settings import settings
from shop_app.models import AuditEntry, Letter, LoginSession, Passkey, Staff
from shop_app.services.accounts import factors, one_time_codes, passwords, recovery_codes, resets, sessions
from shop_app.services.accounts.passwords import hash_password
from shop_app.web import own_account, refused_sign_ins, session_look_up, sign_in, staff_sign_in
from shop_app.web.edge import Edge
from shop_app.web.sent_forms import own_path
from tests.passkey_device import Device
from tests.production import PRODUCTION

ORIGIN = "http://localhost:3000"
PASSWORD, NEXT = "quite-long-enough", "another-long-one"
EMAIL = "o@example.com"
LOGIN = "/admin/login"
Open = Callable[..., httpx.AsyncClient]


class Fast:
    """Hashes in no time: what is tried here isn't the hash."""

    @staticmethod
    def hash(password: str) -> str:
        return f"fast${password}"

    @staticmethod
    def verify_and_update(password: str, text: str) -> tuple[bool, str | None]:
        verified.append(text)
        return text == f"fast${password}", None


verified: list[str] = []
"""The hashes that passwords were compared with."""


@pytest.fixture
async def browser(engine: Any, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Open]:
    """`browser(address="192.0.2.1")`: a browser with a cookie of a visitor, in front of the shop's edge."""
    monkeypatch.setattr(passwords, "_hasher", lambda: Fast)
    monkeypatch.setattr(rates, "PAUSE_SECONDS", 0)
    monkeypatch.setattr(policy, "_look_up", session_look_up.signed_in)
    verified.clear()
    refused_sign_ins._sums.clear()
    session_look_up._noted.clear()
    opened: list[httpx.AsyncClient] = []

    def open_one(address: str = "127.0.0.1", *, visitor: str = "", origin: str = ORIGIN) -> httpx.AsyncClient:
        app = Edge(Starlette(routes=[*staff_sign_in.routes, *own_account.routes]), origins=[ORIGIN])
        transport = httpx.ASGITransport(app=app, client=(address, 1234))
        key = visitor or cookies.new_key()
        client = httpx.AsyncClient(
            transport=transport,
            base_url=settings().public_url,
            headers={"origin": origin} if origin else {},
            cookies={cookies.visitor_cookie(): key},
        )
        opened.append(client)
        return client

    yield open_one
    for client in opened:
        await client.aclose()


def staff(role: str = "owner", email: str = EMAIL, *, active: bool = True) -> int:
    with db.transaction() as session:
        made = sessions.create_staff(session, email, hash_password(PASSWORD), role, name="Olga", actor="test")
        session.get_one(Staff, made.id).active = active
    return made.id


async def enter(
    client: httpx.AsyncClient, password: str = PASSWORD, email: str = EMAIL, **more: str
) -> httpx.Response:
    return await client.post(LOGIN, data={"email": email, "password": password, **more})


async def who_is(client: httpx.AsyncClient) -> Principal:
    key = client.cookies.get(cookies.session_cookie())
    return await db.read(sessions.who, key_hash(key)) if key else NOBODY


def count(table: Any) -> int:
    with db.reading() as session:
        return session.exec(select(func.count()).select_from(table)).one()


def step() -> int:
    return int(now().timestamp()) // 30


def with_codes(staff_id: int) -> TOTP:
    by = Principal("staff", staff_id, EMAIL, "Olga", "owner")
    with db.transaction() as session:
        app = TOTP(one_time_codes.begin(session, by).text.replace(" ", ""))
        one_time_codes.confirm(session, by, app.generate_otp(step() - 1))
    return app


# --- The password -----------------------------------------------------------------------------------


async def test_a_password_signs_in_by_a_plain_form(browser: Open):
    staff()
    client = browser()
    answer = await enter(client, next="/admin/orders?tab=unpaid")
    assert (answer.status_code, answer.headers["location"]) == (303, "/admin/orders?tab=unpaid")
    assert answer.headers["cache-control"] == "no-store"
    (cookie,) = [line for line in answer.headers.get_list("set-cookie") if line.startswith("shop_session")]
    assert all(part in cookie for part in ("HttpOnly", "SameSite=Lax", "Path=/", "Max-Age=43200"))
    assert (await who_is(client)).email == EMAIL


async def test_in_production_the_cookie_is_the_host_s_alone_and_never_sent_in_the_clear(
    browser: Open, configure: Any
):
    configure(**PRODUCTION)
    staff()
    answer = await enter(browser(origin=ORIGIN))
    (cookie,) = [line for line in answer.headers.get_list("set-cookie") if "shop_session" in line]
    assert cookie.startswith("__Host-shop_session=")
    assert all(part in cookie for part in ("HttpOnly", "Secure", "SameSite=Lax", "Path=/"))
    assert "Domain" not in cookie


@pytest.mark.parametrize("origin", ["", "https://evil.example", "null", "http://localhost:3001"])
@pytest.mark.parametrize("path", [LOGIN, "/admin/logout", "/admin/login/code", "/admin/confirm"])
async def test_no_other_page_signs_anybody_in_or_out(browser: Open, origin: str, path: str):
    staff()
    own = browser()
    await enter(own)
    foreign = browser(origin=origin)
    foreign.cookies = own.cookies
    answer = await foreign.post(path, data={"email": EMAIL, "password": PASSWORD})
    assert answer.status_code == 403
    assert count(LoginSession) == 1


@pytest.mark.parametrize(
    ("email", "password"),
    [(EMAIL, "wrong-password"), ("nobody@example.com", PASSWORD), ("away@example.com", PASSWORD), ("", "")],
)
async def test_whatever_is_wrong_reads_the_same_and_takes_the_same_work(
    browser: Open, email: str, password: str
):
    staff()
    staff("clerk", "away@example.com", active=False)
    client = browser()
    answer = await enter(client, password, email)
    assert (answer.status_code, answer.headers["location"]) == (303, f"{LOGIN}?problem=wrong")
    assert cookies.session_cookie() not in client.cookies
    assert len(verified) == 1, "one hash is compared, whoever it is"
    assert count(LoginSession) == 0


@pytest.mark.parametrize(
    "target",
    [
        "//evil.example",
        "/\\evil.example",
        "https://evil.example/admin",
        "/admin\\@evil.example",
        "/admin/\r\nSet-Cookie: a=b",
        "/administrator",
        "/products",
        "javascript:alert(1)",
        "/admin/login?next=/admin/login",
        "/admin/logout",
        "/admin/" + "x" * 2000,
        "/admin/é",
        "",
    ],
)
async def test_a_sign_in_leads_nowhere_but_into_the_back_office(browser: Open, target: str):
    staff()
    answer = await enter(browser(), next=target)
    assert answer.headers["location"] == "/admin"
    assert own_path(target) == "/admin"


async def test_a_key_that_an_attacker_planted_is_never_taken(browser: Open):
    staff()
    client = browser()
    planted = cookies.new_key()
    client.cookies.set(cookies.session_cookie(), planted)
    answer = await enter(client)
    assert planted not in str(answer.headers)
    assert await db.read(sessions.who, key_hash(planted)) == NOBODY


async def test_signing_in_again_ends_the_session_before(browser: Open):
    staff()
    client = browser()
    await enter(client)
    first = client.cookies[cookies.session_cookie()]
    await enter(client)
    assert client.cookies[cookies.session_cookie()] != first
    assert await db.read(sessions.who, key_hash(first)) == NOBODY
    assert count(LoginSession) == 1


async def test_signing_out_ends_the_session_at_the_server_and_not_by_a_link(browser: Open):
    staff()
    client = browser()
    await enter(client)
    key = client.cookies[cookies.session_cookie()]
    assert (await client.get("/admin/logout")).status_code in (404, 405)
    assert (await db.read(sessions.who, key_hash(key))).email == EMAIL
    answer = await client.post("/admin/logout")
    assert answer.headers["location"] == f"{LOGIN}?done=out"
    assert cookies.session_cookie() not in client.cookies
    assert await db.read(sessions.who, key_hash(key)) == NOBODY
    assert (await client.post("/admin/logout")).status_code == 303


@pytest.mark.parametrize(
    "body",
    [b"", b"\xff\xfe", b"email=a&" * 5000, b"x" * 70_000, b"email=%00&password=%00", b'{"email": 1}'],
    ids=lambda body: str(body[:12]),
)
async def test_junk_is_no_sign_in(browser: Open, body: bytes):
    staff()
    for path in (LOGIN, "/admin/login/code", "/admin/login/reset", "/admin/login/new-password"):
        answer = await browser().post(
            path, content=body, headers={"content-type": "application/x-www-form-urlencoded"}
        )
        assert answer.status_code == 303
        assert answer.headers["location"].startswith("/admin/login")
    assert count(LoginSession) == 0


# --- Many tries -------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.timeout(300)
async def test_ten_thousand_tries_end_in_refusals_and_stand_in_the_audit_as_sums(browser: Open, clock: Any):
    staff()
    known = browser("192.0.2.7")
    await enter(known)
    before, statuses = count(AuditEntry), []
    for number in range(10_000):
        if number % 50 == 0:
            client = browser(f"198.51.{number // 50 % 250}.1")
        statuses.append((await enter(client, f"guess-{number}")).status_code)
    assert statuses.count(303) <= 30, "of one account by strangers"
    assert statuses.count(429) == 10_000 - statuses.count(303)
    assert len(verified) <= 32, "what is refused costs no hash"
    await refused_sign_ins.write_down()
    with db.reading() as session:
        entries = session.exec(select(AuditEntry).where(AuditEntry.action == "sign_in_refused")).all()
    assert [(entry.object_key, entry.after["tries"]) for entry in entries] == [(EMAIL, 10_000)]
    assert count(AuditEntry) == before + 1
    # The owner is let in all the while in a browser that is known, and after some minutes in any.
    assert (await enter(known)).headers["location"] == "/admin"
    assert (await enter(browser("203.0.113.9"))).status_code == 429
    clock.shift(timedelta(minutes=31))
    assert (await enter(browser("203.0.113.9"))).headers["location"] == "/admin"


async def test_one_address_has_a_hundred_tries_whatever_accounts_it_names(browser: Open, clock: Any):
    staff()
    statuses = [
        (await enter(browser("198.51.100.1"), "guess", f"somebody{number}@example.com")).status_code
        for number in range(150)
    ]
    assert (statuses.count(303), statuses.count(429)) == (100, 50)
    await refused_sign_ins.write_down()
    with db.reading() as session:
        entry = session.exec(select(AuditEntry).where(AuditEntry.action == "sign_in_refused")).one()
    assert (entry.object_key, entry.after["tries"], entry.after["addresses"]) == ("", 150, 150)


async def test_waits_grow_with_the_tries_at_an_account(
    browser: Open, monkeypatch: pytest.MonkeyPatch, clock: Any
):
    staff()
    waits: list[float] = []

    async def wait(_limit: Any, _client: Any, seconds: float) -> None:
        waits.append(seconds)

    monkeypatch.setattr(rates, "PAUSE_SECONDS", 0.25)
    monkeypatch.setattr(rates, "_slow", wait)
    for number in range(12):
        await enter(browser(f"198.51.100.{number}"), "guess")
    assert waits == [0.25, 0.5, 0.75, 1.0, 1.25, 1.5, 1.75]


async def test_a_flood_is_refused_beyond_a_short_line(browser: Open, monkeypatch: pytest.MonkeyPatch):
    staff()
    gate = asyncio.Event()

    async def prove(*_arguments: Any) -> None:
        await gate.wait()
        raise sessions.WrongLogin

    loop = asyncio.get_running_loop()
    monkeypatch.setattr(loop, "run_in_executor", lambda _pool, _work: asyncio.ensure_future(prove()))
    tried = [asyncio.ensure_future(sign_in.on_thread(sessions.prove, None, "x")) for _number in range(200)]  # pyright: ignore
    await asyncio.sleep(0)
    refused = sum(task.done() for task in tried)
    gate.set()
    answers = await asyncio.gather(*tried, return_exceptions=True)
    assert refused == 200 - sign_in.MAX_AT_ONCE
    assert [type(answer).__name__ for answer in answers].count("TooMany") == refused
    assert sign_in._at_once == 0


# --- The second factor ------------------------------------------------------------------------------


async def test_the_code_follows_the_password(browser: Open, clock: Any):
    app, client = with_codes(staff()), browser()
    answer = await enter(client, next="/admin/orders")
    assert answer.headers["location"] == f"{LOGIN}/code"
    assert (await who_is(client)) == NOBODY
    answer = await client.post(f"{LOGIN}/code", data={"code": "000000"})
    assert answer.headers["location"] == f"{LOGIN}/code?problem=code"
    code = app.generate_otp(step())
    answer = await client.post(f"{LOGIN}/code", data={"code": code})
    assert answer.headers["location"] == "/admin/orders"
    assert (await who_is(client)).email == EMAIL
    assert cookies.step_cookie() not in client.cookies
    # The same code a second time, right away, in another browser.
    other = browser()
    await enter(other)
    answer = await other.post(f"{LOGIN}/code", data={"code": code})
    assert answer.headers["location"] == f"{LOGIN}/code?problem=code"


async def test_the_step_is_for_one_browser_and_ten_minutes(browser: Open, clock: Any):
    app, client, other = with_codes(staff()), browser(), browser()
    await enter(client)
    other.cookies.set(cookies.step_cookie(), client.cookies[cookies.step_cookie()])
    code = {"code": app.generate_otp(step())}
    for stranger in (other, browser()):
        answer = await stranger.post(f"{LOGIN}/code", data=code)
        assert answer.headers["location"] == f"{LOGIN}?problem=expired"
    clock.shift(timedelta(minutes=10))
    code = {"code": app.generate_otp(step())}
    answer = await client.post(f"{LOGIN}/code", data=code)
    assert answer.headers["location"] == f"{LOGIN}?problem=expired"
    assert count(LoginSession) == 0


async def test_codes_can_be_tried_a_few_times_only(browser: Open, clock: Any):
    app, client = with_codes(staff()), browser()
    await enter(client)
    statuses = [(await client.post(f"{LOGIN}/code", data={"code": "000000"})).status_code for _ in range(25)]
    assert (statuses.count(303), statuses.count(429)) == (20, 5)
    answer = await client.post(f"{LOGIN}/code", data={"code": app.generate_otp(step())})
    assert answer.status_code == 429


async def test_a_recovery_code_takes_the_place_of_the_app(browser: Open, clock: Any):
    staff_id = staff()
    with_codes(staff_id)
    with db.transaction() as session:
        codes = recovery_codes.make(session, Principal("staff", staff_id, EMAIL))
    for expected in ("/admin", f"{LOGIN}/code?problem=code"):
        client = browser()
        await enter(client)
        answer = await client.post(f"{LOGIN}/code", data={"code": codes[0]})
        assert answer.headers["location"] == expected


async def test_whose_role_needs_a_factor_is_led_to_it_and_may_do_nothing_else(browser: Open):
    staff()
    with db.transaction() as session:
        owner = Principal("staff", 1, EMAIL, permissions=frozenset({"staff.edit"}))
        factors.require_second_factor(session, owner, "owner", True)
    client = browser()
    answer = await enter(client, next="/admin/orders")
    assert answer.headers["location"] == "/admin/security"
    assert (await who_is(client)).permissions == frozenset()


# --- Passkeys ---------------------------------------------------------------------------------------


async def with_passkey(client: httpx.AsyncClient) -> Device:
    device = Device()
    options = (await client.post("/admin/passkeys/options")).text
    answer = await client.post("/admin/passkeys", json={"answer": device.make(options), "name": "Laptop"})
    assert answer.status_code == 200, answer.text
    return device


async def test_a_passkey_signs_in_without_a_password(browser: Open):
    staff()
    client = browser()
    await enter(client)
    device = await with_passkey(client)
    other = browser()
    answer = device.prove((await other.post(f"{LOGIN}/passkey/options")).text)
    sent = {"answer": answer, "next": "/admin/audit"}
    said = await other.post(f"{LOGIN}/passkey", json=sent)
    assert (said.status_code, said.json()) == (200, {"to": "/admin/audit"})
    assert (await who_is(other)).email == EMAIL
    again = await browser(visitor=other.cookies[cookies.visitor_cookie()]).post(f"{LOGIN}/passkey", json=sent)
    assert again.status_code == 422
    assert count(LoginSession) == 2


async def test_a_passkey_is_added_by_staff_with_a_fresh_proof_alone(browser: Open, clock: Any):
    staff()
    stranger, client = browser(), browser()
    assert (await stranger.post("/admin/passkeys/options")).status_code == 403
    assert (await stranger.post("/admin/passkeys", json={"answer": {}})).status_code == 403
    await enter(client)
    options = (await client.post("/admin/passkeys/options")).text
    clock.shift(timedelta(minutes=16))
    assert (await client.post("/admin/passkeys/options")).status_code == 409
    answer = await client.post("/admin/passkeys", json={"answer": Device().make(options)})
    assert answer.status_code == 409
    assert count(Passkey) == 0


@pytest.mark.parametrize("body", [b"", b"[]", b"null", b'{"answer": null}', b"[" * 5000, b"x" * 70_000])
async def test_junk_is_no_passkey(browser: Open, body: bytes):
    staff()
    client = browser()
    await enter(client)
    for path in (f"{LOGIN}/passkey", "/admin/passkeys", "/admin/confirm"):
        answer = await client.post(path, content=body, headers={"content-type": "application/json"})
        assert answer.status_code == 422
        assert set(answer.json()) == {"error"}
    assert count(LoginSession) == 1
    assert count(Passkey) == 0


# --- Proving it again -------------------------------------------------------------------------------


@pytest.mark.parametrize("by", ["password", "code", "passkey"])
async def test_a_new_proof_changes_the_key_and_leaves_the_session(browser: Open, clock: Any, by: str):
    staff_id, client = staff(), browser()
    await enter(client)
    device = await with_passkey(client)
    app = with_codes(staff_id)
    clock.shift(timedelta(minutes=16))
    before, key = await who_is(client), client.cookies[cookies.session_cookie()]
    if by == "passkey":
        options = (await client.post("/admin/confirm/options")).text
        answer = await client.post("/admin/confirm", json={"answer": device.prove(options)})
    else:
        value = PASSWORD if by == "password" else app.generate_otp(step())
        answer = await client.post("/admin/confirm", data={by: value})
    assert answer.status_code == 200, answer.text
    assert client.cookies[cookies.session_cookie()] != key
    assert await db.read(sessions.who, key_hash(key)) == NOBODY
    assert await who_is(client) == before
    assert (await client.post("/admin/passkeys/options")).status_code == 200


@pytest.mark.parametrize(
    ("sent", "sentence"),
    [
        ({"password": "wrong"}, "This isn't your password."),
        ({"code": "000000"}, "This code is wrong, or was used before. A new one comes every half minute."),
        ({}, "Enter your password or a code."),
    ],
)
async def test_a_wrong_proof_changes_nothing(browser: Open, sent: dict[str, str], sentence: str):
    staff()
    client = browser()
    await enter(client)
    key = client.cookies[cookies.session_cookie()]
    answer = await client.post("/admin/confirm", data=sent)
    assert (answer.status_code, answer.json()) == (422, {"error": sentence})
    assert client.cookies[cookies.session_cookie()] == key
    assert (await browser().post("/admin/confirm", data={"password": PASSWORD})).status_code == 403


# --- Another password -------------------------------------------------------------------------------


async def test_the_present_password_is_asked_for_before_another_one(browser: Open):
    staff()
    client, phone = browser(), browser()
    await enter(client)
    await enter(phone)
    path = "/admin/security/password"
    for sent, location in (
        ({"current": "wrong-password", "password": NEXT}, "/admin/security?problem=current"),
        ({"current": PASSWORD, "password": "short"}, "/admin/security?problem=length"),
        ({"current": PASSWORD, "password": "password1"}, "/admin/security?problem=known"),
        ({"current": PASSWORD, "password": "Olga-1970"}, "/admin/security?problem=words"),
        ({}, "/admin/security?problem=current"),
    ):
        answer = await client.post(path, data=sent)
        assert answer.headers["location"] == location
    assert (await who_is(phone)).email == EMAIL
    answer = await client.post(path, data={"current": PASSWORD, "password": NEXT})
    assert answer.headers["location"] == "/admin/security?done=password"
    assert (await who_is(client)).email == EMAIL
    assert await who_is(phone) == NOBODY
    assert (await enter(browser(), NEXT)).headers["location"] == "/admin"
    answer = await browser().post(path, data={"current": NEXT, "password": PASSWORD})
    assert answer.headers["location"].startswith(LOGIN)


# --- A forgotten one --------------------------------------------------------------------------------


async def test_a_reset_by_letter_signs_nobody_in_and_stops_at_the_second_factor(browser: Open, clock: Any):
    app, client = with_codes(staff()), browser()
    answers = [
        await client.post(f"{LOGIN}/reset", data={"email": email}) for email in (EMAIL, "nobody@example.com")
    ]
    assert {answer.headers["location"] for answer in answers} == {f"{LOGIN}/reset?done=sent"}
    with db.reading() as session:
        (letter,) = session.exec(select(Letter).where(Letter.kind == "staff_reset")).all()
    ticket = resets.link(letter.data).partition("ticket=")[2]
    sent = {"ticket": ticket, "password": NEXT}
    answer = await browser().post(f"{LOGIN}/new-password", data=sent)
    assert answer.headers["location"] == f"{LOGIN}/reset?problem=expired"
    answer = await client.post(f"{LOGIN}/new-password", data={**sent, "password": "password1"})
    assert answer.headers["location"].endswith("&problem=known")
    answer = await client.post(f"{LOGIN}/new-password", data=sent)
    assert answer.headers["location"] == f"{LOGIN}?done=password"
    assert await who_is(client) == NOBODY
    answer = await client.post(f"{LOGIN}/new-password", data=sent)
    assert answer.headers["location"] == f"{LOGIN}/reset?problem=expired", "used twice"
    assert (await enter(client, NEXT)).headers["location"] == f"{LOGIN}/code"
    answer = await client.post(f"{LOGIN}/code", data={"code": app.generate_otp(step())})
    assert answer.headers["location"] == "/admin"


async def test_no_password_and_no_code_stands_in_the_database(browser: Open, clock: Any):
    app, client = with_codes(staff()), browser()
    await enter(client, "CANARY-wrong-password")
    await enter(client)
    await client.post(f"{LOGIN}/code", data={"code": app.generate_otp(step())})
    await refused_sign_ins.write_down()
    with db.reading() as session:
        rows = [session.exec(select(table)).all() for table in (AuditEntry, LoginSession, Letter)]
    text = json.dumps([row.model_dump(mode="json") for table in rows for row in table])
    assert "CANARY" not in text
    assert client.cookies[cookies.session_cookie()] not in text
