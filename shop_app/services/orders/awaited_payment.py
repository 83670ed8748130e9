"""What happens to an order when its payment is authorised, processing at a bank, failed, or lapsed."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import bindparam, update
from sqlmodel import Session

from ...core import clock, events, working_days
from ...core.clock import now
from ...core.money import show
from ...core.shop import shop
from ...models import OrderStatus
from . import cart_completion
from . import commands as order_commands
from . import queries as order_queries
from .queries import order

BANK_MAY_TAKE = timedelta(days=14)
"""How long a bank debit may take; after that the order is flagged for review."""

_WAIT = (
    update(order)
    .where(
        order.c.id == bindparam("order"),
        order.c.status == OrderStatus.PENDING.value,
        order.c.expires_at < bindparam("until"),
    )
    .values(expires_at=bindparam("until"), version=order.c.version + 1)
)


def transfer_end(country: str) -> datetime:
    """The moment until which an order to that country waits for its transfer, counted from today."""
    return clock.end_of(working_days.period_end(clock.today(), shop().transfer_days, country))


def authorised(session: Session, order_id: int, authorized_minor: int) -> None:
    """The payment is authorised: confirm the order and complete its cart; the money is captured later.

    Less than what is due flags the order for review. `recover` voids what is authorised for an ended order.
    """
    order = order_commands.lock(session, order_id)
    if order.status not in (OrderStatus.PENDING, OrderStatus.EXPIRED):
        return
    if authorized_minor < order.total_minor and authorized_minor < order_queries.due_minor(session, order_id):
        authorised_text, total_text = (
            show(authorized_minor, order.currency),
            show(order.total_minor, order.currency),
        )
        order_commands.flag_for_review(session, order_id, f"Authorised {authorised_text} of {total_text}.")
        return
    if order.status == OrderStatus.EXPIRED:
        if not order_commands.reactivate(session, order, None):
            return
    else:
        order_commands.move(session, order_id, OrderStatus.PLACED)
        order_commands.confirm(session, order_id, order.cart_id)
    order_commands.write_letter(session, order, "order_authorized")


def wait_for_bank(session: Session, order_id: int, since: datetime) -> None:
    """The bank takes its time: the order keeps its units for days, and its cart is completed."""
    order = order_commands.lock(session, order_id)
    if order.status != OrderStatus.PENDING or order.needs_review:
        return
    until = since + BANK_MAY_TAKE
    if until <= now():
        days = BANK_MAY_TAKE.days
        order_commands.flag_for_review(
            session, order_id, f"The bank has said nothing for {days} days: ask the payment provider."
        )
        return
    if session.connection().execute(_WAIT, {"order": order_id, "until": until}).rowcount:
        if order.cart_id is not None:
            cart_completion.complete(session, order_id, order.cart_id)
        order_commands.write_letter(session, order, "order_processing")
        events.publish(session, events.OrderChanged(order_id))


def failed(session: Session, order_id: int) -> None:
    """The payment has failed for good: end the order and release its units."""
    order = order_commands.lock(session, order_id)
    if order.status != OrderStatus.PENDING or order.needs_review:
        return
    order_commands.end_unpaid(session, order_id, why="failed")
    order_commands.write_letter(session, order, "order_payment_failed")


def authorization_lapsed(session: Session, order_id: int) -> None:
    """An authorisation ended without a capture: flag the order, so that staff ask for another payment."""
    order = order_commands.lock(session, order_id)
    if order.status == OrderStatus.PLACED and order.paid_at is None:
        order_commands.flag_for_review(
            session, order_id, "The authorisation has ended without being captured."
        )
