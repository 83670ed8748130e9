"""The promotions' desk: what staff with the right do to promotions. No page shows it yet."""

from __future__ import annotations

from dataclasses import fields

import reflex as rx

from shop_app.core import db
from shop_app.core.i18n import _
from shop_app.services.promotions import promotion_desk
from shop_app.services.promotions.promotion_desk import PromotionDraft

from .base import asked_by, say, staff
from .payload import Code, Count, Form, RecordId


class PromotionDesk(rx.State):
    @rx.event
    @staff("discounts.edit")
    async def create(self, form: Form):
        await db.write(promotion_desk.create, _draft(form), by=await asked_by(self))
        return say(_("The promotion is there"))

    @rx.event
    @staff("discounts.edit")
    async def change(self, promotion: RecordId, version: RecordId, form: Form):
        by = await asked_by(self)
        await db.write(promotion_desk.change, promotion, _draft(form), version=version, by=by)
        return say(_("Saved"))

    @rx.event
    @staff("discounts.edit")
    async def end(self, promotion: RecordId):
        await db.write(promotion_desk.end, promotion, by=await asked_by(self))
        return say(_("The promotion has ended"))

    @rx.event
    @staff("discounts.edit")
    async def generate(self, promotion: RecordId, count: Count, prefix: Code = ""):
        by = await asked_by(self)
        await db.write(promotion_desk.generate_codes, promotion, count, prefix=prefix, by=by)
        return say(_("The codes are there"))

    @rx.event
    @staff("discounts.edit")
    async def download(self, promotion: RecordId):
        text = await db.read(promotion_desk.codes_csv, promotion, by=await asked_by(self))
        return rx.download(data=text, filename=f"codes-{promotion}.csv")


def _draft(form: dict[str, str]) -> PromotionDraft:
    return promotion_desk.draft_of({f.name: form.get(f.name, "") for f in fields(PromotionDraft)})
