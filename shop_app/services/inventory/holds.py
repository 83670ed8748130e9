"""The holds of carts in checkout: the only writer of `stock_hold`, each change with its movements.

The caller has the cart locked; carts are always locked before stock levels.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime

from sqlalchemy import bindparam, delete, insert, select, update
from sqlmodel import Session

from ...core import events
from ...core.clock import now
from ...core.errors import Conflict
from ...core.i18n import _
from ...models import Cart, MovementKind, StockHold, table_of
from .ledger import Move, in_sku_order, level, out_of_stock, record, shift, shift_all

stock_hold = table_of(StockHold)
_cart = table_of(Cart)

_HOLDS = select(stock_hold.c.variant_id, stock_hold.c.quantity).where(
    stock_hold.c.cart_id == bindparam("cart")
)
_ROWS = select(stock_hold).where(stock_hold.c.cart_id == bindparam("cart"))
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
_EXPIRED = select(stock_hold.c.cart_id).where(stock_hold.c.expires_at <= bindparam("at"))
# A cart that is locked is being changed: its hold is left to that transaction.
_LOCK_EXPIRED = (
    select(_cart.c.id)
    .where(_cart.c.id.in_(_EXPIRED))
    .order_by(_cart.c.id)
    .limit(bindparam("most"))
    .with_for_update(skip_locked=True)
)
_TAKE_EXPIRED = (
    delete(stock_hold)
    .where(
        stock_hold.c.cart_id.in_(bindparam("carts", expanding=True)),
        stock_hold.c.expires_at <= bindparam("at"),
    )
    .returning(stock_hold.c.cart_id, stock_hold.c.variant_id, stock_hold.c.quantity)
)
_CARTS = (
    select(_cart.c.id)
    .where(
        _cart.c.id.in_(select(stock_hold.c.cart_id).where(stock_hold.c.variant_id == bindparam("variant")))
    )
    .order_by(_cart.c.id)
)
_ALL_OF = select(stock_hold.c.cart_id, stock_hold.c.quantity).where(
    stock_hold.c.variant_id == bindparam("variant")
)
_DROP_ALL = delete(stock_hold).where(stock_hold.c.variant_id == bindparam("variant"))


def held_by(session: Session, cart_id: int) -> dict[int, int]:
    """The units that the cart holds, by variant id."""
    rows = session.connection().execute(_HOLDS, {"cart": cart_id})
    return {row.variant_id: row.quantity for row in rows}


def drop(session: Session, cart_id: int) -> None:
    """Delete the cart's holds; the caller moves their units in the same transaction."""
    session.connection().execute(_DROP, {"cart": cart_id})


def hold(
    session: Session,
    cart_id: int,
    quantities: Mapping[int, int],
    *,
    expires_at: datetime,
    since: datetime | None = None,
) -> None:
    """Hold exactly these units for the cart until `expires_at`, whatever it held before.

    Errors  OutOfStock, with the units of every line that could be had.
    """
    session.flush()
    before = held_by(session, cart_id)
    moves: list[Move] = []
    for variant_id in in_sku_order(session, {**quantities, **before}):
        moved = shift(session, _to(variant_id, before.get(variant_id, 0), quantities.get(variant_id, 0)))
        if moved is None:
            raise out_of_stock(session, quantities, before, taken={move.variant_id for move in moves})
        moves.append(moved)
    if before:
        drop(session, cart_id)
    _keep(session, cart_id, moves, before, expires_at=expires_at, since=since)


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
    """The same, with fewer units where there aren't so many; returns what the cart can have now.

    That is what it holds, and all that is needed of untracked variants, which are never held. `before` is
    what it held until now, if the caller has read that already; `address_hash` the keyed hash of the
    shopper's IP address.
    """
    session.flush()
    before = held_by(session, cart_id) if before is None else before
    moves: list[Move] = []
    can_have: dict[int, int] = {}
    for variant_id in in_sku_order(session, {**quantities, **before}):
        had, needed = before.get(variant_id, 0), quantities.get(variant_id, 0)
        move = _to(variant_id, had, needed)
        moved = shift(session, move)
        if moved is None:
            # The level stays locked from here on, so what is free is free for this cart.
            free = session.connection().execute(_FREE, {"variant": variant_id}).scalar() or 0
            move = _to(variant_id, had, min(needed, had + max(0, free)))
            [moved] = shift_all(session, [move])
        moves.append(moved)
        can_have[variant_id] = had + move.held
    if before:
        drop(session, cart_id)
    _keep(session, cart_id, moves, before, expires_at=expires_at, since=since, address_hash=address_hash)
    return {variant_id: units for variant_id, units in can_have.items() if units}


def keep_until(session: Session, cart_id: int, expires_at: datetime) -> None:
    """Change when the cart's holds expire."""
    session.connection().execute(_UNTIL, {"cart": cart_id, "expires_at": expires_at})


def hand_over(session: Session, cart_id: int, to_cart_id: int) -> None:
    """Make the holds of one cart another's, which has one end for all of them: its own, where it has holds.

    Both are locked. No level changes, so no unit becomes free by it.
    """
    run = session.connection().execute
    handed, own = (
        {row["variant_id"]: row for row in run(_ROWS, {"cart": one}).mappings()}
        for one in (cart_id, to_cart_id)
    )
    if not handed:
        return
    drop(session, cart_id)
    drop(session, to_cart_id)
    until = next(iter((own or handed).values()))
    shared = {name: until[name] for name in ("expires_at", "since", "address_hash")}
    quantities = {variant_id: row["quantity"] for variant_id, row in own.items()}
    moves = []
    for variant_id, row in handed.items():
        units = row["quantity"]
        quantities[variant_id] = quantities.get(variant_id, 0) + units
        moves.append(Move(variant_id, MovementKind.UNHELD, held=-units, cart_id=cart_id))
        moves.append(Move(variant_id, MovementKind.HELD, held=units, cart_id=to_cart_id))
    run(
        _ADD,
        [
            {"cart_id": to_cart_id, "variant_id": variant_id, "quantity": units, **shared}
            for variant_id, units in quantities.items()
        ],
    )
    record(session, moves, reason="carts joined")


def unhold(session: Session, cart_id: int, *, reason: str) -> None:
    """Release all that the cart holds; doing it twice is harmless."""
    held = held_by(session, cart_id)
    moves = [
        Move(variant_id, MovementKind.UNHELD, held=-held[variant_id])
        for variant_id in in_sku_order(session, held)
    ]
    moved = shift_all(session, moves)
    drop(session, cart_id)
    record(session, moved, cart_id=cart_id, reason=reason)


def lock_carts(session: Session, variant_id: int, *, wait: bool = True) -> set[int]:
    """Lock the carts that hold units of the variant, or those that nobody has locked; returns their ids."""
    statement = _CARTS.with_for_update(skip_locked=not wait)
    return set(session.connection().execute(statement, {"variant": variant_id}).scalars())


def end_all(session: Session, variant_id: int, *, reason: str, actor: str) -> None:
    """Release every hold of the variant. The caller has locked its carts, then its level.

    Errors  Conflict where a cart that began to hold units between the two is being changed.
    """
    # Not waited for: a cart that is being changed may wait for the level.
    carts = lock_carts(session, variant_id, wait=False)
    held = session.connection().execute(_ALL_OF, {"variant": variant_id}).all()
    if any(cart_id not in carts for cart_id, _units in held):
        raise Conflict(_("Somebody is just checking out with it. Try again."))
    session.connection().execute(_DROP_ALL, {"variant": variant_id})
    moves = [Move(variant_id, MovementKind.UNHELD, held=-units, cart_id=cart_id) for cart_id, units in held]
    record(session, shift_all(session, moves), reason=reason, actor=actor)
    for cart_id, _units in held:
        events.publish(session, events.CartChanged(cart_id))


def release_expired(session: Session, at: datetime, most: int) -> list[int]:
    """Release holds that had expired at `at`, of `most` carts; returns the ids of these carts.

    Several processes may do this at once: the one that deletes a hold releases its units.
    """
    rows = session.connection().execute(_LOCK_EXPIRED, {"at": at, "most": most})
    return release_if_expired(session, [row.id for row in rows], at)


def release_if_expired(session: Session, cart_ids: Iterable[int], at: datetime) -> list[int]:
    """The same for these carts alone, which the caller has locked."""
    carts = list(cart_ids)
    if not carts:
        return []
    gone = session.connection().execute(_TAKE_EXPIRED, {"carts": carts, "at": at}).all()
    moves = {
        (variant_id, cart_id): Move(variant_id, MovementKind.UNHELD, held=-units, cart_id=cart_id)
        for cart_id, variant_id, units in gone
    }
    in_order = in_sku_order(session, {variant_id for variant_id, _cart in moves})
    place = {variant_id: at for at, variant_id in enumerate(in_order)}
    ordered = [moves[key] for key in sorted(moves, key=lambda key: (place[key[0]], key[1]))]
    record(session, shift_all(session, ordered), reason="time over")
    return sorted({cart_id for _variant_id, cart_id in moves})


def _to(variant_id: int, had: int, units: int) -> Move:
    more = units - had
    kind = MovementKind.HELD if more > 0 else MovementKind.UNHELD
    return Move(variant_id, kind, held=more, needed=more) if more > 0 else Move(variant_id, kind, held=more)


def _keep(
    session: Session,
    cart_id: int,
    moves: Collection[Move],
    before: Mapping[int, int],
    *,
    expires_at: datetime,
    since: datetime | None,
    address_hash: str = "",
) -> None:
    rows = [
        {
            "cart_id": cart_id,
            "variant_id": move.variant_id,
            "quantity": quantity,
            "expires_at": expires_at,
            "since": since or now(),
            "address_hash": address_hash,
        }
        for move in moves
        if (quantity := before.get(move.variant_id, 0) + move.held)
    ]
    if rows:
        session.connection().execute(_ADD, rows)
    record(session, moves, cart_id=cart_id, reason="checkout")
