"""Finding an order again by its number and the e-mail address that it was placed with."""

from __future__ import annotations

import reflex as rx

from shop_app.core import db
from shop_app.core.access import rates
from shop_app.core.errors import ShopError
from shop_app.core.i18n import _
from shop_app.services.orders import queries as order_queries

from . import attempt_limits
from .base import personal, public
from .forms import Form, FormState
from .input_types import Email, OrderNumber


class LookupForm(Form):
    number: OrderNumber = ""
    email: Email = ""

    def missing(self) -> dict[str, str]:
        """What wasn't entered, by field."""
        sentences = {
            "number": "" if self.number else _("Enter the number of the order"),
            "email": "" if self.email else _("Enter the email address that you ordered with"),
        }
        return {field: sentence for field, sentence in sentences.items() if sentence}


@personal
class Lookup(FormState, rx.State):
    @rx.event
    @public
    async def find(self, form: LookupForm):
        self._clear()
        if missing := form.missing():
            return self._fail(missing)
        try:
            async with attempt_limits.counted(self, rates.LOOK_UP, email=form.email):
                return rx.redirect(f"/orders/{await db.read(order_queries.look_up, form.number, form.email)}")
        except ShopError as refusal:
            return self._refuse(refusal)
