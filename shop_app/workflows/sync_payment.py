"""Brings a payment in line with what its provider says; safe to repeat, late or out of order."""

from __future__ import annotations

from dataclasses import replace

from sqlmodel import Session

from ..core import db
from ..core.errors import NotFound
from ..providers.payments.base import Notice
from ..providers.payments.registry import provider
from ..services.payments import commands as payment_commands
from ..services.payments import inbox as payment_inbox
from ..services.payments import ledger as payment_ledger
from ..services.payments.inbox import InboxEntry
from ..services.payments.ledger import PaymentRef
from .call_provider import call_provider


async def sync_payment(payment: PaymentRef, inbox_id: int | None = None, *, disputes: bool = False) -> str:
    """Retrieve the payment from its provider and apply what is new; returns the outcome of `ledger.apply`.

    With `disputes`, those are retrieved too that the payment itself doesn't show. `inbox_id` is the webhook
    event that this call applies: it is closed in the same transaction.

    Errors  ProviderDown; NotFound for a payment that the provider doesn't have.
    """
    snapshot = await call_provider(provider(payment.provider).retrieve, payment.reference, disputes=disputes)
    return await db.write(payment_ledger.apply, payment.payment_id, snapshot, inbox_id, durable=True)


async def sync_from_provider(name: str, reference: str) -> str:
    """The same by the provider's reference of the payment.

    Errors  NotFound for a payment that the shop doesn't have; ProviderDown.
    """
    return await sync_payment(await db.read(payment_commands.with_reference, name, reference))


async def apply_notice(inbox_id: int) -> str:
    """Apply one webhook event of the inbox; returns its outcome.

    Errors  ProviderDown: the entry stays open, and `recover` applies it later.
    """
    entry, notice, payment = await db.read(_look_up, inbox_id)
    if entry.applied:
        return "already known"
    if payment is None:
        return await _close_entry(inbox_id, "ignored", "No payment of this shop.")
    if not payment.reference:
        if not notice.reference:
            return await _close_entry(inbox_id, "ignored", "The payment has no session yet.")
        # The webhook came before the provider's answer to `start` was written down.
        payment = replace(payment, reference=notice.reference)
    try:
        return await sync_payment(payment, inbox_id, disputes="dispute" in notice.kind)
    except NotFound:
        return await _close_entry(inbox_id, "refused", "The provider doesn't have this payment.")


def _look_up(session: Session, inbox_id: int) -> tuple[InboxEntry, Notice, PaymentRef | None]:
    """The entry, what it says, and the payment that it is about; None where the shop has no such payment."""
    entry = payment_inbox.inbox_entry(session, inbox_id)
    notice = provider(entry.provider).notice_of(entry.payload)
    payment_id = None if entry.applied else payment_inbox.find(session, notice)
    return entry, notice, None if payment_id is None else payment_commands.with_id(session, payment_id)


async def _close_entry(inbox_id: int, outcome: str, problem: str) -> str:
    await db.write(payment_inbox.close_entry, inbox_id, outcome, problem, durable=True)
    return outcome
