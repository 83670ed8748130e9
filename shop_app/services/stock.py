"""Stock: the only writer of the three numbers, the holds and the ledger of movements.

Every change is one guarded statement per variant, so that two buyers can't both pass a check; variants
are taken in SKU order, so that two carts can't wait for each other. Each change leaves a movement, and
the deltas of a variant's movements add up to its level.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, delete, func, insert, or_, select, update
from sqlmodel import Session, SQLModel

from .. import facts
from ..clock import now
from ..errors import Invalid, NotFound, OutOfStock
from ..models import MovementKind, StockPolicy
from ..words import _
from . import shelf

level = SQLModel.metadata.tables["stock_level"]
stock_hold = SQLModel.metadata.tables["stock_hold"]
movement = SQLModel.metadata.tables["stock_movement"]
variant = SQLModel.metadata.tables["variant"]
product = SQLModel.metadata.tables["product"]

# The guard lets through what fits, and what only gives back: a level that a stocktake left too low
# must never keep an order from returning its units.
_SHIFT = (
    update(level)
    .where(
        level.c.variant_id == bindparam("variant"),
        level.c.on_hand + bindparam("on_hand_delta") >= 0,
        level.c.allocated + bindparam("allocated_delta") >= 0,
        level.c.held + bindparam("held_delta") >= 0,
        or_(
            level.c.policy == StockPolicy.BACKORDER.value,
            level.c.on_hand - level.c.allocated - level.c.held >= bindparam("needed"),
        ),
    )
    .values(
        on_hand=level.c.on_hand + bindparam("on_hand_delta"),
        allocated=level.c.allocated + bindparam("allocated_delta"),
        held=level.c.held + bindparam("held_delta"),
    )
)
_NAMES = (
    select(variant.c.id, variant.c.sku, product.c.title, variant.c.title.label("variant_title"))
    .join(product, product.c.id == variant.c.product_id)
    .where(variant.c.id.in_(bindparam("ids", expanding=True)))
)
_SKUS = select(variant.c.sku, variant.c.id).where(variant.c.id.in_(bindparam("ids", expanding=True)))
_LEVELS = select(level).where(level.c.variant_id.in_(bindparam("ids", expanding=True)))
_HOLDS = select(stock_hold.c.variant_id, stock_hold.c.quantity).where(
    stock_hold.c.cart_id == bindparam("cart")
)
_OF_ORDER = (
    select(movement.c.variant_id, func.sum(movement.c.allocated_delta))
    .where(movement.c.order_id == bindparam("order"))
    .group_by(movement.c.variant_id)
)
_RECORD = insert(movement)
_DROP_HOLDS = delete(stock_hold).where(stock_hold.c.cart_id == bindparam("cart"))


@dataclass(frozen=True, slots=True)
class Level:
    on_hand: int
    allocated: int
    held: int
    backorder: bool

    @property
    def available(self) -> int:
        return max(0, self.on_hand - self.allocated - self.held)


NO_LEVEL = Level(0, 0, 0, False)


def levels(session: Session, variant_ids: Iterable[int]) -> dict[int, Level]:
    """The numbers of these variants; one that was never stocked is missing."""
    rows = session.connection().execute(_LEVELS, {"ids": list(variant_ids)})
    return {
        row.variant_id: Level(row.on_hand, row.allocated, row.held, row.policy == StockPolicy.BACKORDER)
        for row in rows
    }


def set_on_hand(
    session: Session, variant_id: int, on_hand: int, *, reason: str, actor: str = "system", note: str = ""
) -> None:
    """Have so many units in the house, whatever was there: a stocktake, an import, the seed.

    Errors  Invalid for fewer units than orders and holds already have.
    """
    if not 0 <= on_hand <= 10**9:
        raise Invalid(_("Enter a number of units from 0 up."), field="on_hand")
    session.flush()
    known = session.connection().execute(
        select(level.c.on_hand).where(level.c.variant_id == variant_id).with_for_update()
    )
    before = known.scalar_one_or_none()
    if before is None:
        session.connection().execute(
            insert(level).values(
                variant_id=variant_id, on_hand=0, allocated=0, held=0, low_at=3, policy=StockPolicy.DENY.value
            )
        )
    adjust(session, variant_id, on_hand - (before or 0), reason=reason, actor=actor, note=note)


def adjust(
    session: Session, variant_id: int, delta: int, *, reason: str, actor: str = "system", note: str = ""
) -> None:
    """So many units more (or fewer) in the house than a moment ago.

    Errors  Invalid for fewer units than orders and holds already have, or than none.
    """
    if not delta:
        return
    session.flush()
    kind = MovementKind.RECEIVED if delta > 0 else MovementKind.ADJUSTED
    move = _Move(variant_id, kind, on_hand=delta, needed=max(0, -delta))
    if not _shift(session, move):
        raise Invalid(_("Orders and checkouts already have more units than would be left."), field="on_hand")
    _record(session, [move], reason=reason, actor=actor, note=note)


def allocate(
    session: Session, order_id: int, quantities: Mapping[int, int], *, cart_id: int | None = None
) -> None:
    """Give the order its units, by variant id; what the cart holds is turned into them.

    Errors  OutOfStock, with the units of every line that could be had; nothing is taken then,
            because the refusal undoes the transaction.
    """
    session.flush()
    held = _held_by(session, cart_id) if cart_id else {}
    moves: list[_Move] = []
    for variant_id in _in_sku_order(session, {**quantities, **held}):
        own, wanted = held.get(variant_id, 0), quantities.get(variant_id, 0)
        move = _Move(
            variant_id, MovementKind.ALLOCATED, allocated=wanted, held=-own, needed=max(0, wanted - own)
        )
        if not _shift(session, move):
            raise _out_of_stock(session, quantities, held, taken={move.variant_id for move in moves})
        moves.append(move)
    if held:
        session.connection().execute(_DROP_HOLDS, {"cart": cart_id})
    _record(session, moves, order_id=order_id, cart_id=cart_id if held else None, reason="order placed")


def release(session: Session, order_id: int, *, reason: str, actor: str = "system") -> None:
    """Take back whatever the order still has allocated; once or twice is the same."""
    rows = session.connection().execute(_OF_ORDER, {"order": order_id})
    still = {variant_id: int(units) for variant_id, units in rows if units > 0}
    moves = [
        _Move(variant_id, MovementKind.RELEASED, allocated=-still[variant_id])
        for variant_id in _in_sku_order(session, still)
    ]
    _shift_all(session, moves)
    _record(session, moves, order_id=order_id, reason=reason, actor=actor)


def hold(session: Session, cart_id: int, quantities: Mapping[int, int], *, expires_at: datetime) -> None:
    """Keep exactly these units for the cart until then, whatever it held before.

    Errors  OutOfStock, with the units of every line that could be had.
    """
    session.flush()
    before = _held_by(session, cart_id)
    moves: list[_Move] = []
    for variant_id in _in_sku_order(session, {**quantities, **before}):
        delta = quantities.get(variant_id, 0) - before.get(variant_id, 0)
        kind = MovementKind.HELD if delta > 0 else MovementKind.UNHELD
        move = _Move(variant_id, kind, held=delta, needed=max(0, delta))
        if not _shift(session, move):
            raise _out_of_stock(session, quantities, before, taken={move.variant_id for move in moves})
        moves.append(move)
    connection = session.connection()
    connection.execute(_DROP_HOLDS, {"cart": cart_id})
    rows = [
        {"cart_id": cart_id, "variant_id": variant_id, "quantity": quantity, "expires_at": expires_at}
        for variant_id, quantity in quantities.items()
        if quantity
    ]
    if rows:
        connection.execute(insert(stock_hold), rows)
    _record(session, moves, cart_id=cart_id, reason="checkout")


def unhold(session: Session, cart_id: int, *, reason: str) -> None:
    """Give back all that the cart holds; once or twice is the same."""
    held = _held_by(session, cart_id)
    moves = [
        _Move(variant_id, MovementKind.UNHELD, held=-held[variant_id])
        for variant_id in _in_sku_order(session, held)
    ]
    _shift_all(session, moves)
    session.connection().execute(_DROP_HOLDS, {"cart": cart_id})
    _record(session, moves, cart_id=cart_id, reason=reason)


def only_left(left: int, title: str) -> str:
    """The sentence of a refusal: "Only 3 of Dune Mug are left."."""
    if left <= 0:
        return _("{title} is sold out.").format(title=title)
    one, many = _("Only {count} of {title} is left."), _("Only {count} of {title} are left.")
    return (one if left == 1 else many).format(count=left, title=title)


@dataclass(frozen=True, slots=True)
class _Move:
    variant_id: int
    kind: MovementKind
    on_hand: int = 0
    allocated: int = 0
    held: int = 0
    needed: int = -2_000_000_000
    """Units that must be free for it; far below zero where it only gives back."""


def _shift(session: Session, move: _Move) -> bool:
    if not (move.on_hand or move.allocated or move.held):
        return True
    done = session.connection().execute(
        _SHIFT,
        {
            "variant": move.variant_id,
            "on_hand_delta": move.on_hand,
            "allocated_delta": move.allocated,
            "held_delta": move.held,
            "needed": move.needed,
        },
    )
    return done.rowcount == 1


def _shift_all(session: Session, moves: list[_Move]) -> None:
    session.flush()
    for move in moves:
        if not _shift(session, move):
            raise NotFound(_("The stock of a product is missing."))


def _record(
    session: Session,
    moves: Iterable[_Move],
    *,
    reason: str,
    actor: str = "system",
    note: str = "",
    order_id: int | None = None,
    cart_id: int | None = None,
) -> None:
    at = now()
    rows: list[dict[str, Any]] = [
        {
            "variant_id": move.variant_id, "kind": move.kind.value, "on_hand_delta": move.on_hand,
            "allocated_delta": move.allocated, "held_delta": move.held, "order_id": order_id,
            "cart_id": cart_id, "reason": reason, "note": note, "actor": actor, "at": at,
        }
        for move in moves
        if move.on_hand or move.allocated or move.held
    ]  # fmt: skip
    if rows:
        session.connection().execute(_RECORD, rows)
        moved = tuple(sorted(row["variant_id"] for row in rows))
        shelf.refresh_availability(session, moved)
        facts.announce(session, facts.StockChanged(moved))


def _in_sku_order(session: Session, variant_ids: Iterable[int]) -> list[int]:
    ids = list(variant_ids)
    if len(ids) < 2:
        return ids
    rows = session.connection().execute(_SKUS, {"ids": ids})
    return [variant_id for _sku, variant_id in sorted(tuple(row) for row in rows)]


def _held_by(session: Session, cart_id: int) -> dict[int, int]:
    rows = session.connection().execute(_HOLDS, {"cart": cart_id})
    return {row.variant_id: row.quantity for row in rows}


def _out_of_stock(
    session: Session, wanted: Mapping[int, int], own: Mapping[int, int], taken: set[int]
) -> OutOfStock:
    """The refusal for these lines; `taken` already have their units in this transaction."""
    known = levels(session, wanted)
    left: dict[str, int] = {}
    sentences = []
    for row in sorted(session.connection().execute(_NAMES, {"ids": list(wanted)}), key=lambda row: row.sku):
        numbers = known.get(row.id, NO_LEVEL)
        could_have = wanted[row.id]
        if row.id not in taken and not numbers.backorder:
            could_have = min(could_have, numbers.available + own.get(row.id, 0))
        left[row.sku] = could_have
        if could_have < wanted[row.id]:
            title = f"{row.title}, {row.variant_title}" if row.variant_title else row.title
            sentences.append(only_left(could_have, title))
    return OutOfStock(" ".join(sentences), left=left)
