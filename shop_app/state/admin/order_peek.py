"""A look at one order beside the list, without leaving it; it walks on over the list's rows."""

from __future__ import annotations

from typing import Literal

import reflex as rx

from shop_app.core import db
from shop_app.services.order_desk import record as order_record
from shop_app.services.order_desk.record import OrderRecord

from ..base import asked_by, staff
from ..input_types import RecordId
from .records import RecordList


class OrderPeek(rx.State):
    view: OrderRecord = OrderRecord()
    is_open: bool = False

    @rx.event
    @staff("orders.view")
    async def look(self, order: RecordId):
        self.view = await db.read(order_record.record_of, order, by=await asked_by(self))
        self.is_open = True

    @rx.event
    @staff("orders.view")
    async def walk(self, step: Literal[-1, 1]):
        """To the next or the previous row of the page; at its end nothing happens."""
        listed = await self.get_state(RecordList)
        ids = [int(row.id) for row in listed.list.rows]
        at = ids.index(self.view.id) + step if self.view.id in ids else 0
        if 0 <= at < len(ids):
            self.view = await db.read(order_record.record_of, ids[at], by=await asked_by(self))

    @rx.event
    @staff("orders.view")
    async def close(self):
        self.is_open = False
