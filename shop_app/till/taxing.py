"""Asking an outside tax engine, before any transaction needs its answer."""

from __future__ import annotations

import asyncio
import logging

from .. import db
from ..providers.taxes import Place, engine
from ..services import taxes

log = logging.getLogger(__name__)

ANSWERS_WITHIN_SECONDS = 3.0
"""Longer than that nobody waits at checkout: what is known then has to do."""


async def ask_for_taxes(place: Place) -> None:
    """Have the rates of a place written down, where an engine is there and hasn't told them lately.

    Never an error: without an answer the last one holds, and else the shop's own tables.
    """
    company = engine()
    if company is None or not place.country:
        return
    try:
        classes = await db.in_reading(taxes.to_ask, place)
        if not classes:
            return
        asked = asyncio.to_thread(company.rates, place, classes)
        quoted = await asyncio.wait_for(asked, ANSWERS_WITHIN_SECONDS)
        await db.in_transaction(taxes.keep_quotes, place, quoted)
    except Exception:
        log.warning("The tax engine %s gave no answer for %s", company.name, place.country, exc_info=True)
