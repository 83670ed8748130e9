"""Ordering again, from the account's orders and from an order's page: what became of each line."""

from __future__ import annotations

import reflex as rx

from shop_app.core import db
from shop_app.core.access import rates
from shop_app.services.orders import again, finding
from shop_app.services.orders.again import AgainView

from . import attempt_limits
from .base import asked_by, customer, public, shopper_key
from .input_types import OrderNumber
from .order import order_token


class Again(rx.State):
    view: AgainView = AgainView()
    """Shown beside the order of its number alone."""
    answers: int = 0

    @rx.event
    @customer
    async def of_account(self, number: OrderNumber):
        """One of the customer's own orders, by its number."""
        self.answers += 1
        by, key = await asked_by(self), await shopper_key(self)
        self.view = await db.write(again.of_customer, key, by.id, finding.number_of(number) or 0)

    @rx.event
    @public
    async def of_page(self):
        """The order whose page this is, for whoever holds its link."""
        self.answers += 1
        async with attempt_limits.counted(self, rates.ORDER_LINK):
            self.view = await db.write(again.of_token, await shopper_key(self), order_token(self))

    @rx.event
    @public
    async def dismiss(self):
        self.view = AgainView()
