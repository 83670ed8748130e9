"""What every State builds on: who is asking, the notice that a person reads, and what a failure says."""

from __future__ import annotations

import asyncio
import logging
import secrets
import time
from collections.abc import Coroutine
from typing import Any, Literal, ParamSpec, TypeVar

import reflex as rx
from reflex_base.event import EventSpec
from reflex_base.event.context import EventContext

from shop_app import reflex_private
from shop_app.core import shared_views
from shop_app.core.access.clients import visitor_of
from shop_app.core.access.permissions import MissingRight
from shop_app.core.access.policy import current_principal, customer, internal, personal, public, staff, who
from shop_app.core.access.principal import Principal
from shop_app.core.errors import ShopError
from shop_app.core.i18n import _
from shop_app.core.pages import Address, read_address
from shop_app.realtime import wire
from shop_app.reflex_private import Delta
from shop_app.workflows.note_refused_right import note_refused_right

__all__ = [
    "Notice",
    "address_of",
    "answer_failure",
    "asked_by",
    "customer",
    "failure_delta",
    "internal",
    "notice_delta",
    "personal",
    "public",
    "read_shared",
    "say",
    "shopper_key",
    "staff",
    "visitor_hash",
]

log = logging.getLogger(__name__)

Kind = Literal["good", "bad", "info"]
P = ParamSpec("P")
T = TypeVar("T")


class Notice(rx.State):
    """One sentence for the person at the page; `number` grows, so that the same words count as new."""

    text: str = ""
    kind: str = ""
    number: int = 0

    @rx.event
    @internal
    async def show(self, text: str, kind: str = "bad"):
        self._announce(text, kind)

    def _announce(self, text: str, kind: str) -> int:
        """Show a sentence; returns its number."""
        self.text, self.kind, self.number = text, kind, _next_number()
        return self.number

    @rx.event
    @public
    async def dismiss(self):
        self.text = ""


_last_number = 0


def _next_number() -> int:
    """Larger than every number of this process so far, and than those of the one before it."""
    global _last_number
    _last_number = max(_last_number + 1, time.time_ns() // 1_000_000)
    return _last_number


def say(text: str, kind: Kind = "good") -> EventSpec:
    """The event that shows a notice: `return say(_("Added to your cart"))`."""
    return Notice.show(text, kind)  # pyright: ignore[reportCallIssue, reportReturnType]


def notice_delta(text: str) -> Delta:
    """A notice as it is sent to a page by itself: no event, so that nothing can come of it but the notice."""
    shown = {"text": text, "kind": "bad", "number": _next_number()}
    return reflex_private.delta(Notice, shown)


_answering: set[asyncio.Task[None]] = set()
"""Held until they are done: the loop itself keeps no task."""


def answer_failure(exception: Exception) -> None:
    """Send the page a notice that a handler failed: a refusal's sentence, or a bug's reference in the log.

    The answer goes straight to the page. It isn't an event: that would inherit what made this one fail.
    """
    _hold(EventContext.get().emit_delta(failure_delta(exception)))


def _hold(work: Coroutine[Any, Any, None]) -> None:
    task = asyncio.get_running_loop().create_task(work)
    _answering.add(task)
    task.add_done_callback(_answering.discard)


def failure_delta(exception: Exception) -> Delta:
    """The notice that a handler failed, as it is sent to a page by itself; a bug is logged."""
    if isinstance(exception, MissingRight) and (by := current_principal()):
        _hold(note_refused_right(by, exception.permission, _("asked by a page")))
    return notice_delta(_sentence(exception))


def _sentence(exception: Exception) -> str:
    if isinstance(exception, ShopError):
        return exception.message
    reference = secrets.token_hex(4)
    log.error("A handler failed, reference %s", reference, exc_info=exception)
    return _(
        "Something went wrong on our side, and nothing was changed. The reference is {reference}."
    ).format(reference=reference)


def cookie_header(state: rx.State) -> str:
    """The Cookie header of the page's socket, as the server saw it."""
    return state.rx_router_headers.cookie


def visitor_hash(state: rx.State) -> str:
    """The hash of this browser's key: the same in all of its tabs, and what the database knows it by.

    "" where no key came, which the edge prevents: then nothing must be kept for this visitor.
    """
    return visitor_of(cookie_header(state))


async def shopper_key(state: rx.State) -> str:
    """What cart and wish list of whoever is at this page are found by: their account, else their browser.

    "" where no cookie came: then nothing must be kept for this visitor.
    """
    return (await asked_by(state)).shopper_key(visitor_hash(state))


def address_of(state: rx.State, route: str) -> Address:
    """The address of the page, whose route this is."""
    url = state.rx_router_url
    return read_address(route, url.path, url.query)


async def read_shared(query: shared_views.Query[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
    """A view that is the same for everybody, to be shown by its fields: made once, also as JSON.

    Errors  as `db.read`.
    """
    view = await shared_views.read(query, *args, **kwargs)
    wire.share(view)
    return view


async def asked_by(state: rx.State) -> Principal:
    """The principal of this event, as the guard looked it up; outside of one, looked up now."""
    return current_principal() or await who(cookie_header(state))
