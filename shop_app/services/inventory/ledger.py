"""The stock ledger: the guarded statement behind every change, the movements and the levels.

Every change is one guarded statement per variant, so that two buyers can't both pass a check; variants
are taken in SKU order, so that two carts can't deadlock. Each change leaves a movement, and the deltas of
a variant's movements add up to its level. Only `commands` and `holds` use it to write.

An untracked variant has no free units and no holds: a unit is on hand while an order has it allocated.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Integer, bindparam, case, insert, or_, select, update
from sqlmodel import Session

from ...core import events
from ...core.clock import now
from ...core.errors import Conflict, NotFound, OutOfStock, ShopError
from ...core.i18n import _
from ...models import MovementKind, Product, StockLevel, StockMovement, StockPolicy, Variant, table_of

level = table_of(StockLevel)
movement = table_of(StockMovement)
variant = table_of(Variant)
product = table_of(Product)

_is_untracked = level.c.policy == StockPolicy.UNTRACKED.value
_allocated_delta = bindparam("allocated_delta", type_=Integer)
_on_hand = level.c.on_hand + case(
    (_is_untracked, _allocated_delta), else_=bindparam("on_hand_delta", type_=Integer)
)
_allocated = level.c.allocated + _allocated_delta
_held = level.c.held + case((_is_untracked, 0), else_=bindparam("held_delta", type_=Integer))
# The guard allows what fits, and everything that only frees units: a level that a stocktake left too low
# must not keep an order from releasing its units.
_SHIFT = (
    update(level)
    .where(
        level.c.variant_id == bindparam("variant"),
        _on_hand >= 0,
        _allocated >= 0,
        _held >= 0,
        or_(
            level.c.policy != StockPolicy.DENY.value,
            level.c.on_hand - level.c.allocated - level.c.held >= bindparam("needed"),
        ),
    )
    .values(on_hand=_on_hand, allocated=_allocated, held=_held)
    .returning(level.c.policy)
)
_NAMES = (
    select(variant.c.id, variant.c.sku, product.c.title, variant.c.title.label("variant_title"))
    .join(product, product.c.id == variant.c.product_id)
    .where(variant.c.id.in_(bindparam("ids", expanding=True)))
)
_SKUS = select(variant.c.sku, variant.c.id).where(variant.c.id.in_(bindparam("ids", expanding=True)))
_LEVELS = select(level).where(level.c.variant_id.in_(bindparam("ids", expanding=True)))
_RECORD = insert(movement)


@dataclass(frozen=True, slots=True)
class Level:
    on_hand: int = 0
    allocated: int = 0
    held: int = 0
    policy: str = StockPolicy.DENY.value

    @property
    def available(self) -> int:
        return max(0, self.on_hand - self.allocated - self.held)


def levels(session: Session, variant_ids: Iterable[int]) -> dict[int, Level]:
    """The numbers of these variants; one that was never stocked is missing."""
    rows = session.connection().execute(_LEVELS, {"ids": list(variant_ids)})
    return {row.variant_id: Level(row.on_hand, row.allocated, row.held, row.policy) for row in rows}


def only_left(left: int, title: str) -> str:
    """The sentence of a refusal: "Only 3 of Dune Mug are left."."""
    if left <= 0:
        return _("{title} is sold out.").format(title=title)
    one, many = _("Only {count} of {title} is left."), _("Only {count} of {title} are left.")
    return (one if left == 1 else many).format(count=left, title=title)


@dataclass(frozen=True, slots=True)
class Move:
    variant_id: int
    kind: MovementKind
    on_hand: int = 0
    allocated: int = 0
    held: int = 0
    needed: int = -2_000_000_000
    """Units that must be free for it; far below zero where it only frees units."""
    cart_id: int | None = None
    """Whose hold it was, where one step moves those of several carts."""


def shift(session: Session, move: Move) -> Move | None:
    """Change the level. What was moved of an untracked variant is another move than that which was asked for.

    None where the guard refuses, and nothing is changed.
    """
    if not (move.on_hand or move.allocated or move.held):
        return move
    values = {
        "variant": move.variant_id,
        "on_hand_delta": move.on_hand,
        "allocated_delta": move.allocated,
        "held_delta": move.held,
        "needed": move.needed,
    }
    policy = session.connection().execute(_SHIFT, values).scalar()
    if policy == StockPolicy.UNTRACKED:
        return replace(move, on_hand=move.allocated, held=0)
    return move if policy else None


def shift_all(session: Session, moves: Collection[Move]) -> list[Move]:
    """Make all of these changes, in their order; returns them as `shift` does.

    Errors  Conflict where more units are to leave than are on hand; NotFound without a level.
    """
    session.flush()
    made = []
    for move in moves:
        moved = shift(session, move)
        if moved is None:
            raise _not_there(session, move)
        made.append(moved)
    return made


def _not_there(session: Session, move: Move) -> ShopError:
    before = levels(session, [move.variant_id]).get(move.variant_id)
    names = session.connection().execute(_NAMES, {"ids": [move.variant_id]}).first()
    if before is None or names is None:
        return NotFound(_("The stock of a product is missing."))
    if before.on_hand + move.on_hand < 0:
        text = _("{count} of {title} are to leave, and {on_hand} are in the house.")
        return Conflict(text.format(count=-move.on_hand, title=_title(names), on_hand=before.on_hand))
    return Conflict(_("The stock of {title} has moved on. Try again.").format(title=_title(names)))


def _title(names: Any) -> str:
    return f"{names.title}, {names.variant_title}" if names.variant_title else names.title


def record(
    session: Session,
    moves: Iterable[Move],
    *,
    reason: str,
    actor: str = "system",
    note: str = "",
    order_id: int | None = None,
    cart_id: int | None = None,
) -> None:
    """Write the movements, and publish `StockChanged`; moves of nothing are left out."""
    at = now()
    rows: list[dict[str, Any]] = [
        {
            "variant_id": move.variant_id,
            "kind": move.kind.value,
            "on_hand_delta": move.on_hand,
            "allocated_delta": move.allocated,
            "held_delta": move.held,
            "order_id": order_id,
            "cart_id": move.cart_id or cart_id,
            "reason": reason[:100],
            "note": note,
            "actor": actor[:200],
            "at": at,
        }
        for move in moves
        if move.on_hand or move.allocated or move.held
    ]
    if rows:
        session.connection().execute(_RECORD, rows)
        moved = tuple(sorted(row["variant_id"] for row in rows))
        events.publish(session, events.StockChanged(moved))


def in_sku_order(session: Session, variant_ids: Iterable[int]) -> list[int]:
    """The ids in the order in which levels are locked."""
    ids = list(variant_ids)
    if len(ids) < 2:
        return ids
    rows = session.connection().execute(_SKUS, {"ids": ids})
    return [variant_id for _sku, variant_id in sorted(tuple(row) for row in rows)]


def out_of_stock(
    session: Session, units: Mapping[int, int], own: Mapping[int, int], taken: set[int]
) -> OutOfStock:
    """The refusal for these lines; `taken` already have their units in this transaction."""
    levels_now = levels(session, units)
    left: dict[str, int] = {}
    sentences = []
    for row in sorted(session.connection().execute(_NAMES, {"ids": list(units)}), key=lambda row: row.sku):
        numbers = levels_now.get(row.id, Level())
        left_units = units[row.id]
        if row.id not in taken and numbers.policy == StockPolicy.DENY:
            left_units = min(left_units, numbers.available + own.get(row.id, 0))
        left[row.sku] = left_units
        if left_units < units[row.id]:
            sentences.append(only_left(left_units, _title(row)))
    return OutOfStock(" ".join(sentences), left=left, lines=sentences)
