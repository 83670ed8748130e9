"""The bus: pushes leave in order, from any thread, and one room's trouble is its own."""

from __future__ import annotations

import asyncio
import json
import threading
from dataclasses import asdict

from shop_app.realtime.bus import LocalBus, Push


class Pages:
    """What a server would send; `got` has it in order."""

    def __init__(self) -> None:
        self.got: list[Push] = []
        self.twenty = asyncio.Event()

    async def emit(self, push: Push) -> None:
        if push.room == "broken":
            raise ConnectionError
        self.got.append(push)
        if len(self.got) == 20:
            self.twenty.set()


async def test_pushes_leave_in_the_order_in_which_they_were_published() -> None:
    bus, pages = LocalBus(), Pages()
    bus.start(pages.emit)
    pushes = [Push("product:lamp", {"now_lamp": left}) for left in (5, 4, 3)]
    pushes += [Push("cart:one", ask=("load",), skip="tab")]
    for push in pushes:
        bus.publish(push)
    await bus.stop()
    assert pages.got == pushes


async def test_a_thread_that_committed_hands_over_without_waiting() -> None:
    bus, pages = LocalBus(), Pages()
    bus.start(pages.emit)
    threads = [threading.Thread(target=bus.publish, args=(Push(f"room:{n}"),)) for n in range(20)]
    for thread in threads:
        thread.start()
    await asyncio.to_thread(lambda: [thread.join() for thread in threads])
    await asyncio.wait_for(pages.twenty.wait(), 5)
    assert {push.room for push in pages.got} == {f"room:{n}" for n in range(20)}
    await bus.stop()


async def test_a_room_that_fails_keeps_nothing_from_the_others() -> None:
    bus, pages = LocalBus(), Pages()
    bus.start(pages.emit)
    for room in ("broken", "whole"):
        bus.publish(Push(room, {"a": 1}))
    await bus.stop()
    assert [push.room for push in pages.got] == ["whole"]


async def test_without_a_server_a_push_is_nothing() -> None:
    bus, pages = LocalBus(), Pages()
    bus.publish(Push("before"))
    bus.start(pages.emit)
    bus.publish(Push("meanwhile"))
    await bus.stop()
    bus.publish(Push("after"))
    await asyncio.sleep(0)
    assert [push.room for push in pages.got] == ["meanwhile"]
    await bus.stop()


async def test_a_server_that_starts_again_sends_again() -> None:
    bus, pages = LocalBus(), Pages()
    for room in ("first", "second"):
        bus.start(pages.emit)
        bus.publish(Push(room))
        await bus.stop()
    assert [push.room for push in pages.got] == ["first", "second"]


def test_a_push_is_plain_json() -> None:
    push = Push("product:lamp", {"now_lamp": {"price": "€5", "at": 7}}, ("load",), "tab")
    sent = json.loads(json.dumps(asdict(push)))
    assert Push(sent["room"], sent["patch"], tuple(sent["ask"]), sent["skip"]) == push
