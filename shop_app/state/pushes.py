"""From facts to open pages: what has been committed is read once, a moment later, and pushed by room."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass, field

from sqlmodel import Session

from shop_app import db, facts
from shop_app.live import rooms
from shop_app.services import signals
from shop_app.services.audience import cart_audience, order_audience
from shop_app.services.catalog import ProductSignal
from shop_app.web.cookies import key_hash

from .cart import Cart
from .checkout import Checkout
from .live import handler_name
from .order import Order

log = logging.getLogger(__name__)

WINDOW_SECONDS = 0.05
"""Facts of this long are read together: a sale of ten lines is one question to the database."""
VARIANTS_AT_ONCE = 500


@dataclass(slots=True)
class _Heard:
    variants: set[int] = field(default_factory=set)
    carts: set[int] = field(default_factory=set)
    orders: set[int] = field(default_factory=set)


class Teller:
    """Hears facts on the threads that committed, and tells the pages of this process on its loop."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._heard = _Heard()
        self._telling: asyncio.Task[None] | None = None

    def hear(self, fact: facts.Fact) -> None:
        """From any thread; returns at once."""
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._note, fact)

    def _note(self, fact: facts.Fact) -> None:
        match fact:
            case facts.StockChanged(variant_ids) | facts.PriceChanged(variant_ids):
                self._heard.variants.update(variant_ids)
            case facts.CartChanged(cart_id):
                self._heard.carts.add(cart_id)
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
        for visitor_hash in visitors:
            rooms.push_cart(visitor_hash, ask=[handler_name(Cart.load)])
            rooms.push_checkout(visitor_hash, ask=[handler_name(Checkout.look_again)])
        for token in tokens:
            rooms.push_order(key_hash(token), ask=[handler_name(Order.load)])


def _audience(session: Session, heard: _Heard) -> tuple[list[str], list[str]]:
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
