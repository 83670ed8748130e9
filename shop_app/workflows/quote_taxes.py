"""Asking an outside tax engine, before any transaction needs its answer."""

from __future__ import annotations

import asyncio
import logging
from datetime import datetime, timedelta

from ..core import db
from ..core.clock import now
from ..providers.taxes import engine
from ..services.cart.checkout import CheckoutForm
from ..services.taxes import commands as taxes_commands
from ..services.taxes import queries as taxes_queries
from .call_provider import call_provider

log = logging.getLogger(__name__)

ANSWERS_WITHIN_SECONDS = 3.0
"""Longer than that nobody waits at checkout: what is known then has to do."""
LET_ALONE = timedelta(seconds=30)
"""So long an engine that gave no answer isn't asked again."""

_silent_since: dict[str, datetime] = {}


async def ask_for_taxes(form: CheckoutForm) -> None:
    """Have the rates of the form's place written down, where an engine is there and hasn't told them lately.

    Never an error: without an answer its last one holds, and else the shop's own tables.
    """
    payment_provider = engine()
    if payment_provider is None or not form.country:
        return
    silent = _silent_since.get(payment_provider.name)
    if silent and timedelta(0) <= now() - silent < LET_ALONE:
        return
    place = taxes_queries.place_of(form.country, form.region, form.postal_code)
    try:
        classes = await db.read(taxes_queries.to_ask, place)
        if classes:
            request = call_provider(payment_provider.rates, place, classes)
            quoted = await asyncio.wait_for(request, ANSWERS_WITHIN_SECONDS)
            await db.write(taxes_commands.keep_quotes, place, quoted)
    except Exception:
        # Whatever is wrong with it: nobody is kept from buying.
        _silent_since[payment_provider.name] = now()
        log.warning(
            "The tax engine %s gave no answer for %s", payment_provider.name, place.country, exc_info=True
        )
