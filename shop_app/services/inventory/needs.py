"""Who needs a variant: the orders that have units of it, carts in checkout, and who asked to be told."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import bindparam, func, select
from sqlmodel import Session, col

from ...core import dates
from ...core.access.principal import Principal
from ...core.i18n import _, plural
from ...models import Order, StockAlert, StockLevel, StockMovement, table_of
from .queries import row_of

MOST_NAMED = 3
_movement = table_of(StockMovement)
_orders = (
    select(
        col(Order.number),
        col(Order.placed_at),
        func.sum(_movement.c.allocated_delta).label("units"),
    )
    .join(Order, col(Order.id) == _movement.c.order_id)
    .where(_movement.c.variant_id == bindparam("variant"))
    .group_by(col(Order.id), col(Order.number), col(Order.placed_at))
    .having(func.sum(_movement.c.allocated_delta) > 0)
    .order_by(col(Order.id))
    .limit(bindparam("most"))
)
_held = select(col(StockLevel.held)).where(col(StockLevel.variant_id) == bindparam("variant"))
_alerts = (
    select(col(StockAlert.email), col(StockAlert.created_at))
    .where(col(StockAlert.variant_id) == bindparam("variant"))
    .order_by(col(StockAlert.created_at))
    .limit(bindparam("most"))
)
_alert_count = (
    select(func.count()).select_from(StockAlert).where(col(StockAlert.variant_id) == bindparam("variant"))
)


@dataclass(frozen=True, slots=True)
class OrderNeed:
    """An order that has units of the variant and hasn't been sent them."""

    number: str
    placed: str
    units: int


@dataclass(frozen=True, slots=True)
class AlertRequest:
    """Somebody who asked to be told when it is back; the address only for those who may see customers."""

    email: str
    since: str


def orders(session: Session, sku: str, *, by: Principal, most: int = 100) -> list[OrderNeed]:
    """The orders that have units of the variant, the oldest first: who was promised them first.

    Errors  Forbidden; NotFound.
    """
    by.need("inventory.view")
    rows = session.connection().execute(_orders, {"variant": row_of(session, sku).id, "most": most})
    return [OrderNeed(str(row.number), _day(row.placed_at), int(row.units)) for row in rows]


def requests(session: Session, sku: str, *, by: Principal, most: int = 20) -> tuple[int, list[AlertRequest]]:
    """How many asked to be told when the variant is back, and the first of them.

    Errors  Forbidden; NotFound.
    """
    by.need("inventory.view")
    params = {"variant": row_of(session, sku).id}
    count = session.connection().execute(_alert_count, params).scalar_one()
    may_see = "customers.view" in by.permissions
    rows = session.connection().execute(_alerts, params | {"most": most if may_see else 0})
    return count, [AlertRequest(email, _day(since)) for email, since in rows]


def sentence(session: Session, variant_id: int) -> str:
    """Who has units of the variant: "Orders 1042 and 1043 have 3 of them, carts in checkout 2."."""
    connection = session.connection()
    rows = connection.execute(_orders, {"variant": variant_id, "most": 1000}).all()
    held = connection.execute(_held, {"variant": variant_id}).scalar() or 0
    parts = []
    if rows:
        named = ", ".join(str(row.number) for row in rows[:MOST_NAMED])
        if more := len(rows) - MOST_NAMED if len(rows) > MOST_NAMED else 0:
            named = _("{numbers} and {count} more").format(numbers=named, count=more)
        units = sum(int(row.units) for row in rows)
        belong = plural("{count} belongs to the orders", "{count} belong to the orders", units)
        parts.append(f"{belong} {named}.")
    if held:
        text = plural(
            "{count} is held, in checkout or for people in line.",
            "{count} are held, in checkout or for people in line.",
            held,
        )
        parts.append(text)
    return " ".join(parts)


def _day(moment: datetime | None) -> str:
    return dates.day(moment) if moment else ""
