"""Waiting for a variant that is sold out, on a product's page: the form, the place in line, the turn."""

from __future__ import annotations

import reflex as rx

from shop_app.core import db
from shop_app.core.access import clients, rates
from shop_app.core.email_addresses import normal_email
from shop_app.core.errors import ShopError
from shop_app.core.i18n import _
from shop_app.services.stock_alerts import asking, line, queries
from shop_app.services.stock_alerts.queries import LinkView, PlaceView
from shop_app.workflows import ask_mailer

from . import live
from .base import asked_by, customer, public, shopper_key
from .forms import Form, FormState
from .input_types import Email, Sku


class StockLineForm(Form):
    sku: Sku
    email: Email = ""


class StockLine(FormState, rx.State):
    sku: str = ""
    """The variant that the page shows."""
    place: PlaceView = PlaceView()
    """Where whoever is at this page stands who wants one of it."""
    address: str = ""
    """The verified address of the account that is signed in: then nothing has to be typed."""
    asked_text: str = ""
    """The answer to the form, "" before it."""
    places: list[LinkView] = []
    """On the page of saved things: all that whoever is here waits for."""
    _shows_all: bool = False

    @rx.event
    @public
    async def show(self, sku: Sku):
        """Called by the product's page for the variant that it shows."""
        self._clear()
        self.sku, self.asked_text, self._shows_all = sku, "", False
        by = await asked_by(self)
        self.address = await db.read(line.own_address, by.id) if by.kind == "customer" else ""
        await self._read()

    @rx.event
    @public
    async def show_all(self):
        """Called by the page of saved things. Read again once it is followed what has been found."""
        self._shows_all, self.sku = True, ""
        found = await self._read_all()
        await live.join_lines(self, found)
        if found:
            await self._read_all()

    async def _read_all(self) -> list[str]:
        self.places = await db.read(queries.places, await shopper_key(self))
        return [place.sku for place in self.places]

    @rx.event
    @public
    async def refresh(self):
        """The line has moved. Where it is this shopper's turn, the page that is open shortens the time."""
        if self._shows_all:
            await self._read_all()
            return
        await self._read()
        if self.place.state == "kept" and not self.place.told:
            await db.write(asking.answer, await shopper_key(self), self.sku)
            await self._read()

    async def _read(self) -> None:
        """Followed before it is read, or a move between the two would be missed."""
        key_hash = await shopper_key(self)
        await live.join_lines(self, [self.sku] if self.sku else [])
        self.place = await db.read(queries.place, key_hash, self.sku) if key_hash else PlaceView()
        if not self.place.state and not self.asked_text:
            await live.join_lines(self, [])

    @rx.event
    @public
    async def ask(self, form: StockLineForm):
        """The answer is the same for an address that has asked before."""
        self._clear()
        try:
            await rates.take(rates.STOCK_ALERT, clients.of_state(self), email=form.email)
            await ask_mailer.refuse_undeliverable(form.email)
            await db.write(line.ask, form.sku, form.email, await shopper_key(self))
        except ShopError as refusal:
            self._refuse(refusal)
            return
        self.sku = form.sku
        self._answer(form.email)
        await self._read()

    def _answer(self, email: str) -> None:
        self.answers += 1
        text = _("We wrote to {email}. Confirm it by that letter, and you are in line.")
        self.asked_text = text.format(email=normal_email(email))

    @rx.event
    @customer
    async def ask_signed_in(self):
        """The account's own address is verified already, so its owner is in line at once."""
        self._clear()
        try:
            await rates.take(rates.STOCK_ALERT, clients.of_state(self))
            await db.write(line.ask_as, (await asked_by(self)).id, self.sku)
        except ShopError as refusal:
            self._refuse(refusal)
            return
        self.answers += 1
        await self._read()

    @rx.event
    @public
    async def leave(self):
        """Out of the line, or the unit goes to the next."""
        self._clear()
        await db.write(line.leave_as, await shopper_key(self), self.sku)
        self.answers, self.asked_text = self.answers + 1, ""
        await self._read()
