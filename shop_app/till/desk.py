"""What staff do with an order and money moves by it: refunds."""

from __future__ import annotations

import asyncio

from .. import db
from ..errors import Conflict, NotFound
from ..providers.payments import NeverTaken, provider
from ..services import refunds
from ..services.refunds import RefundRequest
from ..words import _


async def refund(
    payment_id: int, amount_minor: int, request_key: str, *, reason: str = "", note: str = "", actor: str
) -> None:
    """Give money back. Asking again with the same key is the same refund.

    Errors  Conflict for more than what is left; ProviderDown when the company doesn't answer: the
            refund is written down then, and is asked for again.
    """
    wanted = await db.in_durable_transaction(
        refunds.request, payment_id, amount_minor, request_key, reason=reason, note=note, actor=actor
    )
    if wanted.waiting:
        await ask_for_refund(wanted)


async def ask_for_refund(wanted: RefundRequest) -> None:
    company = provider(wanted.provider)
    try:
        picture = await asyncio.to_thread(
            company.refund, wanted.intent_reference, wanted.amount_minor, wanted.key, wanted.reason
        )
    except (NeverTaken, NotFound):
        await db.in_durable_transaction(refunds.refused, wanted.refund_id)
        raise Conflict(_("The payment company didn't take the refund. No money was moved.")) from None
    await db.in_durable_transaction(refunds.answered, wanted.refund_id, picture)
