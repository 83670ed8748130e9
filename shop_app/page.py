"""A page, declared once: the served HTML, the reactive page, title and structured data come from it."""

from __future__ import annotations

import logging
import secrets
import typing
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import reflex as rx
from sqlmodel import Session
from starlette.datastructures import QueryParams

from .components import texts
from .components.admin.menu import MenuItem
from .components.admin.states import back_office_states
from .components.broken import broken_page
from .components.kit import Component, Text, as_html, values_of
from .components.pictures import preload_header
from .core import db, shared_views
from .core.errors import NotFound
from .core.pages import Address, Head, MovedTo
from .state import shell
from .state.base import address_of, public, read_shared
from .state.shell import Shell
from .web.served import Served
from .web.sitemap import SitemapEntries

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Page:
    """A page.

    route      as Reflex writes it: `/products/[slug]`
    component  gives the page for its view (components/kit.py); takes nothing where the page has no view
    title      a text, or a function of the same view
    view       reads what the page shows: `view(session, address)` answers with a dataclass, or raises
               NotFound or MovedTo
    state      the State whose vars the fields of the view fill, where its handlers need them; the component
               is given that State. Else a State is made that holds the view and reads it when the page opens
    load       handlers that run when the page opens, and again when its socket reconnects
    head       what the page says about itself, or a function of its view
    shared     for a page that is the same for everybody: gives the part of its address that it is made from,
               written in one way (core/pages.py `only`). Its HTML and its view are then kept until a fact
               empties them, so its view has to say what it depends on (core/fact_cache.py)
    private    what it shows is its visitor's own: the HTML is the page as it waits for its content, and
               search engines leave it out. Its view then only says whether the page exists
    sitemap    True for an address without parameters, else a function that lists the route's addresses
    replaces   True for a page that replaces another part's page with this route
    needs      for a page of the back office: the permission that staff need to open it, "" for any of them
    for_customers  what it shows is a customer's own: others are sent to the sign-in
    menu       its entry in the navigation of the back office
    is_back_office  True also for those of its pages that everybody may open, such as the sign-in; what they
               are made of is in no file that other pages load
    """

    route: str
    component: Callable[..., Component]
    title: Text | Callable[[Any], Text] = ""
    view: Callable[[Session, Address], Any] | None = None
    state: type[rx.State] | None = None
    load: tuple[Any, ...] = ()
    head: Head | Callable[[Any], Head] = Head()
    shared: Callable[[Address], Address] | None = None
    private: bool = False
    sitemap: bool | Callable[[Session], SitemapEntries] = False
    replaces: bool = False
    needs: str | None = None
    for_customers: bool = False
    menu: MenuItem | None = None
    is_back_office: bool = False

    def __post_init__(self) -> None:
        if self.needs is not None:
            # Frozen: what a page of the back office shows is for its staff alone.
            object.__setattr__(self, "is_back_office", True)
        if self.needs is not None or self.for_customers:
            object.__setattr__(self, "private", True)

    def addresses(self, session: Session) -> SitemapEntries:
        """What the sitemap lists of this page."""
        if callable(self.sitemap):
            return self.sitemap(session)
        return [(self.route, None)] if self.sitemap else []

    # --- The reactive page ---

    def reactive(self) -> tuple[Callable[[], Component], Text, tuple[Any, ...]]:
        """What makes the component, the title, and the handlers to load, as Reflex takes them."""
        shown, load = self.state, self.load
        if self.view and not self.state and not self.private:
            own: Any = _view_state(self.route, self.view, self.shared)
            shown, load = own.view, (own.load, *self.load)

        def make() -> Component:
            return self._shown(shown)

        # Reflex puts the page's parts into a file that is named after this module.
        make.__module__ = getattr(self.component, "func", self.component).__module__
        return make, self._title(shown), load

    def _shown(self, view: Any) -> Component:
        shown = _call(self.component, view)
        return back_office_states(shown) if self.is_back_office else shown

    def _title(self, view: Any) -> Text:
        return _call(self.title, view) if callable(self.title) else self.title

    # --- The same as HTML ---

    def serve(self, parameters: dict[str, str], query: QueryParams) -> Served:
        """The page as HTML, with its head.

        Errors  NotFound where the view finds nothing at this address, MovedTo for one that has another now.
                Whatever else fails is logged under a number, and answered with a page that says so.
        """
        try:
            return self._served(Address(parameters, {name: query.getlist(name) for name in query}))
        except (NotFound, MovedTo):
            raise
        except Exception:
            reference = secrets.token_hex(4)
            log.exception("A page can't be served, reference %s", reference)
            # Without the database, which may be what is broken.
            with as_html({Shell: values_of(Shell, shell.bare())}):
                html, title = broken_page(reference), texts.titled(texts.BROKEN_EYEBROW)
            wait = {"Retry-After": "30"}
            return Served(html=html, title=title, status=503, robots="noindex", headers=wait)

    def _served(self, address: Address) -> Served:
        frame = shared_views.read_here(shell.view)
        view = self._read(address) if self.view else None
        shown = None if self.private else view
        states = {Shell: _fields(frame)} | self._states(shown)
        values: dict[type, Any] = {Shell: values_of(Shell, frame)}
        if self.state:
            shown = values[self.state] = values_of(self.state, shown)
        with as_html(values):
            html, title = self._shown(shown), self._title(shown)
        head = self.head(view) if callable(self.head) else self.head
        is_fixed = "[" not in self.route and not self.private
        # A browser that goes back to a customer's page asks again who is there.
        never_kept = self.for_customers or (self.private and self.view is not None)
        headers = preload_header(*head.preload) if head.preload else {}
        return Served(
            html=html,
            title=title,
            description=head.description,
            canonical=head.canonical or (self.route if is_fixed and self.route.startswith("/") else ""),
            image=head.image,
            json_ld=head.json_ld,
            robots="noindex" if self.private else head.robots,
            headers=headers | ({"Cache-Control": "no-store"} if never_kept else {}),
            states=states,
        )

    def _read(self, address: Address) -> Any:
        assert self.view is not None
        if self.shared:
            # Written as the page's State writes it: then both get the same view.
            return shared_views.read_here(self.view, self.shared(address))
        return db.read_here(self.view, address)

    def _states(self, view: Any) -> dict[type[rx.State], dict[str, Any]]:
        """The values of the page's State that its view gives."""
        if view is None:
            return {}
        if self.state:
            return {self.state: _fields(view)}
        assert self.view is not None
        return {_view_state(self.route, self.view, self.shared): {"view": view}}


def _fields(view: Any) -> dict[str, Any]:
    return {name: getattr(view, name) for name in getattr(view, "__dataclass_fields__", ())}


def _call(function: Callable[..., Any], view: Any) -> Any:
    return function(view) if view is not None else function()


_view_states: dict[tuple[Any, ...], type[rx.State]] = {}


def _view_state(
    route: str, view: Callable[[Session, Address], Any], shared: Callable[[Address], Address] | None
) -> type[rx.State]:
    """A State that holds what `view` reads for the address, and reads it when the page opens; made once."""
    made = _view_states.get((route, view, shared))
    if made is not None:
        return made
    kind = typing.get_type_hints(view)["return"]

    async def load(self: Any) -> None:
        address = address_of(self, route)
        self.view = await (read_shared(view, shared(address)) if shared else db.read(view, address))

    words = "".join(char if char.isalnum() else " " for char in route).title().split()
    name = "".join(words or ["Home"]) + "Page"
    members = {
        "__module__": view.__module__,
        "__qualname__": name,
        "__annotations__": {"view": kind},
        "view": kind(),
        "load": rx.event(public(load)),
    }
    made = _view_states[route, view, shared] = type(name, (rx.State,), members)
    return made
