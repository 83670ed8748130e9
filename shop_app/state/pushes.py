"""From events to open pages: what has been committed is read once, a moment later, and published by room."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import AsyncIterator, Collection, Iterable, Iterator
from contextlib import asynccontextmanager, suppress
from dataclasses import asdict, dataclass, field
from typing import TypeVar

from shop_app.core import db, events
from shop_app.core.access.cookies import key_hash
from shop_app.realtime import rooms
from shop_app.realtime.bus import Push, bus
from shop_app.services.catalog import availability
from shop_app.services.catalog.views import ProductAvailability
from shop_app.services.push_targets import cart_audience, order_audience, order_owners, with_carts

from .account.data import AccountData
from .account.orders import Orders
from .account.overview import Overview
from .account.saved import Saved
from .cart import Cart
from .checkout import Checkout
from .live import PAGE_LOADS, Author, author, handler_name
from .order import Order
from .order_reviews import OrderReviews
from .shared_list import SharedList
from .stock_line import StockLine

log = logging.getLogger(__name__)
Id = TypeVar("Id", int, str)

WINDOW_SECONDS = 0.05
"""Events of this long are read together: a sale of ten lines is one query."""
IDS_AT_ONCE = 100
"""So many variants, carts or orders make one query: a few milliseconds of the loop."""
KINDS = (
    events.StockChanged,
    events.LineMoved,
    events.PriceChanged,
    events.CartChanged,
    events.CartJoined,
    events.OrderPlaced,
    events.OrderChanged,
    events.ShopChanged,
    events.WishListsChanged,
    events.DataExportMoved,
)

_ORDER = (handler_name(Order.load), handler_name(OrderReviews.load))
"""What an order's page is asked to do when the order has changed: what has arrived can be reviewed."""
_desk_order: tuple[str, ...] = ()
"""What an order's page in the back office is asked to do when the order has changed."""


def show_orders_by(*handlers: str) -> None:
    """Name these handlers; called once, by the composition root."""
    global _desk_order
    _desk_order = handlers


@dataclass(slots=True)
class Changes:
    """What changed, as ids alone: however often it did, each is kept once."""

    variants: set[int] = field(default_factory=set)
    carts: dict[int, Author] = field(default_factory=dict)
    orders: set[int] = field(default_factory=set)
    customers: set[int] = field(default_factory=set)
    lines: set[str] = field(default_factory=set)
    shop: bool = False
    wishes: set[str] = field(default_factory=set)
    """Keys of shoppers whose lists changed."""
    wish_lists: set[str] = field(default_factory=set)
    """Tokens of lists that were shared."""
    joined: set[str] = field(default_factory=set)
    """Visitors whose cart is an account's now."""

    def __bool__(self) -> bool:
        return bool(
            self.variants
            or self.carts
            or self.joined
            or self.orders
            or self.customers
            or self.lines
            or self.shop
            or self.wishes
        )

    def note(self, event: events.Event) -> None:
        match event:
            case events.StockChanged(variant_ids) | events.PriceChanged(variant_ids):
                self.variants.update(variant_ids)
            case events.LineMoved(skus):
                self.lines.update(skus)
            case events.CartChanged(cart_id):
                this = author.get(Author())
                self.carts[cart_id] = self.carts.get(cart_id, this).combined_with(this)
            case events.CartJoined(visitor_hash):
                self.joined.add(visitor_hash)
            case events.OrderPlaced(order_id) | events.OrderChanged(order_id):
                self.orders.add(order_id)
            case events.DataExportMoved(customer_id):
                self.customers.add(customer_id)
            case events.ShopChanged():
                self.shop = True
            case events.WishListsChanged(shopper_key, tokens):
                self.wishes.add(shopper_key)
                self.wish_lists.update(tokens)


class Publisher:
    """Collects events on the threads that committed, and publishes their pushes on the server's loop.

    What was collected, and whether the loop has been woken for it, change together under one lock: so
    every event is either taken by the task that runs, or wakes the loop for a new one.
    """

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._lock = threading.Lock()
        self._changes = Changes()
        self._awake = False
        self._task: asyncio.Task[None] | None = None

    def collect(self, event: events.Event) -> None:
        """From any thread; returns at once. Only the first of several events wakes the loop."""
        with self._lock:
            self._changes.note(event)
            asleep, self._awake = not self._awake, True
        if asleep:
            # A loop that has ended has no pages any more.
            with suppress(RuntimeError):
                self._loop.call_soon_threadsafe(self._wake)

    def _wake(self) -> None:
        self._task = self._loop.create_task(self._run())

    async def _run(self) -> None:
        """Publish until nothing more has changed; what comes meanwhile is published together after it."""
        while True:
            await asyncio.sleep(WINDOW_SECONDS)
            changes = self._take()
            if not changes:
                return
            try:
                await publish(changes)
            except Exception:
                # Pages read the database when they load; the next event is published again.
                log.exception("What changed couldn't be pushed to open pages")

    def _take(self) -> Changes:
        with self._lock:
            changes, self._changes = self._changes, Changes()
            self._awake = bool(changes)
        return changes


async def publish(changes: Changes) -> None:
    """Read what the pages need to know of these changes, and publish it to their rooms."""
    for variant_ids in _chunks(changes.variants):
        for product in await db.read(availability.of_variants, variant_ids):
            bus().publish(_product(product))
        await asyncio.sleep(0)
    for cart_ids in _chunks(changes.carts):
        for cart_id, shopper_key in (await db.read(cart_audience, cart_ids)).items():
            _publish_cart(shopper_key, changes.carts[cart_id])
        await asyncio.sleep(0)
    for visitor_hash in changes.joined:
        bus().publish(Push(rooms.CART + visitor_hash, ask=(handler_name(Cart.go_over),)))
    for order_ids in _chunks(changes.orders):
        for order_id in order_ids:
            bus().publish(Push(f"{rooms.DESK_ORDER}{order_id}", ask=_desk_order))
        for token in await db.read(order_audience, order_ids):
            bus().publish(Push(rooms.ORDER + key_hash(token), ask=_ORDER))
        for customer_id in await db.read(order_owners, order_ids):
            bus().publish(_own_orders(customer_id))
        await asyncio.sleep(0)
    _publish_lists(changes)
    for customer_id in changes.customers:
        bus().publish(_data_export(f"{rooms.CUSTOMER}{customer_id}"))
    for sku in sorted(changes.lines):
        bus().publish(_line_moved(sku))
    if changes.shop:
        bus().publish(shop_changed())


def _data_export(room: str) -> Push:
    return Push(room, ask=(handler_name(AccountData.load),))


def _line_moved(sku: str) -> Push:
    return Push(rooms.LINE + sku, ask=(handler_name(StockLine.refresh),))


def shop_changed() -> Push:
    """What tells every page of the storefront that the shop has changed."""
    return Push(rooms.STOREFRONT, ask=(PAGE_LOADS,))


def _chunks(ids: Iterable[Id]) -> Iterator[tuple[Id, ...]]:
    """The ids in order, so many at once as the loop can spare the time for; it turns after each."""
    ordered = sorted(ids)
    for start in range(0, len(ordered), IDS_AT_ONCE):
        yield tuple(ordered[start : start + IDS_AT_ONCE])


def _own_orders(customer_id: int | str) -> Push:
    """Each of the two pages looks again where it is the one that is open."""
    asked = (handler_name(Orders.refresh), handler_name(Overview.refresh))
    return Push(f"{rooms.ACCOUNT}{customer_id}", ask=asked)


def _product(product: ProductAvailability) -> Push:
    fields = asdict(product)
    slug = fields.pop("slug")
    fields["at"] = fields.pop("at_ms")
    return Push(rooms.PRODUCT + slug, {rooms.product_key(slug): fields})


def _publish_cart(shopper_key: str, by: Author) -> None:
    """Ask the shopper's tabs to load the cart again, but not the one that did it and shows it."""
    for kind, handler in ((rooms.CART, Cart.load), (rooms.CHECKOUT, Checkout.refresh)):
        bus().publish(Push(kind + shopper_key, ask=(handler_name(handler),), skip=by.skipped(kind)))


def _publish_lists(changes: Changes) -> None:
    for key in changes.wishes:
        bus().publish(Push(rooms.WISHES + key, ask=(handler_name(Saved.load),)))
    for token in changes.wish_lists:
        bus().publish(Push(rooms.WISH_LIST + key_hash(token), ask=(handler_name(SharedList.load),)))


async def of_rooms(names: Collection[str]) -> AsyncIterator[Push]:
    """What the pages in these rooms need to show all as it is now: for what may have been missed.

    Those of the storefront need nothing: whether the shop has changed is seen by its version.
    """
    for slugs in _chunks(_keys(names, rooms.PRODUCT)):
        for product in await db.read(availability.of_products, slugs):
            yield _product(product)
    for token_hash in _keys(names, rooms.ORDER):
        yield Push(rooms.ORDER + token_hash, ask=_ORDER)
    for shopper_key in _keys(names, rooms.CHECKOUT):
        yield Push(rooms.CHECKOUT + shopper_key, ask=(handler_name(Checkout.refresh),))
    for shopper_keys in _chunks(_keys(names, rooms.CART)):
        for shopper_key in await db.read(with_carts, shopper_keys):
            yield Push(rooms.CART + shopper_key, ask=(handler_name(Cart.load),))
    for kind, handler in ((rooms.WISHES, Saved.load), (rooms.WISH_LIST, SharedList.load)):
        for key in _keys(names, kind):
            yield Push(kind + key, ask=(handler_name(handler),))
    for customer_id in _keys(names, rooms.ACCOUNT):
        yield _own_orders(customer_id)
    for customer_id in _keys(names, rooms.CUSTOMER):
        yield _data_export(rooms.CUSTOMER + customer_id)
    for sku in _keys(names, rooms.LINE):
        yield _line_moved(sku)
    for order_id in _keys(names, rooms.DESK_ORDER):
        yield Push(rooms.DESK_ORDER + order_id, ask=_desk_order)


def _keys(names: Iterable[str], kind: str) -> list[str]:
    return [name.removeprefix(kind) for name in names if name.startswith(kind)]


@asynccontextmanager
async def running() -> AsyncIterator[None]:
    """Publish for as long as this is entered: a server process's lifespan."""
    publisher = Publisher()
    ends = [events.subscribe(kind, publisher.collect) for kind in KINDS]
    try:
        yield
    finally:
        for end in ends:
            end()
