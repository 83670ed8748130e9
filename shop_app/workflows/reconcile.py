"""Holding the books against the provider's: what a webhook missed is settled, the unknown is reported."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from datetime import timedelta

from ..core import db
from ..core.clock import now
from ..core.errors import ProviderDown, ShopError
from ..providers.payments import registry
from ..providers.payments.base import ProviderRecord
from ..services.payments import commands as payment_commands
from ..services.payments import inbox as payment_inbox
from ..services.payments import provider_records
from ..services.payments.ledger import PaymentRef
from .call_provider import call_provider
from .recover import sweep
from .sync_payment import sync_payment

log = logging.getLogger(__name__)

AT_ONCE = 8
PAGE = 500
"""So many payments, or things of the provider's, are in hand at once: no number of them is left out."""


async def reconcile(
    recent: timedelta = timedelta(hours=48), say: Callable[[str], None] | None = None
) -> list[str]:
    """Compare open and recent payments, refunds and disputes with the provider's; settles what was missed.

    All of them: where nothing is said, nothing was missed and nothing waits.
    Answers in sentences, which `say` also hears as they come: what was settled, and what needs review.

    Errors  ProviderDown at the end, where the provider didn't answer for a part of it.
    """
    await sweep()
    sentences: list[str] = []

    def report(sentence: str) -> None:
        sentences.append(sentence)
        if say:
            say(sentence)

    down: list[ProviderDown] = []
    records = await _records(recent, down)
    to_sync = await db.read(provider_records.missed, records)
    left = {payment.payment_id: payment for payment in to_sync.payments}
    async for page in _pages(recent):
        payments = [left.pop(payment_ref.payment_id, payment_ref) for payment_ref in page]
        await _compare(payments, to_sync.disputed, report, down)
    await _compare(list(left.values()), to_sync.disputed, report, down)
    for start in range(0, len(records), PAGE):
        some = records[start : start + PAGE]
        for sentence in await db.write(provider_records.mark_unknown, some, durable=True):
            report(sentence)
    if waiting := await db.read(payment_inbox.waiting):
        report(f"{waiting} of the company's notices couldn't be applied yet: the log says why.")
    if down:
        raise down[0]
    return sorted(sentences)


async def _pages(recent: timedelta) -> AsyncIterator[list[PaymentRef]]:
    """All payments that are to be compared, so many at a time."""
    before = None
    while page := await db.read(payment_commands.to_compare, recent=recent, before=before, limit=PAGE):
        yield page
        before = page[-1].payment_id


async def _records(recent: timedelta, down: list[ProviderDown]) -> list[ProviderRecord]:
    """What providers say of the time since; nothing is asked of one that was never used."""
    records: list[ProviderRecord] = []
    for payment_provider in registry.offered():
        if not await db.read(provider_records.was_used, payment_provider.name):
            continue
        try:
            records += await call_provider(payment_provider.recent, now() - recent)
        except ProviderDown as error:
            log.warning(
                "What %s knows of the last %s can't be asked: it doesn't answer",
                payment_provider.name,
                recent,
            )
            down.append(error)
    return records


async def _compare(
    payments: list[PaymentRef],
    disputed: frozenset[int],
    report: Callable[[str], None],
    down: list[ProviderDown],
) -> None:
    gate = asyncio.Semaphore(AT_ONCE)

    async def compare(payment: PaymentRef) -> None:
        async with gate:
            try:
                outcome = await sync_payment(payment, disputes=payment.payment_id in disputed)
            except ShopError as refusal:
                report(f"Payment {payment.reference}: {refusal.message}")
                if isinstance(refusal, ProviderDown):
                    down.append(refusal)
                return
        if outcome != "already known":
            report(f"Payment {payment.reference} of order id {payment.order_id}: {outcome}.")

    await asyncio.gather(*map(compare, payments))
