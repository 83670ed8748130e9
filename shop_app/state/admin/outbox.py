"""A letter of the outbox and a received event, each on its page: what it says, and doing it once more."""

from __future__ import annotations

import reflex as rx

from shop_app.core import db
from shop_app.core.i18n import _
from shop_app.services.desk import letters, received_events
from shop_app.services.desk.letters import LetterShown
from shop_app.services.desk.received_events import EventShown
from shop_app.workflows import sync_payment

from ..base import address_of, asked_by, say, staff

LETTER, EVENT = "/admin/settings/letters-sent/[letter]", "/admin/settings/events/[event]"


class OutboxLetter(rx.State):
    letter: LetterShown = LetterShown()
    loaded: bool = False

    @rx.event
    @staff(letters.VIEW)
    async def load(self):
        self.letter = await db.read(letters.shown, _id(self, LETTER, "letter"), await asked_by(self))
        self.loaded = True

    @rx.event
    @staff(letters.EDIT)
    async def send_again(self):
        await db.write(letters.send_again, _id(self, LETTER, "letter"), await asked_by(self))
        return [OutboxLetter.load, say(_("It is sent again"))]


class ReceivedEvent(rx.State):
    event: EventShown = EventShown()
    loaded: bool = False

    @rx.event
    @staff(received_events.VIEW)
    async def load(self):
        self.event = await db.read(received_events.shown, _id(self, EVENT, "event"), await asked_by(self))
        self.loaded = True

    @rx.event
    @staff(received_events.EDIT)
    async def replay(self):
        event_id = _id(self, EVENT, "event")
        await db.write(received_events.open_again, event_id, await asked_by(self))
        outcome = await sync_payment.apply_notice(event_id)
        return [ReceivedEvent.load, say(_("Applied once more: {outcome}").format(outcome=outcome))]


def _id(state: rx.State, route: str, name: str) -> int:
    """The id in the page's address; 0, which nothing has, where it is none."""
    text = address_of(state, route).parameter(name, 15)
    return int(text) if text.isascii() and text.isdigit() else 0
