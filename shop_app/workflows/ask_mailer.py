"""Asks the mailer, before an order is placed, whether its letters would reach the address that was typed."""

from __future__ import annotations

import asyncio

from ..core.email_addresses import normal_email, sent_form
from ..core.errors import Invalid, ShopError
from ..core.i18n import _
from ..providers.mail import KnowingMailer, mailer
from .call_provider import call_provider

ANSWERS_WITHIN_SECONDS = 3.0
"""How long a shopper waits for the answer; without one the letter is written, and its sending will tell."""


async def refuse_undeliverable(email: str) -> None:
    """Refuse an address that the mailer is known not to reach. What is no address is for the form's check.

    Errors  Invalid with the field `email`.
    """
    address, post = sent_form(normal_email(email)), mailer()
    if address.isascii() or not isinstance(post, KnowingMailer):
        return
    try:
        delivers = await asyncio.wait_for(call_provider(post.can_deliver, address), ANSWERS_WITHIN_SECONDS)
    except (ShopError, TimeoutError):
        return
    if not delivers:
        raise Invalid(
            _("We can't write to this address: before the @, our mail server takes plain letters alone."),
            field="email",
        )
