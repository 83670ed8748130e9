"""The account's credit in this tab: gift cards and store credit, their entries, and redeeming a card."""

from __future__ import annotations

import reflex as rx

from shop_app.core import db
from shop_app.core.access import rates
from shop_app.core.errors import ShopError
from shop_app.core.i18n import _
from shop_app.services.credit import own as own_credit
from shop_app.services.credit.own import OwnCredit

from .. import attempt_limits
from ..base import asked_by, customer, say
from ..cart import CreditForm
from ..forms import FormState


class Credit(FormState, rx.State):
    view: OwnCredit = OwnCredit()
    loaded: bool = False

    @rx.event
    @customer
    async def load(self):
        self._clear()
        await self._read()

    async def _read(self) -> None:
        self.view, self.loaded = await db.read(own_credit.view, await asked_by(self)), True

    @rx.event
    @customer
    async def redeem(self, form: CreditForm):
        self._clear()
        try:
            async with attempt_limits.counted(self, rates.CREDIT_CODE):
                name = await db.write(own_credit.redeem, await asked_by(self), form.credit)
        except ShopError as refusal:
            return self._fail({"credit": refusal.message})
        self.answers += 1
        await self._read()
        return say(_("{card} is in your account.").format(card=name))
