"""The outermost layer: what is refused before anything of the shop runs, and what every answer carries."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from typing import Any

import httpx
import pytest
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response
from starlette.types import Message, Receive, Scope, Send

from shop_app.settings import Settings
from shop_app.web import cookies, edge
from shop_app.web.asking import client_address
from shop_app.web.edge import Bucket, Edge

ORIGIN = "http://localhost:3000"
Configure = Callable[..., Settings]


async def inner(scope: Scope, receive: Receive, send: Send) -> None:
    """Answers with the size of the body, or echoes on a socket what its scope says of cookies."""
    if scope["type"] == "websocket":
        await receive()
        await send({"type": "websocket.accept"})
        cookie = edge.header(scope, b"cookie")
        while (message := await receive())["type"] == "websocket.receive":
            await send({"type": "websocket.send", "text": f"{cookie}|{message['text'][:10]}"})
        return
    request = Request(scope, receive)
    body = await request.body()
    answer: Response = PlainTextResponse(str(len(body)))
    if scope["path"] == "/page":
        answer = HTMLResponse("<p>")
    await answer(scope, receive, send)


@pytest.fixture
def client() -> httpx.AsyncClient:
    transport = httpx.ASGITransport(Edge(inner, origins=[ORIGIN], script_hashes=["'sha256-abc='"]))
    return httpx.AsyncClient(transport=transport, base_url=ORIGIN)


class Socket:
    """One websocket straight at the edge."""

    def __init__(
        self, target: Edge, *, origin: str | None = ORIGIN, cookie: str = "", client: str = "1.1.1.1"
    ):
        headers = [(b"origin", origin.encode())] if origin is not None else []
        headers += [(b"cookie", cookie.encode())] if cookie else []
        self.scope: Scope = {
            "type": "websocket", "path": "/_event", "query_string": b"",
            "headers": headers, "client": (client, 1),
        }  # fmt: skip
        self.target = target
        self.sent: list[Message] = []

    async def run(self, *texts: str) -> list[Message]:
        messages: list[Message] = [{"type": "websocket.connect"}]
        messages += [{"type": "websocket.receive", "text": text} for text in texts]
        messages += [{"type": "websocket.disconnect", "code": 1000}]

        async def receive() -> Message:
            return messages.pop(0)

        async def send(message: Message) -> None:
            self.sent.append(message)

        await self.target(self.scope, receive, send)
        return self.sent


@pytest.fixture
def target() -> Edge:
    return Edge(inner, origins=[ORIGIN])


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
    answer = await client.post("/webhooks/stripe", content=b"x" * (edge.BODY_BYTES + 1))
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
        "__Host-shop_visitor=k; Path=/; Max-Age=1; HttpOnly; SameSite=Lax; Secure"
    )


@pytest.mark.parametrize("origin", [None, "", "https://evil.test", "null"])
async def test_a_socket_from_elsewhere_is_closed_before_it_opens(target: Edge, origin: str | None) -> None:
    assert await Socket(target, origin=origin).run("hi") == [{"type": "websocket.close", "code": 1008}]


async def test_a_socket_without_a_cookie_gets_one_and_counts_as_it(
    target: Edge, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REFLEX_ENV_MODE", "prod")
    accepted, echoed = await Socket(target, cookie="shop_visitor=bad; a=b").run("hi")
    made = dict(accepted["headers"])[b"set-cookie"].decode()
    assert echoed["text"].startswith(f"shop_visitor={cookies.visitor_key(made)}; shop_visitor=bad; a=b|")


async def test_a_socket_with_a_good_cookie_keeps_it(target: Edge) -> None:
    good = f"shop_visitor={'k' * 43}"
    accepted, echoed = await Socket(target, cookie=good).run("hi")
    assert "headers" not in accepted
    assert echoed["text"] == f"{good}|hi"


async def test_a_large_message_ends_the_socket(target: Edge) -> None:
    sent = await Socket(target).run("x" * (edge.MESSAGE_BYTES + 1), "after")
    assert sent[1:] == [{"type": "websocket.close", "code": 1009}]


async def test_the_61st_message_at_once_ends_the_socket(target: Edge) -> None:
    sent = await Socket(target).run(*["hi"] * 62)
    assert [message["type"] for message in sent].count("websocket.send") == 60
    assert sent[-1] == {"type": "websocket.close", "code": 1008}


async def test_a_load_test_lifts_the_rates_but_never_in_production(
    target: Edge, monkeypatch: pytest.MonkeyPatch, configure: Configure
) -> None:
    monkeypatch.setenv("SHOP_LOAD_TEST", "1")
    sent = await Socket(target).run(*["hi"] * 100)
    assert [message["type"] for message in sent].count("websocket.send") == 100
    configure(
        SHOP_MODE="production", SHOP_BASE_URL="https://shop.test", SHOP_SECRET_KEY="s" * 40,
        STRIPE_SECRET_KEY="sk_test_x", STRIPE_WEBHOOK_SECRET="whsec_x",
    )  # fmt: skip
    assert not edge.load_test()


async def test_sockets_of_one_address_are_counted_and_forgotten(target: Edge) -> None:
    target.sockets["1.1.1.1"] = edge.SOCKETS_PER_ADDRESS
    assert (await Socket(target).run())[0]["type"] == "websocket.close"
    assert (await Socket(target, client="2.2.2.2").run())[0]["type"] == "websocket.accept"
    assert "2.2.2.2" not in target.sockets


def test_a_bucket_fills_again_with_time(monkeypatch: pytest.MonkeyPatch) -> None:
    moment = [100.0]
    monkeypatch.setattr(edge.time, "monotonic", lambda: moment[0])
    bucket = Bucket(rate=2, burst=3)
    assert [bucket.take() for _ in range(4)] == [True, True, True, False]
    moment[0] += 1
    assert [bucket.take() for _ in range(3)] == [True, True, False]


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
