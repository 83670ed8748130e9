"""From facts to open pages: what has been committed is read once, a moment later, and pushed by room."""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import asynccontextmanager, suppress
from dataclasses import asdict, dataclass, field

from shop_app.core import db, events
from shop_app.core.access.cookies import key_hash
from shop_app.realtime import rooms
from shop_app.services.audience import cart_audience, order_audience
from shop_app.services.catalog import signals
from shop_app.services.catalog.catalog import ProductSignal

from .cart import Cart
from .checkout import Checkout
from .live import already_shown, handler_name
from .order import Order

log = logging.getLogger(__name__)

WINDOW_SECONDS = 0.05
"""Facts of this long are read together: a sale of ten lines is one question to the database."""
IDS_AT_ONCE = 100
"""So many variants, carts or orders make one question: a few milliseconds of the loop."""


@dataclass(slots=True)
class _Heard:
    """What changed, as ids alone: however often it did, each is kept once."""

    variants: set[int] = field(default_factory=set)
    carts: dict[int, tuple[str, float]] = field(default_factory=dict)
    """Id -> whose doing it was, "" where it wasn't one tab's alone, and when it changed last."""
    orders: set[int] = field(default_factory=set)

    def __bool__(self) -> bool:
        return bool(self.variants or self.carts or self.orders)

    def note(self, fact: events.Fact, author: str) -> None:
        match fact:
            case events.StockChanged(variant_ids) | events.PriceChanged(variant_ids):
                self.variants.update(variant_ids)
            case events.CartChanged(cart_id):
                before, _at = self.carts.get(cart_id, (author, 0.0))
                self.carts[cart_id] = (_sole(before, author), time.monotonic())
            case events.OrderPlaced(order_id) | events.OrderChanged(order_id):
                self.orders.add(order_id)


def _sole(one: str, other: str) -> str:
    return one if one == other else ""


class Teller:
    """Hears facts on the threads that committed, and tells the pages of this process on its loop.

    What was heard, and whether the loop has been woken for it, change together under one lock: so
    whatever is heard is either taken by the task that runs, or wakes the loop for a new one.
    """

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._lock = threading.Lock()
        self._heard = _Heard()
        self._awake = False
        self._telling: asyncio.Task[None] | None = None

    def hear(self, fact: events.Fact) -> None:
        """From any thread; returns at once. The loop is woken for the first fact of several alone."""
        with self._lock:
            self._heard.note(fact, events.author.get())
            asleep, self._awake = not self._awake, True
        if asleep:
            # A loop that has ended has no pages any more.
            with suppress(RuntimeError):
                self._loop.call_soon_threadsafe(self._wake)

    def _wake(self) -> None:
        self._telling = self._loop.create_task(self._tell())

    async def _tell(self) -> None:
        """Tell until nothing more is heard; what comes during a push is told together after it."""
        while True:
            await asyncio.sleep(WINDOW_SECONDS)
            heard = self._take()
            if not heard:
                return
            try:
                await _push(heard)
            except Exception:
                # Pages read the database when they load; the next fact is told again.
                log.exception("What changed couldn't be pushed to open pages")

    def _take(self) -> _Heard:
        with self._lock:
            heard, self._heard = self._heard, _Heard()
            self._awake = bool(heard)
        return heard


async def _push(heard: _Heard) -> None:
    for variant_ids in _chunks(heard.variants):
        for signal in await db.read(signals.signals, variant_ids):
            rooms.push_product(signal.slug, _fields(signal))
        await asyncio.sleep(0)
    visitors: dict[int, str] = {}
    for cart_ids in _chunks(heard.carts):
        visitors |= await db.read(cart_audience, cart_ids)
        await asyncio.sleep(0)
    for visitor_hash, (author, since) in _by_visitor(heard, visitors).items():
        _push_cart(visitor_hash, author, since)
    for order_ids in _chunks(heard.orders):
        for token in await db.read(order_audience, order_ids):
            rooms.push_order(key_hash(token), ask=[handler_name(Order.load)])
        await asyncio.sleep(0)


def _chunks(ids: Iterable[int]) -> Iterator[tuple[int, ...]]:
    """The ids in order, so many at once as the loop can spare the time for; it turns after each."""
    ordered = sorted(ids)
    for start in range(0, len(ordered), IDS_AT_ONCE):
        yield tuple(ordered[start : start + IDS_AT_ONCE])


def _by_visitor(heard: _Heard, visitors: dict[int, str]) -> dict[str, tuple[str, float]]:
    changes: dict[str, tuple[str, float]] = {}
    for cart_id, visitor_hash in visitors.items():
        author, at = heard.carts[cart_id]
        other, before = changes.get(visitor_hash, (author, 0.0))
        changes[visitor_hash] = (_sole(author, other), max(at, before))
    return changes


def _push_cart(visitor_hash: str, author: str, since: float) -> None:
    """Ask the visitor's tabs to load the cart, but not the one that did it all and shows it already."""
    for room, push, handler in (
        (rooms.cart_room(visitor_hash), rooms.push_cart, Cart.load),
        (rooms.checkout_room(visitor_hash), rooms.push_checkout, Checkout.look_again),
    ):
        shown = already_shown(room, since)
        push(visitor_hash, ask=[handler_name(handler)], skip=shown if author == shown else "")


def _fields(signal: ProductSignal) -> dict:
    fields = asdict(signal)
    del fields["slug"], fields["at_ms"]
    return fields


@asynccontextmanager
async def running() -> AsyncIterator[None]:
    """Push for as long as this is entered: a server process's lifespan."""
    teller = Teller()
    kinds = (
        events.StockChanged, events.PriceChanged, events.CartChanged, events.OrderPlaced, events.OrderChanged,
    )  # fmt: skip
    ends = [events.listen(kind, teller.hear) for kind in kinds]
    try:
        yield
    finally:
        for end in ends:
            end()
