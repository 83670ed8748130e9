"""The status of a return: its only writer.

Each move is a guarded statement, so that a double click, or two people at once, make it once.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import Row, bindparam, select, update
from sqlmodel import Session

from ...core import events
from ...core.errors import Conflict, NotFound
from ...core.i18n import _
from ...models import RETURN_MOVES, ReturnStatus
from ..orders import commands as order_commands
from ..orders.queries import order
from .returnable import return_request

_HEAD = (
    select(return_request, order.c.number, order.c.token)
    .join(order, order.c.id == return_request.c.order_id)
    .where(return_request.c.id == bindparam("return"))
)
_ORDER_OF = select(return_request.c.order_id).where(return_request.c.id == bindparam("return"))
_MOVES = {
    to: update(return_request)
    .where(
        return_request.c.id == bindparam("return"),
        return_request.c.status.in_([start.value for start, ends in RETURN_MOVES.items() if to in ends]),
    )
    .values(status=to.value, version=return_request.c.version + 1)
    for to in ReturnStatus
}


def lock(session: Session, return_id: int) -> Row[Any]:
    """The return with its order's number and token; the order is locked until the commit.

    Errors  NotFound for an id that no return has.
    """
    order_id = session.connection().execute(_ORDER_OF, {"return": return_id}).scalar()
    if order_id is None:
        raise NotFound(_("There is no such return."))
    order_commands.lock(session, order_id)
    return session.connection().execute(_HEAD, {"return": return_id}).one()


def move(session: Session, return_row: Row[Any], to: ReturnStatus, **values: Any) -> bool:
    """Bring it to another status; False where it is there already.

    Errors  Conflict for a move that isn't legal from its present status.
    """
    result = session.connection().execute(_MOVES[to].values(**values), {"return": return_row.id})
    if result.rowcount == 1:
        return True
    if return_row.status == to:
        return False
    raise Conflict(_("The return has moved on in the meantime."))


def refunded(session: Session, return_id: int, *, actor: str) -> None:
    """Mark a return as refunded, in the transaction of its refund; repeating it changes nothing.

    Errors  Conflict for a return that isn't approved or received.
    """
    return_row = lock(session, return_id)
    if move(session, return_row, ReturnStatus.REFUNDED):
        order_commands.record_event(
            session, return_row.order_id, "return_refunded", actor=actor, return_id=return_id
        )


def follow_refund(session: Session, event: events.ReturnRefunded) -> None:
    """Subscriber: runs in the transaction that publishes the event."""
    refunded(session, event.return_id, actor=event.actor)
