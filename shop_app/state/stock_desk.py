"""The stock's desk: what staff with the right do to the numbers. No page shows it yet."""

from __future__ import annotations

from datetime import date
from typing import Annotated

import reflex as rx
from pydantic import Field

from shop_app.core import db
from shop_app.core.errors import Invalid
from shop_app.core.i18n import _
from shop_app.services.stock import stock_desk
from shop_app.services.stock.stock_desk import MAX_NOTE, Movement, Standing

from .base import asked_by, staff
from .payload import Count, Flag, LongText, Name, ShortText, Sku

Note = Annotated[LongText, Field(max_length=MAX_NOTE)]
NOTHING = Standing("", "", "", 0, 0, 0, 0, False, "")


class StockDesk(rx.State):
    standing: Standing = NOTHING
    """The variant that was looked at or changed last."""
    history: list[Movement] = []

    @rx.event
    @staff("inventory.view")
    async def open(self, sku: Sku):
        by = await asked_by(self)
        self.standing = await db.read(stock_desk.standing, sku, by=by)
        self.history = await db.read(stock_desk.history, sku, by=by)

    @rx.event
    @staff("inventory.adjust")
    async def set_units(self, sku: Sku, units: Count, seen: Count, reason: Name, note: Note = ""):
        by = await asked_by(self)
        self.standing = await db.write(
            stock_desk.set_units, sku, units, seen=seen, reason=reason, note=note, by=by
        )
        self.history = await db.read(stock_desk.history, sku, by=by)

    @rx.event
    @staff("inventory.adjust")
    async def change_units(self, sku: Sku, delta: Count, reason: Name, note: Note = ""):
        by = await asked_by(self)
        self.standing = await db.write(stock_desk.change_units, sku, delta, reason=reason, note=note, by=by)
        self.history = await db.read(stock_desk.history, sku, by=by)

    @rx.event
    @staff("inventory.adjust")
    async def set_policy(self, sku: Sku, backorder: Flag, expected_on: ShortText = ""):
        self.standing = await db.write(
            stock_desk.set_policy, sku, backorder=backorder, expected_on=_day(expected_on),
            by=await asked_by(self),
        )  # fmt: skip


def _day(text: str) -> date | None:
    """The day of a date field; None where it is empty."""
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        raise Invalid(_("Enter a day like 2026-12-24."), field="expected_on") from None
