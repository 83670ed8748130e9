"""What staff with the permission do to gift cards and store credit. No page shows it yet."""

from __future__ import annotations

import reflex as rx

from shop_app.core import db
from shop_app.core.i18n import _
from shop_app.services.credit import admin as credit_admin
from shop_app.services.credit import commands as credit_commands

from ..base import asked_by, say, staff
from ..input_types import AmountMinor, Count, Email, RecordId, ShortText, Token


class CreditAdmin(rx.State):
    @rx.event
    @staff("credit.edit")
    async def issue(self, amount: AmountMinor, request_key: Token, email: Email = "", note: ShortText = ""):
        """A gift card, whose code is shown this once; an address gets it by email too."""
        card = await db.write(
            credit_commands.issue,
            amount,
            by=await asked_by(self),
            email=email,
            note=note,
            request_key=request_key,
            durable=True,
        )
        return say(_("The gift card is there: {code}").format(code=card.code))

    @rx.event
    @staff("credit.edit")
    async def grant(self, amount: AmountMinor, request_key: Token, email: Email, note: ShortText = ""):
        """Store credit for an address."""
        by, kind = await asked_by(self), "store_credit"
        await db.write(
            credit_commands.issue,
            amount,
            by=by,
            email=email,
            kind=kind,
            note=note,
            request_key=request_key,
            durable=True,
        )
        return say(_("The credit is there"))

    @rx.event
    @staff("credit.edit")
    async def adjust(self, account: RecordId, amount: Count, request_key: Token, note: ShortText):
        """Add to it, or take off it with an amount below zero."""
        by = await asked_by(self)
        await db.write(
            credit_admin.adjust, account, amount, note=note, request_key=request_key, by=by, durable=True
        )
        return say(_("Saved"))

    @rx.event
    @staff("credit.edit")
    async def deactivate(self, account: RecordId, note: ShortText):
        by = await asked_by(self)
        await db.write(credit_admin.deactivate, account, note=note, by=by, durable=True)
        return say(_("Nobody can spend it any more"))
