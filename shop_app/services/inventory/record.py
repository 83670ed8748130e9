"""The page of one variant's stock: its numbers, who needs it, what is to come, and how it got there."""

from __future__ import annotations

from dataclasses import dataclass, field

from sqlmodel import Session

from ...core.access.principal import Principal
from . import incoming, needs, queries
from .incoming import Delivery
from .needs import AlertRequest, OrderNeed
from .queries import Movement, StockLevels
from .words import reasons

SHOWN_MOVEMENTS, MOST_MOVEMENTS = 20, 500


@dataclass(frozen=True, slots=True)
class Reason:
    key: str
    label: str


@dataclass(frozen=True, slots=True)
class StockRecord:
    levels: StockLevels = StockLevels()
    deliveries: list[Delivery] = field(default_factory=list)
    orders: list[OrderNeed] = field(default_factory=list)
    """Those that have units allocated, the oldest first."""
    alert_count: int = 0
    alerts: list[AlertRequest] = field(default_factory=list)
    history: list[Movement] = field(default_factory=list)
    reasons: list[Reason] = field(default_factory=list)


def record(session: Session, sku: str, *, by: Principal, movements: int = SHOWN_MOVEMENTS) -> StockRecord:
    """Errors  Forbidden; NotFound."""
    count, alerts = needs.requests(session, sku, by=by)
    return StockRecord(
        queries.stock_levels(session, sku, by=by),
        incoming.deliveries(session, sku, by=by),
        needs.orders(session, sku, by=by),
        count,
        alerts,
        queries.history(session, sku, by=by, most=movements),
        [Reason(key, label) for key, label in reasons().items()],
    )
