"""What is said to a socket whose client is slow, has stopped reading, or has gone."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

import pytest
from starlette.types import Message

from shop_app.web import send_buffer
from shop_app.web.send_buffer import SendBuffer, Total

EVENT: Message = {"type": "websocket.receive", "text": "2"}
END: Message = {"type": "websocket.disconnect", "code": 1008}
LONG = "x" * 100_000


@dataclass
class Client:
    """The far end: takes messages while `reads` is set."""

    total: Total = field(default_factory=Total)
    reads: asyncio.Event = field(default_factory=asyncio.Event)
    got: list[Message] = field(default_factory=list)
    reasons: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.outgoing = SendBuffer(self.take, self.total, self.reasons.append)

    async def take(self, message: Message) -> None:
        await self.reads.wait()
        self.got.append(message)

    async def say(self, *texts: str) -> None:
        for text in texts:
            await self.outgoing.send({"type": "websocket.send", "text": text})


async def event() -> Message:
    return EVENT


async def nothing() -> Message:
    await asyncio.Event().wait()
    raise AssertionError


@pytest.fixture
async def client() -> Client:
    return Client()


async def test_a_client_that_reads_gets_everything_in_its_order(client: Client) -> None:
    client.reads.set()
    await client.say("a", "b")
    await client.say("c")
    await client.outgoing.finish()
    assert [message["text"] for message in client.got] == ["a", "b", "c"]
    assert await client.outgoing.next_message(event) == EVENT
    assert (client.total.unsent_bytes, client.reasons) == (0, [])


async def test_a_slow_client_is_heard_once_it_has_read(client: Client) -> None:
    await client.say(LONG, LONG, LONG)
    receiving = asyncio.create_task(client.outgoing.next_message(event))
    await asyncio.wait({receiving}, timeout=0.05)
    assert not receiving.done()
    client.reads.set()
    assert await receiving == EVENT
    assert client.total.unsent_bytes <= send_buffer.SLOW_BYTES


async def test_a_client_that_never_reads_is_closed_at_its_bound(client: Client) -> None:
    receiving = asyncio.create_task(client.outgoing.next_message(nothing))
    for _ in range(send_buffer.MAX_BYTES // len(LONG)):
        await client.say(LONG)
    assert (client.reasons, client.total.unsent_bytes > 0) == ([], True)
    await client.say(LONG)
    assert await receiving == END
    await client.say(LONG)
    assert (client.reasons, client.total.unsent_bytes) == (["reads too slowly"], 0)
    client.reads.set()
    await client.outgoing.finish()
    assert client.got[-1]["type"] == "websocket.close"


async def test_a_letter_of_another_script_counts_as_it_lies_in_memory(client: Client) -> None:
    await client.say("x" * 600_000)
    assert not client.reasons
    await client.say("x" * 599_999 + "\N{PUSHPIN}")
    assert client.reasons


async def test_while_all_together_have_too_much_unsent_a_slow_one_is_closed_and_no_other(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(send_buffer, "MAX_BYTES_OF_ALL", 500_000)
    others = [Client(total=client.total) for _ in range(3)]
    for other in others:
        await other.say(LONG, LONG)
    await client.say(LONG)
    assert not client.reasons
    await others[0].say(LONG)
    assert [bool(other.reasons) for other in others] == [True, False, False]


async def test_a_message_that_nobody_takes_ends_the_socket(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(send_buffer, "STUCK_SECONDS", 0.02)
    await client.say("a")
    assert await client.outgoing.next_message(nothing) == END
    assert client.reasons == ["reads too slowly"]


async def test_the_last_messages_keep_no_connection(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(send_buffer, "STUCK_SECONDS", 0.02)
    monkeypatch.setattr(send_buffer, "CLOSING_SECONDS", 0.02)
    await client.say("a", "b")
    await client.outgoing.finish()
    assert (client.got, client.total.unsent_bytes) == ([], 0)


async def test_a_client_that_has_gone_is_told_nothing_and_nobody_is_blamed(client: Client) -> None:
    async def gone(_message: Message) -> None:
        raise RuntimeError

    outgoing = SendBuffer(gone, client.total, client.reasons.append)
    await outgoing.send({"type": "websocket.send", "text": LONG})
    assert (await outgoing.next_message(nothing))["type"] == "websocket.disconnect"
    assert (client.reasons, client.total.unsent_bytes) == ([], 0)
