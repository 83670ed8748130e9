"""The outermost layer: what is refused before anything of the shop runs, and what every answer carries."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response
from starlette.routing import Mount
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shop_app.core.access import cookies
from shop_app.core.access.clients import client_address
from shop_app.core.settings import Settings
from shop_app.web import bodies
from shop_app.web.edge import Edge

ORIGIN = "http://localhost:3000"
Configure = Callable[..., Settings]


async def inner(scope: Scope, receive: Receive, send: Send) -> None:
    """Answers with the size of the body."""
    request = Request(scope, receive)
    body = await request.body()
    answer: Response = PlainTextResponse(str(len(body)))
    if scope["path"] == "/page":
        answer = HTMLResponse("<p>")
    await answer(scope, receive, send)


def as_the_shop_is_built() -> ASGIApp:
    """The stand-in inside of Starlette, as the shop's routes are: it answers what is raised with 500."""
    return Starlette(routes=[Mount("/", inner)])


@pytest.fixture
def client() -> httpx.AsyncClient:
    edge = Edge(as_the_shop_is_built(), origins=[ORIGIN], script_hashes=["'sha256-abc='"])
    # What is raised past the last layer is the server's to answer, with 500: not the test's to catch.
    transport = httpx.ASGITransport(edge, raise_app_exceptions=False)
    return httpx.AsyncClient(transport=transport, base_url=ORIGIN)


@pytest.mark.parametrize("path", ["/_upload", "/_upload/x", "/_health", "/_all_routes", "/auth-codespace"])
async def test_reflexs_own_doors_are_closed(client: httpx.AsyncClient, path: str) -> None:
    assert (await client.get(path)).status_code == 404
    assert (await client.post(path, headers={"Origin": ORIGIN})).status_code == 404


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
@pytest.mark.parametrize("origin", [None, "https://evil.test", "null", ORIGIN + ".evil.test", ORIGIN + "/"])
async def test_a_change_from_elsewhere_is_refused(
    client: httpx.AsyncClient, method: str, origin: str | None
) -> None:
    answer = await client.request(method, "/account/login", headers={"Origin": origin} if origin else {})
    assert answer.status_code == 403


async def test_a_change_from_our_own_page_passes(client: httpx.AsyncClient) -> None:
    answer = await client.post("/account/login", headers={"Origin": ORIGIN}, content=b"12345")
    assert (answer.status_code, answer.text) == (200, "5")


async def test_webhooks_need_no_origin(client: httpx.AsyncClient) -> None:
    assert (await client.post("/webhooks/stripe", content=b"{}")).text == "2"


async def test_a_body_that_says_it_is_too_large_is_refused(client: httpx.AsyncClient) -> None:
    answer = await client.post("/webhooks/stripe", content=b"x" * (bodies.BODY_BYTES + 1))
    assert answer.status_code == 413


async def test_a_body_that_keeps_its_length_to_itself_is_refused_too(client: httpx.AsyncClient) -> None:
    async def parts() -> AsyncIterator[bytes]:
        for _ in range(7):
            yield b"x" * 1024 * 1024

    assert (await client.post("/webhooks/stripe", content=parts())).status_code == 413


async def test_every_answer_carries_the_security_headers(client: httpx.AsyncClient) -> None:
    for path in ("/page", "/x", "/_upload"):
        headers = (await client.get(path)).headers
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "strict-origin-when-cross-origin"
        assert headers["cross-origin-opener-policy"] == "same-origin"
        assert headers["server"] == "shop"
        assert "camera=()" in headers["permissions-policy"]
        assert "strict-transport-security" not in headers


async def test_a_page_runs_own_scripts_alone(client: httpx.AsyncClient) -> None:
    policy = (await client.get("/page")).headers["content-security-policy"]
    rules = dict(rule.split(" ", 1) for rule in policy.split("; "))
    assert rules["script-src"] == "'self' 'sha256-abc='"
    assert "unsafe-eval" not in policy
    assert rules["form-action"] == "'self' https://checkout.stripe.com"
    assert (rules["frame-ancestors"], rules["base-uri"], rules["object-src"]) == ("'none'",) * 3


async def test_what_is_no_page_runs_nothing(client: httpx.AsyncClient) -> None:
    assert "script-src" not in (await client.get("/x")).headers["content-security-policy"]


async def test_https_is_kept_and_cookies_are_bound_to_the_host(configure: Configure) -> None:
    configure(SHOP_BASE_URL="https://shop.test")
    transport = httpx.ASGITransport(Edge(inner, origins=["https://shop.test"]))
    async with httpx.AsyncClient(transport=transport, base_url="https://shop.test") as client:
        headers = (await client.get("/page")).headers
    assert headers["strict-transport-security"] == "max-age=31536000; includeSubDomains"
    assert "wss://shop.test" in headers["content-security-policy"]
    assert cookies.set_cookie(cookies.visitor_cookie(), "k", max_age=1) == (
        "__Host-shop_visitor=k; HttpOnly; Max-Age=1; Path=/; SameSite=Lax; Secure"
    )


def _scope(client: str, forwarded: str = "") -> dict[str, Any]:
    headers = [(b"x-forwarded-for", forwarded.encode())] if forwarded else []
    return {"client": (client, 1), "headers": headers}


def test_a_forwarded_address_counts_only_behind_trusted_proxies(configure: Configure) -> None:
    assert client_address(_scope("10.0.0.1", "6.6.6.6")) == "10.0.0.1"
    configure(SHOP_TRUSTED_PROXY_HOPS="1")
    assert client_address(_scope("10.0.0.1", "6.6.6.6, 7.7.7.7")) == "7.7.7.7"
    configure(SHOP_TRUSTED_PROXY_HOPS="2")
    assert client_address(_scope("10.0.0.1", "6.6.6.6, 7.7.7.7")) == "6.6.6.6"
    assert client_address(_scope("10.0.0.1", "7.7.7.7")) == "10.0.0.1"


def test_a_household_counts_once() -> None:
    assert client_address(_scope("2001:db8:1:2:3::4")) == client_address(_scope("2001:db8:1:2:ffff::1"))
    assert client_address(_scope("::ffff:1.2.3.4")) == "1.2.3.4"


@pytest.mark.parametrize("length", ["²", "١", "-1", "+5", "5.0", "9" * 400, "1, 2", "0x5"])
async def test_a_length_that_is_no_number_is_refused(length: str) -> None:
    headers = [
        (b"content-length", length.encode()),
        (b"origin", ORIGIN.encode()),
        (b"host", b"localhost:3000"),
    ]
    if not length.isascii():
        # As ASGI hands on bytes that are no ASCII: "²" alone is a digit to Python.
        headers[0] = (b"content-length", b"\xb2")
    scope: Scope = {
        "type": "http",
        "method": "POST",
        "path": "/account/login",
        "query_string": b"",
        "headers": headers,
        "client": ("1.1.1.1", 1),
        "http_version": "1.1",
    }
    sent: list[Message] = []

    async def receive() -> Message:
        raise AssertionError("the body must not be read")

    async def send(message: Message) -> None:
        sent.append(message)

    await Edge(inner, origins=[ORIGIN])(scope, receive, send)
    assert sent[0]["status"] == 400
