"""What every page of an account shows around its content: whose account it is."""

from __future__ import annotations

import reflex as rx

from ..base import asked_by, customer


class Account(rx.State):
    """Filled while a customer is signed in; emptied when they aren't any more."""

    name: str = ""
    email: str = ""
    signed_in: bool = False

    @rx.event
    @customer
    async def load(self):
        by = await asked_by(self)
        self.name, self.email, self.signed_in = by.name, by.email, True
