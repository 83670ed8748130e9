"""Orders whose money is authorised, or on its way from a bank: confirmed, waiting, failed, lapsed."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import bindparam, update
from sqlmodel import Session

from ...core import events
from ...core.clock import now
from ...core.money import show
from ...models import OrderStatus
from .. import outbox
from . import cart_completion
from . import commands as order_commands
from . import queries as order_queries
from .queries import OrderHead, order

BANK_MAY_TAKE = timedelta(days=14)
"""So long a bank debit may be on its way; after that a person asks."""

_WAIT = (
    update(order)
    .where(
        order.c.id == bindparam("order"),
        order.c.status == OrderStatus.PENDING.value,
        order.c.expires_at < bindparam("until"),
    )
    .values(expires_at=bindparam("until"), version=order.c.version + 1)
)


def authorised(session: Session, order_id: int, authorized_minor: int) -> None:
    """The whole amount is authorised: the order is confirmed, its cart completed; the money is taken later.

    Money that comes for an order that was ended is voided by the sweep.
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
    _write(session, order, "order_authorized")


def wait_for_bank(session: Session, order_id: int, since: datetime) -> None:
    """The shopper is done, the bank isn't: the order keeps its units for days, the cart starts anew."""
    order = order_commands.lock(session, order_id)
    if order.status != OrderStatus.PENDING or order.needs_review:
        return
    until = since + BANK_MAY_TAKE
    if until <= now():
        days = BANK_MAY_TAKE.days
        order_commands.flag_for_review(
            session, order_id, f"The bank has said nothing for {days} days: ask the company."
        )
        return
    if session.connection().execute(_WAIT, {"order": order_id, "until": until}).rowcount:
        if order.cart_id is not None:
            cart_completion.complete(session, order_id, order.cart_id)
        _write(session, order, "order_processing")
        events.publish(session, events.OrderChanged(order_id))


def failed(session: Session, order_id: int) -> None:
    """The bank said no at last: the order ends, and its units are free."""
    order = order_commands.lock(session, order_id)
    if order.status != OrderStatus.PENDING or order.needs_review:
        return
    order_commands.end_unpaid(session, order_id, why="failed")
    _write(session, order, "order_payment_failed")


def authorization_lapsed(session: Session, order_id: int) -> None:
    """An authorisation ended without being captured: a person asks the shopper to pay again."""
    order = order_commands.lock(session, order_id)
    if order.status == OrderStatus.PLACED and order.paid_at is None:
        order_commands.flag_for_review(
            session, order_id, "The authorisation has ended without being captured."
        )


def _write(session: Session, order: OrderHead, kind: str) -> None:
    outbox.write(
        session,
        kind,
        order.email,
        f"{kind}:{order.number}",
        {
            "order_id": order.id,
            "number": order.number,
            "token": order.token,
            "total": show(order.total_minor, order.currency, order.locale),
        },
    )
