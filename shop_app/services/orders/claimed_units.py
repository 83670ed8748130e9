"""Units that open returns and withdrawals are about, and that no quantity of the order line counts yet."""

from __future__ import annotations

from sqlalchemy import and_, bindparam, func, literal_column, or_, select
from sqlmodel import Session

from ...models import NOT_SENT, ReturnLine, ReturnRequest, ReturnStatus, table_of

_request, _line = table_of(ReturnRequest), table_of(ReturnLine)
_OPEN = [ReturnStatus.REQUESTED.value, ReturnStatus.APPROVED.value]
# The units of a return that was refunded without being received stay with the shopper.
_CLAIMED = (
    select(
        _line.c.order_line_id.label("line"),
        (_request.c.reason == NOT_SENT).label("not_sent"),
        func.coalesce(func.sum(_line.c.quantity), 0).label("units"),
    )
    .join(_request, _request.c.id == _line.c.return_id)
    .where(
        _request.c.order_id == bindparam("order"),
        or_(
            _request.c.status.in_(_OPEN),
            and_(
                _request.c.status == ReturnStatus.REFUNDED.value,
                _request.c.received_at.is_(None),
                _request.c.reason != NOT_SENT,
            ),
        ),
    )
    # By its name: to PostgreSQL two expressions with parameters are never the same.
    .group_by(_line.c.order_line_id, literal_column("not_sent"))
)


def of_order(session: Session, order_id: int) -> dict[tuple[int, bool], int]:
    """Claimed units by (id of the order line, whether they hadn't left when they were claimed)."""
    rows = session.connection().execute(_CLAIMED, {"order": order_id})
    return {(row.line, bool(row.not_sent)): int(row.units) for row in rows}


def not_to_send(session: Session, order_id: int) -> dict[int, int]:
    """Units that a shopper has withdrawn from before they left, by the order line's id."""
    return {line: units for (line, not_sent), units in of_order(session, order_id).items() if not_sent}
