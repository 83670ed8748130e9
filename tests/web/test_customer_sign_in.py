"""Customers sign in by plain forms: the same answers in the same time for all, and what attackers try."""

from __future__ import annotations

import asyncio
import random
import re
import time
from collections.abc import AsyncIterator, Callable
from typing import Any

import httpx
import pytest
from sqlmodel import func, select
from starlette.applications import Starlette

from shop_app.core import db
from shop_app.core.access import cookies, policy, rates
from shop_app.core.access.cookies import key_hash
from shop_app.core.access.principal import NOBODY, Principal
from shop_app.core.clock import now
from shop_app.core.settings import settings
from shop_app.models import Customer, Letter, LoginSession, SignInCode
from shop_app.services import joining
from shop_app.services.accounts import passkeys, passwords, sessions, sign_in_codes
from shop_app.services.accounts.passwords import Hashed
from shop_app.web import customer_sign_in, session_look_up, staff_sign_in
from shop_app.web.edge import Edge
from shop_app.web.sent_forms import ACCOUNT, own_path
from tests.passkey_device import Device
from tests.production import PRODUCTION

ORIGIN = "http://localhost:3000"
EMAIL, PASSWORD = "marta@example.com", "quite-long-enough"
LOGIN, CODE = "/account/login", "/account/login/code"
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


def app() -> Edge:
    routes = [*customer_sign_in.routes, *staff_sign_in.routes]
    return Edge(Starlette(routes=routes), origins=[ORIGIN])


@pytest.fixture
async def browser(engine: Any, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Open]:
    """`browser(address="192.0.2.1")`: a browser with a cookie of a visitor, in front of the shop's edge."""
    monkeypatch.setattr(passwords, "_hasher", lambda: Fast)
    monkeypatch.setattr(rates, "PAUSE_SECONDS", 0)
    monkeypatch.setattr(policy, "_look_up", session_look_up.signed_in)
    verified.clear()
    opened: list[httpx.AsyncClient] = []

    def open_one(
        address: str = "127.0.0.1", *, visitor: str = "new", origin: str = ORIGIN
    ) -> httpx.AsyncClient:
        key = cookies.new_key() if visitor == "new" else visitor
        client = httpx.AsyncClient(
            transport=httpx.ASGITransport(app=app(), client=(address, 1234)),
            base_url=settings().public_url,
            headers={"origin": origin} if origin else {},
            cookies={cookies.visitor_cookie(): key} if key else {},
        )
        opened.append(client)
        return client

    yield open_one
    for client in opened:
        await client.aclose()


def customer(email: str = EMAIL, *, password: str = PASSWORD, blocked: bool = False) -> int:
    with db.transaction() as session:
        made = sessions.create_customer(session, email, Hashed(f"fast${password}"), name="Marta")
        row = session.get_one(Customer, made.id)
        row.verified_at, row.blocked_at = now(), now() if blocked else None
        row.password_hash = row.password_hash if password else None
    return made.id


def count(table: Any) -> int:
    with db.reading() as session:
        return session.exec(select(func.count()).select_from(table)).one()


async def ask(client: httpx.AsyncClient, email: str = EMAIL, **more: str) -> httpx.Response:
    return await client.post(LOGIN, data={"email": email, **more})


def digits(email: str = EMAIL) -> str:
    """The code of the newest letter."""
    return sign_in_codes.digits_of(seed(), email)


def seed() -> str:
    with db.reading() as session:
        rows = session.exec(select(Letter).where(Letter.kind == "sign_in_code").order_by(Letter.id)).all()  # pyright: ignore[reportArgumentType]
    return rows[-1].data["seed"]


async def type_code(client: httpx.AsyncClient, typed: str) -> str:
    return (await client.post(CODE, data={"code": typed})).headers["location"]


async def by_password(client: httpx.AsyncClient, password: str = PASSWORD, email: str = "") -> httpx.Response:
    return await client.post(f"{LOGIN}/password", data={"email": email, "password": password})


async def sign_in(client: httpx.AsyncClient, email: str = EMAIL, **more: str) -> str:
    await ask(client, email, **more)
    return await type_code(client, digits(email))


async def who_is(client: httpx.AsyncClient) -> Principal:
    key = client.cookies.get(cookies.session_cookie())
    return await db.read(sessions.who, key_hash(key)) if key else NOBODY


# --- Ways in -------------------------------------------------------------------------------------------


async def test_a_code_signs_in_and_leads_where_one_wanted_to_go(browser: Open):
    client = browser()
    answer = await ask(client, " Marta@Example.com ", next="/checkout?step=2")
    assert (answer.status_code, answer.headers["location"]) == (303, CODE)
    assert answer.headers["cache-control"] == "no-store"
    assert await type_code(client, "000000" if digits() != "000000" else "000001") == f"{CODE}?problem=code"
    assert await who_is(client) == NOBODY
    answer = await client.post(CODE, data={"code": f" {digits()[:3]} {digits()[3:]} "})
    assert answer.headers["location"] == "/checkout?step=2"
    (cookie,) = [line for line in answer.headers.get_list("set-cookie") if line.startswith("shop_session")]
    assert all(part in cookie for part in ("HttpOnly", "SameSite=Lax", "Path=/", "Max-Age=5184000"))
    assert (await who_is(client)).email == EMAIL
    assert cookies.step_cookie() not in client.cookies
    assert count(Customer) == 1


async def test_in_production_the_cookies_are_the_host_s_alone(browser: Open, configure: Any):
    configure(**PRODUCTION)
    client = browser()
    answer = await ask(client)
    (step,) = [line for line in answer.headers.get_list("set-cookie") if "shop_step" in line]
    answer = await client.post(
        CODE,
        data={"code": digits()},
        headers={
            "cookie": f"{step.split(';')[0]}; "
            f"{cookies.visitor_cookie()}={client.cookies[cookies.visitor_cookie()]}"
        },
    )
    (cookie,) = [line for line in answer.headers.get_list("set-cookie") if "shop_session" in line]
    for line in (step, cookie):
        assert line.startswith("__Host-")
        assert all(part in line for part in ("HttpOnly", "Secure", "SameSite=Lax", "Path=/"))


async def test_the_link_finishes_where_it_was_asked_for_and_nowhere_else(browser: Open):
    client, phone = browser(), browser()
    await ask(client, next="/products/bowl")
    token = sign_in_codes.token_of(seed())
    answer = await phone.post(f"{LOGIN}/link", data={"token": token})
    assert answer.headers["location"] == f"{LOGIN}/link/{token}?problem=elsewhere"
    assert await who_is(phone) == NOBODY
    for method in ("GET", "HEAD"):
        assert (await client.request(method, f"{LOGIN}/link")).status_code in (404, 405)
    answer = await client.post(f"{LOGIN}/link", data={"token": token})
    assert answer.headers["location"] == "/products/bowl"
    assert (await who_is(client)).email == EMAIL
    for again in (client, phone):
        answer = await again.post(f"{LOGIN}/link", data={"token": token})
        assert answer.headers["location"] == f"{LOGIN}?problem=expired"
    answer = await phone.post(f"{LOGIN}/link", data={"token": "//evil.example"})
    assert answer.headers["location"] == f"{LOGIN}?problem=expired"


async def test_a_password_signs_in_after_the_first_step_and_without_it(browser: Open):
    customer()
    client, direct = browser(), browser()
    await ask(client, next="/cart")
    assert (await by_password(client)).headers["location"] == "/cart", "without scripts the step knows whose"
    assert (await who_is(client)).email == EMAIL
    assert (await by_password(direct, email="MARTA@example.com")).headers["location"] == "/account"
    assert (await who_is(direct)).email == EMAIL


async def test_a_passkey_signs_in_alone_and_once(browser: Open):
    client, device = browser(), Device()
    await sign_in(client)
    by, visitor = await who_is(client), key_hash(client.cookies[cookies.visitor_cookie()])
    with db.transaction() as session:
        answer = device.make(passkeys.add_options(session, by, visitor))
        passkeys.add(session, by, answer, visitor, "Phone")
    other = browser()
    answer = device.prove((await other.post(f"{LOGIN}/passkey/options")).text)
    sent = {"answer": answer, "next": "/account/orders"}
    said = await other.post(f"{LOGIN}/passkey", json=sent)
    assert (said.status_code, said.json()) == (200, {"to": "/account/orders"})
    assert (await who_is(other)).id == by.id
    for replayed in (other, browser()):
        said = await replayed.post(f"{LOGIN}/passkey", json=sent)
        assert said.status_code == 422
        assert "set-cookie" not in said.headers
    staff = browser()
    answer = device.prove((await staff.post(f"{LOGIN}/passkey/options")).text)
    device.origin = "https://evil.example"
    foreign = device.prove((await staff.post(f"{LOGIN}/passkey/options")).text)
    assert (await staff.post(f"{LOGIN}/passkey", json={"answer": foreign})).status_code == 422
    assert (await staff.post(f"{LOGIN}/passkey", json={"answer": answer, "next": "/admin"})).json() == {
        "to": "/account"
    }


async def test_every_sign_in_joins_the_guest_in_its_transaction(
    browser: Open, monkeypatch: pytest.MonkeyPatch
):
    joined: list[tuple[int, str]] = []

    def join(session: Any, customer_id: int, visitor_hash: str) -> None:
        assert session.in_transaction()
        joined.append((customer_id, visitor_hash))

    monkeypatch.setattr(joining, "join", join)
    made = customer()
    client = browser()
    visitor = key_hash(client.cookies[cookies.visitor_cookie()])
    await sign_in(client)
    await ask(client)
    await client.post(f"{LOGIN}/link", data={"token": sign_in_codes.token_of(seed())})
    await by_password(client, email=EMAIL)
    assert joined == [(made, visitor)] * 3
    await type_code(client, "123456")
    await by_password(client, "wrong-password", EMAIL)
    assert len(joined) == 3

    def fail(*_arguments: Any) -> None:
        raise RuntimeError("it can't be joined")

    monkeypatch.setattr(joining, "join", fail)
    before = count(LoginSession)
    with pytest.raises(RuntimeError):
        await by_password(browser(), email=EMAIL)
    assert count(LoginSession) == before


async def test_signing_out_ends_the_session_and_makes_another_visitor(browser: Open):
    client = browser()
    visitor = client.cookies[cookies.visitor_cookie()]
    await sign_in(client)
    key = client.cookies[cookies.session_cookie()]
    assert (await client.get("/account/logout")).status_code in (404, 405)
    answer = await client.post("/account/logout")
    assert answer.headers["location"] == f"{LOGIN}?done=out"
    assert cookies.session_cookie() not in client.cookies
    assert await db.read(sessions.who, key_hash(key)) == NOBODY
    after = re.findall(r"shop_visitor=([\w-]{43});", str(answer.headers.get_list("set-cookie")))
    assert len(after) == 1
    assert after != [visitor]
    assert (await client.post("/account/logout")).status_code == 303


async def test_another_code_can_be_asked_for(browser: Open):
    client = browser()
    await ask(client, next="/cart")
    first = seed()
    answer = await client.post(f"{LOGIN}/again")
    assert answer.headers["location"] == f"{CODE}?done=again"
    assert seed() != first
    assert await type_code(client, digits()) == "/cart"
    assert (await browser().post(f"{LOGIN}/again")).headers["location"] == f"{LOGIN}?problem=expired"


# --- What tells nothing -----------------------------------------------------------------------------------


async def test_known_unknown_blocked_and_passwordless_read_the_same(browser: Open):
    customer("known@example.com")
    customer("blocked@example.com", blocked=True)
    customer("without@example.com", password="")
    asked, wrong, refused = set(), set(), set()
    for name in ("known", "unknown", "blocked", "without"):
        client = browser()
        answer = await ask(client, f"{name}@example.com")
        asked.add((answer.status_code, answer.headers["location"], answer.text))
        wrong.add(await type_code(client, "12345"))
        verified.clear()
        answer = await by_password(client, "wrong-password")
        refused.add((answer.status_code, answer.headers["location"], answer.text, len(verified)))
    assert asked == {(303, CODE, "")}
    assert wrong == {f"{CODE}?problem=code"}
    assert refused == {(303, f"{CODE}?problem=wrong", "", 1)}
    assert (await by_password(browser(), PASSWORD, "blocked@example.com")).headers["location"] == (
        f"{CODE}?problem=wrong"
    )
    assert count(LoginSession) == 0


async def _seconds(path: str, data: dict[str, str], visitor: str, address: str) -> float:
    """Until the head of the answer was sent; what is done after it counts for nobody."""
    body = httpx.Request("POST", ORIGIN, data=data).read()
    headers = [
        (b"host", b"localhost:3000"),
        (b"origin", ORIGIN.encode()),
        (b"content-type", b"application/x-www-form-urlencoded"),
        (b"cookie", f"{cookies.visitor_cookie()}={visitor}".encode()),
    ]
    scope = {
        "type": "http",
        "method": "POST",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "headers": headers,
        "client": (address, 1),
        "server": ("localhost", 3000),
        "scheme": "http",
        "http_version": "1.1",
        "root_path": "",
    }
    began, answered = time.perf_counter(), 0.0

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: Any) -> None:
        nonlocal answered
        if message["type"] == "http.response.start":
            answered = time.perf_counter() - began
            assert message["status"] == 303

    await _app(scope, receive, send)
    return answered


_app = app()


def _told_apart(one: list[float], other: list[float]) -> float:
    """The share of pairs in which the first is slower: 0.5 where nothing tells them apart (Mann-Whitney)."""
    ranked = sorted([(value, 0) for value in one] + [(value, 1) for value in other])
    ranks = sum(rank for rank, (_value, which) in enumerate(ranked, 1) if which == 0)
    return (ranks - len(one) * (len(one) + 1) / 2) / (len(one) * len(other))


@pytest.mark.parametrize("way", ["letter", "password"])
async def test_nobody_is_told_apart_by_time(browser: Open, monkeypatch: pytest.MonkeyPatch, way: str):
    """Chance alone moves the share by 0.03; a hash that is left out for some makes it 0 or 1.

    Ranks of tries in a random order: what else the machine does slows all of them alike.
    """
    monkeypatch.setattr(rates, "load_test", lambda: True)
    monkeypatch.setattr(sign_in_codes, "ask", lambda *_arguments: None)
    customer("known@example.com")
    customer("blocked@example.com", blocked=True)
    customer("without@example.com", password="")
    names, tries = ("known", "unknown", "blocked", "without"), 200
    took: dict[str, list[float]] = {name: [] for name in names}
    order = [name for name in names for _number in range(tries)]
    random.Random(7).shuffle(order)
    path = LOGIN if way == "letter" else f"{LOGIN}/password"
    visitor = cookies.new_key()
    for name in ["known"] * 20 + order:
        data = {"email": f"{name}@example.com", "password": "wrong-password"}
        took[name].append(await _seconds(path, data, visitor, "127.0.0.1"))
    del took["known"][:20]
    shares = {name: _told_apart(took["known"], took[name]) for name in names[1:]}
    assert all(0.3 < share < 0.7 for share in shares.values()), shares


# --- What attackers try --------------------------------------------------------------------------------


@pytest.mark.parametrize("origin", ["", "https://evil.example", "null", "http://localhost:3001"])
@pytest.mark.parametrize("path", [route.path for route in customer_sign_in.routes])
async def test_no_other_page_signs_anybody_in_or_out(browser: Open, origin: str, path: str):
    customer()
    own = browser()
    await sign_in(own)
    foreign = browser(origin=origin)
    foreign.cookies = own.cookies
    answer = await foreign.post(path, data={"email": EMAIL, "password": PASSWORD, "code": digits()})
    assert answer.status_code == 403
    assert (count(LoginSession), count(SignInCode)) == (1, 0)
    assert (await who_is(own)).email == EMAIL


TARGETS = [
    "//evil.example",
    "/\\evil.example",
    "///evil.example",
    "https://evil.example/account",
    "/account\\@evil.example",
    "/cart\r\nSet-Cookie: a=b",
    "/\t/evil.example",
    "javascript:alert(1)",
    "/admin",
    "/admin/orders",
    "/%61dmin/orders",
    "/x/../admin",
    "/./admin",
    "/account/login",
    "/account/login/code",
    "/account/logout",
    "/account/register",
    "/" + "x" * 2000,
    "/é",
    "",
]


@pytest.mark.parametrize("target", TARGETS)
async def test_a_sign_in_leads_nowhere_but_into_the_shop(browser: Open, target: str):
    assert await sign_in(browser(), next=target) == "/account"
    assert own_path(target, ACCOUNT) == "/account"


@pytest.mark.parametrize(
    "target", ["/", "/cart", "/checkout?step=2", "/administrator", "/orders/abc-DEF_1?a=b&c=%20"]
)
def test_a_path_of_the_shop_is_kept(target: str):
    assert own_path(target, ACCOUNT) == target
    assert own_path(target) == "/admin", "staff stay in the back office"


async def test_a_key_that_an_attacker_planted_is_never_taken(browser: Open):
    client = browser()
    planted = cookies.new_key()
    client.cookies.set(cookies.session_cookie(), planted)
    await ask(client)
    answer = await client.post(CODE, data={"code": digits()})
    assert planted not in str(answer.headers)
    assert await db.read(sessions.who, key_hash(planted)) == NOBODY
    assert count(LoginSession) == 1


async def test_a_browser_is_a_customer_s_or_staff_s_never_both(browser: Open):
    client = browser()
    await sign_in(client)
    key = client.cookies[cookies.session_cookie()]
    with db.transaction() as session:
        sessions.create_staff(session, EMAIL, Hashed(f"fast${PASSWORD}"), "owner", name="O", actor="test")
    answer = await client.post("/admin/login", data={"email": EMAIL, "password": PASSWORD})
    assert answer.headers["location"] == "/admin"
    assert await db.read(sessions.who, key_hash(key)) == NOBODY
    assert (await who_is(client)).kind == "staff"
    assert (await by_password(browser(), PASSWORD, EMAIL)).headers["location"] == f"{CODE}?problem=wrong"
    await sign_in(client)
    assert (await who_is(client)).kind == "customer"
    assert count(LoginSession) == 1


async def test_a_code_from_another_browser_is_none(browser: Open):
    client, thief = browser(), browser()
    await ask(client)
    right = digits()
    await ask(thief)
    if digits() == right:
        await ask(thief)
    assert await type_code(thief, right) == f"{CODE}?problem=code"
    thief.cookies.set(cookies.step_cookie(), client.cookies[cookies.step_cookie()])
    assert await type_code(thief, right) == f"{LOGIN}?problem=expired"
    assert await type_code(client, right) == "/account"


async def test_two_who_bring_the_code_at_once_are_one_sign_in(browser: Open):
    client = browser()
    await ask(client)
    right = digits()
    answers = await asyncio.gather(*(client.post(CODE, data={"code": right}) for _number in range(5)))
    places = sorted(answer.headers["location"] for answer in answers)
    assert places == ["/account", *[f"{CODE}?problem=code"] * 4]
    assert (count(LoginSession), count(Customer)) == (1, 1)


async def test_codes_at_a_hundred_a_second_end_after_five_tries(browser: Open):
    client = browser()
    await ask(client)
    right = digits()
    guesses = [f"{number:06}" for number in range(100) if f"{number:06}" != right]
    answers = await asyncio.gather(*(client.post(CODE, data={"code": guess}) for guess in guesses))
    statuses = [answer.status_code for answer in answers]
    assert statuses.count(303) == 30
    assert set(statuses) <= {303, 429, 503}, "the rest is refused, some before it is read"
    with db.reading() as session:
        assert session.exec(select(SignInCode.tries_left)).one() == 0
    assert await who_is(client) == NOBODY


async def test_ten_thousand_tries_on_one_account_end_in_refusals(browser: Open):
    """From as many addresses and browsers as there are tries; 200 stand for the rest, which fare the same."""
    customer()
    at_home = browser("203.0.113.1")
    await sign_in(at_home)
    for path, data, allowed in (
        (f"{LOGIN}/password", {"email": EMAIL, "password": "guess"}, 30),
        (LOGIN, {"email": EMAIL}, 19),
    ):
        statuses = [
            (await browser(f"198.51.{number // 250}.{number % 250}").post(path, data=data)).status_code
            for number in range(200)
        ]
        assert statuses == [303] * allowed + [429] * (200 - allowed), path
    # Neither keeps the owner out of a browser that they have signed in with.
    assert (await by_password(at_home, email=EMAIL)).headers["location"] == "/account"
    assert await sign_in(at_home) == "/account"


async def test_one_try_on_many_accounts_from_one_address_ends_in_refusals(browser: Open):
    for path, allowed in ((f"{LOGIN}/password", 100), (LOGIN, 60)):
        statuses = [
            (
                await browser("198.51.100.7").post(
                    path, data={"email": f"person-{number}@example.com", "password": "123456"}
                )
            ).status_code
            for number in range(150)
        ]
        assert statuses == [303] * allowed + [429] * (150 - allowed), path
    assert count(Letter) == 60


async def test_addresses_of_one_mailbox_count_together(browser: Open):
    statuses = [
        (await ask(browser(f"198.51.100.{number}"), f"marta+{number}@example.com")).status_code
        for number in range(25)
    ]
    assert statuses == [303] * 20 + [429] * 5


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\xff\xfe",
        b"email=a&" * 5000,
        b"x" * 70_000,
        b"email=%00&password=%00&code=%00",
        b'{"email": 1}',
    ],
    ids=lambda body: str(body[:12]),
)
async def test_junk_is_no_sign_in(browser: Open, body: bytes):
    client = browser()
    for route in customer_sign_in.routes:
        answer = await client.post(
            route.path, content=body, headers={"content-type": "application/x-www-form-urlencoded"}
        )
        assert answer.status_code in (200, 303, 422), route.path
        assert cookies.session_cookie() not in client.cookies
    assert (count(LoginSession), count(Customer), count(Letter)) == (0, 0, 0)


async def test_a_browser_without_cookies_is_told_so(browser: Open):
    answer = await ask(browser(visitor=""))
    assert answer.headers["location"] == f"{LOGIN}?problem=cookies"
    assert count(Letter) == 0


async def test_what_is_no_address_is_said_at_its_field(browser: Open):
    answer = await ask(browser(), "marta@", next="/cart")
    assert answer.headers["location"] == f"{LOGIN}?problem=email&next=%2Fcart"
    assert (count(Letter), count(SignInCode)) == (0, 0)
