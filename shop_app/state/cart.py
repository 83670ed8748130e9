"""The visitor's cart in this tab: what drawer, page and badge show, and what a shopper does with it."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass, fields

import reflex as rx
from sqlmodel import Session

from shop_app.core import db
from shop_app.core.access import rates
from shop_app.core.access.rates import Limit
from shop_app.core.errors import ShopError
from shop_app.core.i18n import _
from shop_app.core.settings import settings
from shop_app.services.cart import cart
from shop_app.services.cart.cart import EMPTY, CartLineView, CartView
from shop_app.services.checkout import addresses, shipping
from shop_app.services.checkout.checkout import CountryChoice

from . import guesses, live
from .base import public, visitor_hash
from .payload import Code, Form, Quantity, RecordId, Sku


@dataclass(frozen=True, slots=True)
class Removed:
    """The line that was taken out last, for Undo."""

    sku: str = ""
    title: str = ""
    quantity: int = 0


NOTHING = Removed()


@rx.serializer
def shown(line: CartLineView) -> dict:
    """What the pages need of a line, without what is empty: so the answer to adding stays small."""
    values = {f.name: getattr(line, f.name) for f in fields(line) if f.name != "picture_alt"}
    return {name: value for name, value in values.items() if value != ""}


class Cart(rx.State):
    view: CartView = EMPTY
    loaded: bool = False
    drawer_open: bool = False
    removed: Removed = NOTHING
    answers: int = 0
    """Grows with every answer, so that a busy button knows that its own has come."""
    refused_sku: str = ""
    refusal: str = ""
    """Why `refused_sku` couldn't be added or changed."""
    code_refusal: str = ""
    credit_refusal: str = ""
    countries: list[CountryChoice] = []
    _path: str = ""

    async def _do(self, verb: Callable[..., CartView], *args: str | int, limit: Limit | None = None) -> str:
        """Change the cart and show it: "" where it was done, else why not, and nothing has changed.

        `limit` counts it, for verbs that take a secret.
        """
        self.answers += 1
        key_hash = visitor_hash(self)
        if not key_hash:
            return _(
                "The cart needs a cookie of this shop. Allow it in your browser and load the page again."
            )
        try:
            async with guesses.counted(self, limit) if limit else nullcontext():
                self.view = await db.write(verb, key_hash, *args)
            live.shows_cart(self)
        except ShopError as refused:
            return refused.message
        self.loaded = True
        return ""

    @rx.event
    @public
    async def load(self):
        await live.join_cart(self)
        if self._path != (path := self.router.url.path):
            # Another page than the one that it was opened on: this also runs when another tab adds.
            self._path, self.drawer_open, self.removed = path, False, NOTHING
            if path.rstrip("/") != "/checkout":
                await live.leave_checkout(self)
        self.view, self.loaded = await db.read(cart.view, visitor_hash(self)), True

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
    async def add(self, sku: Sku, quantity: Quantity = 1):
        await self._add(sku, quantity)

    @rx.event
    @public
    async def add_form(self, form: Form):
        """The same from the form of a product page, whose quantity the browser alone knows."""
        quantity = form.get("quantity", "1")
        await self._add(
            form.get("sku", "")[:64], int(quantity) if quantity.isdecimal() and len(quantity) <= 3 else 0
        )

    async def _add(self, sku: str, quantity: int) -> None:
        self.refusal = await self._do(cart.add, sku, quantity)
        self.refused_sku = sku if self.refusal else ""
        self.drawer_open = not self.refusal

    @rx.event
    @public
    async def set_quantity(self, sku: Sku, quantity: Quantity):
        self.refusal = await self._do(cart.set_quantity, sku, quantity)
        got = next((line for line in self.view.lines if line.sku == sku), None)
        if got and got.quantity < quantity and not self.refusal:
            # Kept here as well: the next reading of the cart no longer knows what was asked for.
            self.refusal = got.notice
        self.refused_sku = sku if self.refusal else ""

    @rx.event
    @public
    async def remove(self, sku: Sku):
        # What this tab was sent may be older than what another tab, and by push this page, shows.
        before = await db.read(cart.view, visitor_hash(self))
        self.refusal = await self._do(cart.remove, sku)
        gone = next((line for line in before.lines if line.sku == sku), None)
        if gone and not self.refusal:
            self.removed = Removed(sku, gone.title, gone.quantity)

    @rx.event
    @public
    async def undo(self):
        if self.removed.sku:
            self.refusal = await self._do(cart.set_quantity, self.removed.sku, self.removed.quantity)
            self.refused_sku = self.removed.sku if self.refusal else ""
            self.removed = NOTHING

    @rx.event
    @public
    async def forget_removed(self):
        self.removed = NOTHING

    @rx.event
    @public
    async def save_for_later(self, sku: Sku):
        self.refusal = await self._do(cart.save_for_later, sku)

    @rx.event
    @public
    async def move_to_cart(self, sku: Sku):
        self.refusal = await self._do(cart.move_to_cart, sku)
        self.refused_sku = sku if self.refusal else ""

    @rx.event
    @public
    async def apply_code(self, form: Form):
        code = form.get("code", "").strip()[:40]
        self.code_refusal = (
            await self._do(cart.apply_code, code, limit=rates.DISCOUNT_CODE) if code else _("Enter a code")
        )

    @rx.event
    @public
    async def remove_code(self, code: Code):
        self.code_refusal = await self._do(cart.remove_code, code)

    @rx.event
    @public
    async def apply_credit(self, form: Form):
        """The code of a gift card, or of store credit."""
        code = form.get("credit", "")[:60]
        self.credit_refusal = await self._do(cart.apply_credit, code, limit=rates.CREDIT_CODE)

    @rx.event
    @public
    async def remove_credit(self, account: RecordId):
        self.credit_refusal = await self._do(cart.remove_credit, account)

    @rx.event
    @public
    async def set_country(self, country: Code):
        self.refusal = await self._do(cart.set_country, country)

    @rx.event
    @public
    async def accept_changes(self):
        self.refusal = await self._do(cart.accept_changes)


def _countries(session: Session) -> list[CountryChoice]:
    named = [
        CountryChoice(code, addresses.country_name(code, settings().locale))
        for code in shipping.methods(session)
    ]
    return sorted(named, key=lambda country: country.name)
