"""Documents that everybody shares: made once, kept until a fact, and nothing of any visitor in them."""

from __future__ import annotations

import asyncio
import gzip
from collections import Counter
from pathlib import Path

import brotli
import httpx
import pytest
from sqlalchemy import Engine
from starlette.applications import Starlette
from starlette.datastructures import QueryParams

from shop_app.core import db, fact_cache
from shop_app.core.access import cookies
from shop_app.core.errors import NotFound
from shop_app.core.pages import Address, MovedTo, only
from shop_app.services.cart import commands as cart_commands
from shop_app.services.search import listing_index
from shop_app.shop_app import PAGES
from shop_app.web import documents
from shop_app.web.documents import DocumentRoute, Documents
from shop_app.web.served import Served
from shop_app.web.shells import read_build
from tests.factories import key_hash, make_basics, make_product

SHELL = "<!DOCTYPE html><html><head></head><body><script>go()</script></body></html>"
KEY = "a" * 43
KNOWN = {"Cookie": f"shop_visitor={KEY}"}
TEXT = "A lamp that reads to you. " * 100


class Shelf:
    """Pages by the address that they were made for; `state` is what they say just now."""

    def __init__(self) -> None:
        self.made: Counter[str] = Counter()
        self.price = 49

    def product(self, params: dict[str, str], query: QueryParams) -> Served:
        slug, sku = params["slug"], query.get("variant", "")
        self.made[f"{slug} {query}"] += 1
        if slug == "missing":
            raise NotFound("gone")
        if slug == "old":
            raise MovedTo("/products/lamp")
        if slug == "broken":
            return Served(html="Broken", status=503)
        if slug == "private":
            return Served(html="Private", headers={"Cache-Control": "no-store"})
        if sku == "made-up":
            fact_cache.dont_keep()
        fact_cache.depends(f"product:{slug}")
        return Served(html=f"<h1>{slug} {sku} {self.price}</h1>{TEXT}", headers={"Link": "</a>; rel=preload"})

    def search(self, _params: dict[str, str], query: QueryParams) -> Served:
        self.made[f"search {query}"] += 1
        return Served(html=f"<h1>{query.get('q', '')}</h1>{TEXT}")

    def lost(self, _params: dict[str, str], query: QueryParams) -> Served:
        self.made[f"lost {query}"] += 1
        return Served(html="<h1>This shelf is bare</h1>")

    def cart(self, _params: dict[str, str], query: QueryParams) -> Served:
        self.made[f"cart {query}"] += 1
        return Served(title="Cart")


def searched(address: Address) -> Address:
    return Address({}, only("q")(address).query, is_free=True)


@pytest.fixture
def shelf() -> Shelf:
    return Shelf()


@pytest.fixture
def app(tmp_path: Path, shelf: Shelf) -> Documents:
    (tmp_path / "__spa-fallback.html").write_text(SHELL)
    build = read_build(tmp_path)
    assert build
    routes = [
        DocumentRoute("/products", shelf.search, searched),
        DocumentRoute("/products/[slug]", shelf.product, only("variant")),
        DocumentRoute("/cart", shelf.cart),
        DocumentRoute("404", shelf.lost),
    ]
    return Documents(Starlette(), build=build, routes=routes)


@pytest.fixture
def client(app: Documents) -> httpx.AsyncClient:
    transport = httpx.ASGITransport(app)
    return httpx.AsyncClient(transport=transport, base_url="http://shop.test", headers=KNOWN)


async def test_a_document_is_made_once_until_a_fact_empties_it(client: httpx.AsyncClient, shelf: Shelf):
    first = await client.get("/products/lamp")
    assert first.text == (await client.get("/products/lamp")).text
    assert shelf.made == {"lamp ": 1}
    shelf.price = 44
    fact_cache.deliver(["product:bowl"])
    assert "lamp  49" in (await client.get("/products/lamp")).text
    fact_cache.deliver(["product:lamp"])
    assert "lamp  44" in (await client.get("/products/lamp")).text


async def test_what_is_kept_needs_neither_a_turn_nor_a_thread(
    client: httpx.AsyncClient, app: Documents, monkeypatch: pytest.MonkeyPatch
):
    await client.get("/products/lamp")
    monkeypatch.setattr(app.queue, "turn", lambda _address: pytest.fail("it waited for its turn"))
    monkeypatch.setattr(documents.asyncio, "to_thread", lambda *_args: pytest.fail("it took a thread"))
    assert (await client.get("/products/lamp?utm_source=letter")).status_code == 200


async def test_only_what_the_page_reads_makes_another_document(client: httpx.AsyncClient, shelf: Shelf):
    for query in ("", "?a=1", "?variant=", "?utm_source=x&utm_medium=y"):
        await client.get(f"/products/lamp{query}")
    for query in ("?variant=MOSS", "?x=1&variant=MOSS&variant=CLAY"):
        assert "lamp MOSS 49" in (await client.get(f"/products/lamp{query}")).text
    assert shelf.made == {"lamp ": 1, "lamp variant=MOSS": 1}


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/products/missing", 404),
        ("/products/old", 301),
        ("/products/broken", 503),
        ("/products/private", 200),
        ("/products/lamp?variant=made-up", 200),
        ("/cart", 200),
    ],
)
async def test_what_isnt_everybodys_or_isnt_there_is_made_anew(
    client: httpx.AsyncClient, app: Documents, shelf: Shelf, path: str, status: int
):
    for _turn in range(2):
        answer = await client.get(path)
        assert answer.status_code == status
    assert max(shelf.made.values()) == 2
    assert {type(key) for key in app.kept._entries} <= {str}
    # Made-up SKUs show everybody the same; there is no end of them, that's all.
    assert answer.headers.get("cache-control", "").startswith("public") == path.endswith("made-up")


async def test_all_that_isnt_there_is_one_document(client: httpx.AsyncClient, app: Documents, shelf: Shelf):
    for path in ("/products/missing", "/nowhere", "/a/b"):
        answer = await client.get(path)
        assert (answer.status_code, answer.headers["cache-control"]) == (404, "private, no-cache")
        assert "etag" not in answer.headers
    assert shelf.made["lost "] == 1
    assert len(app.kept) == 1


async def test_searches_push_out_only_each_other(
    client: httpx.AsyncClient, app: Documents, shelf: Shelf, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(app.kept_free, "_most", 20_000)
    await client.get("/products/lamp")
    for number in range(20):
        await client.get(f"/products?q=words{number}")
    assert shelf.made.total() == 21
    assert 15_000 < app.kept_free.size <= 20_000
    assert 1 < len(app.kept_free) < 10
    await client.get("/products/lamp")
    assert shelf.made["lamp "] == 1


@pytest.mark.parametrize(("accepted", "coding"), [("gzip, br", "br"), ("gzip", "gzip"), ("identity", None)])
async def test_each_encoding_is_ready_and_has_a_tag_of_its_own(
    client: httpx.AsyncClient, shelf: Shelf, accepted: str, coding: str | None
):
    plain = await client.get("/products/lamp", headers={"Accept-Encoding": "identity"})
    for _turn in range(2):
        async with client.stream("GET", "/products/lamp", headers={"Accept-Encoding": accepted}) as answer:
            raw = b"".join([part async for part in answer.aiter_raw()])
        assert answer.headers.get("content-encoding") == coding
        assert answer.headers["content-length"] == str(len(raw))
        body = {"br": brotli.decompress, "gzip": gzip.decompress, None: bytes}[coding](raw)
        assert body == plain.content
        assert answer.headers["etag"] == (
            f'{plain.headers["etag"][:-1]}-{coding}"' if coding else plain.headers["etag"]
        )
    assert shelf.made == {"lamp ": 1}


async def test_who_has_it_already_is_told_so(client: httpx.AsyncClient):
    answer = await client.get("/products/lamp")
    tag = answer.headers["etag"]
    assert answer.headers["cache-control"] == "public, no-cache"
    assert answer.headers["vary"] == "Accept-Encoding"
    assert answer.headers["link"] == "</a>; rel=preload"
    for given in (tag, f'"x", W/{tag}', "*"):
        again = await client.get("/products/lamp", headers={"If-None-Match": given})
        assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag)
        assert again.headers["cache-control"] == "public, no-cache"
        assert "content-length" not in again.headers
    fact_cache.deliver_unknown()
    again = await client.get("/products/lamp", headers={"If-None-Match": tag})
    assert again.status_code == 304, "made anew, it is the same"
    assert (await client.get("/products/lamp", headers={"If-None-Match": '"old"'})).status_code == 200


async def test_head_answers_like_get_without_a_body(client: httpx.AsyncClient):
    got, head = await client.get("/products/lamp"), await client.head("/products/lamp")
    assert (head.status_code, head.content, dict(head.headers)) == (200, b"", dict(got.headers))


async def test_a_new_visitors_cookie_is_set_beside_and_kept_by_nobody(client: httpx.AsyncClient):
    """A cache that kept an answer with it, or took it over from a 304, would give strangers one cart."""
    known = await client.get("/products/lamp")
    keys = set()
    for given in ({}, {"If-None-Match": known.headers["etag"]}, {"If-None-Match": "*"}):
        answer = await client.get("/products/lamp", headers={"Cookie": "", **given})
        assert answer.status_code == 200
        assert answer.content == known.content
        assert answer.headers["cache-control"] == "private, no-cache"
        keys.add(cookies.visitor_key(answer.headers["set-cookie"]))
    assert None not in keys
    assert len(keys) == 3
    assert "set-cookie" not in known.headers


@pytest.mark.parametrize(
    "path",
    ["/", "/products", "/products?q=lamp", "/products/fable-lamp", "/cart", "/checkout", "/about", "/x"],
)
async def test_nothing_of_a_visitor_is_in_a_page(engine: Engine, clock, tmp_path: Path, path: str):
    with db.transaction() as session:
        make_basics(session)
        listing_index.refresh(session, [make_product(session, "Fable Lamp").id or 0])
        cart_commands.add(session, key_hash("b" * 43), "FABLE-LAMP", 2)
    (tmp_path / "__spa-fallback.html").write_text(SHELL)
    build = read_build(tmp_path)
    assert build
    routes = [DocumentRoute(page.route, page.serve, page.shared) for page in PAGES]
    transport = httpx.ASGITransport(Documents(Starlette(), build=build, routes=routes))
    bodies = set()
    for key, host, language in (("a", "shop.test", "en"), ("b", "evil.test", "de"), ("", "shop.test", "")):
        headers = {"Cookie": f"shop_visitor={key * 43}", "Host": host, "Accept-Language": language}
        headers |= {"X-Forwarded-Host": host, "Referer": f"https://{host}/", "User-Agent": f"{key}/1"}
        async with httpx.AsyncClient(transport=transport, base_url="http://shop.test") as client:
            fact_cache.deliver_unknown()
            bodies.add((await client.get(path, headers=headers)).text)
    (html,) = bodies
    assert "evil.test" not in html
    assert "a" * 43 not in html


async def test_many_who_come_at_once_have_it_made_once(client: httpx.AsyncClient, shelf: Shelf):
    answers = await asyncio.gather(*(client.get("/products/lamp") for _ in range(20)))
    assert {answer.status_code for answer in answers} == {200}
    assert shelf.made == {"lamp ": 1}
