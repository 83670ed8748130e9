"""The customer's own orders: found by number or product, filtered by where they stand, up to date by push."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlencode

import reflex as rx

from shop_app.core import db
from shop_app.core.i18n import _
from shop_app.services.storefront import own_orders
from shop_app.services.storefront.own_orders import OwnOrders

from .. import live
from ..base import address_of, asked_by, customer
from ..forms import Form
from ..input_types import ShortText

ROUTE = "/account/orders"
GROUPS = (
    ("", _("All")),
    ("open", _("Under way")),
    ("delivered", _("Delivered")),
    ("back", _("Returned")),
    ("ended", _("Cancelled")),
)


@dataclass(frozen=True, slots=True)
class GroupLink:
    label: str
    href: str
    current: bool


class SearchForm(Form):
    q: ShortText = ""


class Orders(rx.State):
    view: OwnOrders = OwnOrders()
    text: str = ""
    group: str = ""
    groups: list[GroupLink] = []
    older: str = ""
    """The address of the next page, "" on the last."""
    newer: str = ""
    """The address of the first page, "" on it."""
    loaded: bool = False

    @rx.event
    @customer
    async def load(self):
        by = await asked_by(self)
        await live.join_account(self, by.id)
        await self._read()

    @rx.event
    @customer
    async def refresh(self):
        """One of the orders has changed; other pages of the tab have nothing to do about it."""
        if self.rx_router_url.path.rstrip("/") == ROUTE:
            await self._read()

    async def _read(self) -> None:
        address = address_of(self, ROUTE)
        text, group, before = (address.first(name, most=100) for name in ("q", "state", "before"))
        self.text, self.group = text, group if group in own_orders.GROUPS else ""
        by = await asked_by(self)
        self.view = await db.read(own_orders.view, by, text=text, group=self.group, before=before)
        self.groups = [GroupLink(label, _address(text, name), name == self.group) for name, label in GROUPS]
        self.older = _address(text, self.group, self.view.older) if self.view.older else ""
        self.newer = _address(text, self.group) if before else ""
        self.loaded = True

    @rx.event
    @customer
    async def search(self, form: SearchForm):
        return rx.redirect(_address(form.q, self.group))


def _address(text: str, group: str, before: str = "") -> str:
    fields = {"q": text, "state": group, "before": before}
    query = urlencode({name: value for name, value in fields.items() if value})
    return f"{ROUTE}?{query}" if query else ROUTE
