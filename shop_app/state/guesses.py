"""How often somebody may try the code of a gift card or of credit: enough to mistype, not to guess."""

from __future__ import annotations

import reflex as rx

from shop_app.web.rates import within
from shop_app.words import _

RATE = "10/15 minutes"


async def too_many(state: rx.State) -> str:
    """Why no more codes are taken now from this address; "" where they are. Counts this one."""
    if await within(RATE, "credit code", state.router.session.client_ip):
        return ""
    return _("That was too often in a short time. Wait a few minutes and try again.")
