"""Pages in turn: one address waits for itself, and nobody else waits for it."""

from __future__ import annotations

import asyncio

import pytest

from shop_app.core.access.token_buckets import TokenBuckets
from shop_app.web import page_queue
from shop_app.web.page_queue import PageQueue, PageQueueFull


class Maker:
    """Makes pages that take until they are let go; counts how many are under way, by address."""

    def __init__(self, those: PageQueue) -> None:
        self.loads = those
        self.under_way: list[str] = []
        self.made: list[str] = []
        self.release = asyncio.Event()
        self.tasks: list[asyncio.Task[None]] = []

    async def _make(self, address: str) -> None:
        async with self.loads.turn(address):
            self.under_way.append(address)
            await self.release.wait()
            self.under_way.remove(address)
            self.made.append(address)

    async def ask(self, address: str, count: int) -> None:
        self.tasks += [asyncio.create_task(self._make(address)) for _ in range(count)]
        for _ in range(3):
            await asyncio.sleep(0)


@pytest.fixture
def maker() -> Maker:
    return Maker(PageQueue())


async def test_one_address_has_two_pages_made_at_a_time_and_others_dont_wait_for_it(maker: Maker) -> None:
    await maker.ask("1.1.1.1", 10)
    assert maker.under_way == ["1.1.1.1"] * 2
    await maker.ask("2.2.2.2", 1)
    assert maker.under_way == ["1.1.1.1", "1.1.1.1", "2.2.2.2"]
    maker.release.set()
    await asyncio.gather(*maker.tasks)
    assert len(maker.made) == 11
    assert maker.loads._turns == {}


async def test_so_many_wait_and_who_comes_later_is_refused(maker: Maker) -> None:
    await maker.ask("1.1.1.1", page_queue.AT_ONCE + page_queue.MAX_WAITING)
    with pytest.raises(PageQueueFull):
        async with maker.loads.turn("1.1.1.1"):
            pass
    async with maker.loads.turn("2.2.2.2"):
        pass
    maker.release.set()
    await asyncio.gather(*maker.tasks)
    assert maker.loads._turns == {}


async def test_above_its_pace_an_address_waits_and_is_refused_before_it_waits_too_long(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    pauses: list[float] = []

    async def pause(seconds: float) -> None:
        pauses.append(seconds)

    monkeypatch.setattr(page_queue.asyncio, "sleep", pause)
    those = PageQueue()
    those._pace = TokenBuckets(rate=1, burst=2)
    for _ in range(12):
        async with those.turn("1.1.1.1"):
            pass
    assert len(pauses) == 10
    assert 9 < pauses[-1] <= 10
    with pytest.raises(PageQueueFull):
        async with those.turn("1.1.1.1"):
            pass
    # Whoever was refused has used nothing up.
    assert those._pace["1.1.1.1"].left > -10.5
    assert those._turns == {}


async def test_who_gives_up_waiting_leaves_nothing_behind(maker: Maker) -> None:
    await maker.ask("1.1.1.1", 5)
    for task in maker.tasks:
        task.cancel()
    await asyncio.gather(*maker.tasks, return_exceptions=True)
    assert maker.loads._turns == {}
