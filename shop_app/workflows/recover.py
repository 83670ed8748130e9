"""Goes on with all that is half done: holds, webhook events, unpaid orders, refunds, authorisations."""

from __future__ import annotations

import logging

from ..core import db
from ..core.errors import ProviderDown, ShopError
from ..services.cart import holds as cart_holds
from ..services.payments import authorisations, refunds, transfer_deadlines
from ..services.payments import commands as payment_commands
from ..services.payments import inbox as payment_inbox
from .capture import void
from .pay import end_unpaid_order
from .refund import submit_again
from .sync_payment import apply_notice

log = logging.getLogger(__name__)


async def sweep() -> int:
    """Release holds that ran out, apply webhook events, end unpaid orders, remind of transfers, submit
    refunds again, void authorisations of ended orders, flag orders that lost theirs.

    Safe to run at any time, twice, and in several processes. Returns how many things it did.
    """
    count = await db.write(cart_holds.sweep)
    for inbox_id in await db.read(payment_inbox.unapplied):
        count += await _try(f"event {inbox_id} of the inbox", apply_notice(inbox_id))
    count += await end_outdated_orders()
    for order_id in await db.read(payment_commands.overdue):
        count += await _try(f"the end of order {order_id}", end_unpaid_order(order_id, "expired"))
    for order_id in await db.read(payment_commands.never_opened):
        count += await _try(f"the end of order {order_id}", end_unpaid_order(order_id, "failed"))
    for order_id in await db.read(transfer_deadlines.overdue):
        end = db.write(transfer_deadlines.expire, order_id, durable=True)
        count += await _try(f"the end of order {order_id}", end)
    for order_id in await db.read(transfer_deadlines.to_remind):
        reminder = db.write(transfer_deadlines.remind, order_id)
        count += await _try(f"the reminder of order {order_id}", reminder)
    for pending_refund in await db.read(refunds.pending):
        count += await _try(f"refund {pending_refund.refund_id}", submit_again(pending_refund))
    for order_id in await db.read(authorisations.of_ended_orders):
        count += await _try(f"the authorisation of order {order_id}", void(order_id))
    for order_id in await db.read(authorisations.voided_but_placed):
        flag = db.write(authorisations.flag_voided, order_id, durable=True)
        count += await _try(f"the flag of order {order_id}", flag)
    return count


async def end_outdated_orders() -> int:
    """End unpaid orders whose cart has changed since: they aren't wanted any more.

    One that is paid meanwhile stays paid. Returns how many it ended.
    """
    return sum(
        [
            await _try(f"the end of order {order_id}", end_unpaid_order(order_id, "superseded"))
            for order_id in await db.read(payment_commands.outdated)
        ]
    )


async def _try(what: str, work) -> bool:
    try:
        await work
        return True
    except ProviderDown:
        log.warning("%s has to wait: the payment provider doesn't answer", what.capitalize())
    except ShopError as refusal:
        log.warning("%s has to wait: %s", what.capitalize(), refusal.message)
    except Exception:
        # The others must not wait for one that fails.
        log.exception("%s failed", what.capitalize())
    return False
