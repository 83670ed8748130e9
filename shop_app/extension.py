"""The values that the shop's own parts and a team's extensions are declared with.

An extension is one `Extension`, given to `build` in `shop_app/shop_app.py`; docs/extending.md has an example.
"""

from __future__ import annotations

import re
import typing
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from typing import Any

import reflex as rx
from starlette.routing import BaseRoute, Match, Mount, Route

from .core import events
from .core.access.permissions import Permission
from .page import Page
from .providers.mail import Mailer
from .providers.payments.base import PaymentMethod
from .providers.taxes import TaxEngine
from .services.lists.spec import ListSpec
from .worker.timetable import Job

PROVIDERS = (TaxEngine, Mailer)
"""The Protocols that an extension may provide; ways to pay are `payment_methods` instead."""
_EVENTS = typing.get_args(events.Event)
_KEY = re.compile(r"(?!credit\Z)[a-z][a-z0-9-]{0,31}")
"""`credit` is taken: payments by gift card or store credit are stored under it."""
_PARAMETER = re.compile(r"\[[^\]]+\]|\{[^}]+\}")


class ExtensionError(RuntimeError):
    """The parts can't be combined: two claim the same, or a field has a value that it doesn't take."""


@dataclass(frozen=True, slots=True)
class Listener:
    """`call` is called after the commit with every event of that type, on the thread that committed.

    It has to return at once: a page waits for it. What must not be lost belongs to a job.
    """

    event: type
    call: Callable[[Any], None]


@dataclass(frozen=True, slots=True)
class Extension:
    """A part of the shop; every field but the name may be left out.

    name             by which error messages name it
    pages            with their States
    routes           Starlette's, for addresses that are no pages
    listeners        for events of `core/events.py`, while a server runs
    providers        Protocol of `PROVIDERS` -> makes the provider that replaces the shop's own
    payment_methods  ways to pay, offered after the shop's own
    jobs             background work with its timetable
    lists            of the back office: what its list pages, exports and saved views are made from
    permissions      what handlers name in `@staff("…")`, each a Permission with its label, or its key alone;
                     owners have them all, and other roles those that they are given
    states           States of no page; browsers can call any State that is imported, so they are listed here
    lifespans        entered when a server process starts, left when it stops
    """

    name: str
    pages: tuple[Page, ...] = ()
    routes: tuple[BaseRoute, ...] = ()
    listeners: tuple[Listener, ...] = ()
    providers: Mapping[type, Callable[[], Any]] = field(default_factory=dict)
    payment_methods: tuple[PaymentMethod, ...] = ()
    jobs: tuple[Job, ...] = ()
    lists: tuple[ListSpec, ...] = ()
    permissions: tuple[Permission | str, ...] = ()
    states: tuple[type[rx.State], ...] = ()
    lifespans: tuple[Callable[[], AbstractAsyncContextManager[Any]], ...] = ()


_TAKES: dict[str, type | tuple[type, ...]] = {
    "pages": Page,
    "routes": BaseRoute,
    "listeners": Listener,
    "payment_methods": PaymentMethod,
    "jobs": Job,
    "lists": ListSpec,
    "permissions": (Permission, str),
}


def combined(extensions: Iterable[Extension]) -> Extension:
    """All of them as one, in their order.

    Errors  ExtensionError names both extensions where two claim the same, and the extension and the value
            where a field doesn't take it.
    """
    parts = tuple(extensions)
    for extension in parts:
        _refuse_wrong_values(extension)
    _refuse_clashes(parts)
    return Extension(
        name=", ".join(extension.name for extension in parts),
        pages=_pages(parts),
        routes=tuple(route for extension in parts for route in extension.routes),
        listeners=tuple(listener for extension in parts for listener in extension.listeners),
        providers={kind: make for extension in parts for kind, make in extension.providers.items()},
        payment_methods=tuple(method for extension in parts for method in extension.payment_methods),
        jobs=tuple(job for extension in parts for job in extension.jobs),
        lists=tuple(one for extension in parts for one in extension.lists),
        permissions=tuple(one for extension in parts for one in extension.permissions),
        states=tuple(state for extension in parts for state in extension.states),
        lifespans=tuple(lifespan for extension in parts for lifespan in extension.lifespans),
    )


def as_permission(permission: Permission | str) -> Permission:
    """A permission as the catalogue has it; one that is given as a key alone is called by it."""
    return Permission(permission, permission) if isinstance(permission, str) else permission


def _refuse_wrong_values(extension: Extension) -> None:
    for field_name, kind in _TAKES.items():
        for value in getattr(extension, field_name):
            if not isinstance(value, kind):
                kinds = " or ".join(map(_name, kind if isinstance(kind, tuple) else (kind,)))
                raise ExtensionError(
                    f"{extension.name}: {field_name} takes {kinds}, and {value!r} isn't one."
                )
    for listener in extension.listeners:
        if listener.event not in _EVENTS:
            raise ExtensionError(
                f"{extension.name} listens for {_name(listener.event)}, which isn't an event of the shop."
            )
    for kind in extension.providers:
        if kind not in PROVIDERS:
            protocols = " and ".join(map(_name, PROVIDERS))
            raise ExtensionError(
                f"{extension.name} provides {_name(kind)}, which the shop doesn't ask for;"
                f" it asks for {protocols}."
            )
    for route in extension.routes:
        if _answers_socket(route):
            raise ExtensionError(f"{extension.name}: {route!r} would take what pages say to the server.")
    for method in extension.payment_methods:
        if not _KEY.fullmatch(method.key):
            raise ExtensionError(
                f"{extension.name}: a way to pay can't have the key {method.key!r}; take other"
                " letters a-z, digits and hyphens, 32 at most."
            )


def _answers_socket(route: BaseRoute) -> bool:
    """Whether a route matches the address of Reflex's socket, and would receive every page's events."""
    scope = {"path": "/_event/", "root_path": "", "method": "GET", "headers": []}
    return any(route.matches(scope | {"type": kind})[0] != Match.NONE for kind in ("http", "websocket"))


def _refuse_clashes(parts: tuple[Extension, ...]) -> None:
    claimed: dict[str, str] = {}
    for extension in parts:
        for claim in _claims(extension):
            if claim in claimed:
                raise ExtensionError(f"{claimed[claim]} and {extension.name} both have {claim}.")
            claimed[claim] = extension.name


def _claims(extension: Extension) -> Iterator[str]:
    """What only one part may have, as error messages name it."""
    yield f"the name {extension.name}"
    for page in extension.pages:
        if not page.replaces:
            yield f"the address GET {pattern(page.route)}"
    for route in extension.routes:
        if isinstance(route, Route):
            # HEAD comes with GET.
            for method in sorted((route.methods or {"GET"}) - {"HEAD"}):
                yield f"the address {method} {pattern(route.path)}"
        elif isinstance(route, Mount):
            yield f"what is mounted at {route.path or '/'}"
    for kind in extension.providers:
        yield f"a provider of the kind {_name(kind)}"
    for method in extension.payment_methods:
        yield f"a way to pay with the key {method.key}"
    for job in extension.jobs:
        yield f"a job named {job.name}"
    for permission in extension.permissions:
        yield f"the permission {as_permission(permission).key}"
    for one in extension.lists:
        yield f"a list named {one.name}"


def _pages(parts: tuple[Extension, ...]) -> tuple[Page, ...]:
    """Every page in its order; one that replaces another has that one's position."""
    pages: dict[str, tuple[Page, str]] = {}
    for extension in parts:
        for page in extension.pages:
            key = pattern(page.route)
            if page.replaces and key not in pages:
                raise ExtensionError(
                    f"{extension.name} replaces the page at {page.route}, and there is none."
                )
            if page.replaces and pages[key][0].replaces:
                raise ExtensionError(f"{pages[key][1]} and {extension.name} both replace {page.route}.")
            pages[key] = page, extension.name
    return tuple(page for page, _owner in pages.values())


def pattern(route: str) -> str:
    """A route with `*` for its parameters: equal for two routes that match the same addresses.

    >>> pattern("/products/[slug]") == pattern("/products/{id}/")
    True
    """
    return "/" + _PARAMETER.sub("*", route).strip("/")


def _name(kind: Any) -> str:
    return getattr(kind, "__name__", repr(kind))
