"""From facts to open pages: what has been committed is read once, a moment later, and pushed by room."""

from __future__ import annotations

import asyncio
import logging
import time
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass, field

from sqlmodel import Session

from shop_app import db, facts
from shop_app.live import rooms
from shop_app.services.audience import cart_audience, order_audience
from shop_app.services.catalog import signals
from shop_app.services.catalog.catalog import ProductSignal
from shop_app.web.cookies import key_hash

from .cart import Cart
from .checkout import Checkout
from .live import already_shown, handler_name
from .order import Order

log = logging.getLogger(__name__)

WINDOW_SECONDS = 0.05
"""Facts of this long are read together: a sale of ten lines is one question to the database."""
VARIANTS_AT_ONCE = 500


@dataclass(slots=True)
class _Heard:
    variants: set[int] = field(default_factory=set)
    carts: dict[int, tuple[set[str], float]] = field(default_factory=dict)
    """Id -> whose doing it was, and when it changed last."""
    orders: set[int] = field(default_factory=set)


class Teller:
    """Hears facts on the threads that committed, and tells the pages of this process on its loop."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._heard = _Heard()
        self._telling: asyncio.Task[None] | None = None
        self._unread: deque[tuple[facts.Fact, str]] = deque()

    def hear(self, fact: facts.Fact) -> None:
        """From any thread; returns at once. The loop is woken for the first fact of several alone."""
        first = not self._unread
        self._unread.append((fact, facts.author.get()))
        if first and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._read)

    def _read(self) -> None:
        while self._unread:
            # Taken out after it was noted: who finds nothing unread wakes the loop.
            self._note(*self._unread[0])
            self._unread.popleft()

    def _note(self, fact: facts.Fact, author: str) -> None:
        match fact:
            case facts.StockChanged(variant_ids) | facts.PriceChanged(variant_ids):
                self._heard.variants.update(variant_ids)
            case facts.CartChanged(cart_id):
                authors, _at = self._heard.carts.get(cart_id, (set(), 0.0))
                self._heard.carts[cart_id] = (authors | {author}, time.monotonic())
            case facts.OrderPlaced(order_id) | facts.OrderChanged(order_id):
                self._heard.orders.add(order_id)
        if self._telling is None:
            self._telling = self._loop.create_task(self._tell())

    async def _tell(self) -> None:
        await asyncio.sleep(WINDOW_SECONDS)
        heard, self._heard, self._telling = self._heard, _Heard(), None
        try:
            await _push(heard)
        except Exception:
            # Pages read the database when they load; the next fact is told again.
            log.exception("What changed couldn't be pushed to open pages")


async def _push(heard: _Heard) -> None:
    variant_ids = sorted(heard.variants)
    for start in range(0, len(variant_ids), VARIANTS_AT_ONCE):
        chunk = tuple(variant_ids[start : start + VARIANTS_AT_ONCE])
        for signal in await db.in_reading(signals.signals, chunk):
            rooms.push_product(signal.slug, _fields(signal))
    if heard.carts or heard.orders:
        visitors, tokens = await db.in_reading(_audience, heard)
        for visitor_hash, (authors, since) in _by_visitor(heard, visitors).items():
            _push_cart(visitor_hash, authors, since)
        for token in tokens:
            rooms.push_order(key_hash(token), ask=[handler_name(Order.load)])


def _by_visitor(heard: _Heard, visitors: dict[int, str]) -> dict[str, tuple[set[str], float]]:
    found: dict[str, tuple[set[str], float]] = {}
    for cart_id, visitor_hash in visitors.items():
        (authors, at), (others, before) = heard.carts[cart_id], found.get(visitor_hash, (set(), 0.0))
        found[visitor_hash] = (authors | others, max(at, before))
    return found


def _push_cart(visitor_hash: str, authors: set[str], since: float) -> None:
    """Ask the visitor's tabs to load the cart, but not the one that did it all and shows it already."""
    for room, push, handler in (
        (rooms.cart_room(visitor_hash), rooms.push_cart, Cart.load),
        (rooms.checkout_room(visitor_hash), rooms.push_checkout, Checkout.look_again),
    ):
        shown = already_shown(room, since)
        push(visitor_hash, ask=[handler_name(handler)], skip=shown if authors == {shown} else "")


def _audience(session: Session, heard: _Heard) -> tuple[dict[int, str], list[str]]:
    return cart_audience(session, heard.carts), order_audience(session, heard.orders)


def _fields(signal: ProductSignal) -> dict:
    fields = asdict(signal)
    del fields["slug"], fields["at_ms"]
    return fields


@asynccontextmanager
async def running() -> AsyncIterator[None]:
    """Push for as long as this is entered: a server process's lifespan."""
    teller = Teller()
    kinds = (
        facts.StockChanged, facts.PriceChanged, facts.CartChanged, facts.OrderPlaced, facts.OrderChanged,
    )  # fmt: skip
    ends = [facts.listen(kind, teller.hear) for kind in kinds]
    try:
        yield
    finally:
        for end in ends:
            end()
