"""What staff with the permission do to stock levels. No page shows it yet."""

from __future__ import annotations

from datetime import date
from typing import Annotated

import reflex as rx
from pydantic import Field

from shop_app.core import db
from shop_app.core.errors import Invalid
from shop_app.core.i18n import _
from shop_app.services.inventory import admin as inventory_admin
from shop_app.services.inventory import queries as inventory_queries
from shop_app.services.inventory.admin import MAX_NOTE
from shop_app.services.inventory.queries import Movement, StockLevels

from ..base import asked_by, staff
from ..input_types import Count, Flag, LongText, Name, ShortText, Sku

Note = Annotated[LongText, Field(max_length=MAX_NOTE)]


class StockAdmin(rx.State):
    levels: StockLevels = StockLevels()
    """The variant that was looked at or changed last."""
    history: list[Movement] = []

    @rx.event
    @staff("inventory.view")
    async def open(self, sku: Sku):
        by = await asked_by(self)
        self.levels = await db.read(inventory_queries.stock_levels, sku, by=by)
        self.history = await db.read(inventory_queries.history, sku, by=by)

    @rx.event
    @staff("inventory.adjust")
    async def set_units(self, sku: Sku, units: Count, seen: Count, reason: Name, note: Note = ""):
        by = await asked_by(self)
        self.levels = await db.write(
            inventory_admin.set_units, sku, units, seen=seen, reason=reason, note=note, by=by
        )
        self.history = await db.read(inventory_queries.history, sku, by=by)

    @rx.event
    @staff("inventory.adjust")
    async def change_units(self, sku: Sku, delta: Count, reason: Name, note: Note = ""):
        by = await asked_by(self)
        self.levels = await db.write(
            inventory_admin.change_units, sku, delta, reason=reason, note=note, by=by
        )
        self.history = await db.read(inventory_queries.history, sku, by=by)

    @rx.event
    @staff("inventory.adjust")
    async def set_policy(self, sku: Sku, backorder: Flag, expected_on: ShortText = ""):
        self.levels = await db.write(
            inventory_admin.set_policy,
            sku,
            backorder=backorder,
            expected_on=_day(expected_on),
            by=await asked_by(self),
        )

    @rx.event
    @staff("inventory.adjust")
    async def stop_tracking(self, sku: Sku):
        by = await asked_by(self)
        self.levels = await db.write(inventory_admin.stop_tracking, sku, by=by)
        self.history = await db.read(inventory_queries.history, sku, by=by)

    @rx.event
    @staff("inventory.adjust")
    async def track(self, sku: Sku, units: Count):
        by = await asked_by(self)
        self.levels = await db.write(inventory_admin.track, sku, units, by=by)
        self.history = await db.read(inventory_queries.history, sku, by=by)


def _day(text: str) -> date | None:
    """The day of a date field; None where it is empty."""
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        raise Invalid(_("Enter a day like 2026-12-24."), field="expected_on") from None
