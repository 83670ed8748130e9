"""Order numbers: without gaps, and taken when all else of the order is written.

Whoever takes a number keeps the counter locked until the commit, and everybody else who places an order waits
for it. So it is the last thing that placing does, and only what carries the number is written after it. A
transaction that is undone gives its number back.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import bindparam, select, update
from sqlmodel import Session

from ...core.upsert import Insert, upsert
from ...models import Counter, table_of
from .queries import order

FIRST_NUMBER = 1001
_MOST = 2**31
"""A number is stored in 32 bits."""
_counter = table_of(Counter)


def _next(insert: Insert) -> Any:
    return (
        insert.values(name="order", value=FIRST_NUMBER)
        .on_conflict_do_update(index_elements=[_counter.c.name], set_={"value": _counter.c.value + 1})
        .returning(_counter.c.value)
    )


_next_number = upsert(_counter)(_next)
_this = update(order).where(order.c.id == bindparam("order"))
_GIVE = _this.values(number=bindparam("next"))


@upsert(_counter)
def _take_and_give(insert: Insert) -> Any:
    """Both in one statement, so that others wait for no answer over the network in between."""
    taken = select(_next(insert).cte("taken").c.value)
    return _this.values(number=taken.scalar_subquery()).returning(order.c.number)


def until_taken(cart_id: int) -> int:
    """What stands in the order's row until it has its number: below zero, and no other open order's.

    The cart is locked, so nobody else is placing it.
    """
    return -1 - cart_id % _MOST


def take(session: Session, order_id: int) -> int:
    """Give the order the next number."""
    connection = session.connection()
    if connection.dialect.name == "postgresql":
        return connection.execute(_take_and_give(session), {"order": order_id}).scalar_one()
    # SQLite has no INSERT inside of another statement, and only one writer at a time anyway.
    number: int = connection.execute(_next_number(session)).scalar_one()
    connection.execute(_GIVE, {"order": order_id, "next": number})
    return number
