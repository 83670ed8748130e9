"""How much open work there is: what the navigation and the back office's home page count."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from sqlalchemy import ColumnElement, and_, func, literal_column, or_, select, union_all
from sqlmodel import Session, col

from ...core.access.principal import Principal
from ...models import (
    FulfilmentStatus,
    Order,
    OrderStatus,
    PaymentStatus,
    ReturnRequest,
    ReturnStatus,
    StockLevel,
    StockPolicy,
)

MOST = 100
"""So far it is counted; what is more is said as "99+"."""
_PAID = (
    PaymentStatus.PAID,
    PaymentStatus.OVERPAID,
    PaymentStatus.AUTHORIZED,
    PaymentStatus.PARTIALLY_REFUNDED,
)


def to_pack() -> ColumnElement[bool]:
    """The condition of orders that wait for a parcel."""
    return and_(
        col(Order.status) == OrderStatus.PLACED,
        col(Order.fulfilment_status).in_([FulfilmentStatus.NONE, FulfilmentStatus.PARTIAL]),
        or_(col(Order.payment_status).in_(_PAID), col(Order.total_minor) == 0),
        col(Order.needs_review) == "",
    )


def unpaid() -> ColumnElement[bool]:
    """The condition of orders that are agreed and wait for money."""
    waiting = [PaymentStatus.NONE, PaymentStatus.PARTIALLY_PAID]
    return and_(
        col(Order.status) == OrderStatus.PLACED,
        col(Order.payment_status).in_(waiting),
        # An expression, so that no index of amounts is taken for it: nearly all orders cost something.
        col(Order.total_minor) + 0 > 0,
    )


def attention() -> ColumnElement[bool]:
    """The condition of orders that a person has to look at; two indexes answer it, each for its half."""
    # The text stands in the statement: only then does SQLite take the index of those orders alone.
    flagged = select(col(Order.id)).where(col(Order.needs_review) != literal_column("''"))
    disputed = select(col(Order.id)).where(col(Order.payment_status) == PaymentStatus.DISPUTED)
    return col(Order.id).in_(union_all(flagged, disputed))


def returns_open() -> ColumnElement[bool]:
    """The condition of returns that staff have to answer, receive or pay back."""
    waiting = [ReturnStatus.REQUESTED, ReturnStatus.APPROVED, ReturnStatus.RECEIVED]
    return col(ReturnRequest.status).in_(waiting)


def stock_low() -> ColumnElement[bool]:
    """The condition of stock levels at or below their threshold."""
    free = col(StockLevel.on_hand) - col(StockLevel.allocated) - col(StockLevel.held)
    return and_(col(StockLevel.policy) != StockPolicy.UNTRACKED, free <= col(StockLevel.low_at))


_COUNTS: Mapping[str, tuple[str, type, Callable[[], ColumnElement[bool]]]] = {
    "orders_to_pack": ("orders.view", Order, to_pack),
    "orders_unpaid": ("orders.view", Order, unpaid),
    "orders_attention": ("orders.view", Order, attention),
    "returns_open": ("orders.view", ReturnRequest, returns_open),
    "stock_low": ("inventory.view", StockLevel, stock_low),
}
"""Name -> the permission that one needs to see it, the table, and the condition of its rows."""


def open_work(session: Session, by: Principal) -> dict[str, int]:
    """How much there is of each kind of open work that `by` may see, counted to `MOST`."""
    return {
        name: _count(session, table, condition())
        for name, (needs, table, condition) in _COUNTS.items()
        if needs in by.permissions
    }


def _count(session: Session, table: type, condition: ColumnElement[bool]) -> int:
    some = select(1).select_from(table).where(condition).limit(MOST).subquery()
    return session.connection().execute(select(func.count()).select_from(some)).scalar_one()
