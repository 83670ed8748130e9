"""Pages as HTML: the shell of an address with the content that is served with it."""

from __future__ import annotations

import gzip
import json
import re
from pathlib import Path

import brotli
import httpx
import pytest
from starlette.applications import Starlette
from starlette.datastructures import Headers, QueryParams
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from shop_app.core.access import cookies
from shop_app.core.errors import NotFound
from shop_app.core.pages import MovedTo, pattern
from shop_app.state.listing import Browse
from shop_app.web.documents import DocumentRoute, Documents
from shop_app.web.held_values import HeldValues
from shop_app.web.served import Served, block, script_json
from shop_app.web.shells import cut, read_build, script_hashes

SHELL = (
    '<!DOCTYPE html><html><head><meta charSet="utf-8"/><link rel="x"/><title>{title}</title>'
    '<meta content="React\'s" name="description"/><meta content="r.png" property="og:image"/>'
    "<script>theme()</script></head><body><main>{title}</main><script>go()</script></body></html>"
)
MANIFEST = (
    'window.__reactRouterManifest={"routes":{"root":{"id":"root","imports":["/assets/a.js"],"module":"/r.js"},'
    '"p":{"id":"p","path":"products/:slug","module":"/assets/p.js","imports":["/assets/a.js"]}}};'
)


def product(params: dict[str, str], query: QueryParams) -> Served:
    match params["slug"]:
        case "missing":
            raise NotFound("gone")
        case "old":
            raise MovedTo("/products/lamp")
        case "broken":
            raise RuntimeError("CANARY")
    return Served(
        html=f"<h1>{params['slug']} {query.get('variant', '')}</h1>",
        title="A <b>lamp</b> & more",
        description='with "quotes"',
        canonical=f"/products/{params['slug']}",
        image="/media/lamp.jpg",
        json_ld=[{"name": "</script><script>alert(1)</script>\u2028"}],
    )


def lost(params: dict[str, str], query: QueryParams) -> Served:
    return Served(html="<h1>This shelf is bare</h1>", title="Not found", robots="noindex")


async def api(request: Request) -> Response:
    return JSONResponse({"error": "no such order"}, 404)


@pytest.fixture
def client(tmp_path: Path) -> httpx.AsyncClient:
    built = tmp_path / "client"
    for name in ("products", "assets", "fonts"):
        (built / name).mkdir(parents=True)
    (built / "products" / "index.html").write_text(SHELL.format(title="Prerendered"))
    (built / "__spa-fallback.html").write_text(SHELL.format(title=""))
    (built / "assets" / "a-1.js").write_text("plain")
    (built / "assets" / "a-1.js.gz").write_bytes(gzip.compress(b"plain"))
    (built / "assets" / "a-1.js.br").write_bytes(b"brotli")
    (built / "assets" / "manifest-1.js").write_text(MANIFEST)
    (built / "fonts" / "f.woff2").write_bytes(b"font")
    (built / "tokens.css").write_text("a{}")
    build = read_build(built)
    assert build
    routes = [
        DocumentRoute("/"),
        DocumentRoute("/products"),
        DocumentRoute("/products/[slug]", product),
        DocumentRoute("/orders/[token]"),
        DocumentRoute("/orders/lookup"),
        DocumentRoute("404", lost),
    ]
    inner = Starlette(routes=[Route("/api", api), Route("/ping", lambda _: PlainTextResponse("pong"))])
    transport = httpx.ASGITransport(Documents(inner, build=build, routes=routes))
    return httpx.AsyncClient(transport=transport, base_url="http://shop.test")


async def test_a_page_without_content_is_the_shell(client: httpx.AsyncClient) -> None:
    answer = await client.get("/products")
    assert answer.status_code == 200
    assert answer.text == SHELL.format(title="")
    assert answer.headers["cache-control"] == "private, no-cache"


async def test_a_served_page_carries_its_content_and_head(client: httpx.AsyncClient) -> None:
    text = (await client.get("/products/lamp?variant=L-1")).text
    assert '<div id="served"><h1>lamp L-1</h1></div></body>' in text
    assert "<title data-served>A &lt;b&gt;lamp&lt;/b&gt; &amp; more</title>" in text
    assert 'content="with &quot;quotes&quot;" data-served' in text
    assert '<link rel="canonical" href="http://localhost:3000/products/lamp" data-served>' in text
    assert '<meta property="og:image" content="http://localhost:3000/media/lamp.jpg" data-served>' in text
    assert '{"name":"\\u003c/script\\u003e\\u003cscript\\u003ealert(1)\\u003c/script\\u003e\\u2028"}' in text


async def test_a_served_page_has_one_title_one_description_and_one_picture(client: httpx.AsyncClient) -> None:
    text = (await client.get("/products/lamp")).text
    assert text.count("<title") == 1
    assert text.count('name="description"') == 1
    assert text.count("og:image") == 1


async def test_own_scripts_stand_behind_those_that_react_hydrates(client: httpx.AsyncClient) -> None:
    text = (await client.get("/products/lamp")).text
    assert text.index("theme()") < text.index("application/ld+json") < text.index("/served.js")


async def test_a_dynamic_page_preloads_its_chunk_and_not_the_shells_own(client: httpx.AsyncClient) -> None:
    text = (await client.get("/products/lamp")).text
    assert re.findall(r'modulepreload" href="([^"]+)"', text) == ["/assets/p.js"]


async def test_what_is_gone_is_a_404_with_the_not_found_page(client: httpx.AsyncClient) -> None:
    answer = await client.get("/products/missing")
    assert answer.status_code == 404
    assert "This shelf is bare" in answer.text
    assert '<meta name="robots" content="noindex" data-served>' in answer.text


async def test_an_unknown_address_is_a_404_with_the_not_found_page(client: httpx.AsyncClient) -> None:
    answer = await client.get("/wp-admin.php")
    assert answer.status_code == 404
    assert "This shelf is bare" in answer.text


async def test_a_picture_that_is_missing_is_no_page(client: httpx.AsyncClient) -> None:
    answer = await client.get("/media/gone.avif", headers={"Sec-Fetch-Dest": "image"})
    assert (answer.status_code, answer.text) == (404, "Not Found")


async def test_another_rooms_404_stays_its_own(client: httpx.AsyncClient) -> None:
    answer = await client.get("/api")
    assert (answer.status_code, answer.json()) == (404, {"error": "no such order"})


async def test_a_moved_product_redirects_for_good(client: httpx.AsyncClient) -> None:
    answer = await client.get("/products/old?variant=A%20B")
    assert (answer.status_code, answer.headers["location"]) == (301, "/products/lamp?variant=A%20B")


async def test_content_that_fails_leaves_the_reactive_page_and_says_come_back(
    client: httpx.AsyncClient,
) -> None:
    answer = await client.get("/products/broken")
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "30")
    assert "CANARY" not in answer.text
    assert "<script>go()</script>" in answer.text


@pytest.mark.parametrize(
    ("asked", "leads_to"),
    [
        ("/products/?q=lamp", "/products?q=lamp"),
        ("/products//", "/products"),
        ("//products", "/products"),
        ("/products//lamp/?q=a+b&q=%63", "/products/lamp?q=a+b&q=%63"),
        ("///products///lamp?utm_source=x", "/products/lamp?utm_source=x"),
        ("/Products", "/products"),
        ("/PRODUCTS/lamp", "/products/lamp"),
        ("/%70roducts", "/products"),
        ("/products/%6Camp", "/products/lamp"),
        ("/products/l%61mp/?variant=%4C-1", "/products/lamp?variant=%4C-1"),
        ("/orders/aB%2Dc", "/orders/aB-c"),
        ("/Orders/Lookup", "/orders/lookup"),
        ("/orders/%e6%98%af", "/orders/%E6%98%AF"),
        ("/products/a%20b", None),
        ("/orders/%E6%98%AF", None),
        ("/orders/aB-c", None),
        ("/products/lamp?category=Lamps", None),
    ],
)
async def test_an_address_in_another_writing_leads_to_its_own_with_its_query(
    client: httpx.AsyncClient, asked: str, leads_to: str | None
) -> None:
    # httpx would write the address in its own way.
    url = client.base_url.copy_with(raw_path=asked.encode())
    answer = await client.get(url)
    if leads_to is None:
        assert answer.status_code == 200
    else:
        assert (answer.status_code, answer.headers["location"]) == (301, leads_to)
        again = await client.get(client.base_url.copy_with(raw_path=leads_to.encode()))
        assert again.status_code == 200


@pytest.mark.parametrize("path", ["/product\u017f", "/products\u2044lamp", "/prodücts"])
async def test_letters_that_only_look_alike_are_another_address(client: httpx.AsyncClient, path: str) -> None:
    assert (await client.get(path)).status_code == 404


async def test_a_fixed_address_wins_over_a_parameter(client: httpx.AsyncClient) -> None:
    routes = [
        DocumentRoute("/orders/[token]"),
        DocumentRoute("/orders/lookup"),
    ]
    assert (await client.get("/orders/lookup")).status_code == 200
    assert pattern(routes[0].route).fullmatch("/orders/a/b") is None


async def test_head_answers_like_get_without_a_body(client: httpx.AsyncClient) -> None:
    get_response, head_response = await client.get("/products/lamp"), await client.head("/products/lamp")
    assert head_response.status_code == 200
    assert head_response.headers["content-length"] == get_response.headers["content-length"]


@pytest.mark.parametrize(
    ("accepted", "coding", "body"),
    [("gzip, br", "br", b"brotli"), ("gzip", "gzip", b"plain"), ("identity", None, b"plain")],
)
async def test_a_hashed_file_comes_precompressed_and_for_ever(
    client: httpx.AsyncClient, accepted: str, coding: str | None, body: bytes
) -> None:
    async with client.stream("GET", "/assets/a-1.js", headers={"Accept-Encoding": accepted}) as answer:
        raw = b"".join([part async for part in answer.aiter_raw()])
    assert answer.headers.get("content-encoding") == coding
    assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert answer.headers["vary"] == "Accept-Encoding"
    assert (gzip.decompress(raw) if coding == "gzip" else raw) == body


async def test_a_font_is_kept_for_ever_and_a_stylesheet_asked_for_again(client: httpx.AsyncClient) -> None:
    assert "immutable" in (await client.get("/fonts/f.woff2")).headers["cache-control"]
    first = await client.get("/tokens.css")
    assert first.headers["cache-control"] == "no-cache"
    again = await client.get("/tokens.css", headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


async def test_the_first_document_brings_the_visitors_cookie_and_the_next_does_not(
    client: httpx.AsyncClient,
) -> None:
    cookie = (await client.get("/")).headers["set-cookie"]
    key = cookies.visitor_key(cookie)
    assert key
    assert cookie == f"shop_visitor={key}; HttpOnly; Max-Age=34560000; Path=/; SameSite=Lax"
    assert "set-cookie" not in (await client.get("/", headers={"Cookie": f"shop_visitor={key}"})).headers


@pytest.mark.parametrize(
    "path", ["/../rxconfig.py", "/assets/../../x", "/%2e%2e/rxconfig.py", "/products/a%2Fb"]
)
async def test_no_address_reaches_outside_of_the_build(client: httpx.AsyncClient, path: str) -> None:
    assert "rx.Config" not in (await client.get(path)).text


def test_only_inline_scripts_are_hashed() -> None:
    html = '<script src="/a.js"></script><script type="module">go()</script><script></script>'
    assert len(script_hashes(html)) == 1


def test_a_page_that_nobody_built_is_no_shell() -> None:
    with pytest.raises(ValueError, match="not a built page"):
        cut("<p>hello</p>")


def test_no_text_leaves_a_script_element() -> None:
    assert script_json("<!--</script>&\u2028\u2029") == (
        '"\\u003c!--\\u003c/script\\u003e\\u0026\\u2028\\u2029"'
    )


def test_without_a_build_there_is_none(tmp_path: Path) -> None:
    assert read_build(tmp_path) is None


def test_the_values_of_a_document_are_a_script_of_their_own():
    evil = "</script><script>alert(1)</script>\u2028&'\\"
    kept = HeldValues()
    address = kept.add({Browse: {"text": evil}})
    assert block(Served(html="<h1>Lamps</h1>"), address) == (
        f'<div id="served"><h1>Lamps</h1></div><script src="{address}" defer></script>'
    )
    answer = kept.answer(address, Headers({"accept-encoding": "identity"}))
    assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
    text = bytes(answer.body).decode()
    assert "</script>" in text  # It isn't inside of a script element.
    quoted = text.removeprefix("window.shopHeld=JSON.parse('").removesuffix("')")
    assert not re.search(r"(?<!\\)(\\\\)*'", quoted)
    held = json.loads(re.sub(r"\\(.)", r"\1", quoted))
    assert held["values"] == {Browse.get_full_name(): {"text_rx_state_": evil}}
    assert kept.add({Browse: {"text": evil}}) == address
    for coding, unpacked in (("br", brotli.decompress), ("gzip", gzip.decompress)):
        packed = kept.answer(address, Headers({"accept-encoding": coding}))
        assert packed.headers["content-encoding"] == coding
        assert unpacked(bytes(packed.body)).decode() == text


def test_values_that_are_not_kept_are_an_empty_script():
    answer = HeldValues().answer("/values/0.js", Headers())
    assert (answer.status_code, answer.body, answer.headers["cache-control"]) == (200, b"", "no-store")
    assert answer.media_type == "text/javascript"
    assert block(Served(states={Browse: {"text": "lamps"}})) == ""
