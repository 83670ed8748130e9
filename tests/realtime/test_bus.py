"""The bus: patches of a moment leave together, from any thread, and one room's trouble is its own."""

from __future__ import annotations

import asyncio
import threading

from shop_app.realtime.bus import LocalBus, Push


class Pages:
    """What a server would send; `got` has it in order."""

    def __init__(self) -> None:
        self.got: list[tuple[str, Push]] = []
        self.twenty = asyncio.Event()

    async def emit(self, room: str, push: Push) -> None:
        if room == "broken":
            raise ConnectionError
        self.got.append((room, push))
        if len(self.got) == 20:
            self.twenty.set()


async def test_patches_of_one_room_leave_as_one_and_the_last_value_wins() -> None:
    bus, pages = LocalBus(window_seconds=0.01), Pages()
    bus.start(pages.emit)
    for left in (5, 4, 3):
        bus.publish("product:lamp", {"now_lamp": left})
    bus.publish("product:lamp", {"other": 1}, ask=["load"])
    bus.publish("product:mug", {"now_mug": 9}, ask=["load", "load"])
    await bus.stop()
    assert pages.got == [
        ("product:lamp", Push({"now_lamp": 3, "other": 1}, ["load"])),
        ("product:mug", Push({"now_mug": 9}, ["load"])),
    ]


async def test_a_thread_that_committed_hands_over_without_waiting() -> None:
    bus, pages = LocalBus(window_seconds=0.01), Pages()
    bus.start(pages.emit)
    threads = [threading.Thread(target=bus.publish, args=(f"room:{n}", {"n": n})) for n in range(20)]
    for thread in threads:
        thread.start()
    await asyncio.to_thread(lambda: [thread.join() for thread in threads])
    await asyncio.wait_for(pages.twenty.wait(), 5)
    assert {room for room, _ in pages.got} == {f"room:{n}" for n in range(20)}
    await bus.stop()


async def test_a_room_that_fails_keeps_nothing_from_the_others() -> None:
    bus, pages = LocalBus(window_seconds=0.01), Pages()
    bus.start(pages.emit)
    bus.publish("broken", {"a": 1})
    bus.publish("whole", {"a": 1})
    await bus.stop()
    assert [room for room, _ in pages.got] == ["whole"]


async def test_without_a_server_a_push_is_nothing() -> None:
    bus = LocalBus()
    bus.publish("room", {"a": 1})
    bus.start(Pages().emit)
    await bus.stop()
    bus.publish("room", {"a": 1})
    assert bus._waiting == {}


async def test_a_socket_is_skipped_only_while_nothing_in_the_push_is_news_to_it():
    bus, pages = LocalBus(window_seconds=0.01), Pages()
    bus.start(pages.emit)
    bus.publish("cart:one", ask=["load"], skip="tab")
    bus.publish("cart:two", ask=["load"], skip="tab")
    bus.publish("cart:two", ask=["load"])
    bus.publish("cart:three", ask=["load"])
    bus.publish("cart:three", ask=["load"], skip="tab")
    await bus.stop()
    assert [(room, push.skip) for room, push in pages.got] == [
        ("cart:one", "tab"), ("cart:two", ""), ("cart:three", ""),
    ]  # fmt: skip
