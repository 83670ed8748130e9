"""The view of what was pushed: a State that the server never reads, and the Vars that overlay it.

How it works, checked against Reflex 0.10.1 (tests/realtime): a push is one `StateUpdate` for a socket.io
room, whose delta names this State and keys that it doesn't declare. The browser's `applyDelta` sets
each key by itself and keeps the others, so products are patched independently of each other.

Where a push goes into a var that the server's copy holds too, that copy stays stale: Reflex 0.10.1
sends every var that a handler assigns, also with an equal value, so assigning repairs the page, but a
handler that doesn't assign it sends nothing, and a hydration brings the stale value back. Hence keys
of our own, base data with `as_of` and pushes with `at`, and the later one shows.

A socket that reconnects has left its rooms; `on_load` runs again then, so join there and nowhere else.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, NamedTuple, TypeVar

import reflex as rx
from cachetools import LRUCache
from reflex.state import OnLoadInternalState, StateUpdate
from reflex_base.event import Event, EventHandler
from reflex_base.registry import RegistrationContext
from reflex_base.utils.format import format_event_handler

from shop_app import reflex_private
from shop_app.core import fact_cache, metrics
from shop_app.realtime import rooms
from shop_app.realtime.bus import Emit, Push

from .base import shopper_key

log = logging.getLogger(__name__)

MAX_WATCHED = 120
"""Products on one page that are kept up to date."""
MOST_ROOMS = 10_000
"""Of so many rooms it is known when their newest patch was read."""
CUT_AFTER_SECONDS = 0.3
"""The answer to a sign-in or sign-out, with its cookies, is with the browser by then."""
MAX_READS = 3
"""So often a view is read that changes while its page begins to follow it."""
View = TypeVar("View")


class Live(rx.State):
    """Empty on the server; in the browser it holds one object for each product that was pushed."""

    born: int = 0


def live_var(base: Any, slug: Any) -> Any:
    """`base` (a product's view with `as_of_ms`) with what was pushed about `slug` since laid over it.

    Has the type of `base`, so that its fields are reached as before: `live_var(p, p.slug).price`. A view
    that is no Var, as pages are made HTML of, is itself the newest.
    """
    if not isinstance(base, rx.Var):
        return base
    key = "now_" + slug if isinstance(slug, rx.Var) else rooms.product_key(slug)
    return reflex_private.overlaid(base, reflex_private.undeclared(Live.born, key))


def handler_name(handler: Any) -> str:
    """The full name of a handler, for `ask`: `handler_name(CartState.load)`."""
    assert isinstance(handler, EventHandler)
    return format_event_handler(handler)


def _socket(state: rx.State) -> tuple[Any, str, str] | None:
    app = RegistrationContext.get().app
    sid = state.rx_router_session.session_id
    if app.sio is None or app.event_namespace is None or not sid:
        return None
    return app.sio, sid, app.event_namespace.namespace


async def _join(state: rx.State, kind: str, keys: Iterable[str]) -> None:
    socket = _socket(state)
    if socket is None:
        return
    sio, sid, namespace = socket
    names = set(keys)
    try:
        joined = {room for room in sio.rooms(sid, namespace) if room and room.startswith(kind)}
        for room in joined - names:
            await sio.leave_room(sid, room, namespace=namespace)
        for room in names - joined:
            await sio.enter_room(sid, room, namespace=namespace)
    except (KeyError, ValueError):
        # The tab went away in the meantime; the next one joins for itself.
        log.debug("A socket left before it joined its rooms")


async def watch(state: rx.State, slugs: Iterable[str]) -> None:
    """Keep these products up to date on this page, and no others any more. Call it in on_load."""
    await _join(state, rooms.PRODUCT, [rooms.PRODUCT + slug for slug in list(slugs)[:MAX_WATCHED]])


async def read_watched(
    state: rx.State, read: Callable[[], Awaitable[View]], slugs: Callable[[View], list[str]]
) -> View:
    """What `read` answers with, once the page is kept up to date on the products that `slugs` finds in it.

    Read again where something changed meanwhile: it may have been pushed before the page followed it.
    """
    number, view = fact_cache.number(), await read()
    for _attempt in range(MAX_READS):
        await watch(state, watched := slugs(view))
        if fact_cache.number() == number:
            break
        number, view = fact_cache.number(), await read()
        if slugs(view) == watched:
            break
    return view


async def watch_more(state: rx.State, slugs: Iterable[str]) -> None:
    """The same for products that were added to the page, the others stay."""
    socket = _socket(state)
    if socket:
        sio, sid, namespace = socket
        joined = [room for room in sio.rooms(sid, namespace) if room and room.startswith(rooms.PRODUCT)]
        fresh = [rooms.PRODUCT + slug for slug in slugs]
        await _join(state, rooms.PRODUCT, [*joined, *fresh][:MAX_WATCHED])


async def join_cart(state: rx.State) -> None:
    """Follow this visitor's cart, as other tabs change it. Call it in on_load."""
    await _join_own(state, rooms.CART)


async def join_checkout(state: rx.State) -> None:
    """Follow what this visitor is about to order. Call it in on_load of the checkout."""
    await _join_own(state, rooms.CHECKOUT)


async def _join_own(state: rx.State, kind: str) -> None:
    key = await shopper_key(state)
    await _join(state, kind, [kind + key] if key else [])


async def join_lines(state: rx.State, skus: Iterable[str]) -> None:
    """Follow the lines of those who wait for these variants, and no others any more."""
    await _join(state, rooms.LINE, [rooms.LINE + sku for sku in skus])


async def leave_checkout(state: rx.State) -> None:
    """Follow it no more: the page has been left, or is about to be."""
    await _join(state, rooms.CHECKOUT, [])


async def join_order(state: rx.State, token_hash: str) -> None:
    """Follow an order; whoever calls this has shown that the visitor may see it."""
    await _join(state, rooms.ORDER, [rooms.ORDER + token_hash])


async def join_wishes(state: rx.State, key: str) -> None:
    """Follow the lists of this shopper; "" for nobody's any more."""
    await _join(state, rooms.WISHES, [rooms.WISHES + key] if key else [])


async def join_wish_list(state: rx.State, token_hash: str) -> None:
    """Follow a list that was shared, as its link shows it; "" for none any more."""
    await _join(state, rooms.WISH_LIST, [rooms.WISH_LIST + token_hash] if token_hash else [])


async def join_account(state: rx.State, customer_id: int) -> None:
    """Follow a customer's own orders; the caller has checked that it is them."""
    await _join(state, rooms.ACCOUNT, [rooms.ACCOUNT + str(customer_id)])


async def join_desk_order(state: rx.State, order_id: int) -> None:
    """Follow an order in the back office; the caller has checked the right to see it."""
    await _join(state, rooms.DESK_ORDER, [f"{rooms.DESK_ORDER}{order_id}"] if order_id else [])


async def join_list(state: rx.State, name: str, staff_id: int) -> None:
    """Follow a list of the back office, and the jobs of who reads it, whose rights the caller has checked."""
    await _join(state, rooms.LIST, [rooms.LIST + name])
    await _join(state, rooms.STAFF, [rooms.STAFF + str(staff_id)])


async def join_customer(state: rx.State, customer_id: int) -> None:
    """Follow what is made for a customer; the caller has found out who is at the page."""
    await _join(state, rooms.CUSTOMER, [f"{rooms.CUSTOMER}{customer_id}"])


async def join_storefront(state: rx.State) -> None:
    """Follow the shop itself. Call it in on_load."""
    await _join(state, rooms.STOREFRONT, [rooms.STOREFRONT])


def connect_again(state: rx.State) -> None:
    """Have the tab's socket connect again in a moment, with the cookies that its browser has by then.

    The page then loads as after a connection that was cut: what is typed stays.
    """
    if socket := _socket(state):
        task = asyncio.get_running_loop().create_task(_cut(*socket))
        _cutting.add(task)
        task.add_done_callback(_cutting.discard)


_cutting: set[asyncio.Task[None]] = set()
"""Held until they are done: the loop itself keeps no task."""


async def _cut(sio: Any, sid: str, namespace: str) -> None:
    await asyncio.sleep(CUT_AFTER_SECONDS)
    await sio.disconnect(sid, namespace=namespace)


PAGE_LOADS = handler_name(OnLoadInternalState.on_load_internal)
"""Has a page run its load handlers again, as after a reconnect: for changes that concern all it shows."""


class Author(NamedTuple):
    """The tab that caused a change of a cart: its socket, and in rooms of which kinds it shows the result."""

    sid: str = ""
    shows: frozenset[str] = frozenset()

    def combined_with(self, other: Author) -> Author:
        """The author of two changes together: their common tab, for the rooms that show both; else none."""
        return Author(self.sid, self.shows & other.shows) if self.sid == other.sid else Author()

    def skipped(self, kind: str) -> str:
        """The socket that shows what is pushed into a room of this kind already, "" for none."""
        return self.sid if kind in self.shows else ""


author: ContextVar[Author] = ContextVar("author")
"""Who causes what is committed just now; unset unless a handler says `shown_here`."""


@contextmanager
def shown_here(state: rx.State, *kinds: str) -> Iterator[None]:
    """Around a change of the cart whose result this tab shows at once, in rooms of these kinds.

    The tab isn't asked to load it again, as long as no other tab changes the same cart at that moment.
    """
    before = author.set(Author(state.router.session.session_id, frozenset(kinds)))
    try:
        yield
    finally:
        author.reset(before)


def open_rooms(app: rx.App) -> list[str]:
    """The rooms that have pages of this process in them."""
    if app.sio is None or app.event_namespace is None:
        return []
    return [name for name in app.sio.manager.rooms.get(app.event_namespace.namespace, ()) if name]


def emitter(app: rx.App) -> Emit:
    """What sends a push to the room's sockets of this process: one message, whatever their number.

    Two processes that push the same product may be heard in the other order than they read it in. They read
    it a whole window after what they push about, so that of two patches the one that was read later has
    all that the other has: the other is dropped.
    """
    newest_ms: LRUCache[str, int] = LRUCache(MOST_ROOMS)

    async def emit(push: Push) -> None:
        if app.sio is None or app.event_namespace is None:
            return
        at_ms = _read_at_ms(push)
        if at_ms:
            if at_ms < newest_ms.get(push.room, 0):
                return
            newest_ms[push.room] = at_ms
        metrics.PUSHES.inc()
        delta = reflex_private.delta(Live, push.patch) if push.patch else {}
        update = StateUpdate(delta=delta, events=[Event(name=name) for name in push.ask])
        namespace = app.event_namespace.namespace
        await app.sio.emit("event", update, room=push.room, skip_sid=push.skip or None, namespace=namespace)

    return emit


def _read_at_ms(push: Push) -> int:
    """When the database was read for a patch, 0 where it doesn't say."""
    values = push.patch.values()
    return max((value.get("at", 0) for value in values if isinstance(value, Mapping)), default=0)
