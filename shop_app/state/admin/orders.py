"""What staff with the permission do to an order. No page shows it yet."""

from __future__ import annotations

from typing import Annotated, Literal

import reflex as rx
from pydantic import Field, StringConstraints

from shop_app.core import db
from shop_app.core.i18n import _
from shop_app.services.fulfilment import commands as fulfilment_commands
from shop_app.services.orders import review as order_review
from shop_app.services.payments import refund_view
from shop_app.services.payments.refund_rows import RefundRequest
from shop_app.services.payments.refund_view import RefundView
from shop_app.services.payments.refunds import MAX_NOTE, MAX_REASON
from shop_app.workflows import cancel, fulfil, mark_paid, refund

from ..base import asked_by, say, staff
from ..input_types import AmountMinor, Flag, LineUnits, LongText, RecordId, ShortText

RequestKey = Annotated[str, StringConstraints(strict=True, pattern=r"^[A-Za-z0-9_-]{8,48}\z", max_length=48)]
"""Made when the form is opened, so that a double click is one request."""
Note = Annotated[LongText, Field(max_length=MAX_NOTE)]
Reason = Annotated[ShortText, Field(max_length=MAX_REASON)]
Goods = Literal["stay", "restock", "write_off"]
RESTOCK = {"stay": None, "restock": True, "write_off": False}


class OrderAdmin(rx.State):
    refunds_of: list[RefundView] = []
    """Of the order that was worked on last."""

    @rx.event
    @staff("orders.edit")
    async def mark_paid(self, number: RecordId, reference: ShortText):
        await mark_paid.mark_paid(number, reference, await asked_by(self))
        return say(_("Marked as paid"))

    @rx.event
    @staff("orders.refund")
    async def refund(
        self,
        order: RecordId,
        key: RequestKey,
        lines: LineUnits,
        shipping_minor: AmountMinor = 0,
        free_minor: AmountMinor = 0,
        goods: Goods = "stay",
        reason: Reason = "",
        note: Note = "",
        destination: Literal["original", "credit"] = "original",
    ):
        request = RefundRequest(lines, shipping_minor, free_minor, reason, note, destination, RESTOCK[goods])
        await refund.refund(order, request, key, await asked_by(self))
        self.refunds_of = await db.read(refund_view.of_order, order)
        return say(_("The refund is on its way"))

    @rx.event
    @staff("orders.fulfil")
    async def fulfil(
        self,
        order: RecordId,
        key: RequestKey,
        lines: LineUnits,
        carrier: ShortText = "",
        tracking: ShortText = "",
        despite_review: Flag = False,
        unpaid_too: Flag = False,
    ):
        await fulfil.fulfil(
            order,
            lines,
            carrier=carrier,
            tracking=tracking,
            by=await asked_by(self),
            request_key=key,
            despite_review=despite_review,
            unpaid_too=unpaid_too,
        )
        return say(_("The parcel is sent"))

    @rx.event
    @staff("orders.fulfil")
    async def cancel_shipment(self, shipment: RecordId, note: Note = ""):
        by = await asked_by(self)
        await db.write(fulfilment_commands.cancel_shipment, shipment, by=by, note=note)
        return say(_("The parcel is called back"))

    @rx.event
    @staff("orders.fulfil")
    async def delivered(self, shipment: RecordId):
        await db.write(fulfilment_commands.mark_delivered, shipment, by=await asked_by(self))
        return say(_("Marked as delivered"))

    @rx.event
    @staff("orders.edit")
    async def cancel(
        self, order: RecordId, key: RequestKey, restock: Flag = True, refund: Flag = True, reason: Reason = ""
    ):
        by = await asked_by(self)
        await cancel.cancel(order, restock=restock, refund=refund, reason=reason, by=by, request_key=key)
        self.refunds_of = await db.read(refund_view.of_order, order)
        return say(_("The order is cancelled"))

    @rx.event
    @staff("orders.edit")
    async def resolve(self, order: RecordId, note: Note):
        await db.write(order_review.resolve, order, note, await asked_by(self))
        return say(_("Noted. Nobody has to look at it any more"))
