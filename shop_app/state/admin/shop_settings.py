"""What staff with the permission change of the shop itself: its identity, its words and its terms."""

from __future__ import annotations

from typing import Annotated

import reflex as rx
from pydantic import BeforeValidator, Field

from shop_app.core import db
from shop_app.core.errors import ShopError
from shop_app.core.i18n import _
from shop_app.core.shop import shop
from shop_app.services.shop import profile, sheet
from shop_app.services.shop.profile import ChangedMeanwhile
from shop_app.services.shop.sheet import Choice, Sheet

from ..base import asked_by, say, staff
from ..forms import Form, FormState
from ..input_types import LongText, ShortText

Ticked = Annotated[bool, BeforeValidator(lambda value: value in (True, "1", "on", "true"))]
Version = Annotated[int, Field(ge=0, le=10**9)]


class ShopForm(Form):
    """The whole form; `touched` names the fields that somebody changed, and only those are written."""

    touched: LongText = ""
    version: Version = 0
    name: ShortText = ""
    logo_key: ShortText = ""
    legal_name: ShortText = ""
    address: LongText = ""
    represented_by: ShortText = ""
    register_entry: ShortText = ""
    vat_number: ShortText = ""
    sender_email: ShortText = ""
    contact_email: ShortText = ""
    returns_email: ShortText = ""
    phone: ShortText = ""
    returns_address: LongText = ""
    opening_hours: LongText = ""
    lead: LongText = ""
    promise: ShortText = ""
    second_promise: ShortText = ""
    announcement: LongText = ""
    announcement_href: LongText = ""
    announcement_from: ShortText = ""
    announcement_until: ShortText = ""
    announcement_on: Ticked = False
    footer_about: LongText = ""
    footer_links: LongText = ""
    social_links: LongText = ""
    guarantee_notice: Ticked = False
    hero_title: LongText = ""
    hero_lead: LongText = ""
    sale_title: ShortText = ""
    sale_text: LongText = ""
    story_title: ShortText = ""
    story: LongText = ""
    currency: ShortText = ""
    country: ShortText = ""
    region: ShortText = ""
    time_zone: ShortText = ""
    locale: ShortText = ""
    prices_include_tax: Ticked = False
    bank_account: LongText = ""


class ShopSettings(FormState, rx.State):
    sheet: Sheet = Sheet()
    countries: list[Choice] = []
    currencies: list[Choice] = []
    saved: int = 0
    """How often it was: its form then begins anew."""
    loaded: bool = False

    @rx.event
    @staff("settings.view")
    async def load(self):
        self._clear()
        self.countries, self.currencies = sheet.countries(shop().locale), sheet.currencies(shop().locale)
        await self._read()

    async def _read(self) -> None:
        self.sheet = await db.read(sheet.sheet, await asked_by(self))
        self.loaded = True

    @rx.event
    @staff("settings.edit")
    async def save(self, form: ShopForm):
        """Write the touched fields; what was typed stays where it can't be taken."""
        self._clear()
        by = await asked_by(self)
        try:
            fields = sheet.changes(form.model_dump(), form.touched.split(","))
            await db.write(profile.save, by, fields, version=form.version)
        except ShopError as refusal:
            return await self._turn_down(refusal)
        self.saved += 1
        await self._read()
        return say(_("Saved. The shop shows it now"))

    async def _turn_down(self, refusal: ShopError) -> None:
        if isinstance(refusal, ChangedMeanwhile):
            # Its version is the newest now: saving again writes over the other's values.
            await self._read()
            return self._fail(refusal.fields)
        self._refuse(refusal)
        return None
