"""What every page knows of the account: whether somebody is signed in, and on pages of the account, who."""

from __future__ import annotations

import reflex as rx

from shop_app.core.access import cookies
from shop_app.services.accounts import customer_sign_in
from shop_app.services.accounts.tickets import Expired

from ..base import asked_by, cookie_header, customer, public, visitor_hash


class Account(rx.State):
    """Filled while a customer is signed in; emptied when they aren't any more."""

    name: str = ""
    email: str = ""
    """Theirs; before the sign-in the one that was typed in its first step."""
    signed_in: bool = False
    ended: bool = False
    """Whether this tab's session has ended while the page was open."""
    next: str = ""
    """The address of that page, to come back to."""

    @rx.event
    @customer
    async def load(self):
        by = await asked_by(self)
        self.name, self.email, self.signed_in, self.ended = by.name, by.email, True, False

    @rx.event
    @public
    async def look(self):
        """For the header of every page."""
        self.signed_in = (await asked_by(self)).kind == "customer"

    @rx.event
    @public
    async def typed(self):
        """The address of the step before, for the page that asks for the code."""
        ticket = cookies.read(cookie_header(self), cookies.step_cookie())
        try:
            self.email = customer_sign_in.read(ticket, visitor_hash(self)).email
        except Expired:
            self.email = ""


async def show_ended(root: rx.State) -> bool:
    """Say on a page of an account that its session has ended; whether it is one."""
    path = root.rx_router_url.path
    if is_account := path == "/account" or path.startswith("/account/"):
        account = await root.get_state(Account)
        account.ended, account.next = True, path
    return is_account
