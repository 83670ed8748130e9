"""The set-up page: nobody gets past it without the token, one person opens the shop, and then it is gone."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from datetime import timedelta
from functools import partial

import httpx
import pytest
from sqlalchemy import func, select
from sqlmodel import Session, SQLModel, col
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from shop_app.components import set_up as set_up_page
from shop_app.core import db
from shop_app.core.access import cookies
from shop_app.core.settings import Settings
from shop_app.models import (
    AuditEntry,
    LoginSession,
    SetUpToken,
    ShippingMethod,
    Staff,
    UntaxedPlace,
    table_of,
)
from shop_app.services.accounts import sessions
from shop_app.services.accounts.passwords import hash_password
from shop_app.services.opening import base_data, token
from shop_app.web.set_up import ADDRESS, SetUp
from tests.production import PRODUCTION

PASSWORD = "seven lamps on a long table"
FIRST = {"step": "country", "country": "AT"}
SECOND = {
    "step": "open", "country": "AT", "email": "Ada@Example.com", "name": "Ada Berg", "password": PASSWORD,
    "shop_name": "Berg Ceramics", "currency": "EUR", "locale": "en", "time_zone": "Europe/Vienna",
    "prices_include_tax": "1", "to-home": "1", "price-home": "4.90", "to-union": "1", "price-union": "9,90",
}  # fmt: skip


@pytest.fixture(autouse=True)
def _production(engine: object, configure: Callable[..., Settings]) -> None:
    configure(**PRODUCTION)


@pytest.fixture
def newest() -> str:
    with db.transaction() as session:
        base_data.lay(session)
        made = token.renew(session)
    assert made
    return made


@pytest.fixture
def app() -> SetUp:
    below = Starlette(routes=[Route("/{path:path}", lambda _request: PlainTextResponse("below"))])
    return SetUp(below, draw=partial(set_up_page.document, stylesheets=("/a.css",)))


@pytest.fixture
async def client(app: SetUp):
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url="https://shop.example") as opened:
        yield opened


def count(model: type[SQLModel]) -> int:
    with db.reading() as session:
        return session.connection().execute(select(func.count()).select_from(table_of(model))).scalar_one()


@pytest.mark.parametrize("path", ["/admin", "/admin/", "/admin/orders", "/admin/login", ADDRESS])
async def test_every_address_of_the_back_office_is_the_set_up_page(client, newest, path):
    answer = await client.get(path)
    assert answer.status_code == 200
    assert "Nobody runs this shop yet." in answer.text
    assert 'name="token"' in answer.text
    assert newest not in answer.text
    assert "<script" not in answer.text
    assert answer.headers["cache-control"] == "no-store"


async def test_other_addresses_are_passed_on(client, newest):
    assert (await client.get("/administration")).text == "below"
    assert (await client.get("/")).text == "below"


async def test_the_demo_never_shows_it(client, configure):
    configure(SHOP_MODE="demo", STRIPE_SECRET_KEY="")
    assert (await client.get("/admin")).text == "below"
    assert (await client.post(ADDRESS, data=FIRST)).text != "Nobody runs this shop yet."


async def test_from_the_country_follows_the_rest_and_is_shown(client, newest):
    answer = await client.post(ADDRESS, data=FIRST | {"token": newest})
    assert answer.status_code == 200
    chosen = dict(
        re.findall(
            r'name="(country|currency|time_zone|locale)".*?value="([^"]+)" selected', answer.text, re.S
        )
    )
    assert chosen == {"country": "AT", "currency": "EUR", "time_zone": "Europe/Vienna", "locale": "en"}
    assert "VAT 20 % in Austria; in the other EU countries, the rate of each of them." in answer.text
    assert "Deliver to Austria" in answer.text
    assert "Deliver to European Union (26)" in answer.text
    assert count(Staff) == 0


@pytest.mark.parametrize(
    ("country", "currency", "zone", "tax"),
    [
        ("US", "USD", "America/New_York", "Sales tax at the rate of the state that goods go to."),
        ("CH", "CHF", "Europe/Zurich", "VAT 8.1 % in Switzerland, and none elsewhere."),
        ("JP", "JPY", "Asia/Tokyo", "No tax: there are no rates for Japan yet."),
    ],
)
async def test_each_country_has_its_own_proposal(client, newest, country, currency, zone, tax):
    answer = await client.post(ADDRESS, data={"step": "country", "country": country, "token": newest})
    assert f'<option value="{currency}" selected' in answer.text
    assert f'<option value="{zone}" selected' in answer.text
    assert tax in answer.text


async def test_the_shop_is_opened_and_its_owner_is_signed_in(client, newest):
    answer = await client.post(ADDRESS, data=SECOND | {"token": newest.lower().replace("-", " ")})
    assert (answer.status_code, answer.headers["location"]) == (303, "/admin")
    cookie = answer.headers["set-cookie"]
    assert cookie.startswith("__Host-shop_session=")
    assert "HttpOnly" in cookie
    assert "Secure" in cookie
    key = re.search(r"=([\w-]{43});", cookie)
    assert key
    with db.reading() as session:
        who = sessions.who(session, cookies.key_hash(key[1]))
        assert (who.kind, who.email, who.name, who.role) == ("staff", "ada@example.com", "Ada Berg", "owner")
        prices = session.connection().execute(
            select(col(ShippingMethod.code), col(ShippingMethod.price_minor), col(ShippingMethod.active))
            .order_by(col(ShippingMethod.position))
        )  # fmt: skip
        assert [tuple(row) for row in prices] == [
            ("home-standard", 490, True), ("union-standard", 990, True),
            ("europe-standard", 1500, False), ("world-standard", 3000, False),
        ]  # fmt: skip
        untaxed = session.connection().execute(select(col(UntaxedPlace.country))).scalars()
        assert sorted(untaxed) == ["CH", "GB", "LI", "US"]
    assert count(SetUpToken) == 0
    # The address is gone, for its owner too.
    assert (await client.get(ADDRESS)).text == "below"
    assert (await client.get("/admin")).text == "below"


async def test_a_wrong_token_changes_nothing(client, newest):
    answer = await client.post(ADDRESS, data=SECOND | {"token": "WRONG-" + newest})
    assert answer.status_code == 422
    assert "This isn&#39;t the token." in answer.text
    assert "Berg Ceramics" in answer.text, "what was typed stays"
    assert PASSWORD not in answer.text
    assert (count(Staff), count(SetUpToken), count(LoginSession), count(AuditEntry)) == (0, 1, 0, 0)


async def test_an_old_token_says_so(client, newest):
    with db.transaction() as session:
        row = session.get_one(SetUpToken, 1)
        row.expires_at -= timedelta(hours=24, seconds=1)
    answer = await client.post(ADDRESS, data=SECOND | {"token": newest})
    assert "This token is older than 24 hours." in answer.text
    assert count(Staff) == 0


async def test_a_new_start_makes_a_new_token(client, newest):
    with db.transaction() as session:
        second = token.renew(session)
    assert second
    assert second != newest
    assert (await client.post(ADDRESS, data=FIRST | {"token": newest})).status_code == 422
    assert (await client.post(ADDRESS, data=FIRST | {"token": second})).status_code == 200


async def test_wrong_tokens_are_counted(client, newest, monkeypatch):
    async def no_pause(_seconds: float) -> None: ...

    monkeypatch.setattr(asyncio, "sleep", no_pause)
    answers = [await client.post(ADDRESS, data=FIRST | {"token": "guess"}) for _try in range(61)]
    assert [answer.status_code for answer in answers] == [422] * 60 + [429]
    assert "That was too often" in answers[-1].text


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"email": "nobody"}, "Enter an e-mail address like name@example.com."),
        ({"shop_name": " "}, "Enter the shop&#39;s name."),
        ({"name": ""}, "Enter your name."),
        ({"password": "short"}, "Choose a password of"),
        ({"currency": "XXX"}, "Choose a currency."),
        ({"locale": "tlh"}, "Choose a language that the shop has."),
        ({"time_zone": "../etc/passwd"}, "Choose a time zone."),
        ({"country": "ZZ"}, "Choose the country that the shop is in."),
        ({"price-home": "free"}, "Enter what delivery costs, such as 4.90, or 0."),
        ({"price-union": "-3"}, "Enter what delivery costs, such as 4.90, or 0."),
    ],
)
async def test_what_cannot_be_taken_is_named_and_nothing_changes(client, newest, change, sentence):
    answer = await client.post(ADDRESS, data=SECOND | {"token": newest} | change)
    assert answer.status_code == 422
    assert sentence in answer.text
    assert (count(Staff), count(SetUpToken)) == (0, 1)


async def test_of_two_at_once_one_opens_the_shop(client, newest):
    forms = [SECOND | {"token": newest, "email": f"{name}@example.com"} for name in ("ada", "bo")]
    answers = await asyncio.gather(*(client.post(ADDRESS, data=form) for form in forms))
    assert [answer.status_code for answer in answers] == [303, 303]
    assert sorted("set-cookie" in answer.headers for answer in answers) == [False, True]
    assert count(Staff) == 1


async def test_staff_from_the_command_line_ends_it(client, newest):
    assert (await client.get("/admin")).status_code == 200
    with db.transaction() as session:
        sessions.create_staff(session, "ada@example.com", hash_password(PASSWORD), "owner")
    assert (await client.get("/admin")).text == "below"
    with db.transaction() as session:
        assert token.renew(session) is None


async def test_other_posts_lead_back_to_it(client, newest):
    answer = await client.post("/admin/login", data={"email": "a", "password": "b"})
    assert (answer.status_code, answer.headers["location"]) == (303, "/admin")


async def test_text_is_escaped(client, newest):
    answer = await client.post(
        ADDRESS, data=SECOND | {"token": newest, "shop_name": '"><script>alert(1)</script>', "email": "x"}
    )
    assert "<script>" not in answer.text


@pytest.mark.both
def test_of_two_transactions_one_uses_the_token_up(session: Session):
    made = token.renew(session)
    assert made
    token.use_up(session, made)
    with pytest.raises(Exception, match="This isn't the token"):
        token.use_up(session, made)
