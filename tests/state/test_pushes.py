"""From events to pushes, between threads: each is published, whenever it comes, and only ids are kept."""

from __future__ import annotations

import asyncio
import itertools
import sys
import threading
from collections.abc import Iterator

import pytest

from shop_app.core import db
from shop_app.core.access import cookies
from shop_app.core.access.principal import account_key
from shop_app.core.events import CartChanged, Event, OrderChanged, StockChanged
from shop_app.realtime.bus import Push, bus
from shop_app.realtime.rooms import CART, CHECKOUT
from shop_app.services import joining
from shop_app.state import pushes
from shop_app.state.cart import Cart
from shop_app.state.checkout import Checkout
from shop_app.state.live import Author, author, handler_name
from shop_app.state.pushes import Changes, Publisher
from tests import factories
from tests.interleaving import Rival, before_line
from tests.state.conftest import VISITOR, Tab


class Recorder:
    """What would have been pushed: the ids, and how often."""

    def __init__(self) -> None:
        self.ids: set[int] = set()
        self.rounds = 0
        self.at_once = self.most_at_once = 0
        self.blocked: asyncio.Event | None = None
        """While this is there, a push waits for it."""

    async def publish(self, changes: Changes) -> None:
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        if self.blocked:
            await self.blocked.wait()
        self.rounds += 1
        self.ids |= changes.variants | set(changes.carts) | changes.orders
        self.at_once -= 1


@pytest.fixture
def recorder(monkeypatch: pytest.MonkeyPatch) -> Recorder:
    made = Recorder()
    monkeypatch.setattr(pushes, "publish", made.publish)
    monkeypatch.setattr(pushes, "WINDOW_SECONDS", 0)
    return made


async def rounds_of_the_loop(count: int = 12) -> None:
    for _ in range(count):
        await asyncio.sleep(0)


@pytest.fixture
def loop() -> Iterator[asyncio.AbstractEventLoop]:
    """A loop that turns only when the test says so, on whichever thread that is."""
    event_loop = asyncio.new_event_loop()
    yield event_loop
    event_loop.close()


async def new_publisher() -> Publisher:
    return Publisher()


def test_an_event_collected_at_any_step_of_another_is_published(
    recorder: Recorder, loop: asyncio.AbstractEventLoop
):
    """A thread stands between any two steps of `collect` while the loop publishes all that came before."""
    for line in itertools.count():
        publisher = loop.run_until_complete(new_publisher())
        recorder.ids.clear()
        publisher.collect(StockChanged((1,)))
        rival = Rival(lambda: loop.run_until_complete(rounds_of_the_loop()))
        with before_line(Publisher.collect.__code__, line, rival):
            publisher.collect(StockChanged((2,)))
        # Nor is anything stuck from then on.
        for number in range(3, 50):
            publisher.collect(OrderChanged(number))
        loop.run_until_complete(rounds_of_the_loop())
        assert recorder.ids == set(range(1, 50)), f"the loop turned before line {line}"
        if not rival.struck:
            break
    assert line > 3


@pytest.mark.parametrize("step", ["_wake", "_run", "_take"])
def test_an_event_collected_while_the_loop_stands_at_any_step_is_published(
    recorder: Recorder, loop: asyncio.AbstractEventLoop, step: str
):
    for line in itertools.count():
        publisher = loop.run_until_complete(new_publisher())
        recorder.ids.clear()
        publisher.collect(StockChanged((1,)))
        rival = Rival(lambda own=publisher: own.collect(OrderChanged(2)))
        with before_line(getattr(Publisher, step).__code__, line, rival):
            loop.run_until_complete(rounds_of_the_loop())
        if not rival.struck:
            break
        loop.run_until_complete(rounds_of_the_loop())
        assert recorder.ids == {1, 2}, f"it came before line {line} of {step}"
    assert line > 0


@pytest.fixture
def hasty() -> Iterator[None]:
    """Threads change over as often as they can."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


@pytest.mark.usefixtures("hasty")
async def test_two_threads_and_the_loop_lose_nothing(recorder: Recorder):
    publisher = Publisher()

    def many(first: int) -> None:
        for number in range(first, 4_000, 2):
            publisher.collect(CartChanged(number))

    await asyncio.gather(asyncio.to_thread(many, 0), asyncio.to_thread(many, 1))
    await rounds_of_the_loop()
    assert recorder.ids == set(range(4_000))


def kept_by(publisher: Publisher) -> int:
    """How many things the publisher holds, whatever it calls them."""
    total = 0
    for value in vars(publisher).values():
        parts = [value] if hasattr(value, "__len__") else []
        if isinstance(value, Changes):
            parts = [value.variants, value.carts, value.orders]
        total += sum(map(len, parts))
    return total


async def test_while_the_loop_is_busy_events_are_kept_as_ids_alone(recorder: Recorder):
    publisher = Publisher()
    changes: list[Event] = [StockChanged((1, 2)), CartChanged(3), OrderChanged(4)]

    def much() -> None:
        for _ in range(1_000):
            for event in changes:
                publisher.collect(event)

    thread = threading.Thread(target=much)
    thread.start()
    thread.join()
    assert kept_by(publisher) == 4
    await rounds_of_the_loop()
    assert (recorder.ids, recorder.rounds) == ({1, 2, 3, 4}, 1)


async def test_a_slow_push_is_waited_for_and_what_comes_meanwhile_is_published_together(recorder: Recorder):
    publisher, recorder.blocked = Publisher(), asyncio.Event()
    for number in range(20):
        publisher.collect(OrderChanged(number))
        await rounds_of_the_loop()
    assert recorder.most_at_once == 1
    recorder.blocked.set()
    await rounds_of_the_loop()
    assert (recorder.ids, recorder.rounds) == (set(range(20)), 2)


async def test_a_push_that_fails_stops_none_of_the_next(recorder: Recorder, monkeypatch: pytest.MonkeyPatch):
    async def fails(_changes: Changes) -> None:
        raise RuntimeError("no database")

    publisher = Publisher()
    with monkeypatch.context() as broken:
        broken.setattr(pushes, "publish", fails)
        publisher.collect(OrderChanged(1))
        await rounds_of_the_loop()
    publisher.collect(OrderChanged(2))
    await rounds_of_the_loop()
    assert recorder.ids == {2}


async def test_a_change_of_everything_is_pushed_in_pieces_between_which_the_loop_turns(
    engine: object, monkeypatch: pytest.MonkeyPatch
):
    happened: list[object] = []
    monkeypatch.setattr(
        pushes.availability, "of_variants", lambda _session, ids: happened.append(len(ids)) or []
    )

    async def others() -> None:
        while True:
            happened.append("others")
            await asyncio.sleep(0)

    other = asyncio.create_task(others())
    await asyncio.sleep(0)
    # More ids of each kind than one statement may have.
    many = range(1, 40_001)
    await pushes.publish(Changes(set(many), dict.fromkeys(many, Author()), set(many)))
    other.cancel()
    pieces = [step for step in happened if step != "others"]
    assert sum(pieces) == len(many) > 100 * max(pieces)
    assert not any(isinstance(a, int) and isinstance(b, int) for a, b in itertools.pairwise(happened))


def noted(*causes: Author) -> Author:
    """The author of several changes of one cart together."""
    changes = Changes()
    for cause in causes:
        token = author.set(cause)
        changes.note(CartChanged(1))
        author.reset(token)
    return changes.carts[1]


def test_a_tab_is_spared_only_where_every_change_was_its_own_and_is_shown_there():
    both, cart_alone = Author("a", frozenset({CART, CHECKOUT})), Author("a", frozenset({CART}))
    other, nobody = Author("b", frozenset({CART})), Author()
    assert (noted(both).skipped(CART), noted(both).skipped(CHECKOUT)) == ("a", "a")
    assert (noted(both, cart_alone).skipped(CART), noted(both, cart_alone).skipped(CHECKOUT)) == ("a", "")
    for causes in ((both, other), (other, both), (both, nobody), (nobody, both), (both, other, both)):
        assert noted(*causes).skipped(CART) == "", causes


async def test_a_cart_that_changed_is_published_to_its_visitor_and_not_to_the_tab_that_shows_it(
    open_tab: Tab, shop: None, monkeypatch: pytest.MonkeyPatch
):
    """The whole way: a handler's commit, its event, the query, the pushes to both of the visitor's rooms."""
    monkeypatch.setattr(pushes, "WINDOW_SECONDS", 0)
    sent: list[Push] = []
    both = asyncio.Event()

    async def emit(push: Push) -> None:
        sent.append(push)
        if push.room.startswith(CHECKOUT):
            both.set()

    async def nothing() -> None:
        """Nothing can be missed here."""

    bus().start(emit, nothing)
    async with pushes.running():
        tab = await open_tab(Cart, "/cart", socket="this-tab")
        await tab.add("FABLE-LAMP-MOSS", 1)
        await asyncio.wait_for(both.wait(), 10)
    await bus().stop()
    mine = cookies.key_hash(VISITOR)
    assert [(push.room, push.ask, push.skip) for push in sent if not push.patch] == [
        (CART + mine, (handler_name(Cart.load),), "this-tab"),
        (CHECKOUT + mine, (handler_name(Checkout.refresh),), ""),
    ]


async def test_tabs_of_a_visitor_whose_cart_has_joined_go_over_to_the_account(shop, open_tab: Tab):
    sent: list[Push] = []
    both = asyncio.Event()

    async def emit(push: Push) -> None:
        sent.append(push)
        if {push.room for push in sent} >= {CART + visitor, CART + account}:
            both.set()

    async def nothing() -> None:
        """Nothing can be missed here."""

    with db.transaction() as session:
        customer = factories.make_customer(session)
    visitor, account = cookies.key_hash(VISITOR), account_key(customer.id or 0)
    tab = await open_tab(Cart, "/cart")
    await tab.add("FABLE-LAMP-MOSS", 1)
    bus().start(emit, nothing)
    async with pushes.running():
        await db.write(joining.join, customer.id, visitor)
        await asyncio.wait_for(both.wait(), 10)
    await bus().stop()
    assert {(push.room, push.ask) for push in sent if push.room.startswith(CART)} == {
        (CART + visitor, (handler_name(Cart.go_over),)),
        (CART + account, (handler_name(Cart.load),)),
    }
