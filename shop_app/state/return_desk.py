"""The desk of returns: what staff with the right do with what comes back. No page shows it yet."""

from __future__ import annotations

from typing import Annotated, Literal

import reflex as rx
from pydantic import Field

from shop_app.core import db
from shop_app.core.i18n import _
from shop_app.services.returns import return_desk
from shop_app.workflows import refund

from .base import asked_by, say, staff
from .payload import LineUnits, LongText, RecordId, Token

Answer = Annotated[LongText, Field(max_length=return_desk.MAX_ANSWER)]
Verdict = Literal["approve", "decline", "cancel"]
_VERBS = {"approve": return_desk.approve, "decline": return_desk.decline, "cancel": return_desk.cancel}


class ReturnDesk(rx.State):
    """Empty: what changed is pushed to the order's pages."""

    @rx.event
    @staff("orders.edit")
    async def decide(self, return_id: RecordId, verdict: Verdict, answer: Answer = ""):
        verb = _VERBS[verdict]
        await db.write(verb, return_id, by=await asked_by(self), answer=answer, durable=True)
        return say(_("Done. The shopper reads it on the page of the order."))

    @rx.event
    @staff("orders.fulfil")
    async def receive(self, return_id: RecordId, received: LineUnits, restocked: LineUnits):
        arrived, shelved = _by_line(received), _by_line(restocked)
        by = await asked_by(self)
        await db.write(return_desk.receive, return_id, arrived, shelved, by=by, durable=True)
        return say(_("Received. What goes on the shelf can be sold again."))

    @rx.event
    @staff("orders.refund")
    async def refund(
        self,
        return_id: RecordId,
        request_key: Token,
        destination: Literal["original", "credit"] = "original",
    ):
        """The money of a return, once: one that was refunded has nothing more to give."""
        by = await asked_by(self)
        wanted = await db.write(return_desk.wish, return_id, by=by, destination=destination)
        if wanted:
            await refund.refund(wanted.order_id, wanted.wish, request_key, by)
        return say(_("The money is on its way."))


def _by_line(units: dict[str, int]) -> dict[int, int]:
    return {int(line): count for line, count in units.items() if count}
