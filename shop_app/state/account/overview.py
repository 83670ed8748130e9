"""The first page of the account: the latest orders, where things go by default, and what credit there is."""

from __future__ import annotations

import reflex as rx
from sqlmodel import Session

from shop_app.core import db
from shop_app.core.access.principal import Principal
from shop_app.services.credit import own as own_credit
from shop_app.services.customers import address_book
from shop_app.services.customers.address_book import AddressView
from shop_app.services.storefront import own_orders
from shop_app.services.storefront.own_orders import OwnOrders

from .. import live
from ..base import asked_by, customer

ROUTE = "/account"
LATEST = 3


class Overview(rx.State):
    orders: OwnOrders = OwnOrders()
    addresses: list[AddressView] = []
    """The default for deliveries and the one for bills, where it is another."""
    has_addresses: bool = False
    credit: str = ""
    loaded: bool = False

    @rx.event
    @customer
    async def load(self):
        await live.join_account(self, (await asked_by(self)).id)
        await self._read()

    @rx.event
    @customer
    async def refresh(self):
        """One of the orders has changed; other pages of the tab have nothing to do about it."""
        if self.rx_router_url.path.rstrip("/") == ROUTE:
            await self._read()

    async def _read(self) -> None:
        self.orders, kept, self.credit = await db.read(_read, await asked_by(self))
        self.addresses = [one for one in kept if one.is_default or one.is_default_billing]
        self.has_addresses, self.loaded = bool(kept), True


def _read(session: Session, by: Principal) -> tuple[OwnOrders, list[AddressView], str]:
    """The page, in one transaction."""
    return (
        own_orders.view(session, by, most=LATEST),
        address_book.views(session, by),
        own_credit.view(session, by).total,
    )
