"""An order as its page shows it to whoever holds the link: it turns from confirming to paid by itself."""

from __future__ import annotations

import asyncio
import logging

import reflex as rx
from sqlmodel import Session

from shop_app.core import db
from shop_app.core.access import rates
from shop_app.core.access.cookies import key_hash
from shop_app.core.access.principal import Principal
from shop_app.core.errors import NotFound
from shop_app.core.pages import Address
from shop_app.services.orders import claims
from shop_app.services.storefront import order_page
from shop_app.services.storefront.order_page import OrderView
from shop_app.workflows import pay

from . import attempt_limits, live
from .base import asked_by, internal, personal, public

log = logging.getLogger(__name__)

PAUSES_SECONDS = (2, 4, 8, 16, 32, 60)


def exists(session: Session, address: Address) -> None:
    """Errors  NotFound for a token that no order has."""
    order_page.view(session, address.parameter("token"))


def _view_and_claim(session: Session, token: str, by: Principal) -> tuple[OrderView, bool]:
    return order_page.view(session, token), claims.can_be_kept(session, token, by)


@personal
class Order(rx.State):
    view: OrderView = OrderView()
    missing: bool = False
    can_keep: bool = False
    """Whether it can be kept in an account by signing in with its address."""
    _waiting: bool = False
    """Whether `wait` runs for this tab; one is enough, whichever order it shows."""
    _looks: int = 0
    """How often it has read the order that is shown."""

    @rx.event
    @public
    async def load(self):
        token = order_token(self)
        try:
            async with attempt_limits.counted(self, rates.ORDER_LINK):
                view, self.can_keep = await db.read(_view_and_claim, token, await asked_by(self))
        except NotFound:
            self.view, self.missing, self.can_keep = OrderView(), True, False
            return None
        self._show(view)
        await live.join_order(self, key_hash(token))
        return self._next()

    def _show(self, view: OrderView) -> None:
        if view.token != self.view.token:
            self._looks = 0
        self.view, self.missing = view, False

    def _next(self):
        if self.view.phase != "confirming":
            return None
        if self.router.url.query_parameters.get("cancelled") == "1":
            return Order.cancel_payment
        if self._waiting:
            return None
        self._waiting, self._looks = True, 0
        return Order.wait

    @rx.event
    @internal
    async def cancel_payment(self):
        """The shopper came back from the payment page by its cancel link."""
        token = order_token(self)
        await pay.cancel_payment(token)
        self.view = await db.read(order_page.view, token)

    @rx.event(background=True)
    @internal
    async def wait(self):
        """Read again a few times, ever more slowly, in case the push about the payment is missed."""
        try:
            while pause_seconds := await _next_pause(self):
                await asyncio.sleep(pause_seconds)
                await _read_again(self)
        except BaseException:
            async with self:
                self._waiting = False
            raise


async def _next_pause(order: Order) -> float:
    """How many seconds to wait for the next look at the order that is shown; 0 for no further look."""
    async with order:
        order._waiting = order.view.phase == "confirming" and order._looks < len(PAUSES_SECONDS)
        if not order._waiting:
            return 0
        order._looks += 1
        return PAUSES_SECONDS[order._looks - 1]


async def _read_again(order: Order) -> None:
    token = order.view.token
    try:
        view = await db.read(order_page.view, token)
    except Exception:
        # The next look may go better, and a push loads the page anyway.
        log.warning("The open page of an order couldn't read it again", exc_info=True)
        return
    async with order:
        if order.view.token == token and order.view.phase == "confirming":
            order.view = view


def order_token(state: rx.State) -> str:
    """The token in the address of the page."""
    return state.router.url.path.rstrip("/").rsplit("/", 1)[-1][:128]
