"""Finding an order again by its number and the e-mail address that it was placed with."""

from __future__ import annotations

import reflex as rx

from shop_app.core import db
from shop_app.core.access import rates
from shop_app.core.errors import NotFound, TooMany
from shop_app.core.i18n import _
from shop_app.services.orders import orders

from . import guesses
from .base import public
from .payload import Form


class Lookup(rx.State):
    problem: str = ""
    answers: int = 0

    @rx.event
    @public
    async def find(self, form: Form):
        number, email = form.get("number", "")[:20], form.get("email", "")[:200]
        self.answers += 1
        self.problem = "" if number and email else _("Enter the order number and the email address")
        if self.problem:
            return None
        try:
            async with guesses.counted(self, rates.LOOK_UP, email=email):
                return rx.redirect(f"/orders/{await db.read(orders.look_up, number, email)}")
        except (NotFound, TooMany) as refusal:
            self.problem = refusal.message
            return None
