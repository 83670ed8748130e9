"""Offers: a unit held for each person whose turn it is, and units set aside for those who are next.

The only writer of `stock_reserve`, and of what `stock_offer` says of units, each change of what is held with
its movement. Who waits is the business of `stock_alerts`. Locks: cart, then offers, levels, reserve.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, delete, func, insert, select, update
from sqlmodel import Session

from ...core import events
from ...core.clock import now
from ...core.errors import Conflict
from ...core.i18n import _
from ...core.upsert import Insert, upsert
from ...models import Cart, CartLine, MovementKind, StockOffer, StockReserve, table_of
from .ledger import Move, in_sku_order, level, record, shift, shift_all, variant

offer = table_of(StockOffer)
reserve = table_of(StockReserve)
_cart = table_of(Cart)
_cart_line = table_of(CartLine)

_of_cart = (_cart.c.id == bindparam("cart"), offer.c.key_hash == _cart.c.key_hash, offer.c.order_id.is_(None))
_UNITS = (
    select(offer.c.variant_id, func.count().label("units"), func.min(offer.c.expires_at).label("until"))
    .join(_cart, offer.c.key_hash == _cart.c.key_hash)
    .where(*_of_cart)
    .group_by(offer.c.variant_id)
)
_LOCKED_OF_CART = (
    select(offer.c.variant_id, offer.c.id)
    .join(_cart, offer.c.key_hash == _cart.c.key_hash)
    .where(*_of_cart)
    .order_by(offer.c.id)
    .with_for_update(of=offer)
)
_TAKE = (
    update(offer)
    .where(offer.c.id.in_(bindparam("ids", expanding=True)))
    .values(order_id=bindparam("to_order"))
)
_OPEN_AGAIN = (
    update(offer)
    .where(offer.c.order_id == bindparam("order"), offer.c.expires_at > bindparam("at"))
    .values(order_id=None)
    .returning(offer.c.variant_id)
)
_EXPIRED = (
    select(offer.c.id)
    .where(offer.c.expires_at <= bindparam("at"))
    .order_by(offer.c.id)
    .limit(bindparam("most"))
    .with_for_update(skip_locked=True)
)
_ANY_EXPIRED = select(offer.c.id).where(offer.c.expires_at <= bindparam("at")).limit(1)
_OF_VARIANT = select(offer.c.id).where(offer.c.variant_id == bindparam("variant"))
_END = (
    delete(offer)
    .where(offer.c.id.in_(bindparam("ids", expanding=True)))
    .returning(offer.c.variant_id, offer.c.order_id, offer.c.key_hash)
)
_SKUS = select(variant.c.sku).where(variant.c.id.in_(bindparam("ids", expanding=True)))
_CARTS_WITH = (
    select(_cart.c.id)
    .join(_cart_line, _cart_line.c.cart_id == _cart.c.id)
    .where(
        _cart.c.key_hash.in_(bindparam("keys", expanding=True)),
        _cart.c.completed_at.is_(None),
        _cart_line.c.variant_id.in_(bindparam("variants", expanding=True)),
    )
    .distinct()
)
_ADD = insert(offer)
_RESERVED = select(reserve.c.units).where(reserve.c.variant_id == bindparam("variant")).with_for_update()
_LESS = (
    update(reserve)
    .where(reserve.c.variant_id == bindparam("variant"))
    .values(units=reserve.c.units - bindparam("fewer"))
)
_NO_MORE = delete(reserve).where(reserve.c.variant_id == bindparam("variant"))
_LEVEL = select(level.c.variant_id).where(level.c.variant_id == bindparam("variant")).with_for_update()


@upsert(reserve)
def _set_aside(insert_reserve: Insert) -> Any:
    return insert_reserve.on_conflict_do_update(
        index_elements=[reserve.c.variant_id], set_={"units": reserve.c.units + insert_reserve.excluded.units}
    )


# --- Units for those who are next ---


def set_aside(session: Session, quantities: Mapping[int, int]) -> list[int]:
    """Set free units aside for those who wait; returns the variants of which there were so many."""
    moved = []
    for variant_id in in_sku_order(session, quantities):
        units = quantities[variant_id]
        made = shift(session, Move(variant_id, MovementKind.HELD, held=units, needed=units))
        if made is not None and made.held:
            session.connection().execute(_set_aside(session), {"variant_id": variant_id, "units": units})
            moved.append(made)
    record(session, moved, reason="for those who wait")
    return [move.variant_id for move in moved]


def lock_reserve(session: Session, variant_id: int, *, with_level: bool = False) -> int:
    """The units that are set aside, locked; with the level, before it, where some may become free again."""
    if with_level:
        session.connection().execute(_LEVEL, {"variant": variant_id})
    return session.connection().execute(_RESERVED, {"variant": variant_id}).scalar() or 0


def make_free(session: Session, variant_id: int, units: int, *, reserved: int) -> None:
    """So many of the `reserved` units are for sale to everybody; the caller has locked level and reserve."""
    _shrink(session, variant_id, units, reserved)
    moved = shift_all(session, [Move(variant_id, MovementKind.UNHELD, held=-units)])
    record(session, moved, reason="nobody waits")


def offer_to(
    session: Session,
    variant_id: int,
    people: Sequence[Mapping[str, Any]],
    *,
    reserved: int,
    expires_at: datetime,
) -> None:
    """Hold one of the `reserved` units for each of these people; the level stays as it is.

    people  rows with email, key_hash and token
    """
    if not people:
        return
    same = {"variant_id": variant_id, "offered_at": now(), "expires_at": expires_at}
    session.connection().execute(_ADD, [{**person, **same} for person in people])
    _shrink(session, variant_id, len(people), reserved)
    publish_carts(session, [person["key_hash"] for person in people], [variant_id])


def _shrink(session: Session, variant_id: int, units: int, reserved: int) -> None:
    if units == reserved:
        session.connection().execute(_NO_MORE, {"variant": variant_id})
    else:
        session.connection().execute(_LESS, {"variant": variant_id, "fewer": units})


# --- Carts and orders ---


def of_cart(session: Session, cart_id: int) -> dict[int, tuple[int, datetime]]:
    """The units that are held for the cart's shopper, and until when at least, by variant id."""
    rows = session.connection().execute(_UNITS, {"cart": cart_id})
    return {row.variant_id: (row.units, row.until) for row in rows}


def lock_of_cart(session: Session, cart_id: int) -> dict[int, list[int]]:
    """The ids of the offers to the cart's shopper, locked, by variant id; before any level is."""
    offers: dict[int, list[int]] = {}
    for variant_id, offer_id in session.connection().execute(_LOCKED_OF_CART, {"cart": cart_id}):
        offers.setdefault(variant_id, []).append(offer_id)
    return offers


def take(session: Session, offer_ids: Iterable[int], order_id: int) -> None:
    """The order has the units of these offers; the caller has moved them."""
    session.connection().execute(_TAKE, {"ids": list(offer_ids), "to_order": order_id})


def open_again(session: Session, order_id: int) -> list[Move]:
    """An order ended unpaid: whose time isn't over has the unit held again. The caller makes these moves."""
    params = {"order": order_id, "at": now()}
    units: dict[int, int] = {}
    for variant_id in session.connection().execute(_OPEN_AGAIN, params).scalars():
        units[variant_id] = units.get(variant_id, 0) + 1
    return [
        Move(variant_id, MovementKind.HELD, held=units[variant_id], needed=units[variant_id])
        for variant_id in in_sku_order(session, units)
    ]


def publish_carts(session: Session, keys: Collection[str], variant_ids: Collection[int]) -> None:
    """Say that these shoppers' carts changed, as far as they have one of these variants in it."""
    params = {"keys": list(keys), "variants": list(variant_ids)}
    for cart_id in session.connection().execute(_CARTS_WITH, params).scalars().all():
        events.publish(session, events.CartChanged(cart_id))


# --- The end of offers ---


def any_run_out(session: Session) -> bool:
    """Whether the time of any offer is over."""
    return session.connection().execute(_ANY_EXPIRED, {"at": now()}).first() is not None


def end_expired(session: Session, most: int) -> int:
    """End offers whose time is over; how many. In any process: those that another one ends are left to it."""
    ids = session.connection().execute(_EXPIRED, {"at": now(), "most": most}).scalars().all()
    end(session, ids, reason="nobody took it")
    return len(ids)


def end(session: Session, offer_ids: Sequence[int], *, reason: str, actor: str = "system") -> None:
    """End these offers, which the caller has locked; units that no order has are free again."""
    if not offer_ids:
        return
    ended = session.connection().execute(_END, {"ids": list(offer_ids)}).all()
    units = Counter(row.variant_id for row in ended if row.order_id is None)
    moves = [
        Move(variant_id, MovementKind.UNHELD, held=-units[variant_id])
        for variant_id in in_sku_order(session, units)
    ]
    record(session, shift_all(session, moves), reason=reason, actor=actor)
    if units:
        publish_carts(session, [row.key_hash for row in ended if row.order_id is None], units)
        skus = session.connection().execute(_SKUS, {"ids": list(units)}).scalars()
        events.publish(session, events.LineMoved(tuple(sorted(skus))))


def lock_all(session: Session, variant_id: int, *, wait: bool = True) -> list[int]:
    """Lock the offers of the variant, or those that nobody has locked; returns their ids."""
    statement = _OF_VARIANT.with_for_update(skip_locked=not wait)
    return list(session.connection().execute(statement, {"variant": variant_id}).scalars())


def end_all(session: Session, variant_id: int, *, reason: str, actor: str) -> None:
    """End every offer of the variant, and set nothing aside. The caller has locked offers, then the level.

    Errors  Conflict where somebody takes one at this moment.
    """
    offers = set(session.connection().execute(_OF_VARIANT, {"variant": variant_id}).scalars())
    locked = lock_all(session, variant_id, wait=False)
    if offers - set(locked):
        raise Conflict(_("Somebody is just checking out with it. Try again."))
    if reserved := lock_reserve(session, variant_id):
        make_free(session, variant_id, reserved, reserved=reserved)
    end(session, locked, reason=reason, actor=actor)
