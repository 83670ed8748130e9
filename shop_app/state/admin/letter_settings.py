"""The settings of letters: which there are, how one reads, and a test letter to oneself."""

from __future__ import annotations

import reflex as rx

from shop_app.core import db
from shop_app.core.i18n import _
from shop_app.services.desk import letter_kinds
from shop_app.services.desk.letter_kinds import LetterKind, LetterSample, MailState

from ..base import asked_by, say, staff
from ..input_types import Name


class LetterSettings(rx.State):
    kinds: list[LetterKind] = []
    mail: MailState = MailState()
    sample: LetterSample = LetterSample()
    loaded: bool = False

    @rx.event
    @staff("settings.view")
    async def load(self):
        by = await asked_by(self)
        self.kinds = await db.read(letter_kinds.kinds, by)
        self.mail = await db.read(letter_kinds.mail_state, by)
        if not self.sample.kind and self.kinds:
            self.sample = await db.read(letter_kinds.sample, self.kinds[0].kind, by)
        self.loaded = True

    @rx.event
    @staff("settings.view")
    async def show(self, kind: Name):
        self.sample = await db.read(letter_kinds.sample, kind, await asked_by(self))

    @rx.event
    @staff("settings.edit")
    async def send_test(self):
        by = await asked_by(self)
        await db.write(letter_kinds.send_test, by)
        return say(_("A letter to {address} is on its way").format(address=by.email))
