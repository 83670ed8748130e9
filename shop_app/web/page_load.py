"""The loading of a page: one event of its tab, and one answer with everything that the page shows.

Reflex answers a page's first event with the values of every State, and then runs each handler of `Page.load`
as an event of its own, with an update of its own. Here the handlers run inside of that event, in their order,
and one update carries what they changed. The same holds when a tab goes on to another page.

A handler that fails or is refused leaves its notice, and the others go on.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from reflex.middleware.middleware import Middleware
from reflex.state import BaseState, OnLoadInternalState, State, StateUpdate
from reflex_base.event import Event
from reflex_base.registry import RegisteredEventHandler, RegistrationContext

from shop_app import reflex_private
from shop_app.core.access.policy import current_principal
from shop_app.core.access.principal import NOBODY
from shop_app.realtime import page_values
from shop_app.reflex_private import Delta

from .guard import Guard

Explain = Callable[[Exception], Delta]
"""From an exception to the delta that tells the page about it."""

_CONNECTS = ".hydrate_and_load"
"""The event of a tab whose socket has just connected, for the first time or again."""
_GOES_ON = ".on_load_internal"
"""The event of a tab that has gone on to another page without loading it anew."""


class PageLoad(Middleware):
    """Stands behind the guard, which it also asks about every handler that it runs."""

    def __init__(self, guard: Guard, explain: Explain) -> None:
        self._guard, self._explain = guard, explain
        self._handlers: dict[str, list[_Handler]] = {}
        """By the route of their page."""

    async def preprocess(self, app: Any, state: BaseState, event: Event) -> StateUpdate | None:
        """The whole answer to the event of a page that loads; None for every other event."""
        connects = event.name.endswith(_CONNECTS)
        if not (connects or event.name.endswith(_GOES_ON)):
            return None
        root = state._get_root_state()
        assert isinstance(root, State)
        loading = _Loading(root, self._guard, self._explain)
        token = page_values.is_opened.set(connects and bool(event.payload.get("hashes")))
        try:
            await loading.run(self._handlers_of(app, root))
        finally:
            page_values.is_opened.reset(token)
        root.is_hydrated = not loading.left
        if connects:
            delta = await page_values.missing(root, event.payload.get("hashes", []))
        else:
            delta = await reflex_private.changed(root)
        for name, values in loading.told.items():
            delta[name] = delta.get(name, {}) | values
        return StateUpdate(delta=delta, events=loading.following())

    def _handlers_of(self, app: Any, root: State) -> list[_Handler]:
        route = root.rx_router_route_id
        if route not in self._handlers:
            load_events = app.get_load_events(root.rx_router_url.path)
            self._handlers[route] = [_handler(event) for event in load_events]
        return self._handlers[route]


@dataclass(frozen=True, slots=True)
class _Handler:
    """What a page loads with: an event as it was given to Reflex, and its handler if that can run inside."""

    given: Any
    name: str
    plain: RegisteredEventHandler | None


def _handler(given: Any) -> _Handler:
    (event,) = Event.from_event_type(given)
    registered = RegistrationContext.get().event_handlers.get(event.name)
    is_plain = registered is not None and not event.payload and _is_plain(registered)
    return _Handler(given, event.name, registered if is_plain else None)


class _Loading:
    """The handlers of one page at work."""

    def __init__(self, root: State, guard: Guard, explain: Explain) -> None:
        self._root, self._guard, self._explain = root, guard, explain
        self._by = current_principal() or NOBODY
        """Who loads the page: looked up once, by the guard before this."""
        self.told: Delta = {}
        """What the page is told beside the values of its States: notices."""
        self._returned: list[Event] = []
        """What handlers returned: where the tab is to go, what is to run after them."""
        self.left: list[Event] = []
        """Load handlers that can't run inside of another event, and those after them."""

    async def run(self, handlers: list[_Handler]) -> None:
        for handler in handlers:
            if self.left or handler.plain is None:
                self.left += Event.from_event_type(handler.given)
            else:
                await self._run_one(handler.name, handler.plain)

    async def _run_one(self, name: str, registered: RegisteredEventHandler) -> None:
        refusal = await self._guard.refusal(self._root, Event(name=name), self._by)
        if refusal is not None:
            self.told |= refusal
            return
        try:
            returned = await registered.handler.fn(await self._root.get_state(registered.states[0]))
            self._returned += Event.from_event_type(returned)
        except Exception as exception:
            self.told |= self._explain(exception)

    def following(self) -> list[Event]:
        """The events that come after this one."""
        if not self.left:
            return self._returned
        loaded = Event.from_event_type(OnLoadInternalState.set_is_hydrated(True))
        return [*self._returned, *self.left, *loaded]


def _is_plain(registered: RegisteredEventHandler) -> bool:
    """Whether a handler is one coroutine that holds the State's lock until it is done."""
    handler = registered.handler
    return not handler.is_background and inspect.iscoroutinefunction(handler.fn)
