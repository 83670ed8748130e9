"""Joins a guest's cart to that of the account they sign in to, and keeps what has changed until it is read.

Whoever joins has both carts locked, the guest's first. Of two carts the one that is further on its way to an
order survives, with its hold and its order; the other one ends without lines.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, delete, exists, func, insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session

from ...core import events
from ...core.access.principal import account_key
from ...core.clock import now
from ...core.errors import Conflict
from ...core.i18n import _
from ...models import MAX_LINES, Order, OrderStatus, StockHold, table_of
from ..credit.payments import MAX_CARDS
from ..inventory import holds as inventory_holds
from ..promotions.queries import MAX_CODES
from . import billing, join_notes
from . import holds as cart_holds
from . import lines as cart_lines
from .join_notes import Both, JoinNote
from .lines import Head, cart, cart_line

MAX_TRIES = 5
_order, _hold = table_of(Order), table_of(StockHold)
_WAITING = select(_order.c.number).where(
    _order.c.cart_id == bindparam("cart"), _order.c.status == OrderStatus.PENDING.value
)
_HOLDS = select(exists().where(_hold.c.cart_id == bindparam("cart")))
_chosen_at = func.coalesce(cart_line.c.changed_at, cart_line.c.added_at)
_LINES = select(
    cart_line.c.variant_id, cart_line.c.quantity, cart_line.c.saved, cart_line.c.seen_price_minor,
    cart_line.c.added_at, _chosen_at.label("changed_at"),
).where(cart_line.c.cart_id == bindparam("cart"))  # fmt: skip
_ADDRESS = (*(part for part in billing.PARTS if part not in ("country", "region")),)
_ALONE = ("email", "phone", "vat_number", "shipping_method", "payment_provider", "note")
"""Fields of the checkout that are kept one by one; addresses are kept whole."""


@dataclass(frozen=True, slots=True)
class _Chosen:
    """A line without its cart."""

    variant_id: int
    quantity: int
    saved: bool
    seen_price_minor: int
    added_at: datetime
    changed_at: datetime


def join(session: Session, customer_id: int, visitor_hash: str) -> None:
    """Make the open cart of this visitor the account's, together with the one that it has; twice is once."""
    guest = cart_lines.head(session, visitor_hash, lock=True) if visitor_hash else None
    if guest is None:
        return
    for _try in range(MAX_TRIES):
        own = cart_lines.head(session, account_key(customer_id), lock=True)
        if own:
            guest = _merge(session, customer_id, guest, own)
            break
        if _is_taken_over(session, customer_id, guest):
            break
    else:
        raise Conflict(_("Your cart is changing just now. Try again."))
    events.publish(session, events.CartChanged(guest.id))
    events.publish(session, events.CartJoined(visitor_hash))


def _is_taken_over(session: Session, customer_id: int, guest: Head) -> bool:
    """Make it the account's cart as it is; False where that has one by now, of another sign-in."""
    try:
        with session.begin_nested():
            _set(session, guest, key_hash=account_key(customer_id), customer_id=customer_id)
    except IntegrityError:
        return False
    return True


def _merge(session: Session, customer_id: int, guest: Head, own: Head) -> Head:
    """Join the two; returns the one that survives."""
    inventory_holds.release_if_expired(session, [guest.id, own.id], now())
    stages = {head.id: _stage(session, head) for head in (guest, own)}
    stays, ends = (guest, own) if stages[guest.id] >= max(1, stages[own.id]) else (own, guest)
    lines = {head.id: _lines(session, head) for head in (guest, own)}
    merged = _one_line_each(lines[guest.id], lines[own.id])
    after = _joined_head(stays, guest, own)
    _end(session, customer_id, ends)
    _set(session, stays, key_hash=account_key(customer_id), customer_id=customer_id)
    _write_lines(session, stays, merged)
    inventory_holds.hand_over(session, ends.id, stays.id)
    both = [
        Both(variant_id, lines[guest.id][variant_id].quantity, lines[own.id][variant_id].quantity)
        for variant_id in lines[guest.id].keys() & lines[own.id].keys()
        if not (lines[guest.id][variant_id].saved or lines[own.id][variant_id].saved)
    ]
    waiting = _number_of_order(session, ends) if stages[ends.id] == len(_STAGES) else None
    notes = _fit(session, stays, merged, both) if lines[guest.id] and lines[own.id] else []
    notes += join_notes.left_out(guest.codes + own.codes, after.codes, waiting)
    unread = [*(own.joined or ()), *(guest.joined or ())]
    kept = [*unread, *(said for said in map(asdict, notes) if said not in unread)]
    changed = (_lines(session, stays), after.codes, after.credits, after.country) != (
        lines[stays.id], stays.codes, stays.credits, stays.country
    )  # fmt: skip
    _set(
        session, stays, codes=after.codes, credits=after.credits, checkout=after.checkout,
        country=after.country, joined=kept[-2 * MAX_LINES :] or None, version=stays.version + changed,
    )  # fmt: skip
    cart_holds.follow(session, stays.id)
    return stays


# --- Which one survives ---


def _stage(session: Session, head: Head) -> int:
    """How far it is on its way to an order: 0 for nothing typed yet."""
    return next((len(_STAGES) - at for at, reached in enumerate(_STAGES) if reached(session, head)), 0)


def _number_of_order(session: Session, head: Head) -> int | None:
    """The number of the cart's order that waits to be paid."""
    return session.connection().execute(_WAITING, {"cart": head.id}).scalar()


def _has_order(session: Session, head: Head) -> bool:
    return _number_of_order(session, head) is not None


def _has_hold(session: Session, head: Head) -> bool:
    return bool(session.connection().execute(_HOLDS, {"cart": head.id}).scalar())


def _has_typed(_session: Session, head: Head) -> bool:
    return bool(head.checkout)


_STAGES = (_has_order, _has_hold, _has_typed)


def _end(session: Session, customer_id: int, head: Head) -> None:
    """Close a cart whose lines go to the other one. Its unpaid order still counts as the account's."""
    _set(
        session, head, key_hash=account_key(customer_id), customer_id=customer_id, completed_at=now(),
        codes=[], credits=[], checkout={}, joined=None,
    )  # fmt: skip


def _set(session: Session, head: Head, **values: Any) -> None:
    session.connection().execute(update(cart).where(cart.c.id == head.id).values(updated_at=now(), **values))


# --- What it holds then ---


def _lines(session: Session, head: Head) -> dict[int, _Chosen]:
    rows = session.connection().execute(_LINES, {"cart": head.id})
    return {row.variant_id: _Chosen(*row) for row in rows}


def _one_line_each(guest: dict[int, _Chosen], own: dict[int, _Chosen]) -> dict[int, _Chosen]:
    """One line for each variant: one to buy before one saved for later, then the one chosen last."""
    merged = {**guest, **own}
    for variant_id in guest.keys() & own.keys():
        lines = (guest[variant_id], own[variant_id])
        last = max(lines, key=lambda line: (not line.saved, line.changed_at))
        merged[variant_id] = replace(last, added_at=min(line.added_at for line in lines))
    return merged


def _joined_head(stays: Head, guest: Head, own: Head) -> Head:
    """The surviving head with codes, credit and typed text of both; what the guest typed comes first."""
    typed, kept = guest.checkout, own.checkout
    form = {name: typed.get(name) or kept.get(name) for name in _ALONE}
    whose = typed if any(typed.get(part) for part in _ADDRESS) else kept
    form |= {part: whose.get(part) for part in billing.PARTS}
    bill = typed if typed.get("billing") else kept
    form |= {name: text for name, text in bill.items() if name.startswith("billing")}
    return replace(
        stays,
        codes=list(dict.fromkeys([*own.codes, *guest.codes]))[-MAX_CODES:],
        credits=list(dict.fromkeys([*own.credits, *guest.credits]))[-MAX_CARDS:],
        checkout={name: text for name, text in form.items() if text},
        country=guest.country if whose is typed and typed else own.country,
    )


def _write_lines(session: Session, stays: Head, merged: dict[int, _Chosen]) -> None:
    connection = session.connection()
    connection.execute(delete(cart_line).where(cart_line.c.cart_id == stays.id))
    in_order = sorted(merged.values(), key=lambda line: line.added_at)
    if in_order:
        connection.execute(insert(cart_line), [{"cart_id": stays.id, **asdict(line)} for line in in_order])


def _fit(session: Session, stays: Head, merged: dict[int, _Chosen], both: Collection[Both]) -> list[JoinNote]:
    """Make the lines fit what there is and what a cart holds; what to say about each that isn't as it was."""
    lines = cart_lines.lines(session, stays.id)
    newest = sorted(
        lines, key=lambda line: (not line.saved, merged[line.variant_id].changed_at), reverse=True
    )
    over = {line.variant_id for line in newest[MAX_LINES:]}
    of_both = {one.variant_id: one for one in both}
    notes = [join_notes.begin()]
    for line in lines:
        own_line = (cart_line.c.cart_id == stays.id, cart_line.c.variant_id == line.variant_id)
        if line.variant_id in over:
            session.connection().execute(delete(cart_line).where(*own_line))
            notes.append(join_notes.over(line))
            continue
        fitted = join_notes.fitted(line)
        if fitted != line:
            values = {"quantity": fitted.quantity, "saved": fitted.saved}
            session.connection().execute(update(cart_line).where(*own_line).values(**values))
        notes += join_notes.about(line, fitted, of_both.get(line.variant_id), stays.currency)
    return notes


def read(session: Session, key_hash: str) -> None:
    """The shopper has read what changed: it isn't shown any more."""
    head = cart_lines.head(session, key_hash, lock=True)
    if head and head.joined is not None:
        _set(session, head, joined=None)
        events.publish(session, events.CartChanged(head.id))
