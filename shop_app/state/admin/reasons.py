"""The lists of reasons for refunds, cancellations and returns, which a shop writes itself."""

from __future__ import annotations

from typing import Annotated, Literal

import reflex as rx
from pydantic import BeforeValidator

from shop_app.core import db
from shop_app.core.errors import ShopError
from shop_app.core.i18n import _
from shop_app.services.orders import reasons
from shop_app.services.orders.reasons import ReasonView

from ..base import asked_by, say, staff
from ..forms import Form, FormState
from ..input_types import Flag, RecordId, ShortText

Kind = Literal["refund", "cancellation", "return"]
Ticked = Annotated[bool, BeforeValidator(lambda value: value in (True, "on", "true", "1"))]


class NewReason(Form):
    kind: Kind
    label: ShortText = ""


class ChangedReason(Form):
    reason: RecordId
    version: RecordId
    label: ShortText = ""
    active: Ticked = False


class ReasonAdmin(FormState, rx.State):
    refund: list[ReasonView] = []
    cancellation: list[ReasonView] = []
    back: list[ReasonView] = []
    """Those of returns."""
    loaded: bool = False
    opened: int = 0
    """Grows with every change: the forms begin anew."""

    @rx.event
    @staff("settings.view")
    async def load(self):
        self._clear()
        await self._read()

    @rx.event
    @staff("settings.edit")
    async def add(self, form: NewReason):
        by = await asked_by(self)
        return await self._do(db.write(reasons.add, form.kind, form.label, by=by), _("The reason is there"))

    @rx.event
    @staff("settings.edit")
    async def change(self, form: ChangedReason):
        values = form.model_dump(include={"label", "active", "version"})
        work = db.write(reasons.change, form.reason, by=await asked_by(self), **values)
        return await self._do(work, _("Saved"))

    @rx.event
    @staff("settings.edit")
    async def move(self, reason: RecordId, up: Flag):
        await db.write(reasons.move, reason, up=up, by=await asked_by(self))
        await self._read()

    async def _do(self, work, done: str):
        self._clear()
        try:
            await work
        except ShopError as refusal:
            await self._read()
            return self._refuse(refusal)
        self.opened, self.answers = self.opened + 1, self.answers + 1
        await self._read()
        return say(done)

    async def _read(self) -> None:
        every = await db.read(reasons.all_reasons, by=await asked_by(self))
        self.refund, self.cancellation, self.back = (
            [one for one in every if one.kind == kind] for kind in ("refund", "cancellation", "return")
        )
        self.loaded = True
