"""Refunds: written down first, then requested from the provider of each payment, then recorded."""

from __future__ import annotations

from collections.abc import Iterable

from ..core import db
from ..core.access.principal import Principal
from ..core.errors import Conflict, NotFound, ProviderDown, ShopError
from ..core.i18n import _
from ..providers.payments.base import NeverTaken
from ..providers.payments.registry import provider
from ..services.payments import commands as payment_commands
from ..services.payments import refunds
from ..services.payments.refund_rows import PendingRefund, RefundRequest
from .call_provider import call_provider
from .sync_payment import sync_payment


async def refund(order_id: int, request: RefundRequest, request_key: str, by: Principal) -> None:
    """Refund a part of an order, or all of it, to the payments that it was paid with.

    The same key is the same refund.

    Errors  What `refunds.request` refuses; ProviderDown when the provider doesn't answer: the refund is
            written down then, and `recover` submits it again.
    """
    # 1. One transaction: what each payment gives back is reserved, and the goods are booked.
    pending_refunds = await db.write(refunds.request, order_id, request, request_key, by, durable=True)
    # 2. and 3. For each of them: the provider's call, and a transaction that records its answer.
    await submit_all(pending_refunds)


async def submit_all(pending_refunds: Iterable[PendingRefund]) -> None:
    """Submit those that have no answer yet. All are tried; the first failure is raised at the end."""
    problem: ShopError | None = None
    for pending_refund in pending_refunds:
        if pending_refund.is_pending:
            try:
                await submit(pending_refund)
            except ProviderDown:
                text = _("The payment company doesn't answer. The refund is kept, and goes on by itself.")
                problem = problem or ProviderDown(text)
            except ShopError as refusal:
                problem = refusal
    if problem:
        raise problem


async def submit(pending_refund: PendingRefund) -> None:
    """Request one refund from its provider and record the answer; the same key is the same refund there.

    Errors  Conflict where the provider refuses it for good; ProviderDown.
    """
    payment_provider = provider(pending_refund.provider)
    try:
        snapshot = await call_provider(
            payment_provider.refund,
            pending_refund.intent_reference,
            pending_refund.amount_minor,
            pending_refund.key,
            pending_refund.reason,
        )
    except (NeverTaken, NotFound):
        await db.write(refunds.record_refusal, pending_refund.refund_id, durable=True)
        raise Conflict(_("The payment company didn't take the refund. No money was moved.")) from None
    await db.write(refunds.record_answer, pending_refund.refund_id, snapshot, durable=True)


async def submit_again(pending_refund: PendingRefund) -> None:
    """Go on with a refund that has no answer.

    The provider may have made it, and forgets idempotency keys after a day: its refunds are read first.

    Errors  As `submit`; NotFound where the provider doesn't have the payment.
    """
    payment = await db.read(payment_commands.with_id, pending_refund.payment_id)
    if payment.reference and payment.provider != "manual":
        await sync_payment(payment)
    if await db.read(refunds.is_pending, pending_refund.refund_id):
        await submit(pending_refund)
