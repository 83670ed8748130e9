"""The line of those who wait for a sold-out variant: asking, confirming, leaving, and units set aside for it.

Who is in line is asked in order as units come back; each gets a unit of their own, held for a time. So units
that are free while somebody waits are set aside in the transaction that frees them, and nobody else can take
them before the worker has asked (`asking`).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import and_, bindparam, case, delete, exists, func, or_, select, update
from sqlmodel import Session, col

from ...core import clock, email_addresses, events
from ...core.errors import Conflict, Forbidden, Invalid, NotFound
from ...core.i18n import _
from ...core.upsert import Insert, upsert
from ...models import (
    Customer,
    Product,
    StockAlert,
    StockLevel,
    StockOffer,
    StockPolicy,
    StockReserve,
    Variant,
    table_of,
)
from .. import consents, outbox
from ..catalog import availability
from ..customers import addresses
from ..inventory import offers
from . import words

alert = table_of(StockAlert)
offer = table_of(StockOffer)
_level = table_of(StockLevel)
_reserve = table_of(StockReserve)
_variant = table_of(Variant)

PURPOSE = consents.PURPOSE_BY_KIND["stock_offer"]
IN_LINE = alert.c.confirmed_at.is_not(None)
IS_SOLD = and_(col(Variant.active), availability.PUBLISHED)
"""Whether the variant has a page; nobody is told of what has none."""

_on_sale = (
    select(col(Variant.id))
    .join(Product, col(Product.id) == Variant.product_id)
    .where(col(Variant.sku) == bindparam("sku"), IS_SOLD)
)
# Locked, so that stock that comes back at this moment is seen here, or sees the request.
_stock = (
    select(*availability.STOCK_COLUMNS)
    .where(col(StockLevel.variant_id) == bindparam("variant"))
    .with_for_update(read=True)
)
_OFFERED_TO = select(offer.c.id).where(
    offer.c.variant_id == bindparam("variant"),
    offer.c.order_id.is_(None),
    or_(offer.c.key_hash == bindparam("key"), offer.c.email == bindparam("to_email")),
)
_CUSTOMER = select(col(Customer.email)).where(
    col(Customer.id) == bindparam("customer"), col(Customer.verified_at).is_not(None)
)
_CONFIRM = (
    update(alert)
    .where(alert.c.token == bindparam("word"), alert.c.confirmed_at.is_(None))
    .values(confirmed_at=bindparam("at"), key_hash=bindparam("key"))
    .returning(alert.c.variant_id, alert.c.email)
)
_LEAVE = delete(alert).where(alert.c.token == bindparam("word")).returning(alert.c.variant_id)
_OWN_TOKENS = select(alert.c.token).where(
    alert.c.variant_id == bindparam("variant"), alert.c.key_hash == bindparam("key")
)
_OWN_OFFERS = select(offer.c.token).where(
    offer.c.variant_id == bindparam("variant"), offer.c.key_hash == bindparam("key")
)
_FORGET = (
    delete(alert)
    .where(or_(alert.c.key_hash == bindparam("key"), alert.c.email.in_(bindparam("emails", expanding=True))))
    .returning(alert.c.variant_id)
)
_FORGET_OFFERS = (
    select(offer.c.id)
    .where(or_(offer.c.key_hash == bindparam("key"), offer.c.email.in_(bindparam("emails", expanding=True))))
    .order_by(offer.c.id)
    .with_for_update()
)
_LOCK_OFFER = (
    select(offer.c.id, offer.c.variant_id, offer.c.key_hash)
    .where(offer.c.token == bindparam("word"), offer.c.order_id.is_(None))
    .with_for_update()
)
_TAKE_OVER = update(offer).where(offer.c.id == bindparam("offer")).values(key_hash=bindparam("to_key"))
_JOIN_ALERTS = (
    update(alert)
    .where(alert.c.key_hash == bindparam("visitor"), alert.c.email == bindparam("own"))
    .values(key_hash=bindparam("to_key"), confirmed_at=func.coalesce(alert.c.confirmed_at, bindparam("at")))
    .returning(alert.c.variant_id)
)
_JOIN_OFFERS = (
    update(offer).where(offer.c.key_hash == bindparam("visitor")).values(key_hash=bindparam("to_key"))
)
_someone_waits = exists().where(alert.c.variant_id == _level.c.variant_id, IN_LINE)
_free = _level.c.on_hand - _level.c.allocated - _level.c.held
_TO_SERVE = (
    select(
        _level.c.variant_id,
        _variant.c.sku,
        _level.c.policy,
        _free.label("free"),
        func.coalesce(_reserve.c.units, 0).label("reserved"),
    )
    .join(_variant, _variant.c.id == _level.c.variant_id)
    .join(Product, col(Product.id) == _variant.c.product_id)
    .outerjoin(_reserve, _reserve.c.variant_id == _level.c.variant_id)
    .where(
        _level.c.variant_id.in_(bindparam("variants", expanding=True)),
        or_(_level.c.policy != StockPolicy.DENY.value, _free > 0),
        _someone_waits,
        IS_SOLD,
    )
)
_WAITING = select(func.count()).select_from(
    select(alert.c.id)
    .where(alert.c.variant_id == bindparam("variant"), IN_LINE)
    .limit(bindparam("most"))
    .subquery()
)
_SKUS = select(_variant.c.sku).where(_variant.c.id.in_(bindparam("ids", expanding=True)))


@upsert(alert)
def _note(insert: Insert) -> Any:
    """A request; one that isn't confirmed yet is that of who asked last.

    With another spelling of the address it has another token: the earlier letter may be somebody else's.
    """
    fresh = insert.excluded
    return insert.on_conflict_do_update(
        index_elements=[alert.c.variant_id, alert.c.mailbox],
        set_={
            "key_hash": fresh.key_hash,
            "email": fresh.email,
            "token": case((alert.c.email == fresh.email, alert.c.token), else_=fresh.token),
        },
        where=alert.c.confirmed_at.is_(None),
    ).returning(alert.c.id, alert.c.token, alert.c.email)


@upsert(alert)
def _note_customer(insert: Insert) -> Any:
    return insert.on_conflict_do_update(
        index_elements=[alert.c.variant_id, alert.c.mailbox],
        set_={
            "key_hash": insert.excluded.key_hash,
            "confirmed_at": func.coalesce(alert.c.confirmed_at, insert.excluded.confirmed_at),
        },
    )


def ask(session: Session, sku: str, email: str, key_hash: str = "") -> None:
    """Note that this address wants a place in line, and write to it for the confirmation.

    Asking again writes again until it is confirmed; once it is, nothing more happens. The same for a stranger
    who asks, so that nobody learns who waits.

    key_hash  the shopper's key, by which this browser's pages show the request

    Errors  Invalid for what is no e-mail address; NotFound; Conflict where it can be bought already.
    """
    if problem := addresses.email_problem(email):
        raise Invalid(problem, field="email")
    to_email = email_addresses.normal_email(email)
    variant_id = _sold_out(session, sku)
    row = session.connection().execute(_note(session), _row(variant_id, to_email, key_hash)).first()
    if row:
        data = words.of_variants(session, [variant_id])[variant_id] | {"path": words.link(row.token)}
        dedupe_key = f"stock_confirm:{short(row.token)}:{clock.today().isoformat()}"
        outbox.write(session, "stock_confirm", row.email, dedupe_key, data)


def ask_as(session: Session, customer_id: int, sku: str) -> None:
    """The customer is in line from now on, or since they asked; asking twice is once.

    Errors  Forbidden without an address that is verified; NotFound; Conflict where it can be bought already,
            or one is kept for them.
    """
    email = own_address(session, customer_id)
    if not email:
        raise Forbidden(_("Confirm the address of your account first."))
    variant_id, key_hash = _sold_out(session, sku), f"customer:{customer_id}"
    mine = {"variant": variant_id, "key": key_hash, "to_email": email}
    if session.connection().execute(_OFFERED_TO, mine).first():
        raise Conflict(_("One is kept for you already."))
    row = _row(variant_id, email, key_hash) | {"confirmed_at": clock.now()}
    session.connection().execute(_note_customer(session), row)
    _agree(session, email)
    _moved(session, [variant_id])


def own_address(session: Session, customer_id: int) -> str:
    """The address of the account, "" where it isn't verified."""
    return session.connection().execute(_CUSTOMER, {"customer": customer_id}).scalar() or ""


def confirm(session: Session, token: str, key_hash: str) -> None:
    """Whoever has the letter is in line from now on, in the browser that they confirm in; twice is once."""
    params = {"word": token, "key": key_hash, "at": clock.now()}
    for row in session.connection().execute(_CONFIRM, params).all():
        _agree(session, row.email)
        _moved(session, [row.variant_id])


def _agree(session: Session, email: str) -> None:
    """Who asks agrees to be told, also where they once wanted no such letters any more."""
    consents.give(session, email, PURPOSE, consents.PURPOSES[PURPOSE], "line")


def leave(session: Session, token: str) -> None:
    """Forget the request, or free the unit that is kept: the next in line gets it. Twice is harmless."""
    connection = session.connection()
    offer_row = connection.execute(_LOCK_OFFER, {"word": token}).first()
    if offer_row:
        offers.end(session, [offer_row.id], reason="not wanted")
    _moved(session, connection.execute(_LEAVE, {"word": token}).scalars().all())


def leave_as(session: Session, key_hash: str, sku: str) -> None:
    """The same for all that this shopper has asked for of the variant."""
    connection = session.connection()
    variant_id = connection.execute(_on_sale, {"sku": sku, "now": clock.now()}).scalar()
    if variant_id is None or not key_hash:
        raise NotFound(_("There is no such product."))
    mine = {"variant": variant_id, "key": key_hash}
    for tokens in (_OWN_OFFERS, _OWN_TOKENS):
        for token in connection.execute(tokens, mine).scalars().all():
            leave(session, token)


def forget(session: Session, customer_id: int, emails: Sequence[str]) -> None:
    """Forget all that a person asked for, and free what is kept for them: the next in line get it.

    customer_id  0 for somebody without an account
    """
    connection = session.connection()
    theirs = {"key": f"customer:{customer_id}", "emails": list(emails)}
    # First, so that they aren't the next in line themselves.
    left = connection.execute(_FORGET, theirs).scalars().all()
    offers.end(session, connection.execute(_FORGET_OFFERS, theirs).scalars().all(), reason="erased")
    _moved(session, left)


def follow_withdrawal(session: Session, event: events.ConsentWithdrawn) -> None:
    """Who isn't to be told any more leaves the line: units would be kept for somebody who never hears of it.

    What is kept already stays theirs for its time.
    """
    if event.purpose == PURPOSE:
        theirs = {"key": None, "emails": [event.email]}
        _moved(session, session.connection().execute(_FORGET, theirs).scalars().all())


def take_over(session: Session, token: str, key_hash: str) -> str:
    """The unit is kept for the browser, or account, that the letter was opened in; returns its SKU.

    Errors  NotFound where none is kept any more.
    """
    row = session.connection().execute(_LOCK_OFFER, {"word": token}).first()
    if row is None or not key_hash:
        raise NotFound(_("It isn't kept for you any more."))
    session.connection().execute(_TAKE_OVER, {"offer": row.id, "to_key": key_hash})
    offers.publish_carts(session, {row.key_hash, key_hash}, [row.variant_id])
    moved(session, [row.variant_id])
    return session.connection().execute(_SKUS, {"ids": [row.variant_id]}).scalar_one()


def join(session: Session, customer_id: int, visitor_hash: str) -> None:
    """Units that are kept for this browser are the account's, and what it asked for with that address."""
    email = own_address(session, customer_id)
    if not visitor_hash or not email:
        return
    params = {"visitor": visitor_hash, "to_key": f"customer:{customer_id}", "at": clock.now()}
    own = params | {"own": email}
    connection = session.connection()
    connection.execute(_JOIN_OFFERS, {name: params[name] for name in ("visitor", "to_key")})
    _moved(session, connection.execute(_JOIN_ALERTS, own).scalars().all())


# --- Units for those who are next ---


def follow_stock(session: Session, event: events.StockChanged) -> None:
    serve(session, event.variant_ids)


def serve(session: Session, variant_ids: Iterable[int]) -> bool:
    """Set aside what is free of these variants for those who wait; whether there was anything to be told."""
    ids = list(dict.fromkeys(variant_ids))
    rows = session.connection().execute(_TO_SERVE, {"variants": ids, "now": clock.now()}).all()
    units: dict[int, int] = {}
    for row in rows:
        if row.policy == StockPolicy.DENY:
            needed = waiting(session, row.variant_id, row.free + row.reserved) - row.reserved
            units |= {row.variant_id: needed} if needed > 0 else {}
    set_aside = set(offers.set_aside(session, units)) if units else set()
    served = [row for row in rows if row.policy != StockPolicy.DENY or row.variant_id in set_aside]
    if served:
        events.publish(session, events.LineMoved(tuple(sorted(row.sku for row in served))))
    return bool(served)


def waiting(session: Session, variant_id: int, most: int) -> int:
    """How many are in line, `most` at most."""
    return session.connection().execute(_WAITING, {"variant": variant_id, "most": most}).scalar_one()


def moved(session: Session, variant_ids: Iterable[int]) -> None:
    """Say that the line for these variants moved."""
    skus = session.connection().execute(_SKUS, {"ids": list(variant_ids)}).scalars()
    events.publish(session, events.LineMoved(tuple(sorted(skus))))


def short(token: str) -> str:
    """What names a letter, and tells nobody the token."""
    return hashlib.sha256(token.encode()).hexdigest()[:24]


def _moved(session: Session, variant_ids: Iterable[int]) -> None:
    """The line has somebody more, or fewer: units that are free by now are set aside."""
    ids = list(variant_ids)
    if ids:
        serve(session, ids)
        moved(session, ids)


def _sold_out(session: Session, sku: str) -> int:
    """The variant's id, its level locked for reading.

    Errors  NotFound; Conflict where it can be bought.
    """
    connection = session.connection()
    variant_id = connection.execute(_on_sale, {"sku": sku, "now": clock.now()}).scalar()
    if variant_id is None:
        raise NotFound(_("There is no such product."))
    stock = connection.execute(_stock, {"variant": variant_id}).first()
    if stock and availability.Stock(*stock).available:
        raise Conflict(_("It can be bought again. Reload the page."))
    return variant_id


def _row(variant_id: int, email: str, key_hash: str) -> dict[str, Any]:
    return {
        "variant_id": variant_id,
        "email": email,
        "mailbox": email_addresses.mailbox(email),
        "created_at": clock.now(),
        "key_hash": key_hash,
        "token": StockAlert(variant_id=0, email="", mailbox="").token,
        "confirmed_at": None,
    }
