"""Cancels what wasn't sent of an order: open payments end first, then units are freed and money refunded."""

from __future__ import annotations

from contextlib import suppress

from ..core import db
from ..core.access.principal import Principal
from ..core.errors import NotFound
from ..providers.payments.base import NeverTaken
from ..providers.payments.registry import provider
from ..services.fulfilment import cancelling
from ..services.payments import authorisations
from ..services.payments import commands as payment_commands
from .call_provider import call_provider
from .refund import submit_all
from .sync_payment import sync_payment


async def cancel(
    order_id: int, *, restock: bool, refund: bool, reason: str, by: Principal, request_key: str
) -> None:
    """Cancel all of an order that wasn't sent; the same key is the same cancelling.

    Its open payments are ended at the provider first, so that nobody can pay a cancelled order. One that is
    paid meanwhile is refunded; with `refund` False the cancelling is refused then.

    Errors  What `cancelling.cancel` refuses; ProviderDown when the provider doesn't answer: before
            anything was changed, or with the refund written down, which `recover` submits again.
    """
    by.need(cancelling.PERMISSION)
    was_unpaid = await db.read(cancelling.check, order_id, request_key)
    await _end_payments(order_id)
    pending_refunds = await db.write(
        cancelling.cancel,
        order_id,
        restock=restock,
        refund=refund,
        reason=reason,
        by=by,
        request_key=request_key,
        was_unpaid=was_unpaid,
        durable=True,
    )
    await submit_all(pending_refunds)


async def _end_payments(order_id: int) -> None:
    """Void what is authorised and expire what is open, at the providers; paid ones stay paid."""
    for authorised in await db.read(authorisations.of_order, order_id):
        # It may have been captured meanwhile: its snapshot says so next.
        with suppress(NeverTaken, NotFound):
            await call_provider(provider(authorised.payment.provider).void, authorised.intent_reference)
        await sync_payment(authorised.payment)
    for payment in await db.read(payment_commands.of_order, order_id):
        if payment.reference:
            await call_provider(provider(payment.provider).expire, payment.reference)
            await sync_payment(payment)
