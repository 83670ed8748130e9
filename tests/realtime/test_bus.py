"""The bus, in one process and over Redis: in order, from any thread, and one room's trouble is its own."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import asdict, replace

import pytest

from shop_app.realtime.bus import Bus, LocalBus, Push, bus
from shop_app.realtime.redis_bus import RedisBus
from tests.scale.servers import Redis

WAIT_SECONDS = 20


class Pages:
    """What the server of one process sends, in order, and how often it caught up."""

    def __init__(self) -> None:
        self.got: list[Push] = []
        self.caught_up = 0
        self._more = asyncio.Condition()

    async def emit(self, push: Push) -> None:
        if push.room == "broken":
            raise ConnectionError
        async with self._more:
            self.got.append(push)
            self._more.notify_all()

    async def catch_up(self) -> None:
        async with self._more:
            self.caught_up += 1
            self._more.notify_all()

    async def until(self, condition: Callable[[Pages], bool]) -> None:
        async with asyncio.timeout(WAIT_SECONDS), self._more:
            await self._more.wait_for(lambda: condition(self))

    @property
    def rooms(self) -> list[str]:
        return [push.room for push in self.got]


class Processes:
    """Starts buses, each as if in a process of its own, and stops them at the end."""

    def __init__(self) -> None:
        self._started: list[Bus] = []

    async def start(self, make: Callable[[], Bus] = RedisBus) -> tuple[Bus, Pages]:
        one, pages = make(), Pages()
        one.start(pages.emit, pages.catch_up)
        self._started.append(one)
        if make is RedisBus:
            await pages.until(lambda pages: pages.caught_up == 1)
        return one, pages

    async def stop(self) -> None:
        for one in self._started:
            await one.stop()


@pytest.fixture
async def processes() -> AsyncIterator[Processes]:
    running = Processes()
    yield running
    await running.stop()


@pytest.fixture(params=["local", "redis"])
def make(request: pytest.FixtureRequest) -> Callable[[], Bus]:
    """Makes a bus of each kind."""
    if request.param == "local":
        return LocalBus
    request.getfixturevalue("shared")
    return RedisBus


@pytest.fixture
def shared(redis: Redis, engine: object, configure: Callable[..., object]) -> Redis:
    """A Redis that the settings name, beside a database that gives the shop its name there."""
    configure(SHOP_REDIS_URL=redis.url)
    if redis.process is None:
        # A test that failed has left it stopped.
        redis.start()
    return redis


# --- Both ---------------------------------------------------------------------------------------


async def test_pushes_leave_in_the_order_in_which_they_were_published(make, processes):
    one, pages = await processes.start(make)
    pushes = [Push("product:lamp", {"now_lamp": left}) for left in (5, 4, 3)]
    pushes += [Push("cart:one", ask=("load",), skip="tab")]
    for push in pushes:
        one.publish(push)
    await one.stop()
    assert pages.got == pushes


async def test_a_thread_that_committed_hands_over_without_waiting(make, processes):
    one, pages = await processes.start(make)
    threads = [threading.Thread(target=one.publish, args=(Push(f"room:{n}"),)) for n in range(20)]
    for thread in threads:
        thread.start()
    await asyncio.to_thread(lambda: [thread.join() for thread in threads])
    await pages.until(lambda pages: len(pages.got) == 20)
    assert set(pages.rooms) == {f"room:{n}" for n in range(20)}


async def test_a_room_that_fails_keeps_nothing_from_the_others(make, processes):
    one, pages = await processes.start(make)
    for room in ("broken", "whole"):
        one.publish(Push(room, {"a": 1}))
    await one.stop()
    assert pages.rooms == ["whole"]


async def test_without_a_server_a_push_is_nothing(make):
    one, pages = make(), Pages()
    one.publish(Push("before"))
    one.start(pages.emit, pages.catch_up)
    one.publish(Push("meanwhile"))
    await one.stop()
    one.publish(Push("after"))
    await asyncio.sleep(0)
    assert pages.rooms == ["meanwhile"]
    await one.stop()


async def test_a_server_that_starts_again_sends_again(make):
    one, pages = make(), Pages()
    for room in ("first", "second"):
        one.start(pages.emit, pages.catch_up)
        one.publish(Push(room))
        await one.stop()
    assert pages.rooms == ["first", "second"]


def test_a_push_is_plain_json():
    push = Push("product:lamp", {"now_lamp": {"price": "€5", "at": 7}}, ("load",), "tab")
    sent = json.loads(json.dumps(asdict(push)))
    assert Push(sent["room"], sent["patch"], tuple(sent["ask"]), sent["skip"]) == push


def test_the_settings_choose_it(configure):
    assert type(bus()) is LocalBus
    configure(SHOP_REDIS_URL="redis://localhost:1/0")
    assert type(bus()) is RedisBus
    assert bus() is bus()


# --- Several processes --------------------------------------------------------------------------


async def test_a_push_reaches_the_pages_of_every_process_once(shared, processes):
    (here, own), (_second, two), (_third, three) = [await processes.start() for _ in range(3)]
    push = Push("product:lamp", {"now_lamp": {"price": "€5", "at": 7}}, ("load",), skip="tab")
    here.publish(push)
    for pages in (two, three):
        await pages.until(lambda pages: bool(pages.got))
    here.publish(Push("last"))
    for pages in (own, two, three):
        await pages.until(lambda pages: pages.rooms[-1] == "last")
    assert own.got[0] == push
    # The socket that is skipped is the sender's own.
    assert two.got == three.got == [replace(push, skip=""), Push("last")]
    assert len(own.got) == 2


async def test_the_own_pages_come_first_and_a_failure_there_keeps_nothing_from_others(shared, processes):
    (here, own), (_other, other) = await processes.start(), await processes.start()
    here.publish(Push("broken", {"a": 1}))
    here.publish(Push("whole"))
    await own.until(lambda pages: pages.rooms == ["whole"])
    # Its pages fail on the same room; that it came shows in what comes behind it.
    await other.until(lambda pages: pages.rooms == ["whole"])


async def test_what_each_process_finds_by_itself_isnt_sent(shared, processes):
    (here, own), (_other, other) = await processes.start(), await processes.start()
    here.publish(Push("storefront", ask=("load",)))
    here.publish(Push("last"))
    await other.until(lambda pages: bool(pages.got))
    assert (own.rooms, other.rooms) == (["storefront", "last"], ["last"])


async def test_a_room_that_is_pushed_to_again_and_again_costs_few_messages(shared, processes):
    (here, own), (_other, other) = await processes.start(), await processes.start()
    for left in range(500):
        here.publish(Push("product:lamp", {"now_lamp": left, f"extra_{left}": 1}, (f"ask_{left % 2}",)))
    await own.until(lambda pages: len(pages.got) == 500)
    await other.until(lambda pages: pages.got[-1:] != [] and pages.got[-1].patch["now_lamp"] == 499)
    assert len(other.got) < 100
    got = {key for push in other.got for key in push.patch}
    assert got == {"now_lamp", *(f"extra_{left}" for left in range(500))}


async def test_news_reach_the_other_processes_before_the_pushes_behind_them(shared, processes):
    (here, _own), (there, other) = await processes.start(), await processes.start()
    heard: list[tuple[object, int]] = []
    here.hear("facts", lambda *_: pytest.fail("told itself"))
    end = there.hear("facts", lambda _origin, news: heard.append((news, len(other.got))))
    threading.Thread(target=here.tell, args=("facts", {"tags": ["product:1"]})).start()
    async with asyncio.timeout(WAIT_SECONDS):
        while not heard:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
    here.tell("facts", {"tags": ["listing"]})
    here.publish(Push("product:lamp"))
    await other.until(lambda pages: bool(pages.got))
    end()
    here.tell("facts", "nobody hears this")
    here.publish(Push("last"))
    await other.until(lambda pages: pages.rooms[-1] == "last")
    assert heard == [({"tags": ["product:1"]}, 0), ({"tags": ["listing"]}, 0)]


async def test_two_shops_on_one_redis_hear_nothing_of_each_other(shared, processes, configure, tmp_path):
    from shop_app.core import migrate

    here, _own = await processes.start()
    configure(SHOP_DATA_DIR=str(tmp_path / "other"))
    (tmp_path / "other").mkdir()
    migrate.migrate()
    (there, other), (_neighbour, third) = await processes.start(), await processes.start()
    here.publish(Push("cart:one"))
    here.tell("facts", {})
    there.publish(Push("cart:two"))
    await third.until(lambda pages: bool(pages.got))
    assert (third.rooms, other.rooms) == (["cart:two"], ["cart:two"])


@pytest.mark.parametrize(
    "junk",
    [
        b"\xff\x00",
        b"",
        b"[]",
        b'{"origin": "x"',
        b'{"pushes": []}',
        b'{"origin": "x", "pushes": [["room", [], []]]}',
        b'{"origin": "x", "pushes": [["room", {}, "load"]]}',
        b'{"origin": "x", "pushes": [[7, {}, []]]}',
        b'{"origin": "x", "news": [["facts", {"tags": 1}, 2]]}',
        b'{"origin": "x", "other": 1}',
        b"[" * 100_000,
    ],
)
async def test_a_foreign_message_is_ignored_and_said_once_a_minute(shared, processes, caplog, junk):
    here, _own = await processes.start()
    _there, other = await processes.start()
    (channel,) = shared.client().pubsub_channels("shop:*:bus")
    for _time in range(5):
        shared.client().publish(channel, junk)
    here.publish(Push("last"))
    await other.until(lambda pages: pages.rooms == ["last"])
    # One line of each process.
    assert sum("is ignored" in line for line in caplog.messages) == 2


# --- Redis goes away ----------------------------------------------------------------------------


@pytest.fixture
def closed(shared: Redis) -> Iterator[Callable[[], object]]:
    """Has Redis take no more messages; called again, it takes them."""
    rules = iter(["-publish", "+publish"])
    yield lambda: shared.client().acl_setuser("default", enabled=True, commands=[next(rules)])
    shared.client().acl_setuser("default", enabled=True, commands=["+publish"])


async def test_a_push_that_redis_doesnt_take_waits_each_room_once(processes, closed, caplog):
    (here, own), (_other, other) = await processes.start(), await processes.start()
    closed()
    for left in range(50):
        here.publish(Push("product:lamp", {"now_lamp": left}))
    here.tell("facts", {})
    here.publish(Push("cart:one", ask=("load",)))
    # The own pages have it at once.
    await own.until(lambda pages: len(pages.got) == 51)
    await until_it(lambda: here.is_cut_off)
    closed()
    await other.until(lambda pages: pages.rooms == ["product:lamp", "cart:one"])
    assert other.got[0].patch == {"now_lamp": 49}
    await until_it(lambda: not here.is_cut_off)
    assert (own.caught_up, other.caught_up) == (1, 1)
    assert sum("takes no pushes" in line for line in caplog.messages) == 1


async def test_what_is_too_much_to_keep_is_caught_up_with(processes, closed, monkeypatch):
    monkeypatch.setattr("shop_app.realtime.unsent.MOST_ROOMS", 20)
    (here, own), (_other, other) = await processes.start(), await processes.start()
    closed()
    for number in range(100):
        here.publish(Push(f"cart:{number}"))
    await own.until(lambda pages: len(pages.got) == 100)
    await until_it(lambda: here.is_cut_off)
    closed()
    await other.until(lambda pages: pages.caught_up == 2)
    assert len(other.got) < 100
    assert own.caught_up == 1


async def test_every_process_catches_up_once_redis_is_back(shared, processes):
    (here, own), (_other, other) = await processes.start(), await processes.start()
    shared.stop()
    here.publish(Push("cart:one"))
    await own.until(lambda pages: pages.rooms == ["cart:one"])
    await until_it(lambda: here.is_cut_off)
    shared.start()
    for pages in (own, other):
        await pages.until(lambda pages: pages.caught_up == 2)
    await until_it(lambda: not here.is_cut_off)
    here.publish(Push("cart:two"))
    await other.until(lambda pages: "cart:two" in pages.rooms)


async def test_a_redis_that_hangs_counts_as_gone(shared, processes, monkeypatch):
    monkeypatch.setattr("shop_app.realtime.redis_bus.SILENT_SECONDS", 0.5)
    monkeypatch.setattr("shop_app.realtime.redis_bus.PING_SECONDS", 0.1)
    (here, own), (_other, other) = await processes.start(), await processes.start()
    shared.pause()
    try:
        here.publish(Push("cart:one"))
        await own.until(lambda pages: bool(pages.got))
        await until_it(lambda: here.is_cut_off)
    finally:
        shared.go_on()
    # Redis may have sent it while nobody listened, so what counts is that this is noticed.
    await other.until(lambda pages: pages.caught_up >= 2)
    here.publish(Push("cart:two"))
    await other.until(lambda pages: "cart:two" in pages.rooms)


async def test_a_connection_that_is_cut_is_made_again_and_caught_up_with(shared, processes):
    (here, own), (_other, other) = await processes.start(), await processes.start()
    shared.client().client_kill_filter(_type="pubsub")
    for pages in (own, other):
        await pages.until(lambda pages: pages.caught_up == 2)
    here.publish(Push("cart:one"))
    await other.until(lambda pages: pages.rooms == ["cart:one"])


async def test_a_process_that_starts_without_redis_finds_it(shared, processes):
    shared.stop()
    try:
        here, pages = RedisBus(), Pages()
        here.start(pages.emit, pages.catch_up)
        processes._started.append(here)
        here.publish(Push("cart:one"))
        await pages.until(lambda pages: pages.rooms == ["cart:one"])
    finally:
        shared.start()
    await pages.until(lambda pages: pages.caught_up == 1)


async def test_catching_up_that_fails_is_tried_again(shared, processes, caplog):
    one, pages = RedisBus(), Pages()
    tries = 0

    async def fails_once() -> None:
        nonlocal tries
        tries += 1
        if tries == 1:
            raise RuntimeError
        await pages.catch_up()

    one.start(pages.emit, fails_once)
    processes._started.append(one)
    await pages.until(lambda pages: pages.caught_up == 1)
    assert "couldn't be caught up with" in caplog.text


async def test_a_process_that_ends_while_redis_is_away_ends(shared):
    one, pages = RedisBus(), Pages()
    one.start(pages.emit, pages.catch_up)
    await pages.until(lambda pages: pages.caught_up == 1)
    shared.pause()
    try:
        one.publish(Push("cart:one"))
        async with asyncio.timeout(WAIT_SECONDS):
            await one.stop()
    finally:
        shared.go_on()
    assert pages.rooms == ["cart:one"]


async def until_it(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(WAIT_SECONDS):
        while not condition():  # noqa: ASYNC110
            await asyncio.sleep(0.01)
