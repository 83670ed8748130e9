"""An order as its page shows it to whoever holds the link: it turns from confirming to paid by itself."""

from __future__ import annotations

import asyncio

import reflex as rx

from shop_app import db, till
from shop_app.errors import NotFound
from shop_app.services.orders import orders
from shop_app.services.orders.orders import OrderView
from shop_app.web import rates
from shop_app.web.cookies import key_hash

from . import guesses, live
from .base import internal, public

NO_ORDER = OrderView(
    number="",
    token="",
    phase="",
    headline="",
    explanation="",
    email="",
    placed="",
    lines=[],
    subtotal="",
    discounts=[],
    shipping="",
    shipping_label="",
    tax_lines=[],
    total="",
    address=[],
    delivery_dates="",
    payment_label="",
    transfer_details=[],
    steps=[],
    status="",
    payment_status="",
    fulfilment_status="",
    can_pay_again=False,
    decline_message="",
)

PAUSES_SECONDS = (2, 4, 8, 16, 32, 60)


class Order(rx.State):
    view: OrderView = NO_ORDER
    missing: bool = False
    _waiting: bool = False

    @rx.event
    @public
    async def load(self):
        token = order_token(self)
        try:
            async with guesses.counted(self, rates.ORDER_LINK):
                self.view, self.missing = await db.in_reading(orders.view, token), False
        except NotFound:
            self.view, self.missing = NO_ORDER, True
            return None
        await live.join_order(self, key_hash(token))
        return self._next()

    def _next(self):
        if self.view.phase != "confirming":
            return None
        if self.router.url.query_parameters.get("cancelled") == "1":
            return Order.give_up
        if self._waiting:
            return None
        self._waiting = True
        return Order.wait

    @rx.event
    @internal
    async def give_up(self):
        """The shopper came back from the payment page by its cancel link."""
        token = order_token(self)
        await till.give_up(token)
        self.view = await db.in_reading(orders.view, token)

    @rx.event(background=True)
    @internal
    async def wait(self):
        """Read again a few times, ever more slowly, should the push that tells of the payment be missed."""
        token = order_token(self)
        for pause in PAUSES_SECONDS:
            await asyncio.sleep(pause)
            view = await db.in_reading(orders.view, token)
            async with self:
                if self.view.token != token or self.view.phase != "confirming":
                    break
                self.view = view
        async with self:
            self._waiting = False


def order_token(state: rx.State) -> str:
    """The token in the address of the page."""
    return state.router.url.path.rstrip("/").rsplit("/", 1)[-1][:128]
