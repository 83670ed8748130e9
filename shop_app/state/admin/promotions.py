"""What staff with the permission do to promotions. No page shows it yet."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Annotated, Any, Literal

import reflex as rx
from pydantic import BeforeValidator, Field, WithJsonSchema

from shop_app.core import clock, db
from shop_app.core.errors import Invalid
from shop_app.core.i18n import _
from shop_app.services.promotions import admin as promotions_admin
from shop_app.services.promotions.admin import PromotionDraft

from ..base import asked_by, say, staff
from ..forms import Form, FormState
from ..input_types import AmountMinor, Code, Count, Name, RecordId, ShortText, Sku


def _empty_is(nothing: Any) -> BeforeValidator:
    """Inputs that were left empty come as ""."""
    return BeforeValidator(lambda value: nothing if value == "" else value)


def _ids(value: Any) -> Any:
    """Ids with commas between."""
    return [part.strip() for part in value.split(",")] if isinstance(value, str) and value.strip() else []


def _begin(value: Any) -> datetime | None:
    """A moment as ISO writes it, on the shop's clocks unless it says otherwise; of a day alone, its begin."""
    return _moment(value, last=False)


def _end(value: Any) -> datetime | None:
    """The same of an end: a day alone is its last."""
    return _moment(value, last=True)


def _moment(value: Any, *, last: bool) -> datetime | None:
    if not isinstance(value, str) or len(value) > 40:
        raise ValueError("no moment")
    text = value.strip()
    if not text:
        return None
    try:
        if len(text) == len("2026-12-24"):
            day = date.fromisoformat(text)
            return clock.end_of(day) if last else clock.start_of(day)
        moment = datetime.fromisoformat(text)
        return moment.astimezone(UTC) if moment.tzinfo else clock.moment_of(moment, last=last)
    except OverflowError:
        raise ValueError("beyond the years that there are") from None


Number = Annotated[AmountMinor, _empty_is(0)]
Limit = Annotated[AmountMinor | None, _empty_is(None)]
Ids = Annotated[list[RecordId], Field(max_length=500), BeforeValidator(_ids)]
Ticked = Annotated[bool, BeforeValidator(lambda value: value in ("1", "on", "true"))]
_AS_TEXT = WithJsonSchema({"type": "string", "maxLength": 40})
Begin = Annotated[datetime | None, BeforeValidator(_begin), _AS_TEXT]
End = Annotated[datetime | None, BeforeValidator(_end), _AS_TEXT]


class PromotionForm(Form):
    name: ShortText = ""
    kind: Annotated[Name, _empty_is("percent")] = "percent"
    code: Code = ""
    automatic: Ticked = False
    lane: Annotated[Name, _empty_is("default")] = "default"
    percent: Number = 0
    amount_minor: Number = 0
    buy_quantity: Number = 0
    get_quantity: Number = 0
    gift_sku: Sku | Literal[""] = ""
    minimum_minor: Number = 0
    minimum_quantity: Number = 0
    first_order: Ticked = False
    products: Ids = []
    categories: Ids = []
    starts_at: Begin = None
    ends_at: End = None
    usage_limit: Limit = None
    per_customer_limit: Limit = None
    budget_minor: Limit = None

    def draft(self) -> PromotionDraft:
        lists = {"products": tuple(self.products), "categories": tuple(self.categories)}
        return PromotionDraft(**{**self.model_dump(), **lists})


class PromotionAdmin(FormState, rx.State):
    @rx.event
    @staff("discounts.edit")
    async def create(self, form: PromotionForm):
        self._clear()
        try:
            await db.write(promotions_admin.create, form.draft(), by=await asked_by(self))
        except Invalid as refusal:
            return self._refuse(refusal)
        return say(_("The promotion is there"))

    @rx.event
    @staff("discounts.edit")
    async def change(self, promotion: RecordId, version: RecordId, form: PromotionForm):
        self._clear()
        by = await asked_by(self)
        try:
            await db.write(promotions_admin.change, promotion, form.draft(), version=version, by=by)
        except Invalid as refusal:
            return self._refuse(refusal)
        return say(_("Saved"))

    @rx.event
    @staff("discounts.edit")
    async def end(self, promotion: RecordId):
        await db.write(promotions_admin.end, promotion, by=await asked_by(self))
        return say(_("The promotion has ended"))

    @rx.event
    @staff("discounts.edit")
    async def generate(self, promotion: RecordId, count: Count, prefix: Code = ""):
        by = await asked_by(self)
        await db.write(promotions_admin.generate_codes, promotion, count, prefix=prefix, by=by)
        return say(_("The codes are there"))

    @rx.event
    @staff("discounts.edit")
    async def download(self, promotion: RecordId):
        text = await db.read(promotions_admin.codes_csv, promotion, by=await asked_by(self))
        return rx.download(data=text, filename=f"codes-{promotion}.csv")
