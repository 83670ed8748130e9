"""What heals: goes on with all that is half done, and holds the books against the company's."""

from __future__ import annotations

import asyncio
import logging
from datetime import timedelta

from .. import db
from ..errors import ProviderDown, ShopError
from ..services import holds, payment_inbox, payments, refunds
from ..services.payment_ledger import Known
from .desk import ask_again
from .paying import close
from .settling import apply_notice, settle

log = logging.getLogger(__name__)

AT_ONCE = 8


async def sweep() -> int:
    """Free holds that ran out, apply what waits in the inbox, end unpaid orders, ask again for refunds.

    Safe to run at any time, twice, and in several processes. Returns how many things it did.
    """
    done = await db.in_transaction(holds.sweep)
    for inbox_id in await db.in_reading(payment_inbox.unapplied):
        done += await _try(f"event {inbox_id} of the inbox", apply_notice(inbox_id))
    for order_id in await db.in_reading(payments.overdue):
        done += await _try(f"the end of order {order_id}", close(order_id, "expired"))
    for wanted in await db.in_reading(refunds.unsent):
        done += await _try(f"refund {wanted.refund_id}", ask_again(wanted))
    return done


async def _try(what: str, work) -> bool:
    try:
        await work
        return True
    except ProviderDown:
        log.warning("%s has to wait: the payment company doesn't answer", what.capitalize())
    except ShopError as refusal:
        log.warning("%s has to wait: %s", what.capitalize(), refusal.message)
    except Exception:
        # One that is broken must not keep the others waiting.
        log.exception("%s failed", what.capitalize())
    return False


async def reconcile(recent: timedelta = timedelta(hours=48)) -> list[str]:
    """Hold open and recent payments against the company's books; says in sentences what was missed."""
    await sweep()
    found = await db.in_reading(payments.to_compare, recent=recent)
    gate, sentences = asyncio.Semaphore(AT_ONCE), []

    async def compare(payment: Known) -> None:
        async with gate:
            try:
                outcome = await settle(payment)
            except ShopError as refusal:
                sentences.append(f"Payment {payment.reference}: {refusal.message}")
                return
        if outcome != "already known":
            sentences.append(f"Payment {payment.reference} of order id {payment.order_id}: {outcome}.")

    await asyncio.gather(*map(compare, found))
    return sorted(sentences)
