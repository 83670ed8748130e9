"""From events to open pages of the back office: lists look again, and jobs say how far they are.

Whoever adds or changes records of a list publishes `events.ListChanged(name)` in the same transaction;
events that the shop has anyway are named in `_LISTS`. Open pages of that list then count what is new for what
they ask, and show their own rows as they are now.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Collection
from contextlib import asynccontextmanager, suppress

from shop_app.core import events
from shop_app.realtime import rooms
from shop_app.realtime.bus import Push, bus

from ..live import handler_name
from .records import RecordList

WINDOW_SECONDS = 1.0
"""Changes of a list within this time make its pages look once."""
_LISTS: dict[type, tuple[str, ...]] = {
    events.OrderPlaced: ("orders",),
    events.OrderChanged: ("orders",),
    events.CatalogueChanged: ("products",),
    events.StockChanged: ("inventory",),
    events.LetterWritten: ("letters",),
}
"""Events that change records of these lists."""


class _Publisher:
    """Collects on the threads that committed whose pages have to look, and asks them on the server's loop."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._lock = threading.Lock()
        self._waiting: set[tuple[str, str]] = set()

    def collect(self, event: events.Event) -> None:
        """From any thread; returns at once. The first of several events plans the look."""
        found = set(_asked(event))
        with self._lock:
            asleep = not self._waiting
            self._waiting |= found
        if asleep and found:
            # A loop that has ended has no pages any more.
            with suppress(RuntimeError):
                self._loop.call_soon_threadsafe(self._loop.call_later, WINDOW_SECONDS, self._publish)

    def _publish(self) -> None:
        with self._lock:
            waiting, self._waiting = self._waiting, set()
        for room, handler in sorted(waiting):
            bus().publish(Push(room, ask=(handler,)))


def _asked(event: events.Event) -> list[tuple[str, str]]:
    """The rooms that have to look, each with the handler that looks."""
    if isinstance(event, events.BulkJobMoved):
        return [(rooms.STAFF + str(event.staff_id), handler_name(RecordList.look_at_jobs))]
    names = (event.name,) if isinstance(event, events.ListChanged) else _LISTS[type(event)]
    return [(rooms.LIST + name, handler_name(RecordList.look)) for name in names]


async def of_rooms(names: Collection[str]) -> AsyncIterator[Push]:
    """What the pages in these rooms need to show all as it is now: for what may have been missed."""
    for kind, handler in ((rooms.LIST, RecordList.look), (rooms.STAFF, RecordList.look_at_jobs)):
        for name in names:
            if name.startswith(kind):
                yield Push(name, ask=(handler_name(handler),))


@asynccontextmanager
async def running() -> AsyncIterator[None]:
    """Ask for as long as this is entered: a server process's lifespan."""
    publisher = _Publisher()
    kinds = (*_LISTS, events.ListChanged, events.BulkJobMoved)
    ends: list[Callable[[], None]] = [events.subscribe(kind, publisher.collect) for kind in kinds]
    try:
        yield
    finally:
        for end in ends:
            end()
