"""Cookies, logs, health, robots and sitemap, rates, and the types of payloads."""

from __future__ import annotations

import asyncio
import datetime as dt
import logging
import re
import threading
from collections.abc import Callable
from typing import Annotated, Any

import httpx
import pytest
from pydantic import ConfigDict, Field, TypeAdapter, ValidationError
from sqlalchemy import Engine
from starlette.applications import Starlette

from shop_app.core.access import clients, cookies, rates
from shop_app.core.errors import TooMany
from shop_app.core.settings import Settings
from shop_app.core.version import VERSION
from shop_app.state import input_types
from shop_app.state.forms import Form
from shop_app.web import guard, health, logs, sitemap

KEY = "A" * 43


def test_a_key_is_long_and_its_hash_is_what_is_kept() -> None:
    key = cookies.new_key()
    assert cookies.visitor_key(f"x=1; shop_visitor={key}; y=2") == key
    assert cookies.key_hash("abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"


@pytest.mark.parametrize(
    "sent",
    [
        "",
        "shop_visitor=",
        f"xshop_visitor={KEY}",
        f"shop_visitor={KEY}A",
        "shop_visitor=" + "é" * 43,
        f"shop_visitor={KEY[:-1]}\n",
        f"shop_session={KEY}",
        f"__Host-shop_visitor={KEY}",
    ],
)
def test_what_has_not_our_shape_is_no_key(sent: str) -> None:
    assert cookies.visitor_key(sent) is None


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("Cookie: shop_session=abc; x=y", "Cookie: [hidden]"),
        (f"shop_visitor={KEY}; rest", "shop_visitor=[key]; rest"),
        ("to ada@example.com", "to [e-mail]"),
        ("card 4242-4242-4242-4242", "card [card]"),
        ("order 1234567890123456", "order 1234567890123456"),
        ("key sk_test_51Habcdefgh", "key [key]"),
        ("GET /letters/AbCd-EfGhIjKlMnOpQrStUvWx0123456789_-x 200", "GET /letters/[key] 200"),
    ],
)
def test_logs_keep_nothing_that_opens_or_names(written: str, kept: str) -> None:
    assert logs.redacted(written) == kept


def _record(name: str, message: str) -> logging.LogRecord:
    return logging.LogRecord(name, logging.ERROR, "/x/app.py", 7, message, None, None)


def test_a_talkative_logger_tells_the_place_and_not_the_values() -> None:
    record = _record("reflex_base.event.processor.event_processor", "payload {'password': 'secret'}")
    assert logs.Redaction().filter(record)
    assert record.getMessage() == "error at app:7"


def test_a_flood_of_lines_is_capped_for_its_source_alone() -> None:
    redaction = logs.Redaction()
    passed = sum(redaction.filter(_record("noisy", "x")) for _ in range(200))
    assert logs.LINES_PER_SECOND <= passed <= 2 * logs.LINES_PER_SECOND
    assert redaction.filter(_record("quiet", "x"))


async def _get(routes: list[Any], path: str) -> httpx.Response:
    transport = httpx.ASGITransport(Starlette(routes=routes))
    async with httpx.AsyncClient(transport=transport, base_url="http://shop.test") as client:
        return await client.get(path)


async def test_alive_needs_no_database() -> None:
    assert (await _get(health.routes, "/healthz")).json() == {"status": "alive", "version": VERSION}


async def test_ready_with_a_migrated_database(engine: Engine) -> None:
    answer = await _get(health.routes, "/readyz")
    assert answer.status_code == 200
    assert answer.json() == {"status": "ready", "checks": {"database": "ok", "migrations": "ok"}}


async def test_not_ready_says_what_failed_and_nothing_of_the_inside(
    configure: Callable[..., Settings],
) -> None:
    configure(SHOP_DATABASE_URL="postgresql://user:CANARY@127.0.0.1:1/shop")
    answer = await _get(health.routes, "/readyz")
    assert answer.status_code == 503
    assert answer.json()["reason"] == "database, migrations failed"
    assert "CANARY" not in answer.text


async def test_redis_counts_where_the_settings_name_one(
    engine: Engine, configure: Callable[..., Settings]
) -> None:
    configure(SHOP_REDIS_URL="redis://127.0.0.1:1/0")
    answer = await _get(health.routes, "/readyz")
    assert (answer.status_code, answer.json()["reason"]) == (503, "redis failed")


async def test_the_sitemap_lists_what_it_is_told_escaped_and_absolute() -> None:
    moment = dt.datetime(2026, 11, 5, 23, 0, tzinfo=dt.UTC)  # The next day in Berlin.
    routes = sitemap.routes(lambda: [("/", None), ("/products/a&b", moment)])
    text = (await _get(routes, "/sitemap.xml")).text
    assert "<loc>http://localhost:3000/</loc></url>" in text
    assert "<loc>http://localhost:3000/products/a&amp;b</loc><lastmod>2026-11-06</lastmod>" in text


DAYS = [dt.datetime(2026, 11, day, 12, tzinfo=dt.UTC) for day in range(1, 8)]


@pytest.mark.parametrize(("count", "files"), [(0, 0), (1, 0), (3, 0), (4, 2), (6, 2), (7, 3)])
async def test_a_sitemap_that_is_too_long_becomes_an_index_of_its_parts(count: int, files: int) -> None:
    routes = sitemap.routes(lambda: [(f"/{at}", DAYS[at]) for at in range(count)], most=3)
    answer = await _get(routes, "/sitemap.xml")
    assert answer.headers["content-length"] == str(len(answer.content))
    parts = re.findall(r"<loc>http://localhost:3000(/sitemap-\d\.xml)</loc><lastmod>([\d-]+)<", answer.text)
    assert [path for path, _day in parts] == [f"/sitemap-{part}.xml" for part in range(1, files + 1)]
    assert ("<sitemapindex" in answer.text, "<urlset" in answer.text) == (files > 0, files == 0)
    listed = [await _get(routes, path) for path, _day in parts] or [answer]
    found = [re.findall(r"<url><loc>http://localhost:3000/(\d)</loc>", text.text) for text in listed]
    assert [int(at) for part in found for at in part] == list(range(count))
    assert all(0 < len(part) <= 3 for part in found) or not count
    for (_path, day), part in zip(parts, found, strict=files > 0):
        assert day == f"2026-11-{int(part[-1]) + 1:02}"
    for path in (f"/sitemap-{max(files, 1) + 1}.xml", "/sitemap-0.xml", "/sitemap-01.xml", "/sitemap-.xml"):
        assert (await _get(routes, path)).status_code == 404


async def test_no_file_of_the_sitemap_is_larger_than_engines_take(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sitemap, "MAX_BYTES", 1300)
    routes = sitemap.routes(lambda: [(f"/{'x' * 60}", None)] * 5)
    answers = [await _get(routes, f"/sitemap-{part}.xml") for part in (1, 2, 3, 4)]
    assert [answer.text.count("<url>") for answer in answers] == [2, 2, 1, 0]
    assert max(len(answer.content) for answer in answers) <= 1300
    assert (await _get(routes, "/sitemap.xml")).text.count("<sitemap>") == 3


async def test_however_many_ask_for_the_sitemap_at_once_it_is_made_once() -> None:
    count = 0
    all_have_asked = threading.Event()

    def addresses() -> list[tuple[str, None]]:
        nonlocal count
        count += 1
        assert all_have_asked.wait(10)
        return [("/", None)]

    routes = sitemap.routes(addresses)
    asking_for_it = [asyncio.create_task(_get(routes, "/sitemap.xml")) for _ in range(20)]
    for _ in range(200):
        # Each comes as far as to wait for the sitemap.
        await asyncio.sleep(0)
    all_have_asked.set()
    answers = await asyncio.gather(*asking_for_it)
    assert {answer.status_code for answer in answers} == {200}
    assert count == 1
    assert (await _get(routes, "/sitemap.xml")).status_code == 200
    assert count == 2


async def test_robots_close_the_admin_and_name_the_sitemap() -> None:
    text = (await _get(sitemap.routes(list), "/robots.txt")).text
    assert "Disallow: /admin\n" in text
    assert "Sitemap: http://localhost:3000/sitemap.xml" in text


async def test_an_address_is_refused_above_its_rate_and_another_is_not() -> None:
    one = clients.of_scope({"client": ("1.1.1.1", 1), "headers": []})
    other = clients.of_scope({"client": ("2.2.2.2", 1), "headers": []})
    login = rates.Limit("login", "5/15 minutes")
    for _ in range(5):
        await rates.take(login, one)
    with pytest.raises(TooMany):
        await rates.take(login, one)
    await rates.take(login, other)


@pytest.mark.parametrize(
    ("kind", "value", "taken"),
    [
        (input_types.ShortText, "  héllo  ", "héllo"),
        (input_types.ShortText, "<b>&", "<b>&"),
        (input_types.ShortText, "a\nb", "a b"),
        (input_types.ShortText, "\x07a\ud800\u200b\u00adb", "ab"),
        (input_types.ShortText, "x\u200b" * 200, "x" * 200),
        (input_types.ShortText, "e\u0301" * 200, "é" * 200),
        (input_types.LongText, "a \r\n b\u202e", "a\nb"),
        (input_types.Email, f" {'a' * 242}@example.com ", f"{'a' * 242}@example.com"),
        (input_types.Code, " ＷＥＬＣＯＭＥ－１０\u200d ", "WELCOME-10"),
        (input_types.OrderNumber, "＃１００１", "#1001"),
        (input_types.CreditCode, "ABCD–EFGH", "ABCD-EFGH"),
        (input_types.Carried, '[["a  b",1]] ', '[["a  b",1]] '),
        (input_types.Quantity, "3", 3),
        (input_types.Quantity, 3.0, 3),
        (input_types.Slug, "lamp-2", "lamp-2"),
        (input_types.Slug, "a_b" + "-c" * 120, "a_b" + "-c" * 120),
        (input_types.Sku, 'PIPE-1/2"', 'PIPE-1/2"'),
        (input_types.Sku, "MEN'S  01 <b>&#%+?", "MEN'S  01 <b>&#%+?"),
        (input_types.Sku, "茶碗 👩\u200d🚀 חולצה", "茶碗 👩\u200d🚀 חולצה"),
        (input_types.Sku, "½" * 255, "½" * 255),
    ],
)
def test_good_values_are_taken(kind: Any, value: Any, taken: Any) -> None:
    assert TypeAdapter(kind).validate_python(value) == taken


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        (input_types.ShortText, "x" * 201),
        (input_types.ShortText, "\u200b" * 401),
        (input_types.ShortText, b"bytes"),
        (input_types.ShortText, 7),
        (input_types.Code, "½" * 20),
        (input_types.Carried, "x" * 10_001),
        (input_types.Email, "x" * 255),
        (input_types.LongText, "x" * 10_001),
        (input_types.Quantity, " 3"),
        (input_types.Quantity, "٣"),
        (input_types.RecordId, 0),
        (input_types.RecordId, 2**53),
        (input_types.Slug, "Lamp"),
        (input_types.Slug, "../etc"),
        (input_types.Slug, "x" * 256),
        (input_types.Sku, ""),
        (input_types.Sku, " A"),
        (input_types.Sku, "A\tB"),
        (input_types.Sku, "A\x00"),
        (input_types.Sku, "A\ud800"),
        (input_types.Sku, "e\u0301"),
        (input_types.Sku, "\u200b"),
        (input_types.Sku, "x" * 256),
        (input_types.Sku, 7),
        (input_types.Flag, 1),
        (input_types.Flag, "true"),
    ],
)
def test_bad_values_are_not(kind: Any, value: Any) -> None:
    with pytest.raises(ValidationError):
        TypeAdapter(kind).validate_python(value)


def test_every_input_type_is_bounded() -> None:
    kinds = [kind for kind in vars(input_types).values() if hasattr(kind, "__metadata__")]
    assert len(kinds) >= 15
    for kind in kinds:
        schema = TypeAdapter(kind).json_schema()
        assert guard._bounded(schema, schema.get("$defs", {})), kind


class Loose(Form):
    """Takes fields that it doesn't name."""

    model_config = ConfigDict(extra="allow")
    name: input_types.ShortText = ""


class Endless(Form):
    name: str = ""


@pytest.mark.parametrize(
    "kind",
    [
        int,
        str,
        float,
        dict,
        list,
        Any,
        dict[str, str],
        list[input_types.Sku],
        Annotated[int, Field(ge=1)],
        str | None,
        bytes,
        Loose,
        Endless,
        list[Endless],
    ],
)
def test_a_type_without_bounds_keeps_the_server_from_starting(kind: Any) -> None:
    from shop_app.core.access.policy import public

    async def handler(self: Any, value: Any) -> None: ...

    handler.__annotations__["value"] = kind
    with pytest.raises(guard.NoPolicy, match="no bounds"):
        guard.rule_of(public(handler))
