"""Traces: the rows by which one process finds what others have changed of what pages show."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import bindparam, func, select
from sqlmodel import Session, col

from ..models import ListingChange, StockMovement, Variant
from .shop import profile


@dataclass(frozen=True, slots=True)
class Traces:
    """The newest rows, and since the ones before: stamps of the listing index, variants with other stock.

    `shop_version` is that of the shop's profile.
    """

    change_id: int = 0
    movement_id: int = 0
    shop_version: int = 0
    stamps: tuple[str, ...] = ()
    variant_ids: tuple[int, ...] = ()
    product_ids: tuple[int, ...] = ()


_change_id = select(func.coalesce(func.max(col(ListingChange.id)), 0))
_movement_id = select(func.coalesce(func.max(col(StockMovement.id)), 0))
_stamps = select(col(ListingChange.stamp)).where(col(ListingChange.id) > bindparam("seen"))
_moved = (
    select(col(Variant.id), col(Variant.product_id))
    .join(StockMovement, col(StockMovement.variant_id) == Variant.id)
    .where(col(StockMovement.id) > bindparam("seen"))
    .distinct()
)


def traces(session: Session, seen: Traces | None = None) -> Traces:
    """What is there now; without `seen` the newest ids alone."""
    connection = session.connection()
    change_id, movement_id = (connection.execute(part).scalar_one() for part in (_change_id, _movement_id))
    if seen is None:
        return Traces(change_id, movement_id, profile.version(session))
    stamps, moved = (), []
    if change_id > seen.change_id:
        stamps = tuple(connection.execute(_stamps, {"seen": seen.change_id}).scalars())
    if movement_id > seen.movement_id:
        moved = connection.execute(_moved, {"seen": seen.movement_id}).all()
    return Traces(
        change_id,
        movement_id,
        profile.version(session),
        stamps,
        variant_ids=tuple(row.id for row in moved),
        product_ids=tuple({row.product_id for row in moved}),
    )
