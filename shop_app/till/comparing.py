"""Holding the books against the company's: what a webhook missed is settled, the unknown is reported."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from datetime import timedelta

from .. import db
from ..clock import now
from ..errors import ProviderDown, ShopError
from ..providers.payments import Trace, provider
from ..services.payments import payment_traces, payments
from ..services.payments.payment_ledger import Known
from .healing import sweep
from .outside import ask
from .settling import settle

log = logging.getLogger(__name__)

AT_ONCE = 8
COMPANIES = ("stripe",)
"""Those that keep books of their own."""


async def reconcile(
    recent: timedelta = timedelta(hours=48), say: Callable[[str], None] | None = None
) -> list[str]:
    """Compare open and recent payments, refunds and disputes with the company's; settles what was missed.

    Answers in sentences, which `say` also hears as they come: what was settled, and what needs a person.

    Errors  ProviderDown at the end, where the company didn't answer for a part of it.
    """
    await sweep()
    sentences: list[str] = []

    def tell(sentence: str) -> None:
        sentences.append(sentence)
        if say:
            say(sentence)

    wanted = {known.payment_id: known for known in await db.in_reading(payments.to_compare, recent=recent)}
    down: list[ProviderDown] = []
    traces = await _traces(recent, down)
    leads = await db.in_reading(payment_traces.missed, traces)
    wanted |= {lead.payment_id: lead for lead in leads.payments}
    await _compare(list(wanted.values()), leads.disputed, tell, down)
    for sentence in await db.in_durable_transaction(payment_traces.mark_unknown, traces):
        tell(sentence)
    if down:
        raise down[0]
    return sorted(sentences)


async def _traces(recent: timedelta, down: list[ProviderDown]) -> list[Trace]:
    """What companies say of the time since; nothing is asked of one that was never used."""
    found: list[Trace] = []
    for name in COMPANIES:
        if not await db.in_reading(payment_traces.was_used, name):
            continue
        try:
            found += await ask(provider(name).recent, now() - recent)
        except ProviderDown as error:
            log.warning("What %s knows of the last %s can't be asked: it doesn't answer", name, recent)
            down.append(error)
    return found


async def _compare(
    found: list[Known], disputed: frozenset[int], tell: Callable[[str], None], down: list[ProviderDown]
) -> None:
    gate = asyncio.Semaphore(AT_ONCE)

    async def compare(payment: Known) -> None:
        async with gate:
            try:
                outcome = await settle(payment, disputes=payment.payment_id in disputed)
            except ShopError as refusal:
                tell(f"Payment {payment.reference}: {refusal.message}")
                if isinstance(refusal, ProviderDown):
                    down.append(refusal)
                return
        if outcome != "already known":
            tell(f"Payment {payment.reference} of order id {payment.order_id}: {outcome}.")

    await asyncio.gather(*map(compare, found))
