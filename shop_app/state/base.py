"""What every State builds on: who is asking, the notice that a person reads, and what a failure says."""

from __future__ import annotations

import logging
import secrets
from typing import Literal

import reflex as rx
from reflex_base.event import Event, EventSpec
from reflex_base.utils.format import format_event_handler

from shop_app.errors import ShopError
from shop_app.services.accounts import Principal
from shop_app.web.asking import visitor_of
from shop_app.web.policy import asker, customer, internal, public, staff, who
from shop_app.words import _

__all__ = [
    "Notice", "answer_failure", "asked_by", "customer", "internal", "notice_events", "public", "say", "staff",
    "visitor_hash",
]  # fmt: skip

log = logging.getLogger(__name__)

Kind = Literal["good", "bad", "info"]


class Notice(rx.State):
    """One sentence for the person at the page; `number` grows, so that the same words count as new."""

    text: str = ""
    kind: str = ""
    number: int = 0

    @rx.event
    @internal
    async def show(self, text: str, kind: str = "bad"):
        self.text, self.kind, self.number = text, kind, self.number + 1

    @rx.event
    @public
    async def dismiss(self):
        self.text = ""


def say(text: str, kind: Kind = "good") -> EventSpec:
    """The event that shows a notice: `return say(_("Added to your cart"))`."""
    return Notice.show(text, kind)  # pyright: ignore[reportCallIssue, reportReturnType]


def notice_events(text: str) -> list[Event]:
    """The same as ready-made events, for the guard."""
    name = format_event_handler(Notice.event_handlers["show"])
    return [Event(name=name, payload={"text": text, "kind": "bad"})]


def answer_failure(exception: Exception) -> EventSpec:
    """What a handler's failure says: a refusal its own sentence, a bug a number that stands in the log."""
    if isinstance(exception, ShopError):
        return say(exception.message, "bad")
    reference = secrets.token_hex(4)
    log.error("A handler failed, reference %s", reference, exc_info=exception)
    return say(
        _("Something went wrong on our side, and nothing was changed. The reference is {reference}.").format(
            reference=reference
        ),
        "bad",
    )


def cookie_header(state: rx.State) -> str:
    """The Cookie header of the page's socket, as the server saw it."""
    return state.router.headers.cookie


def visitor_hash(state: rx.State) -> str:
    """The hash of this browser's key: the same in all of its tabs, and what the database knows it by.

    "" where no key came, which the edge prevents: then nothing must be kept for this visitor.
    """
    return visitor_of(cookie_header(state))


async def asked_by(state: rx.State) -> Principal:
    """Who is asking: whom the guard found for this event, else looked up now."""
    return asker() or await who(cookie_header(state))
