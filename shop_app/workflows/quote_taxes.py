"""Fetches rates from an outside tax engine and writes them down, before a transaction needs them."""

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
"""How long checkout waits for an engine; after that the rates that are stored are used."""
PAUSE_AFTER_FAILURE = timedelta(seconds=30)
"""How long an engine that gave no answer isn't called again."""

_failed_at: dict[str, datetime] = {}


async def ask_for_taxes(form: CheckoutForm) -> None:
    """Fetch and store the rates of the form's place, where an engine is set and has none stored from lately.

    Never raises: without an answer the stored rates are used, or else the shop's own tables.
    """
    tax_engine = engine()
    if tax_engine is None or not form.country:
        return
    failed_at = _failed_at.get(tax_engine.name)
    if failed_at and timedelta(0) <= now() - failed_at < PAUSE_AFTER_FAILURE:
        return
    place = taxes_queries.place_of(form.country, form.region, form.postal_code)
    try:
        classes = await db.read(taxes_queries.to_ask, place)
        if classes:
            request = call_provider(tax_engine.rates, place, classes)
            quoted = await asyncio.wait_for(request, ANSWERS_WITHIN_SECONDS)
            await db.write(taxes_commands.keep_quotes, place, quoted)
    except Exception:
        # Whatever is wrong with an engine, checkout goes on.
        _failed_at[tax_engine.name] = now()
        log.warning("The tax engine %s gave no answer for %s", tax_engine.name, place.country, exc_info=True)
