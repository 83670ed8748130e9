"""What staff with the permission do with returns. No page shows it yet."""

from __future__ import annotations

from typing import Annotated, Literal

import reflex as rx
from pydantic import Field

from shop_app.core import db
from shop_app.core.i18n import _
from shop_app.services.returns import admin as return_admin
from shop_app.workflows import return_goods

from ..base import asked_by, say, staff
from ..input_types import LineUnits, LongText, RecordId, Token

Answer = Annotated[LongText, Field(max_length=return_admin.MAX_ANSWER)]
Verdict = Literal["approve", "decline", "cancel"]
_COMMANDS = {"approve": return_admin.approve, "decline": return_admin.decline, "cancel": return_admin.cancel}


class ReturnAdmin(rx.State):
    """Empty: what changed is pushed to the order's pages."""

    @rx.event
    @staff("orders.edit")
    async def decide(self, return_id: RecordId, verdict: Verdict, answer: Answer = ""):
        await db.write(_COMMANDS[verdict], return_id, by=await asked_by(self), answer=answer, durable=True)
        return say(_("Done. The shopper reads it on the page of the order."))

    @rx.event
    @staff("orders.fulfil")
    async def receive(self, return_id: RecordId, received: LineUnits, restocked: LineUnits):
        by = await asked_by(self)
        await db.write(return_admin.receive, return_id, received, restocked, by=by, durable=True)
        return say(_("Received. What goes on the shelf can be sold again."))

    @rx.event
    @staff("orders.refund")
    async def refund(
        self,
        return_id: RecordId,
        request_key: Token,
        destination: Literal["original", "credit"] = "original",
    ):
        by = await asked_by(self)
        await return_goods.refund_return(return_id, request_key, by, destination=destination)
        return say(_("The money is on its way."))
