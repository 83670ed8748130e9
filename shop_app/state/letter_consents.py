"""What checkout asks about letters that aren't about the order: boxes that nobody has ticked beforehand."""

from __future__ import annotations

import reflex as rx

from shop_app.core import db
from shop_app.services import consents
from shop_app.services.consents import PURPOSES, CheckoutConsents

from .base import asked_by, customer, public
from .input_types import Flag


class LetterConsents(rx.State):
    view: CheckoutConsents = CheckoutConsents()

    @rx.event
    @public
    async def load(self):
        by = await asked_by(self)
        self.view = await db.read(consents.at_checkout, by.email if by.kind == "customer" else "")

    @rx.event
    @customer
    async def remind(self, on: Flag):
        """Begin or stop being reminded of a cart that is left behind; it counts at once."""
        by = await asked_by(self)
        if on:
            await db.write(consents.give, by.email, "reminders", PURPOSES["reminders"], "checkout")
        else:
            await db.write(consents.withdraw, by.email, "reminders", "checkout")
        self.view = await db.read(consents.at_checkout, by.email)
