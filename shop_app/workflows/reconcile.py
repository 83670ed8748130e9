"""Compares payments with the provider's lists: what webhooks missed is applied, unknown money reported."""

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
"""How many payments, or provider records, are read at a time; all pages are gone through."""


async def reconcile(
    recent: timedelta = timedelta(hours=48), say: Callable[[str], None] | None = None
) -> list[str]:
    """Compare open and recent payments, refunds and disputes with the provider's; apply what was missed.

    Returns sentences: what was applied, what needs review and what still waits; [] where all agrees. `say`
    gets each of them at once.

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
    remaining = {payment.payment_id: payment for payment in to_sync.payments}
    async for page in _pages(recent):
        payments = [remaining.pop(payment_ref.payment_id, payment_ref) for payment_ref in page]
        await _compare(payments, to_sync.disputed, report, down)
    await _compare(list(remaining.values()), to_sync.disputed, report, down)
    for start in range(0, len(records), PAGE):
        page = records[start : start + PAGE]
        for sentence in await db.write(provider_records.mark_unknown, page, durable=True):
            report(sentence)
    if waiting := await db.read(payment_inbox.waiting):
        report(f"{waiting} webhook events couldn't be applied yet: the log says why.")
    if down:
        raise down[0]
    return sorted(sentences)


async def _pages(recent: timedelta) -> AsyncIterator[list[PaymentRef]]:
    """All payments that are to be compared, page by page."""
    before = None
    while page := await db.read(payment_commands.to_compare, recent=recent, before=before, limit=PAGE):
        yield page
        before = page[-1].payment_id


async def _records(recent: timedelta, down: list[ProviderDown]) -> list[ProviderRecord]:
    """The records of all providers that were ever used, no older than `recent`."""
    records: list[ProviderRecord] = []
    for payment_provider in registry.providers():
        if not await db.read(provider_records.was_used, payment_provider.name):
            continue
        try:
            records += await call_provider(payment_provider.recent, now() - recent)
        except ProviderDown as error:
            log.warning(
                "%s doesn't answer: its records of the last %s weren't compared",
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
                if isinstance(refusal, ProviderDown):
                    down.append(refusal)
                why = refusal.reason if isinstance(refusal, ProviderDown) else refusal.message
                report(f"Payment {payment.reference}: {why}")
                return
        if outcome != "already known":
            report(f"Payment {payment.reference} of order id {payment.order_id}: {outcome}.")

    await asyncio.gather(*map(compare, payments))
