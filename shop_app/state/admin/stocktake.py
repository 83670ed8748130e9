"""Counting: scan, enter the units, look at the differences, book them together."""

from __future__ import annotations

from typing import Annotated

import reflex as rx
from pydantic import BeforeValidator, StringConstraints

from shop_app.core import db
from shop_app.core.access.principal import Principal
from shop_app.core.errors import ShopError
from shop_app.core.i18n import _
from shop_app.core.typed_text import prose
from shop_app.services.inventory import stocktake
from shop_app.services.inventory.stocktake import Scanned, StocktakeView

from ..base import asked_by, say, staff
from ..forms import Form
from ..input_types import Sku

ScannedCode = Annotated[
    str, StringConstraints(strict=True, max_length=255), BeforeValidator(lambda text: prose(str(text)[:600]))
]
"""What a scanner types, or a person."""
MAX_COUNT_DIGITS = 6


class ScanForm(Form):
    code: ScannedCode = ""


class CountForm(Form):
    units: ScannedCode = ""


class StocktakeDesk(rx.State):
    view: StocktakeView = StocktakeView()
    scanned: Scanned = Scanned()
    """The variant that is being counted; its `sku` is "" while none is."""
    error: str = ""
    answers: int = 0
    """Grows with every answer: the script puts the focus where the next thing is typed."""
    loaded: bool = False

    @rx.event
    @staff("inventory.adjust")
    async def load(self):
        self.view = await db.read(stocktake.open_stocktake, by=await asked_by(self))
        self.loaded = True

    @rx.event
    @staff("inventory.adjust")
    async def scan(self, form: ScanForm):
        await self._scan(form.code)

    async def _scan(self, code: str) -> None:
        """Show the variant of a code; one that is unknown is said, and kept among the problems."""
        by = await asked_by(self)
        self.error, self.scanned, self.answers = "", Scanned(), self.answers + 1
        try:
            self.scanned = await db.read(stocktake.scan, code, by=by)
        except ShopError as refusal:
            self.error = f"{code}: {refusal.message}" if code else _("Scan a code, or type a SKU.")
            if code:
                await db.write(stocktake.note_problem, code, refusal.message, by=by)
                self.view = await db.read(stocktake.open_stocktake, by=by)

    @rx.event
    @staff("inventory.adjust")
    async def count(self, form: CountForm):
        """The units of the scanned variant; what is no number of units is the next code."""
        is_count = form.units.isascii() and form.units.isdigit() and len(form.units) <= MAX_COUNT_DIGITS
        if not is_count:
            return await self._scan(form.units)
        by = await asked_by(self)
        try:
            await db.write(stocktake.count, self.scanned.sku, int(form.units), by=by)
        except ShopError as refusal:
            self.error = refusal.message
            return None
        return await self._next(by)

    async def _next(self, by: Principal) -> None:
        self.scanned, self.error, self.answers = Scanned(), "", self.answers + 1
        self.view = await db.read(stocktake.open_stocktake, by=by)

    @rx.event
    @staff("inventory.adjust")
    async def leave(self):
        """Count something else first."""
        await self._next(await asked_by(self))

    @rx.event
    @staff("inventory.adjust")
    async def again(self, sku: Sku):
        """Count a variant once more."""
        await self._scan(sku)

    @rx.event
    @staff("inventory.adjust")
    async def drop(self, sku: Sku):
        by = await asked_by(self)
        await db.write(stocktake.drop, sku, by=by)
        await self._next(by)

    @rx.event
    @staff("inventory.adjust")
    async def book(self):
        by = await asked_by(self)
        try:
            count = await db.write(stocktake.book, by=by)
        except ShopError as refusal:
            self.error, self.answers = refusal.message, self.answers + 1
            return None
        await self._next(by)
        return say(stocktake.booked_text(count))

    @rx.event
    @staff("inventory.adjust")
    async def discard(self):
        by = await asked_by(self)
        await db.write(stocktake.discard, by=by)
        await self._next(by)
        return say(_("What was counted is thrown away"), "info")
