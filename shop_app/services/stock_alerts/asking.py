"""Asking those whose turn it is: batches of the worker, each a short transaction that leaves the level alone.

A unit is held first; its letter is written `ANSWER_SECONDS` later, so that a page that is open can answer and
have the shorter time, which the letter then says.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from sqlalchemy import bindparam, delete, select, update
from sqlmodel import Session, col

from ...core.clock import now
from ...core.settings import settings
from ...models import Product, StockLevel, StockPolicy, StockReserve, Variant, table_of
from .. import outbox
from ..inventory import offers
from . import words
from .line import IN_LINE, IS_SOLD, alert, moved, offer, serve, short, waiting

ANSWER_SECONDS = 2.0
"""So long open pages have to answer that somebody's turn has come."""

_reserve = table_of(StockReserve)
_level = table_of(StockLevel)
_RESERVED = select(_reserve.c.variant_id).order_by(_reserve.c.variant_id)
_WAITED_FOR = select(alert.c.variant_id).where(IN_LINE).distinct()
_IS_SERVED = (
    select(col(Variant.id))
    .join(Product, col(Product.id) == Variant.product_id)
    .join(_level, _level.c.variant_id == col(Variant.id))
    .where(col(Variant.id) == bindparam("variant"), _level.c.policy == StockPolicy.DENY.value, IS_SOLD)
)
# A request that is locked is just being taken back, and its owner may need what is set aside: not waited for.
_FIRST = (
    select(alert.c.id)
    .where(alert.c.variant_id == bindparam("variant"), IN_LINE)
    .order_by(alert.c.confirmed_at, alert.c.id)
    .limit(bindparam("most"))
    .with_for_update(skip_locked=True)
)
_TAKE = (
    delete(alert)
    .where(alert.c.id.in_(bindparam("ids", expanding=True)))
    .returning(alert.c.id, alert.c.variant_id, alert.c.email, alert.c.key_hash, alert.c.token)
)
_UNTOLD = (
    select(offer.c.id, offer.c.variant_id, offer.c.email, offer.c.token, offer.c.expires_at)
    .where(
        offer.c.told_at.is_(None),
        offer.c.offered_at <= bindparam("before"),
        offer.c.order_id.is_(None),
        offer.c.expires_at > bindparam("at"),
    )
    .order_by(offer.c.id)
    .limit(bindparam("most"))
    .with_for_update(skip_locked=True)
)
_TOLD = update(offer).where(offer.c.id.in_(bindparam("ids", expanding=True))).values(told_at=bindparam("at"))
_UNLIMITED = (
    select(alert.c.id)
    .join(_level, _level.c.variant_id == alert.c.variant_id)
    .join(Variant, col(Variant.id) == alert.c.variant_id)
    .join(Product, col(Product.id) == Variant.product_id)
    .where(_level.c.policy != StockPolicy.DENY.value, IN_LINE, IS_SOLD)
    .order_by(alert.c.id)
    .limit(bindparam("most"))
    .with_for_update(of=alert, skip_locked=True)
)
_SHORTER = (
    update(offer)
    .where(
        offer.c.key_hash == bindparam("key"),
        offer.c.variant_id.in_(select(col(Variant.id)).where(col(Variant.sku) == bindparam("sku"))),
        offer.c.told_at.is_(None),
        offer.c.expires_at > bindparam("until"),
    )
    .values(expires_at=bindparam("until"))
)


def set_aside_for(session: Session) -> list[int]:
    """The variants that units are set aside of."""
    return list(session.connection().execute(_RESERVED).scalars())


def serve_all(session: Session) -> None:
    """Set aside what came back without a change of stock: a product that is in the shop again."""
    serve(session, session.connection().execute(_WAITED_FOR).scalars().all())


def ask_next(session: Session, variant_id: int, most: int) -> int:
    """Hold a unit that is set aside for each of the next in line; how many.

    Where fewer wait than there are units, `free_rest` has to follow.
    """
    connection = session.connection()
    reserved = offers.lock_reserve(session, variant_id)
    if not reserved or not _is_served(session, variant_id):
        return 0
    ids = connection.execute(_FIRST, {"variant": variant_id, "most": min(most, reserved)}).scalars().all()
    people = sorted(connection.execute(_TAKE, {"ids": ids}).all(), key=lambda row: ids.index(row.id))
    asked = [{"email": row.email, "key_hash": row.key_hash, "token": row.token} for row in people]
    until = now() + timedelta(seconds=settings().offer_seconds)
    offers.offer_to(session, variant_id, asked, reserved=reserved, expires_at=until)
    if asked:
        moved(session, [variant_id])
    return len(asked)


def free_rest(session: Session, variant_id: int) -> int:
    """Free the units that are set aside and that nobody waits for; how many."""
    reserved = offers.lock_reserve(session, variant_id, with_level=True)
    needed = waiting(session, variant_id, reserved) if _is_served(session, variant_id) else 0
    if reserved > needed:
        offers.make_free(session, variant_id, reserved - needed, reserved=reserved)
    return max(0, reserved - needed)


def answer(session: Session, key_hash: str, sku: str) -> None:
    """A page that is open shows that it is this shopper's turn: the unit is held for the shorter time."""
    until = now() + timedelta(seconds=settings().offer_open_seconds)
    session.connection().execute(_SHORTER, {"key": key_hash, "sku": sku, "until": until})


def write_letters(session: Session, most: int) -> int:
    """Write to those whose turn has come, and whose page has had the time to answer; how many."""
    at = now()
    params = {"before": at - timedelta(seconds=ANSWER_SECONDS), "at": at, "most": most}
    rows = session.connection().execute(_UNTOLD, params).all()
    if not rows:
        return 0
    session.connection().execute(_TOLD, {"ids": [row.id for row in rows], "at": at})
    about = words.of_variants(session, {row.variant_id for row in rows})
    letters = [
        (
            row.email,
            f"stock_offer:{short(row.token)}",
            about[row.variant_id] | {"path": words.link(row.token), "until": row.expires_at.isoformat()},
        )
        for row in rows
    ]
    outbox.write_all(session, "stock_offer", letters)
    return len(rows)


def tell_unlimited(session: Session, most: int) -> int:
    """Tell those who wait for what can be bought without a count; nothing is held for them. How many."""
    ids = session.connection().execute(_UNLIMITED, {"now": now(), "most": most}).scalars().all()
    if not ids:
        return 0
    people = session.connection().execute(_TAKE, {"ids": ids}).all()
    about: dict[int, dict[str, Any]] = words.of_variants(session, {row.variant_id for row in people})
    letters = [(row.email, f"back_in_stock:{short(row.token)}", about[row.variant_id]) for row in people]
    outbox.write_all(session, "back_in_stock", letters)
    moved(session, {row.variant_id for row in people})
    return len(people)


def _is_served(session: Session, variant_id: int) -> bool:
    """Whether whoever waits for it can have one: it is in the shop, and its units are counted."""
    params = {"variant": variant_id, "now": now()}
    return session.connection().execute(_IS_SERVED, params).first() is not None
