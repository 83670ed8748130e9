"""The entry of all events: checks their shape and number on the socket, before Reflex takes them."""

from __future__ import annotations

import asyncio
from collections import Counter
from functools import partial
from types import SimpleNamespace
from typing import Any

from reflex.app import App, EventNamespace
from reflex_base.registry import RegistrationContext

from shop_app.core import metrics
from shop_app.core.access import security_log
from shop_app.core.access.clients import client_address, of_scope
from shop_app.realtime import wire

from .event_shape import Misshapen, shaped
from .tab_states import TabStates
from .taken_events import PROCESS, nothing_taken, take_id

MAX_WAITING = 30
"""Events of one tab that wait for their turn, the one at work included."""

dropped: Counter[str] = Counter()
"""How many events were dropped in this process, by the part that was wrong."""


class EventEntry(EventNamespace):
    """Reflex's namespace, which takes well-formed events of known names, and few at a time."""

    def __init__(self, namespace: str, app: App, tabs: TabStates) -> None:
        super().__init__(namespace, app)
        self._tabs = tabs
        self._taken = nothing_taken()
        self._telling: set[asyncio.Task[None]] = set()

    async def on_event(self, sid: str, data: Any) -> None:
        """Pass an event on to Reflex; one of another shape, or one too many, is dropped and counted.

        The page is told when one with an id was handled; the same one again isn't handled twice.
        """
        try:
            data, id = take_id(data)
            event = shaped(data, RegistrationContext.get().event_handlers.keys())
            if len(self._waiting(sid)) >= MAX_WAITING:
                raise Misshapen("too many waiting")
        except Misshapen as wrong:
            self._count(sid, str(wrong))
            return
        handler = self._taken.get(id)
        # One that was dropped with its connection has a handler that was cancelled.
        if handler is None or handler.cancelled():
            metrics.EVENTS_TAKEN.inc()
            await super().on_event(sid, event)
            if not id:
                return
            # The one that Reflex has just made: nothing has run in between.
            handler = next(reversed(self.app.event_processor._futures.values()))
            self._taken[id] = handler
        # Not waited for: a socket's next frame is read only when this is done.
        handler.add_done_callback(partial(self._tell_handled, sid, id))

    def _tell_handled(self, sid: str, id: str, handler: asyncio.Future[Any]) -> None:
        if not handler.cancelled():
            task = asyncio.get_running_loop().create_task(self.emit("handled", id, to=sid))
            self._telling.add(task)
            task.add_done_callback(self._telling.discard)

    async def link_token_to_sid(self, sid: str, token: str, *, update_state: bool = True) -> None:
        """Link a socket to its tab's State, which then stays for as long as the socket does."""
        await super().link_token_to_sid(sid, token, update_state=update_state)
        self._tabs.came(self.sid_to_token[sid], client_address(self._scope(sid)))
        await self.emit("process", PROCESS, to=sid)

    def on_disconnect(self, sid: str) -> Any:
        """Drop the tab's events that still wait; the one that is being handled is finished."""
        futures = self.app.event_processor._futures
        for entry, _handler in list(self._waiting(sid))[1:]:
            if future := futures.get(entry.ctx.txid):
                future.cancel()
        key = self.sid_to_token.get(sid)
        cleaning = super().on_disconnect(sid)
        if key is not None:
            self._tabs.left(key)
        return cleaning

    def _waiting(self, sid: str) -> Any:
        """The queue of a socket's tab: entries with their handlers, the first of them at work."""
        return self.app.event_processor._token_queues.get(self.sid_to_token.get(sid, ""), ())

    def _count(self, sid: str, part: str) -> None:
        dropped[part] += 1
        metrics.EVENTS_DROPPED.inc()
        client = of_scope(self._scope(sid))
        security_log.note("event dropped", address=client.address, visitor=client.visitor, detail=part)

    def _scope(self, sid: str) -> Any:
        assert self.app.sio is not None
        environ = self.app.sio.get_environ(sid, self.namespace) or {}
        return environ.get("asgi.scope") or {"type": "websocket", "headers": ()}


def guard_entry(app: App) -> None:
    """Replace Reflex's namespace, its state manager and its JSON by ours, before the server starts."""
    assert app.sio is not None
    assert app.event_namespace is not None
    tabs = TabStates()
    entry = EventEntry(app.event_namespace.namespace, app, tabs)
    app._state_manager = tabs
    app._event_namespace = entry
    app.sio.register_namespace(entry)
    packets: Any = app.sio.packet_class
    packets.json = SimpleNamespace(dumps=wire.dumps, loads=packets.json.loads)
