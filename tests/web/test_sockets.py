"""The edge of the sockets: which are opened, what they may say, and what of their request stays."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from types import SimpleNamespace
from urllib.parse import parse_qs

import pytest
from starlette.types import Message, Receive, Scope, Send

from shop_app.core.access import clients, cookies, token_buckets
from shop_app.core.access.token_buckets import TokenBuckets
from shop_app.core.settings import Settings, load_test
from shop_app.web import sockets
from shop_app.web.sockets import Sockets
from tests.production import PRODUCTION

ORIGIN = "http://localhost:3000"
EVENT = '42/_event,["event",{"name":"x"}]'
KEY = "k" * 43
Configure = Callable[..., Settings]


async def inner(scope: Scope, receive: Receive, send: Send) -> None:
    """Takes the socket and answers every message with what its request says of itself."""
    await receive()
    await send({"type": "websocket.accept"})
    identity = f"{clients.header(scope, b'cookie')}|{scope['query_string'].decode()}|{scope['headers']}"
    while (await receive())["type"] == "websocket.receive":
        await send({"type": "websocket.send", "text": identity})


class Socket:
    """One websocket straight at its edge."""

    def __init__(
        self,
        target: Sockets,
        *,
        origin: str | None = ORIGIN,
        cookie: str = "",
        client: str = "1.1.1.1",
        query: str = "EIO=4&transport=websocket&token=tab-1",
        headers: tuple[tuple[bytes, bytes], ...] = (),
    ):
        sent = [(b"origin", origin.encode())] if origin is not None else []
        sent += [(b"cookie", cookie.encode())] if cookie else []
        self.scope: Scope = {
            "type": "websocket",
            "path": "/_event",
            "query_string": query.encode(),
            "headers": [*sent, *headers],
            "client": (client, 1),
        }
        self.target = target
        self.sent: list[Message] = []

    async def run(self, *texts: str | bytes) -> list[Message]:
        messages: list[Message] = [{"type": "websocket.connect"}]
        messages += [
            {"type": "websocket.receive", "text" if isinstance(text, str) else "bytes": text}
            for text in texts
        ]
        messages += [{"type": "websocket.disconnect", "code": 1000}]

        async def receive() -> Message:
            return messages.pop(0)

        async def send(message: Message) -> None:
            self.sent.append(message)

        await self.target(self.scope, receive, send)
        return self.sent


@pytest.fixture
def target() -> Sockets:
    return Sockets(inner, origins=[ORIGIN])


def token_in(message: Message) -> str:
    return parse_qs(message["text"].split("|")[1])["token"][0]


REFUSED = [{"type": "websocket.close", "code": 1008}]


@pytest.mark.parametrize("origin", [None, "", "https://evil.test", "null"])
async def test_a_socket_from_elsewhere_is_closed_before_it_opens(target: Sockets, origin: str | None) -> None:
    assert await Socket(target, origin=origin).run(EVENT) == REFUSED


@pytest.mark.parametrize(
    "query", ["", "token=", "token=a&token=b", "token=" + "x" * 65, "token=a/b", "token=%00", "token=%FF"]
)
async def test_a_socket_that_names_no_tab_is_closed_before_it_opens(target: Sockets, query: str) -> None:
    assert await Socket(target, query=query).run(EVENT) == REFUSED


async def test_a_socket_without_a_cookie_gets_one_and_counts_as_it(
    target: Sockets, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REFLEX_ENV_MODE", "prod")
    accepted, echoed = await Socket(target, cookie="shop_visitor=bad; a=b").run(EVENT)
    cookie = dict(accepted["headers"])[b"set-cookie"].decode()
    assert echoed["text"].startswith(f"shop_visitor={cookies.visitor_key(cookie)}|")


async def test_a_socket_with_a_good_cookie_keeps_it_and_no_other(target: Sockets) -> None:
    accepted, echoed = await Socket(target, cookie=f"a=b; shop_visitor={KEY}; shop_session={KEY}").run(EVENT)
    assert "headers" not in accepted
    assert echoed["text"].startswith(f"shop_visitor={KEY}; shop_session={KEY}|")


async def test_what_stays_of_a_sockets_request_is_known_and_bounded(target: Sockets) -> None:
    sent = ((b"raw-headers", b"x"), (b"user-agent", b"a" * 50_000), (b"user-agent", b"b"), (b"x-own", b"y"))
    _, echoed = await Socket(target, headers=sent, query="EIO=4&transport=websocket&token=t&more=1").run(
        EVENT
    )
    assert "raw-headers" not in echoed["text"]
    assert "x-own" not in echoed["text"]
    assert "more=1" not in echoed["text"]
    assert len(echoed["text"]) < 1_500


async def test_the_token_of_a_tab_opens_that_tabs_state_with_its_cookies_alone(target: Sockets) -> None:
    opened = {
        cookie: token_in((await Socket(target, cookie=cookie).run(EVENT))[1])
        for cookie in (
            f"shop_visitor={KEY}",
            f"shop_visitor={'o' * 43}",
            f"shop_visitor={KEY}; shop_session={KEY}",
            f"shop_visitor={KEY}; shop_session={'s' * 43}",
        )
    }
    assert len(set(opened.values())) == 4
    again = await Socket(target, cookie=f"shop_visitor={KEY}").run(EVENT)
    assert token_in(again[1]) == opened[f"shop_visitor={KEY}"]
    assert "tab-1" not in again[1]["text"]


@pytest.mark.parametrize(
    "frame",
    [
        "1",
        "2",
        "3",
        "40/_event,",
        '40/_event,{"event":{}}',
        "41/_event",
        "41/_event,",
        EVENT,
        '42/_event,["client_error",{"message":"x"}]',
        '42/_event,["event", {"name": "x"}]',
    ],
)
async def test_what_a_page_says_passes(target: Sockets, frame: str) -> None:
    assert len(await Socket(target).run(frame)) == 2


@pytest.mark.parametrize(
    "frame",
    [
        # Names of the protocol's own: "connect" would put another address and other cookies to the socket.
        '42/_event,["connect",{"QUERY_STRING":"token=theirs","REMOTE_ADDR":"6.6.6.6"}]',
        '42/_event,["disconnect"]',
        '42/_event,["\\u0065vent",{}]',
        '42/_event,["event"7',
        "42/_event,[",
        # Binary packets wait for their parts, an acknowledgement asks for an answer, and others' namespaces.
        '451-/_event,["event",{"_placeholder":true,"num":0}]',
        "461-/_event,7[]",
        '42/_event,7["event",{}]',
        "43/_event,7[]",
        "44/_event,{}",
        "1\n",
        "41/_event\n",
        '42["event",{}]',
        "40",
        "40/other,",
        "49",
        "0{}",
        "5",
        "6",
        "9",
        "",
        "3probe",
        "hello",
        b"42/_event",
        b"",
    ],
)
async def test_what_no_page_says_ends_the_socket(target: Sockets, frame: str | bytes) -> None:
    sent = await Socket(target).run(frame, EVENT)
    assert [message["type"] for message in sent] == ["websocket.accept", "websocket.close"]


async def test_after_its_goodbye_nothing_more_of_a_socket_is_read(target: Sockets) -> None:
    assert len(await Socket(target).run("1", EVENT, EVENT)) == 2


async def test_a_large_message_ends_the_socket(target: Sockets) -> None:
    sent = await Socket(target).run(EVENT + "x" * sockets.MESSAGE_BYTES, "after")
    assert sent[1:] == [{"type": "websocket.close", "code": 1009}]


async def test_the_61st_message_at_once_ends_the_socket(target: Sockets) -> None:
    sent = await Socket(target).run(*[EVENT] * 62)
    assert [message["type"] for message in sent].count("websocket.send") == 60
    assert sent[-1] == {"type": "websocket.close", "code": 1008}


async def test_all_sockets_of_an_address_share_a_pace_and_wait_for_it(
    target: Sockets, monkeypatch: pytest.MonkeyPatch
) -> None:
    pauses: list[float] = []

    async def pause(seconds: float) -> None:
        pauses.append(seconds)

    monkeypatch.setattr(sockets, "ADDRESS_MESSAGE_BURST", 100)
    monkeypatch.setattr(asyncio, "sleep", pause)
    # Time stands still, so that no token comes back meanwhile.
    monkeypatch.setattr(token_buckets, "time", SimpleNamespace(monotonic=lambda: 0.0))
    target._messages = TokenBuckets(10, 100)
    for _ in range(2):
        sent = await Socket(target).run(*[EVENT] * 60)
        assert len(sent) == 61
    assert pauses == pytest.approx([number / 10 for number in range(1, 21)])
    await Socket(target, client="2.2.2.2").run(*[EVENT] * 60)
    assert len(pauses) == 20


async def test_a_load_test_lifts_the_rates_but_never_in_production(
    target: Sockets, monkeypatch: pytest.MonkeyPatch, configure: Configure
) -> None:
    monkeypatch.setenv("SHOP_LOAD_TEST", "1")
    sent = await Socket(target).run(*[EVENT] * 100)
    assert [message["type"] for message in sent].count("websocket.send") == 100
    configure(**PRODUCTION)
    assert not load_test()


async def test_sockets_of_one_address_are_counted_and_forgotten(target: Sockets) -> None:
    target.of_address["1.1.1.1"] = sockets.SOCKETS_PER_ADDRESS
    assert await Socket(target).run() == REFUSED
    assert (await Socket(target, client="2.2.2.2").run())[0]["type"] == "websocket.accept"
    assert "2.2.2.2" not in target.of_address


async def test_sockets_of_all_together_are_bounded(target: Sockets, configure: Configure) -> None:
    configure(SHOP_MOST_TABS="20")
    target.of_address.update({"3.3.3.3": 10, "4.4.4.4": 10})
    assert await Socket(target).run() == REFUSED
    target.of_address["4.4.4.4"] = 9
    assert (await Socket(target).run())[0]["type"] == "websocket.accept"


async def test_one_address_opens_so_many_new_sockets_and_then_so_many_a_second(target: Sockets) -> None:
    opened = 0
    for _ in range(sockets.NEW_SOCKET_BURST + 50):
        opened += (await Socket(target).run())[0]["type"] == "websocket.accept"
    # A slow machine gives some back meanwhile.
    assert sockets.NEW_SOCKET_BURST <= opened < sockets.NEW_SOCKET_BURST + 50
    assert (await Socket(target, client="2.2.2.2").run())[0]["type"] == "websocket.accept"
