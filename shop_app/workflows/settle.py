"""Settling: what the company says is true is brought into the books, once, twice, late or out of order."""

from __future__ import annotations

from ..core import db
from ..core.errors import NotFound
from ..providers.payments.registry import provider
from ..services.payments import commands as payment_commands
from ..services.payments import inbox as payment_inbox
from ..services.payments import ledger as payment_ledger
from ..services.payments.ledger import Known
from .call_provider import call_provider


async def settle(payment: Known, inbox_id: int | None = None, *, disputes: bool = False) -> str:
    """Look at the company's truth and make the books agree with it; once, twice or late is the same.

    With `disputes`, those are asked for too that the payment itself doesn't show.
    """
    picture = await call_provider(provider(payment.provider).look, payment.reference, disputes=disputes)
    return await db.write(payment_ledger.apply, payment.payment_id, picture, inbox_id, durable=True)


async def settle_from_provider(name: str, reference: str) -> str:
    """The same, for a reference of the company's.

    Errors  NotFound for a payment that the shop doesn't have; ProviderDown.
    """
    return await settle(await db.read(payment_commands.with_reference, name, reference))


async def apply_notice(inbox_id: int) -> str:
    """Do what an entry of the inbox gives reason to; the answer is its outcome.

    Errors  ProviderDown, and the entry waits for its next turn.
    """
    entry = await db.read(payment_inbox.inbox_entry, inbox_id)
    if entry.applied:
        return "already known"
    notice = provider(entry.provider).notice_of(entry.payload)
    payment_id = await db.read(payment_inbox.find, notice)
    if payment_id is None:
        return await _let_be(inbox_id, "ignored", "No payment of this shop.")
    payment = await db.read(payment_commands.with_id, payment_id)
    if not payment.reference:
        if not notice.reference:
            return await _let_be(inbox_id, "ignored", "The payment has no session yet.")
        # The company was quicker than our own note of where the payment is open.
        payment = Known(payment_id, payment.order_id, payment.provider, notice.reference, payment.state)
    try:
        return await settle(payment, inbox_id, disputes="dispute" in notice.kind)
    except NotFound:
        return await _let_be(inbox_id, "refused", "The company doesn't know this payment.")


async def _let_be(inbox_id: int, outcome: str, problem: str) -> str:
    await db.write(payment_inbox.close_entry, inbox_id, outcome, problem, durable=True)
    return outcome
