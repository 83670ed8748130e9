"""The stock of a product as staff see it: its three numbers, and the movements that led there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import bindparam, select
from sqlmodel import Session

from ...core.access.principal import Principal
from ...core.errors import NotFound
from ...core.i18n import _
from ...models import Product, StockLevel, StockMovement, StockPolicy, Variant, table_of

_variant = table_of(Variant)
_product = table_of(Product)
_level = table_of(StockLevel)
_movement = table_of(StockMovement)
_STOCK_LEVELS = (
    select(
        _variant.c.id,
        _variant.c.sku,
        _product.c.title,
        _variant.c.title.label("variant"),
        _level.c.on_hand,
        _level.c.allocated,
        _level.c.held,
        _level.c.policy,
        _level.c.backorder_on,
    )
    .join(_product, _product.c.id == _variant.c.product_id)
    .outerjoin(_level, _level.c.variant_id == _variant.c.id)
    .where(_variant.c.sku == bindparam("sku"))
)
_LOCKED = _STOCK_LEVELS.with_for_update(of=_variant)


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
        )
        for row in session.connection().execute(_HISTORY, params)
    ]


_HISTORY = (
    select(_movement)
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
    )
