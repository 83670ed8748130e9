"""Proving again who one is, before what needs it: large refunds, exports, changes of how one signs in.

    by = await asked_by(self)
    if not await is_fresh(by):
        return ask_again()

The person proves it in a dialog, and then repeats what they did.
"""

from __future__ import annotations

from typing import Any

import reflex as rx

from shop_app.core import db
from shop_app.core.access.principal import Principal
from shop_app.core.i18n import _
from shop_app.services.accounts import open_sessions

from .base import internal, public, say


class Reauth(rx.State):
    """Whether the dialog is open; `components/reauth.py` draws it. It knows nothing of who is signed in."""

    is_open: bool = False

    @rx.event
    @internal
    async def ask(self):
        self.is_open = True

    @rx.event
    @public
    async def close(self):
        self.is_open = False

    @rx.event
    @public
    async def proven(self):
        """The page's script says so, and nothing follows from it: `is_fresh` reads the database."""
        self.is_open = False
        return say(_("Confirmed. You can repeat that now."))


async def is_fresh(by: Principal, minutes: int | None = None) -> bool:
    """Whether they have proven who they are within so many minutes, by default those of the setting."""
    return await db.read(open_sessions.fresh, by.session_id, minutes)


def ask_again() -> Any:
    """The event that opens the dialog: `return ask_again()`."""
    return Reauth.ask()  # pyright: ignore[reportCallIssue]
