"""What checkout offers of the account: its addresses to choose from, and its credit to pay with."""

from __future__ import annotations

import reflex as rx
from sqlmodel import Session

from shop_app.core import db
from shop_app.core.access.principal import Principal
from shop_app.core.errors import Invalid
from shop_app.core.i18n import _
from shop_app.realtime import rooms
from shop_app.services.cart import commands as cart_commands
from shop_app.services.cart import saved_addresses
from shop_app.services.credit import own as own_credit
from shop_app.services.credit.own import OwnAccount
from shop_app.services.customers import address_book
from shop_app.services.customers.address_book import AddressView

from .. import live
from ..base import asked_by, customer, public, say, shopper_key
from ..checkout import Checkout, PayForm
from ..input_types import RecordId


class AtCheckout(rx.State):
    signed_in: bool = False
    addresses: list[AddressView] = []
    chosen: int = 0
    """The address that was chosen last, 0 for none."""
    turns: int = 0
    """Grows with every choice: the form's inputs are drawn anew with its values."""
    credits: list[OwnAccount] = []

    @rx.event
    @public
    async def load(self):
        """Nothing for guests. Before the checkout itself, which shows what this has filled in."""
        by, key = await asked_by(self), await shopper_key(self)
        if by.kind == "customer":
            await db.write(saved_addresses.prefill, key, by)
            self.addresses, self.credits = await db.read(_offered, by)
            self.signed_in = True

    @rx.event
    @customer
    async def choose(self, address: RecordId):
        """Have it sent there; contact, delivery, payment and note stay as they are."""
        checkout = await self.get_state(Checkout)
        by, key = await asked_by(self), await shopper_key(self)
        try:
            with live.shown_here(self, rooms.CHECKOUT):
                checkout.view = await db.write(saved_addresses.choose, key, by, address)
        except Invalid as refusal:
            checkout._fail({refusal.field: refusal.message})
            return
        checkout._clear()
        self.chosen, self.turns = address, self.turns + 1

    @rx.event
    @customer
    async def keep_new(self, form: PayForm):
        await self._keep(form, 0)
        return say(_("The address is in your account."))

    @rx.event
    @customer
    async def keep_changed(self, form: PayForm):
        """In the place of the address that was chosen."""
        await self._keep(form, self.chosen)
        return say(_("The address in your account is changed."))

    async def _keep(self, form: PayForm, address_id: int) -> None:
        by = await asked_by(self)
        self.chosen = await db.write(saved_addresses.keep, by, form.typed(), address_id)
        self.addresses = await db.read(address_book.views, by)

    @rx.event
    @customer
    async def use_credit(self, account: RecordId):
        """Pay with it, as far as it goes; no code is asked."""
        await db.write(cart_commands.apply_own_credit, await shopper_key(self), account, await asked_by(self))


def _offered(session: Session, by: Principal) -> tuple[list[AddressView], list[OwnAccount]]:
    return address_book.views(session, by), own_credit.usable(session, by)
