"""What heals: goes on with all that is half done."""

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
    """Free holds that ran out, apply what waits in the inbox, end unpaid orders, remind of transfers, ask
    again for refunds, void what is authorised for orders that were ended, flag those whose money was
    let go without that.

    Safe to run at any time, twice, and in several processes. Returns how many things it did.
    """
    count = await db.write(cart_holds.sweep)
    for inbox_id in await db.read(payment_inbox.unapplied):
        count += await _try(f"event {inbox_id} of the inbox", apply_notice(inbox_id))
    count += await end_outdated_orders()
    for order_id in await db.read(payment_commands.overdue):
        count += await _try(f"the end of order {order_id}", end_unpaid_order(order_id, "expired"))
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
    for order_id in await db.read(authorisations.left_alone):
        look = db.write(authorisations.ask_for_a_look, order_id, durable=True)
        count += await _try(f"a look at order {order_id}", look)
    return count


async def end_outdated_orders() -> int:
    """End unpaid orders whose cart has changed since: nobody may pay what isn't wanted any more.

    One that is paid in the same moment stays paid. Returns how many it ended.
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
        log.warning("%s has to wait: the payment company doesn't answer", what.capitalize())
    except ShopError as refusal:
        log.warning("%s has to wait: %s", what.capitalize(), refusal.message)
    except Exception:
        # One that is broken must not keep the others waiting.
        log.exception("%s failed", what.capitalize())
    return False
