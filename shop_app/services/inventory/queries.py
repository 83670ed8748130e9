"""The stock of a product as staff see it: its three numbers, and the movements that led there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import bindparam, func, select
from sqlmodel import Session

from ...core import dates
from ...core.access.principal import Principal
from ...core.errors import NotFound
from ...core.i18n import _
from ...models import (
    ExpectedDelivery,
    Order,
    Product,
    StockLevel,
    StockMovement,
    StockPolicy,
    Variant,
    table_of,
)
from . import words

_variant = table_of(Variant)
_product = table_of(Product)
_level = table_of(StockLevel)
_movement = table_of(StockMovement)
_delivery = table_of(ExpectedDelivery)
_order = table_of(Order)
INCOMING = (
    select(func.coalesce(func.sum(_delivery.c.units), 0))
    .where(_delivery.c.variant_id == _variant.c.id)
    .scalar_subquery()
)
"""The units that deliveries are to bring of the variant of the statement around it."""
_STOCK_LEVELS = (
    select(
        _variant.c.id,
        _variant.c.sku,
        _product.c.title,
        _product.c.slug,
        _variant.c.title.label("variant"),
        _level.c.on_hand,
        _level.c.allocated,
        _level.c.held,
        _level.c.low_at,
        _level.c.policy,
        _level.c.backorder_on,
        INCOMING.label("incoming"),
    )
    .join(_product, _product.c.id == _variant.c.product_id)
    .outerjoin(_level, _level.c.variant_id == _variant.c.id)
    .where(_variant.c.sku == bindparam("sku"))
)
# `key_share`: who writes a movement has the level locked and refers to the variant, and mustn't wait here for
# somebody who waits for that level.
_LOCKED = _STOCK_LEVELS.with_for_update(of=_variant, key_share=True)


@dataclass(frozen=True, slots=True)
class Movement:
    """One line of a variant's ledger, for staff."""

    at: str
    """ISO, in UTC."""
    kind: str
    on_hand: int
    allocated: int
    held: int
    reason: str
    note: str
    actor: str
    title: str = ""
    """What happened, in words."""
    when: str = ""
    who: str = ""
    order_number: str = ""
    """The order that it was for; "" for none."""


@dataclass(frozen=True, slots=True)
class StockLevels:
    """The numbers of one variant, for staff."""

    sku: str = ""
    title: str = ""
    variant: str = ""
    on_hand: int = 0
    allocated: int = 0
    held: int = 0
    left: int = 0
    """On hand, less allocated and held; below zero where more is sold than there is."""
    backorder: bool = False
    expected_on: str = ""
    """ISO; "" where it is unknown."""
    tracked: bool = True
    """False where nobody counts it: always for sale; on hand is what orders have."""
    slug: str = ""
    """The product's."""
    low_at: int = 3
    incoming: int = 0
    """Units that deliveries are to bring."""
    policy: str = StockPolicy.DENY.value
    mark: str = ""
    """out, low, oversold, or "" where all is well."""


def stock_levels(session: Session, sku: str, *, by: Principal) -> StockLevels:
    """Errors  Forbidden; NotFound."""
    by.need("inventory.view")
    return shown(row_of(session, sku))


def history(session: Session, sku: str, *, by: Principal, most: int = 50) -> list[Movement]:
    """The last `most` movements, the newest first; 500 at most.

    Errors  Forbidden; NotFound.
    """
    by.need("inventory.view")
    params = {"variant": row_of(session, sku).id, "most": min(most, 500)}
    return [
        Movement(
            row.at.isoformat(),
            row.kind,
            row.on_hand_delta,
            row.allocated_delta,
            row.held_delta,
            row.reason,
            row.note,
            row.actor,
            words.movement(row.kind, row.reason),
            dates.short_moment(row.at),
            words.actor(row.actor),
            str(row.number or ""),
        )
        for row in session.connection().execute(_HISTORY, params)
    ]


_HISTORY = (
    select(_movement, _order.c.number)
    .outerjoin(_order, _order.c.id == _movement.c.order_id)
    .where(_movement.c.variant_id == bindparam("variant"))
    .order_by(_movement.c.id.desc())
    .limit(bindparam("most"))
)


def row_of(session: Session, sku: str, *, lock: bool = False) -> Any:
    """The variant with its level; `lock` locks the variant's row.

    Errors  NotFound.
    """
    session.flush()
    row = session.connection().execute(_LOCKED if lock else _STOCK_LEVELS, {"sku": sku}).first()
    if row is None:
        raise NotFound(_("There is no variant {sku}.").format(sku=sku))
    return row


def shown(row: Any) -> StockLevels:
    on_hand, allocated, held = row.on_hand or 0, row.allocated or 0, row.held or 0
    return StockLevels(
        row.sku,
        row.title,
        row.variant,
        on_hand,
        allocated,
        held,
        on_hand - allocated - held,
        row.policy == StockPolicy.BACKORDER,
        row.backorder_on.isoformat() if row.backorder_on else "",
        row.policy != StockPolicy.UNTRACKED,
        row.slug,
        3 if row.low_at is None else row.low_at,
        int(row.incoming),
        row.policy or StockPolicy.DENY.value,
        mark_of(row.policy, on_hand - allocated - held, 3 if row.low_at is None else row.low_at),
    )


def mark_of(policy: str | None, left: int, low_at: int) -> str:
    """What needs a look about a variant with so many units left: oversold, out, low, or "" for nothing."""
    if policy == StockPolicy.UNTRACKED:
        return ""
    if left < 0:
        return "oversold"
    return "out" if not left else "low" if left <= low_at else ""
