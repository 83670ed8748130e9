"""The stock of one variant: counted up and down, its threshold and policy, and what is to come."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Annotated, Any, Literal
from urllib.parse import unquote

import reflex as rx
from pydantic import Field

from shop_app.core import db
from shop_app.core.access.principal import Principal
from shop_app.core.errors import Invalid, ShopError
from shop_app.core.i18n import _
from shop_app.services.catalog.identity import MAX_SKU
from shop_app.services.inventory import admin as inventory_admin
from shop_app.services.inventory import incoming
from shop_app.services.inventory import record as stock_record
from shop_app.services.inventory.admin import MAX_NOTE
from shop_app.services.inventory.record import MOST_MOVEMENTS, SHOWN_MOVEMENTS, StockRecord

from ..base import address_of, asked_by, say, staff
from ..forms import Form, FormState
from ..input_types import Count, LongText, Name, RecordId, ShortText, Sku
from .shell import can_undo, say_with_undo

ROUTE = "/admin/inventory/[sku]"
Note = Annotated[LongText, Field(max_length=MAX_NOTE)]


class AdjustForm(Form):
    """Units that came or went, or how many there are; `seen` is the number that the page showed."""

    mode: Literal["change", "set"]
    units: Count
    seen: Count
    reason: Name
    note: Note = ""


class SettingsForm(Form):
    policy: Name
    expected_on: ShortText = ""
    low_at: Count


class DeliveryForm(Form):
    delivery_units: Count
    delivery_supplier: ShortText = ""
    delivery_expected_on: ShortText = ""


class ReceiveForm(Form):
    delivery: RecordId
    received_units: Count


class Stock(FormState, rx.State):
    """Of the page at `ROUTE`, and of the list's dialog: the variant that is looked at."""

    record: StockRecord = StockRecord()
    is_open: bool = False
    """Whether the list's dialog shows it."""
    loaded: str = ""
    """The SKU whose record is there."""
    done: int = 0
    """Grows with everything that was taken: its form is empty then. What was refused stays as typed."""
    shows_all: bool = False
    """Whether older movements are shown too."""

    @rx.event
    @staff("inventory.view")
    async def load(self):
        self._clear()
        self.shows_all = False
        # The browser gives the path as it is written: a SKU may have a slash or a space in it.
        await self._show(unquote(address_of(self, ROUTE).parameter("sku", 3 * MAX_SKU)))

    @rx.event
    @staff("inventory.view")
    async def open(self, sku: Sku):
        """Show a variant in the list's dialog."""
        self._clear()
        await self._show(sku)
        self.is_open = True

    @rx.event
    @staff("inventory.view")
    async def show_older(self):
        self.shows_all = True
        await self._show(self.loaded)

    @rx.event
    @staff("inventory.view")
    async def close(self):
        self.is_open = False

    async def _show(self, sku: str) -> None:
        most = MOST_MOVEMENTS if self.shows_all else SHOWN_MOVEMENTS
        self.record = await db.read(stock_record.record, sku, by=await asked_by(self), movements=most)
        self.loaded = sku

    @rx.event
    @staff("inventory.adjust")
    async def adjust(self, form: AdjustForm):
        self._clear()
        by, sku, before = await asked_by(self), self.loaded, self.record.levels.on_hand
        try:
            levels = await db.write(_adjusted, sku, form, by)
        except ShopError as refusal:
            return self._refuse(refusal)
        return await self._said(levels.on_hand - before)

    async def _said(self, delta: int) -> Any:
        """Say what was booked, with a way back; the list behind the dialog shows it too."""
        sku = self.loaded
        await self._show(sku)
        self.is_open, self.answers, self.done = False, self.answers + 1, self.done + 1
        text = _("{sku}: {delta}, {on_hand} on hand").format(
            sku=sku, delta=f"{delta:+}".replace("-", "−"), on_hand=self.record.levels.on_hand
        )
        await say_with_undo(self, text, "stock", {"sku": sku, "delta": -delta})

    @rx.event
    @staff("inventory.adjust")
    async def configure(self, form: SettingsForm):
        """Threshold and policy together: both or neither."""
        self._clear()
        try:
            await db.write(_configured, self.loaded, form, await asked_by(self))
        except ShopError as refusal:
            return self._refuse(refusal)
        return await self._done(_("Saved"))

    @rx.event
    @staff("inventory.adjust")
    async def expect(self, form: DeliveryForm):
        self._clear()
        by = await asked_by(self)
        try:
            await db.write(_expected, self.loaded, form, by)
        except Invalid as refusal:
            # Another form of the page has fields of the same names.
            return self._refuse(Invalid(refusal.message, field=f"delivery_{refusal.field}"))
        return await self._done(_("The delivery is expected"))

    @rx.event
    @staff("inventory.adjust")
    async def receive(self, form: ReceiveForm):
        self._clear()
        by = await asked_by(self)
        try:
            await db.write(incoming.receive, self.loaded, form.delivery, form.received_units, by=by)
        except ShopError as refusal:
            return self._refuse(refusal)
        return await self._done(_("The delivery is on hand"))

    @rx.event
    @staff("inventory.adjust")
    async def give_up(self, delivery: RecordId):
        await db.write(incoming.remove, self.loaded, delivery, by=await asked_by(self))
        return await self._done(_("The delivery is removed"))

    async def _done(self, text: str) -> Any:
        await self._show(self.loaded)
        self.answers, self.done = self.answers + 1, self.done + 1
        return say(text)


def _adjusted(session: Any, sku: str, form: AdjustForm, by: Principal) -> Any:
    why = {"reason": form.reason, "note": form.note, "by": by}
    if form.mode == "set":
        return inventory_admin.set_units(session, sku, form.units, seen=form.seen, **why)
    return inventory_admin.change_units(session, sku, form.units, **why)


def _configured(session: Any, sku: str, form: SettingsForm, by: Principal) -> None:
    inventory_admin.set_low_at(session, sku, form.low_at, by=by)
    inventory_admin.choose_policy(session, sku, form.policy, expected_on=day_of(form.expected_on), by=by)


def _expected(session: Any, sku: str, form: DeliveryForm, by: Principal) -> None:
    day = day_of(form.delivery_expected_on)
    incoming.expect(session, sku, form.delivery_units, supplier=form.delivery_supplier, on=day, by=by)


async def _undo(by: Principal, what: Mapping[str, Any]) -> str:
    """Book the opposite: the ledger keeps both."""
    by.need("inventory.adjust")
    note = _("Taken back")
    await db.write(
        inventory_admin.change_units, what["sku"], what["delta"], reason="mistake", note=note, by=by
    )
    return _("{sku} is as it was before").format(sku=what["sku"])


can_undo("stock", _undo)


def day_of(text: str) -> date | None:
    """The day of a date field; None where it is empty.

    Errors  Invalid for what is no day.
    """
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        raise Invalid(_("Enter a day like 2026-12-24."), field="expected_on") from None
