"""The holds of carts in checkout: the only writer of `stock_hold`, each change with its movements.

The caller has the cart locked: a cart is locked before any level, here as everywhere.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime

from sqlalchemy import bindparam, delete, insert, select, update
from sqlmodel import Session

from ...core.clock import now
from ...models import Cart, MovementKind, StockHold, table_of
from .ledger import Move, in_sku_order, level, out_of_stock, record, shift, shift_all

stock_hold = table_of(StockHold)
_cart = table_of(Cart)

_HOLDS = select(stock_hold.c.variant_id, stock_hold.c.quantity).where(
    stock_hold.c.cart_id == bindparam("cart")
)
_DROP = delete(stock_hold).where(stock_hold.c.cart_id == bindparam("cart"))
_ADD = insert(stock_hold)
_UNTIL = (
    update(stock_hold)
    .where(stock_hold.c.cart_id == bindparam("cart"))
    .values(expires_at=bindparam("expires_at"))
)
_FREE = (
    select(level.c.on_hand - level.c.allocated - level.c.held)
    .where(level.c.variant_id == bindparam("variant"))
    .with_for_update()
)
_RUN_OUT = select(stock_hold.c.cart_id).where(stock_hold.c.expires_at <= bindparam("at"))
# Whoever works on a cart just now is about to decide over its hold, so nobody waits for them.
_LOCK_RUN_OUT = (
    select(_cart.c.id)
    .where(_cart.c.id.in_(_RUN_OUT))
    .order_by(_cart.c.id)
    .limit(bindparam("most"))
    .with_for_update(skip_locked=True)
)
_TAKE_RUN_OUT = (
    delete(stock_hold)
    .where(
        stock_hold.c.cart_id.in_(bindparam("carts", expanding=True)),
        stock_hold.c.expires_at <= bindparam("at"),
    )
    .returning(stock_hold.c.cart_id, stock_hold.c.variant_id, stock_hold.c.quantity)
)


def held_by(session: Session, cart_id: int) -> dict[int, int]:
    """The units that the cart holds, by variant id."""
    rows = session.connection().execute(_HOLDS, {"cart": cart_id})
    return {row.variant_id: row.quantity for row in rows}


def drop(session: Session, cart_id: int) -> None:
    """Forget the holds of a cart whose units an order takes over in the same step."""
    session.connection().execute(_DROP, {"cart": cart_id})


def hold(
    session: Session,
    cart_id: int,
    quantities: Mapping[int, int],
    *,
    expires_at: datetime,
    since: datetime | None = None,
) -> None:
    """Keep exactly these units for the cart until then, whatever it held before.

    Errors  OutOfStock, with the units of every line that could be had.
    """
    session.flush()
    before = held_by(session, cart_id)
    moves: list[Move] = []
    for variant_id in in_sku_order(session, {**quantities, **before}):
        move = _to(variant_id, before.get(variant_id, 0), quantities.get(variant_id, 0))
        if not shift(session, move):
            raise out_of_stock(session, quantities, before, taken={move.variant_id for move in moves})
        moves.append(move)
    if before:
        drop(session, cart_id)
    _keep(session, cart_id, moves, quantities, expires_at=expires_at, since=since)


def hold_what_there_is(
    session: Session,
    cart_id: int,
    quantities: Mapping[int, int],
    *,
    expires_at: datetime,
    since: datetime | None = None,
    before: Mapping[int, int] | None = None,
    address_hash: str = "",
) -> dict[int, int]:
    """The same, with fewer units where there aren't so many: the answer is what the cart holds now.

    `before` is what it held until now, where the caller has read that; `address_hash` the keyed hash of the
    address that it is held for.
    """
    session.flush()
    before = held_by(session, cart_id) if before is None else before
    moves: list[Move] = []
    kept: dict[int, int] = {}
    for variant_id in in_sku_order(session, {**quantities, **before}):
        had, needed = before.get(variant_id, 0), quantities.get(variant_id, 0)
        move = _to(variant_id, had, needed)
        if not shift(session, move):
            # The level stays locked from here on, so what is free is free for this cart.
            free = session.connection().execute(_FREE, {"variant": variant_id}).scalar() or 0
            move = _to(variant_id, had, min(needed, had + max(0, free)))
            shift_all(session, [move])
        moves.append(move)
        kept[variant_id] = had + move.held
    if before:
        drop(session, cart_id)
    _keep(session, cart_id, moves, kept, expires_at=expires_at, since=since, address_hash=address_hash)
    return {variant_id: units for variant_id, units in kept.items() if units}


def keep_until(session: Session, cart_id: int, expires_at: datetime) -> None:
    """Let the cart keep what it holds until another moment."""
    session.connection().execute(_UNTIL, {"cart": cart_id, "expires_at": expires_at})


def unhold(session: Session, cart_id: int, *, reason: str) -> None:
    """Give back all that the cart holds; once or twice is the same."""
    held = held_by(session, cart_id)
    moves = [
        Move(variant_id, MovementKind.UNHELD, held=-held[variant_id])
        for variant_id in in_sku_order(session, held)
    ]
    shift_all(session, moves)
    drop(session, cart_id)
    record(session, moves, cart_id=cart_id, reason=reason)


def free_run_out(session: Session, at: datetime, most: int) -> list[int]:
    """Give back holds whose time was over at that moment; the answer is the carts that lost theirs.

    Any number of processes may do this at once: whose statement deletes a hold gives its units back.
    """
    rows = session.connection().execute(_LOCK_RUN_OUT, {"at": at, "most": most})
    return free_if_run_out(session, [row.id for row in rows], at)


def free_if_run_out(session: Session, cart_ids: Iterable[int], at: datetime) -> list[int]:
    """The same for these carts alone, which the caller has locked."""
    carts = list(cart_ids)
    if not carts:
        return []
    gone = session.connection().execute(_TAKE_RUN_OUT, {"carts": carts, "at": at}).all()
    moves = {
        (variant_id, cart_id): Move(variant_id, MovementKind.UNHELD, held=-units, cart_id=cart_id)
        for cart_id, variant_id, units in gone
    }
    in_order = {
        variant_id: place for place, variant_id in enumerate(in_sku_order(session, {v for v, _ in moves}))
    }
    ordered = [moves[key] for key in sorted(moves, key=lambda key: (in_order[key[0]], key[1]))]
    shift_all(session, ordered)
    record(session, ordered, reason="time over")
    return sorted({cart_id for _variant_id, cart_id in moves})


def _to(variant_id: int, had: int, units: int) -> Move:
    more = units - had
    kind = MovementKind.HELD if more > 0 else MovementKind.UNHELD
    return Move(variant_id, kind, held=more, needed=more) if more > 0 else Move(variant_id, kind, held=more)


def _keep(
    session: Session,
    cart_id: int,
    moves: Iterable[Move],
    quantities: Mapping[int, int],
    *,
    expires_at: datetime,
    since: datetime | None,
    address_hash: str = "",
) -> None:
    rows = [
        {
            "cart_id": cart_id,
            "variant_id": variant_id,
            "quantity": quantity,
            "expires_at": expires_at,
            "since": since or now(),
            "address_hash": address_hash,
        }
        for variant_id, quantity in quantities.items()
        if quantity
    ]
    if rows:
        session.connection().execute(_ADD, rows)
    record(session, moves, cart_id=cart_id, reason="checkout")
