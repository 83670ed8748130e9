"""Finding an order again by its number and the e-mail address that it was placed with."""

from __future__ import annotations

import reflex as rx

from shop_app import db
from shop_app.errors import NotFound
from shop_app.services.orders import orders
from shop_app.web.rates import within
from shop_app.words import _

from .base import public
from .payload import Form

RATE = "10/15 minutes"


class Lookup(rx.State):
    problem: str = ""
    answers: int = 0

    @rx.event
    @public
    async def find(self, form: Form):
        number, email = form.get("number", "")[:20], form.get("email", "")[:200]
        self.answers += 1
        self.problem = "" if number and email else _("Enter the order number and the email address")
        if not self.problem and not await within(RATE, "lookup", self.router.session.client_ip):
            self.problem = _("That was too often in a short time. Wait a few minutes and try again.")
        if self.problem:
            return None
        try:
            return rx.redirect(f"/orders/{await db.in_reading(orders.look_up, number, email)}")
        except NotFound as unknown:
            self.problem = unknown.message
            return None
