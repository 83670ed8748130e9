"""From facts to pushes, between threads: each fact is told, whenever it comes, and few words are kept."""

from __future__ import annotations

import asyncio
import itertools
import sys
import threading
from collections.abc import Iterator

import pytest

from shop_app.core.events import CartChanged, Fact, OrderChanged, StockChanged
from shop_app.state import pushes
from shop_app.state.pushes import Teller
from tests.interleaving import Rival, before_line


class Told:
    """What would have been pushed: the ids, and how often."""

    def __init__(self) -> None:
        self.ids: set[int] = set()
        self.rounds = 0
        self.at_once = self.most_at_once = 0
        self.blocked: asyncio.Event | None = None
        """While this is there, a push waits for it."""

    async def push(self, heard: pushes._Heard) -> None:
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        if self.blocked:
            await self.blocked.wait()
        self.rounds += 1
        self.ids |= heard.variants | set(heard.carts) | heard.orders
        self.at_once -= 1


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> Told:
    found = Told()
    monkeypatch.setattr(pushes, "_push", found.push)
    monkeypatch.setattr(pushes, "WINDOW_SECONDS", 0)
    return found


async def rounds_of_the_loop(count: int = 12) -> None:
    for _ in range(count):
        await asyncio.sleep(0)


@pytest.fixture
def loop() -> Iterator[asyncio.AbstractEventLoop]:
    """A loop that turns only when the test says so, on whichever thread that is."""
    made = asyncio.new_event_loop()
    yield made
    made.close()


async def new_teller() -> Teller:
    return Teller()


def test_a_fact_heard_at_any_step_of_another_is_told(told: Told, loop: asyncio.AbstractEventLoop):
    """A thread stands between any two steps of `hear` while the loop tells all that was heard before."""
    for line in itertools.count():
        teller = loop.run_until_complete(new_teller())
        told.ids.clear()
        teller.hear(StockChanged((1,)))
        rival = Rival(lambda: loop.run_until_complete(rounds_of_the_loop()))
        with before_line(Teller.hear.__code__, line, rival):
            teller.hear(StockChanged((2,)))
        # Nor is anything stuck from then on.
        for number in range(3, 50):
            teller.hear(OrderChanged(number))
        loop.run_until_complete(rounds_of_the_loop())
        assert told.ids == set(range(1, 50)), f"the loop turned before line {line}"
        if not rival.struck:
            break
    assert line > 3


@pytest.mark.parametrize("step", ["_wake", "_tell", "_take"])
def test_a_fact_heard_while_the_loop_stands_at_any_step_is_told(
    told: Told, loop: asyncio.AbstractEventLoop, step: str
):
    for line in itertools.count():
        teller = loop.run_until_complete(new_teller())
        told.ids.clear()
        teller.hear(StockChanged((1,)))
        rival = Rival(lambda own=teller: own.hear(OrderChanged(2)))
        with before_line(getattr(Teller, step).__code__, line, rival):
            loop.run_until_complete(rounds_of_the_loop())
        if not rival.struck:
            break
        loop.run_until_complete(rounds_of_the_loop())
        assert told.ids == {1, 2}, f"it was heard before line {line} of {step}"
    assert line > 0


@pytest.fixture
def hasty() -> Iterator[None]:
    """Threads change over as often as they can."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


@pytest.mark.usefixtures("hasty")
async def test_two_threads_and_the_loop_lose_nothing(told: Told):
    teller = Teller()

    def many(first: int) -> None:
        for number in range(first, 4_000, 2):
            teller.hear(CartChanged(number))

    await asyncio.gather(asyncio.to_thread(many, 0), asyncio.to_thread(many, 1))
    await rounds_of_the_loop()
    assert told.ids == set(range(4_000))


def kept_by(teller: Teller) -> int:
    """How many things the teller holds, whatever it calls them."""
    total = 0
    for value in vars(teller).values():
        parts = [value] if hasattr(value, "__len__") else []
        if isinstance(value, pushes._Heard):
            parts = [value.variants, value.carts, value.orders]
        total += sum(map(len, parts))
    return total


async def test_while_the_loop_is_busy_facts_are_kept_as_ids_alone(told: Told):
    teller = Teller()
    facts: list[Fact] = [StockChanged((1, 2)), CartChanged(3), OrderChanged(4)]

    def much() -> None:
        for _ in range(1_000):
            for fact in facts:
                teller.hear(fact)

    thread = threading.Thread(target=much)
    thread.start()
    thread.join()
    assert kept_by(teller) == 4
    await rounds_of_the_loop()
    assert (told.ids, told.rounds) == ({1, 2, 3, 4}, 1)


async def test_a_slow_push_is_waited_for_and_what_comes_meanwhile_is_told_together(told: Told):
    teller, told.blocked = Teller(), asyncio.Event()
    for number in range(20):
        teller.hear(OrderChanged(number))
        await rounds_of_the_loop()
    assert told.most_at_once == 1
    told.blocked.set()
    await rounds_of_the_loop()
    assert (told.ids, told.rounds) == (set(range(20)), 2)


async def test_a_push_that_fails_stops_none_of_the_next(told: Told, monkeypatch: pytest.MonkeyPatch):
    async def fails(_heard: pushes._Heard) -> None:
        raise RuntimeError("no database")

    teller = Teller()
    with monkeypatch.context() as broken:
        broken.setattr(pushes, "_push", fails)
        teller.hear(OrderChanged(1))
        await rounds_of_the_loop()
    teller.hear(OrderChanged(2))
    await rounds_of_the_loop()
    assert told.ids == {2}


async def test_a_change_of_everything_is_pushed_in_pieces_between_which_the_loop_turns(
    engine: object, monkeypatch: pytest.MonkeyPatch
):
    happened: list[object] = []
    monkeypatch.setattr(pushes.availability, "signals", lambda _session, ids: happened.append(len(ids)) or [])

    async def others() -> None:
        while True:
            happened.append("others")
            await asyncio.sleep(0)

    other = asyncio.create_task(others())
    await asyncio.sleep(0)
    # More ids of each kind than one statement may have.
    many = range(1, 40_001)
    await pushes._push(pushes._Heard(set(many), dict.fromkeys(many, ("", 0.0)), set(many)))
    other.cancel()
    pieces = [step for step in happened if step != "others"]
    assert sum(pieces) == len(many) > 100 * max(pieces)
    assert not any(isinstance(a, int) and isinstance(b, int) for a, b in itertools.pairwise(happened))
