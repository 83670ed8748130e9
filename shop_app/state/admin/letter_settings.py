"""The settings of letters: which there are, how one reads, and a test letter to oneself."""

from __future__ import annotations

import reflex as rx

from shop_app.core import db
from shop_app.core.errors import ShopError
from shop_app.core.i18n import _
from shop_app.services.desk import letter_kinds
from shop_app.services.desk.letter_kinds import BesideOrders, LetterKind, LetterSample, MailState
from shop_app.services.shop.profile import ChangedMeanwhile

from ..base import asked_by, say, staff
from ..forms import Form, FormState
from ..input_types import Count, Name, ShortText


class BesideOrdersForm(Form):
    version: Count = 0
    cart_reminder_hours: ShortText = ""
    review_request_days: ShortText = ""
    review_requests_need_consent: ShortText = ""

    def typed(self) -> BesideOrders:
        return BesideOrders(
            self.cart_reminder_hours,
            self.review_request_days,
            self.review_requests_need_consent == "1",
            self.version,
        )


class LetterSettings(FormState, rx.State):
    beside: BesideOrders = BesideOrders()
    saved: int = 0
    """Grows with each save: the form is drawn anew, with what is kept now."""
    kinds: list[LetterKind] = []
    mail: MailState = MailState()
    sample: LetterSample = LetterSample()
    loaded: bool = False

    @rx.event
    @staff("settings.view")
    async def load(self):
        self._clear()
        by = await asked_by(self)
        self.beside = await db.read(letter_kinds.beside_orders, by)
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
    async def save(self, form: BesideOrdersForm):
        self._clear()
        by = await asked_by(self)
        try:
            await db.write(letter_kinds.change_beside_orders, form.typed(), by)
        except ShopError as refusal:
            return (
                self._fail(refusal.fields) if isinstance(refusal, ChangedMeanwhile) else self._refuse(refusal)
            )
        self.beside, self.saved = await db.read(letter_kinds.beside_orders, by), self.saved + 1
        return say(_("Saved"))

    @rx.event
    @staff("settings.edit")
    async def send_test(self):
        by = await asked_by(self)
        await db.write(letter_kinds.send_test, by)
        return say(_("A letter to {address} is on its way").format(address=by.email))
