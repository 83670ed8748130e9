"""The visitor's cart in this tab: what drawer, page and badge show, and what a shopper does with it."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass, fields
from typing import Literal, TypeVar

import reflex as rx
from sqlmodel import Session

from shop_app.core import db
from shop_app.core.access import clients, rates
from shop_app.core.access.rates import Limit
from shop_app.core.errors import ShopError
from shop_app.core.i18n import _
from shop_app.core.shop import shop
from shop_app.realtime import rooms
from shop_app.services.cart import commands as cart_commands
from shop_app.services.cart import express
from shop_app.services.cart import joining as cart_joining
from shop_app.services.cart import queries as cart_queries
from shop_app.services.cart.checkout import CheckoutForm, CountryChoice
from shop_app.services.cart.queries import CartLineView, CartView
from shop_app.services.customers import addresses
from shop_app.services.shipping import queries as shipping_queries
from shop_app.workflows import pay

from . import attempt_limits, live
from .base import personal, public, shopper_key
from .forms import Form, FormState
from .input_types import AmountMinor, Code, CreditCode, RecordId, Sku, Ticket, TypedUnits


@dataclass(frozen=True, slots=True)
class Removed:
    """The line that was taken out last, for Undo."""

    sku: str = ""
    title: str = ""
    quantity: int = 0


@dataclass(frozen=True, slots=True)
class Departure:
    """Where the browser goes to pay: only the page that sent `ticket` with its form follows."""

    address: str = ""
    ticket: str = ""
    number: int = 0


class AtOnceForm(Form):
    """The button of the wallets, with the total that stood above it."""

    shown_minor: AmountMinor = 0
    ticket: Ticket = ""


class AddForm(Form):
    """The form of a product page, whose quantity the browser alone knows."""

    sku: Sku | Literal[""] = ""
    quantity: TypedUnits = 1


class CodeForm(Form):
    code: Code = ""


class CreditForm(Form):
    credit: CreditCode = ""


@rx.serializer
def shown(line: CartLineView) -> dict:
    """What the pages need of a line, without what is empty: so the answer to adding stays small."""
    values = {f.name: getattr(line, f.name) for f in fields(line) if f.name != "picture_alt"}
    return {name: value for name, value in values.items() if value != ""}


View = TypeVar("View")
CartCommand = Callable[..., str | None]
"""Takes session, key hash and its own arguments; returns a notice for the shopper, if there is one."""


def change_and_view(
    session: Session,
    key_hash: str,
    command: CartCommand,
    query: Callable[[Session, str], View],
    *args: str | int,
) -> tuple[str, View]:
    """Change the cart, then read the view of the page that asked: the command's notice, and that view."""
    return command(session, key_hash, *args) or "", query(session, key_hash)


@personal
class Cart(FormState, rx.State):
    view: CartView = CartView()
    loaded: bool = False
    drawer_open: bool = False
    removed: Removed = Removed()
    refused_sku: str = ""
    refusal: str = ""
    """Why `refused_sku` couldn't be added or changed, or not as far as was asked."""
    countries: list[CountryChoice] = []
    departure: Departure = Departure()
    _path: str = ""

    async def _change(self, command: CartCommand, *args: str | int, limit: Limit | None = None) -> str:
        """Change the cart and show it; the command's notice, or why nothing has changed.

        `limit` counts it, for commands that take a secret.
        """
        self.answers += 1
        key_hash = await shopper_key(self)
        if not key_hash:
            return _(
                "The cart needs a cookie of this shop. Allow it in your browser and load the page again."
            )
        try:
            async with attempt_limits.counted(self, limit) if limit else nullcontext():
                with live.shown_here(self, rooms.CART):
                    notice, self.view = await db.write(
                        change_and_view, key_hash, command, cart_queries.view, *args
                    )
        except ShopError as refusal:
            return refusal.message
        self.loaded = True
        return notice

    @rx.event
    @public
    async def load(self):
        await live.join_cart(self)
        if self._path != (path := self.rx_router_url.path):
            # Another page than the one that it was opened on: this also runs when another tab adds.
            self._path, self.drawer_open, self.removed = path, False, Removed()
            if path.rstrip("/") != "/checkout":
                await live.leave_checkout(self)
        self.view, self.loaded = await db.read(cart_queries.view, await shopper_key(self)), True

    @rx.event
    @public
    async def go_over(self):
        """The visitor has signed in, in another tab: this one is the account's too."""
        live.connect_again(self)

    @rx.event
    @public
    async def read_joined(self):
        self.refusal = await self._change(cart_joining.read)

    @rx.event
    @public
    async def load_countries(self):
        self.countries = await db.read(_countries)

    @rx.event
    @public
    async def open_drawer(self):
        # The page of the cart needs no drawer over it.
        self.drawer_open = self.router.url.path.rstrip("/") != "/cart"

    @rx.event
    @public
    async def close_drawer(self):
        self.drawer_open = False

    @rx.event
    @public
    async def add(self, sku: Sku, quantity: TypedUnits = 1):
        await self._add(sku, quantity)

    @rx.event
    @public
    async def add_form(self, form: AddForm):
        await self._add(form.sku, form.quantity)

    async def _add(self, sku: str, quantity: int) -> None:
        self.refusal = await self._change(cart_commands.add, sku, quantity)
        self.refused_sku = sku if self.refusal else ""
        self.drawer_open = not self.refusal

    @rx.event
    @public
    async def set_quantity(self, sku: Sku, quantity: TypedUnits):
        if quantity:
            self.refusal = await self._change(cart_commands.set_quantity, sku, quantity)
        else:
            await self._remove(sku)
        self.refused_sku = sku if self.refusal else ""

    @rx.event
    @public
    async def remove(self, sku: Sku):
        await self._remove(sku)

    async def _remove(self, sku: str) -> None:
        # What this tab was sent may be older than what another tab, and by push this page, shows.
        before = await db.read(cart_queries.title_and_quantity, await shopper_key(self), sku)
        self.refusal = await self._change(cart_commands.remove, sku)
        if before and not self.refusal:
            self.removed = Removed(sku, *before)

    @rx.event
    @public
    async def undo(self):
        if self.removed.sku:
            self.refusal = await self._change(
                cart_commands.set_quantity, self.removed.sku, self.removed.quantity
            )
            self.refused_sku = self.removed.sku if self.refusal else ""
            self.removed = Removed()

    @rx.event
    @public
    async def save_for_later(self, sku: Sku):
        self.refusal = await self._change(cart_commands.save_for_later, sku)

    @rx.event
    @public
    async def move_to_cart(self, sku: Sku):
        self.refusal = await self._change(cart_commands.move_to_cart, sku)
        self.refused_sku = sku if self.refusal else ""

    @rx.event
    @public
    async def apply_code(self, form: CodeForm):
        refusal = (
            await self._change(cart_commands.apply_code, form.code, limit=rates.DISCOUNT_CODE)
            if form.code
            else _("Enter a code")
        )
        self._set_error("code", refusal)

    @rx.event
    @public
    async def remove_code(self, code: Code):
        self._set_error("code", await self._change(cart_commands.remove_code, code))

    @rx.event
    @public
    async def apply_credit(self, form: CreditForm):
        """The code of a gift card, or of store credit."""
        refusal = await self._change(cart_commands.apply_credit, form.credit, limit=rates.CREDIT_CODE)
        self._set_error("credit", refusal)

    @rx.event
    @public
    async def remove_credit(self, account: RecordId):
        self._set_error("credit", await self._change(cart_commands.remove_credit, account))

    @rx.event
    @public
    async def set_country(self, country: Code):
        self.refusal = await self._change(cart_commands.set_country, country)

    @rx.event
    @public
    async def pay_at_once(self, form: AtOnceForm):
        """Place the order without an address, which the payment page asks for, and go there."""
        client = clients.of_state(self)
        await rates.take(rates.ORDER, client)
        self.answers += 1
        to = await pay.pay(
            await shopper_key(self),
            CheckoutForm(country=self.view.country, payment_provider=express.PROVIDER),
            form.shown_minor,
            address_hash=client.origin,
            express=True,
        )
        self.departure = Departure(to, form.ticket, self.departure.number + 1)

    @rx.event
    @public
    async def accept_changes(self):
        self.refusal = await self._change(cart_commands.accept_changes)


def _countries(session: Session) -> list[CountryChoice]:
    named = [
        CountryChoice(code, addresses.country_name(code, shop().locale))
        for code in shipping_queries.methods(session)
    ]
    return sorted(named, key=lambda country: country.name)
