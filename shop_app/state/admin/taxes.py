"""Taxes in the back office: classes and places, and the rates of one place with their first days."""

from __future__ import annotations

from typing import Annotated

import reflex as rx
from pydantic import StringConstraints

from shop_app.core import db
from shop_app.core.errors import ShopError
from shop_app.core.i18n import _
from shop_app.services.taxes import admin, rate_commands
from shop_app.services.taxes.admin import PlaceView, TaxesView

from ..base import address_of, asked_by, say, staff
from ..forms import Form, FormState
from ..input_types import Flag, RecordId, ShortText

HOME = "/admin/settings/taxes"
PLACE_ROUTE = f"{HOME}/[place]"
PlaceKey = Annotated[
    str, StringConstraints(strict=True, pattern=r"^[A-Z]{2}(-[A-Z0-9]{1,6})?\z", max_length=9)
]


class ClassForm(Form):
    label: ShortText = ""
    like: ShortText = ""


class PlaceForm(Form):
    place: PlaceKey | None = None


class TaxDesk(FormState, rx.State):
    view: TaxesView = TaxesView()
    loaded: bool = False

    @rx.event
    @staff("settings.view")
    async def load(self):
        self._clear()
        self.view = await db.read(admin.taxes, by=await asked_by(self))
        self.loaded = True

    @rx.event
    @staff("settings.edit")
    async def charge(self, place: PlaceKey, charged: Flag):
        by = await asked_by(self)
        await db.write(rate_commands.charge, place, charged, by=by)
        self.view = await db.read(admin.taxes, by=by)
        return say(
            _("Tax is charged there from now on") if charged else _("No tax is charged there any more")
        )

    @rx.event
    @staff("settings.edit")
    async def add_class(self, form: ClassForm):
        self._clear()
        by = await asked_by(self)
        try:
            await db.write(rate_commands.add_class, form.label, form.like, by=by)
        except ShopError as refusal:
            return self._refuse(refusal)
        self.answers, self.view = self.answers + 1, await db.read(admin.taxes, by=by)
        return say(_("The class is there"))

    @rx.event
    @staff("settings.view")
    async def look_at(self, form: PlaceForm):
        """Go to the rates of a country that has none yet."""
        return rx.redirect(f"{HOME}/{form.place}") if form.place else None


class RateForm(Form):
    tax_class: ShortText = ""
    percent: ShortText = ""
    first_day: ShortText = ""
    label: ShortText = ""


class PlaceDesk(FormState, rx.State):
    place: PlaceView = PlaceView()
    classes: list[admin.ClassView] = []
    loaded: bool = False

    @rx.event
    @staff("settings.view")
    async def load(self):
        self._clear()
        by, key = await asked_by(self), address_of(self, PLACE_ROUTE).parameter("place", 9)
        self.place = await db.read(admin.place, key, by=by)
        self.classes = (await db.read(admin.taxes, by=by)).classes
        self.loaded = True

    async def _again(self) -> None:
        self.place = await db.read(admin.place, self.place.key, by=await asked_by(self))

    @rx.event
    @staff("settings.edit")
    async def add(self, form: RateForm):
        self._clear()
        by, key = await asked_by(self), self.place.key
        try:
            await db.write(rate_commands.add_rate, key, **form.model_dump(), by=by)
        except ShopError as refusal:
            return self._refuse(refusal)
        self.answers += 1
        await self._again()
        return say(_("The rate is there"))

    @rx.event
    @staff("settings.edit")
    async def remove(self, rate: RecordId, version: RecordId):
        await db.write(rate_commands.remove_rate, rate, version=version, by=await asked_by(self))
        await self._again()
        return say(_("The rate is removed"))

    @rx.event
    @staff("settings.edit")
    async def charge(self, charged: Flag):
        await db.write(rate_commands.charge, self.place.key, charged, by=await asked_by(self))
        await self._again()
        return say(
            _("Tax is charged there from now on") if charged else _("No tax is charged there any more")
        )
