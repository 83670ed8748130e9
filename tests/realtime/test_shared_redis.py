"""What the processes of a shop count together in Redis, and alone while that is away."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest
from limits import parse
from limits.aio.strategies import SlidingWindowCounterRateLimiter

from shop_app.core import migrate, shared_redis
from shop_app.core.access import rates
from shop_app.core.access.clients import Client
from shop_app.core.access.shared_counts import SharedStorage
from shop_app.core.errors import TooMany
from shop_app.core.shared_redis import Away, Circuit
from shop_app.realtime.redis_bus import RedisBus
from shop_app.web import sockets_elsewhere
from shop_app.web.sockets_elsewhere import Elsewhere
from tests.realtime.test_bus import Pages, shared, until_it
from tests.scale.servers import Redis

__all__ = ["shared"]

TEN = parse("10/hour")


def process() -> SlidingWindowCounterRateLimiter:
    """What a process counts with."""
    return SlidingWindowCounterRateLimiter(SharedStorage())


async def hits(limiter: SlidingWindowCounterRateLimiter, tries: int) -> int:
    """How many of so many tries fit."""
    return sum([await limiter.hit(TEN, "look-up", "10.0.0.1") for _try in range(tries)])


# --- Limits ---------------------------------------------------------------------------------------


async def test_processes_count_together(shared):
    one, other = process(), process()
    assert await hits(one, 6) == 6
    assert await hits(other, 6) == 4
    assert not await one.test(TEN, "look-up", "10.0.0.1")


async def test_two_shops_on_one_redis_count_apart(shared, configure, tmp_path):
    one = process()
    assert await hits(one, 10) == 10
    configure(SHOP_DATA_DIR=str(tmp_path / "other"))
    (tmp_path / "other").mkdir()
    migrate.migrate()
    assert await hits(process(), 10) == 10
    assert await hits(one, 1) == 0


async def test_without_redis_each_counts_by_itself_and_together_again_once_it_is_back(
    shared, monkeypatch, caplog
):
    monkeypatch.setattr(shared_redis, "PAUSE_SECONDS", 0.05)
    one, other = process(), process()
    assert await hits(one, 4) == 4
    shared.stop()
    assert await hits(one, 12) == 10
    assert await hits(other, 12) == 10
    shared.start()
    async with asyncio.timeout(20):
        # It comes back empty: whoever is let through again is counted there.
        while not await one.hit(TEN, "look-up", "10.0.0.1"):  # noqa: ASYNC110
            await asyncio.sleep(0.02)
        while await other.hit(TEN, "look-up", "10.0.0.1"):  # noqa: ASYNC110
            await asyncio.sleep(0.02)
    assert not await one.test(TEN, "look-up", "10.0.0.1")
    lines = [line for line in caplog.messages if "limits" in line]
    assert [line.partition("(")[0] for line in lines[:2]] == ["Redis doesn't answer "] * 2
    assert sum("answers again" in line for line in lines) == 2


async def test_a_visitor_notices_nothing_of_a_redis_that_hangs(shared, configure):
    client = Client("10.0.0.1", "v" * 64)
    await rates.take(rates.CREDIT_CODE, client)
    shared.pause()
    try:
        async with asyncio.timeout(20):
            for _try in range(10):
                await rates.take(rates.CREDIT_CODE, client)
            with pytest.raises(TooMany):
                await rates.take(rates.CREDIT_CODE, client)
    finally:
        shared.go_on()


async def test_a_socket_of_redis_is_an_address_too(configure, engine, tmp_path):
    configure(SHOP_REDIS_URL=f"unix://{tmp_path}/redis.sock")
    # Nobody listens there: counted here, and no exception from how the address is read.
    assert await hits(process(), 12) == 10


# --- The circuit ------------------------------------------------------------------------------------


async def test_while_redis_hangs_one_call_waits_and_the_others_dont(monkeypatch):
    monkeypatch.setattr(shared_redis, "ANSWER_SECONDS", 0.05)
    circuit, started = Circuit("this"), []

    async def hangs() -> None:
        started.append(1)
        await asyncio.Event().wait()

    for _call in range(50):
        with pytest.raises(Away):
            await circuit.call(hangs)
    assert len(started) == 1
    circuit._again_at = 0.0
    for tried in await asyncio.gather(*(circuit.call(hangs) for _call in range(50)), return_exceptions=True):
        assert isinstance(tried, Away)
    assert len(started) == 2


async def test_what_isnt_redis_fault_is_raised_as_it_is():
    circuit = Circuit("this")

    async def wrong() -> None:
        raise ZeroDivisionError

    for _call in range(2):
        with pytest.raises(ZeroDivisionError):
            await circuit.call(wrong)


# --- The name in Redis --------------------------------------------------------------------------------


@pytest.mark.both
async def test_a_shop_has_a_name_of_its_own_that_stays(engine, configure):
    name = await shared_redis.prefix()
    assert name.startswith("shop:")
    configure()
    assert await shared_redis.prefix() == name


@pytest.mark.postgres
async def test_the_name_doesnt_depend_on_the_address_of_the_database(engine, postgres_url, configure):
    name = await shared_redis.prefix()
    configure(SHOP_DATABASE_URL=postgres_url + ("&" if "?" in postgres_url else "?") + "application_name=x")
    assert await shared_redis.prefix() == name


# --- Sockets of an address ----------------------------------------------------------------------------


async def test_sockets_of_other_processes_count_until_they_arent_heard_any_more(
    shared: Redis, configure: Callable[..., object], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(sockets_elsewhere, "EVERY_SECONDS", 0.02)
    here, there = Elsewhere(), Elsewhere()
    there.own.update({"10.0.0.1": 30, "10.0.0.2": 2})
    one, other, pages = RedisBus(), RedisBus(), Pages()
    for each in (one, other):
        each.start(pages.emit, pages.catch_up)
    await until_it(lambda: not (one.is_cut_off or other.is_cut_off))
    try:
        monkeypatch.setattr(sockets_elsewhere, "bus", lambda: one)
        async with here.told():
            monkeypatch.setattr(sockets_elsewhere, "bus", lambda: other)
            async with there.told():
                monkeypatch.setattr(sockets_elsewhere, "FORGOTTEN_SECONDS", 20.0)
                await until_it(lambda: here.of("10.0.0.1") == 30)
                # One or two are no news.
                assert here.of("10.0.0.2") == 0
                assert there.of("10.0.0.1") == 0
                there.own["10.0.0.1"] = 6
                await until_it(lambda: here.of("10.0.0.1") == 6)
            monkeypatch.setattr(sockets_elsewhere, "FORGOTTEN_SECONDS", 0.1)
            await until_it(lambda: here.of("10.0.0.1") == 0)
    finally:
        for each in (one, other):
            await each.stop()
