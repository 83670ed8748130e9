"""How bodies arrive: bounded in size, time and number, and what is refused is answered at once."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from starlette.types import Message, Receive, Scope, Send

from shop_app.web import bodies
from shop_app.web.bodies import Bodies


async def inner(scope: Scope, receive: Receive, send: Send) -> None:
    """Answers with the size of the body."""
    try:
        body = await Request(scope, receive).body()
    except ClientDisconnect:
        return
    await PlainTextResponse(str(len(body)))(scope, receive, send)


@pytest.fixture
def target() -> Bodies:
    return Bodies(inner)


def client(target: Bodies, address: str = "1.1.1.1") -> httpx.AsyncClient:
    return httpx.AsyncClient(
        transport=httpx.ASGITransport(target, client=(address, 1)), base_url="http://localhost:3000"
    )


async def answered(target: Bodies, content: AsyncIterator[bytes]) -> tuple[int, str, int]:
    """Status, text and promised length of an answer that may break off, which httpx doesn't take."""
    sent: list[Message] = []

    async def receive() -> Message:
        return {"type": "http.request", "body": await anext(content), "more_body": True}

    async def send(message: Message) -> None:
        sent.append(message)

    scope = {"type": "http", "method": "POST", "path": "/", "headers": [], "client": ("1.1.1.1", 1)}
    await target(scope, receive, send)
    start, body = sent
    return start["status"], body["body"].decode(), int(dict(start["headers"])[b"content-length"])


async def stalling(begun: asyncio.Event, *parts: bytes) -> AsyncIterator[bytes]:
    """A body that never ends."""
    for part in parts:
        yield part
    begun.set()
    await asyncio.Event().wait()


async def dripping() -> AsyncIterator[bytes]:
    while True:
        yield b"x"
        await asyncio.sleep(0.01)


async def test_a_body_that_stops_is_answered_and_forgotten(
    target: Bodies, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bodies, "SILENT_SECONDS", 0.05)
    late = "The rest of the request didn't arrive in time."
    # One byte more is promised than comes: the server then closes, and waits for the rest no longer.
    assert await answered(target, stalling(asyncio.Event(), b"half")) == (408, late, len(late) + 1)
    assert not target.of_address


async def test_what_the_application_makes_of_a_body_that_broke_off_is_not_sent(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Starlette answers 500 to what is raised within it, and raises it again."""
    monkeypatch.setattr(bodies, "SILENT_SECONDS", 0.05)
    monkeypatch.setattr(bodies, "BODY_BYTES", 100)

    async def endpoint(request: Request) -> PlainTextResponse:
        return PlainTextResponse(str(len(await request.body())))

    whole = Starlette(routes=[Route("/", endpoint, methods=["POST"])])
    assert (await answered(Bodies(whole), stalling(asyncio.Event(), b"half")))[0] == 408
    large = await client(Bodies(whole)).post("/", content=dripping())
    assert (large.status_code, large.text) == (413, "That is larger than the shop takes.")


async def test_a_body_that_drips_is_ended_too(target: Bodies, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bodies, "WHOLE_SECONDS", 0.1)
    assert (await answered(target, dripping()))[0] == 408
    assert not target.of_address


async def test_a_whole_body_may_be_worked_on_for_as_long_as_it_takes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(bodies, "WHOLE_SECONDS", 0.05)

    async def slow(scope: Scope, receive: Receive, send: Send) -> None:
        await Request(scope, receive).body()
        await asyncio.sleep(0.1)
        await PlainTextResponse("done")(scope, receive, send)

    assert (await client(Bodies(slow)).post("/", content=b"all of it")).text == "done"


async def test_so_many_of_one_address_are_under_way_and_others_go_on(
    target: Bodies, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bodies, "MAX_BODIES_PER_ADDRESS", 3)
    await _fill(target, 3, "1.1.1.1")
    answer = await client(target).post("/", content=b"x")
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "10")
    assert (await client(target, "2.2.2.2").post("/", content=b"x")).text == "1"


async def test_all_together_are_bounded(target: Bodies, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bodies, "MAX_BODIES", 3)
    for number in range(3):
        await _fill(target, 1, f"10.0.0.{number}")
    assert (await client(target).post("/", content=b"x")).status_code == 503


_running: set[asyncio.Task[httpx.Response]] = set()


async def _fill(target: Bodies, count: int, address: str) -> None:
    for _ in range(count):
        begun = asyncio.Event()
        _running.add(asyncio.create_task(client(target, address).post("/", content=stalling(begun, b"x"))))
        await begun.wait()


@pytest.fixture(autouse=True)
async def _end() -> AsyncIterator[None]:
    yield
    for task in _running:
        task.cancel()
    await asyncio.gather(*_running, return_exceptions=True)
    _running.clear()
