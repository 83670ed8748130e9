"""Giving money of an order back: the refund is written down, then each payment's company is asked."""

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
from ..services.payments.refunds import PendingRefund, RefundRequest
from .call_provider import call_provider
from .sync_payment import sync_payment


async def refund(order_id: int, request: RefundRequest, request_key: str, by: Principal) -> None:
    """Give money of an order back, by its payments. Asking again with the same key is the same refund.

    Errors  What `refunds.request` refuses; ProviderDown when the provider doesn't answer: the refund is
            written down then, and is asked for again.
    """
    await ask_for_all(await db.write(refunds.request, order_id, request, request_key, by, durable=True))


async def ask_for_all(refunds: Iterable[PendingRefund]) -> None:
    problem: ShopError | None = None
    for one in refunds:
        if one.waiting:
            try:
                await ask_for_refund(one)
            except ProviderDown:
                text = _("The payment company doesn't answer. The refund is kept, and goes on by itself.")
                problem = problem or ProviderDown(text)
            except ShopError as refusal:
                problem = refusal
    if problem:
        raise problem


async def ask_again(refund: PendingRefund) -> None:
    """Go on with a refund that has no answer: the provider may have it, and forgets keys after a day."""
    payment = await db.read(payment_commands.with_id, refund.payment_id)
    if payment.reference and payment.provider != "manual":
        await sync_payment(payment)
    if await db.read(refunds.is_waiting, refund.refund_id):
        await ask_for_refund(refund)


async def ask_for_refund(refund: PendingRefund) -> None:
    payment_provider = provider(refund.provider)
    try:
        snapshot = await call_provider(
            payment_provider.refund, refund.intent_reference, refund.amount_minor, refund.key, refund.reason
        )
    except (NeverTaken, NotFound):
        await db.write(refunds.refused, refund.refund_id, durable=True)
        raise Conflict(_("The payment company didn't take the refund. No money was moved.")) from None
    await db.write(refunds.answered, refund.refund_id, snapshot, durable=True)
