"""Holds of carts in checkout: their units are kept for some minutes, and what the page says about that.

Each action of the shopper extends the time, up to a ceiling from when the hold began. Units that the
cart's own unpaid order has allocated aren't held again.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal

from sqlalchemy import and_, bindparam, func, select
from sqlmodel import Session

from ...core import events
from ...core.clock import now
from ...core.i18n import _, plural
from ...core.settings import settings
from ...core.shop import shop
from ...models import Cart, Order, OrderLine, OrderStatus, StockHold, Variant, table_of
from ..inventory import holds as inventory_holds
from ..inventory import offers
from ..inventory.ledger import only_left
from . import lines as cart_lines
from . import unpaid
from .lines import Head, Line
from .unpaid import Buyer

_hold = table_of(StockHold)
_order = table_of(Order)
_order_line = table_of(OrderLine)
_cart = table_of(Cart)
_variant = table_of(Variant)
_HELD = select(
    _hold.c.variant_id, _hold.c.quantity, _hold.c.expires_at, _hold.c.since, _hold.c.address_hash
).where(_hold.c.cart_id == bindparam("cart"))
_KEY_OF = select(_cart.c.key_hash).where(_cart.c.id == bindparam("cart"))
_of_cart = and_(_cart.c.key_hash == bindparam("key"), _cart.c.completed_at.is_(None))
_of_sku = _variant.c.sku == bindparam("sku")
_KEPT_OF = select(
    select(_hold.c.quantity)
    .join(_cart, _cart.c.id == _hold.c.cart_id)
    .join(_variant, _variant.c.id == _hold.c.variant_id)
    .where(_of_cart, _of_sku)
    .scalar_subquery()
    .label("held"),
    select(func.sum(_order_line.c.quantity))
    .join(_order, _order.c.id == _order_line.c.order_id)
    .join(_cart, _cart.c.id == _order.c.cart_id)
    .join(_variant, _variant.c.id == _order_line.c.variant_id)
    .where(_of_cart, _of_sku, _order.c.status == OrderStatus.PENDING.value, _order_line.c.is_gift.is_(False))
    .scalar_subquery()
    .label("ordered"),
)
_ANY_RUN_OUT = select(_hold.c.id).where(_hold.c.expires_at <= bindparam("at")).limit(1)
_ORDERED = (
    select(_order_line.c.variant_id, _order_line.c.quantity, _order.c.expires_at)
    .join(_order, _order.c.id == _order_line.c.order_id)
    .where(
        _order.c.cart_id == bindparam("cart"),
        _order.c.status == OrderStatus.PENDING.value,
        _order_line.c.is_gift.is_(False),
    )
)


@dataclass(frozen=True, slots=True)
class ShortLine:
    """A line of the cart of which fewer units can be had."""

    sku: str
    left: int
    sentence: str
    """ "Only 2 of Dune Mug are left."."""


@dataclass(frozen=True, slots=True)
class HoldView:
    """How long the things in the cart are kept for this shopper."""

    state: Literal["", "held", "over"] = ""
    """ "" where there is nothing to keep, over once the units are free for others again."""
    ends_at: str = ""
    """ISO, with the offset."""
    as_of: str = ""
    """The shop's own time with that, so that a wrong clock in the browser counts right."""
    can_stay: bool = False
    """Whether it can be kept longer."""
    at_most: bool = False
    """Whether it can't, because it has come to the ceiling."""
    short: list[ShortLine] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Times:
    expires_at: datetime
    since: datetime
    address_hash: str

    @property
    def ceiling(self) -> datetime:
        return self.since + timedelta(minutes=settings().hold_most_minutes)

    def extended(self, at: datetime) -> datetime:
        """Until when an action at this moment extends the hold."""
        return max(self.expires_at, min(at + timedelta(minutes=shop().hold_minutes), self.ceiling))


def worth_extending(hold: HoldView) -> bool:
    """Whether to extend it now: not within a minute of the last time, to spare the database."""
    return hold.can_stay and now() - datetime.fromisoformat(hold.as_of) >= timedelta(minutes=1)


def enter(session: Session, key_hash: str, address_hash: str = "") -> HoldView:
    """Hold what the visitor's cart needs, as far as there is stock, or extend the hold; `short` has the rest.

    Nothing more is held for a visitor with too many unpaid units (`unpaid`); placing the order says so.
    `address_hash` is the keyed hash of the client's IP address.
    """
    head = cart_lines.head(session, key_hash, lock=True)
    if head is None:
        return HoldView()
    at, (units, times) = now(), _held(session, head.id)
    if times is None or times.expires_at <= at:
        if units:
            # Given back before they are taken again: this is a new hold.
            inventory_holds.release_if_expired(session, [head.id], at)
        units, times = {}, _Times(at, at, address_hash)
    return _hold_for(
        session,
        head,
        key_hash,
        units,
        _Times(times.extended(at), times.since, address_hash or times.address_hash),
    )


def extend(session: Session, key_hash: str) -> HoldView:
    """Extend the hold, up to the ceiling. One that has run out stays so."""
    head = cart_lines.head(session, key_hash, lock=True)
    if head is None:
        return HoldView()
    times = _active_times(session, head.id)
    if times:
        inventory_holds.keep_until(session, head.id, times.extended(now()))
    return _view(session, head)


def follow(session: Session, cart_id: int) -> None:
    """Hold what the cart, which has changed and is locked, needs now: less at once, more if there is."""
    before, times = _held(session, cart_id)
    if times and times.expires_at > now():
        lines = cart_lines.lines(session, cart_id)
        needed = _wanted(lines, _kept_already(session, cart_id, lines)[0])
        key_hash = session.connection().execute(_KEY_OF, {"cart": cart_id}).scalar_one()
        buyer = Buyer(key_hash, cart_id, times.address_hash)
        inventory_holds.hold_what_there_is(
            session,
            cart_id,
            unpaid.as_far_as_allowed(session, buyer, needed, before),
            expires_at=times.expires_at,
            since=times.since,
            before=before,
            address_hash=times.address_hash,
        )


def end(session: Session, key_hash: str) -> HoldView:
    """Release the hold if its time is over; the page calls this when its clock says so."""
    head = cart_lines.head(session, key_hash, lock=True)
    if head is None:
        return HoldView()
    _publish_carts(session, inventory_holds.release_if_expired(session, [head.id], now()))
    return _view(session, head)


def view(session: Session, key_hash: str) -> HoldView:
    """The hold of the visitor's cart; changes nothing."""
    head = cart_lines.head(session, key_hash)
    return _view(session, head) if head else HoldView()


def held_for(session: Session, key_hash: str, sku: str) -> str:
    """What is held or ordered of one variant for this visitor: "2 of these are kept for you", "" for none."""
    row = session.connection().execute(_KEPT_OF, {"key": key_hash, "sku": sku}).one()
    units = int(row.held or 0) + int(row.ordered or 0)
    if not units:
        return ""
    return plural("{count} of these is kept for you", "{count} of these are kept for you", units)


def sweep(session: Session, limit: int = 100) -> int:
    """Give back what carts held beyond their time; how many carts. In any process, at any time."""
    carts = inventory_holds.release_expired(session, now(), limit)
    _publish_carts(session, carts)
    return len(carts)


def any_run_out(session: Session) -> bool:
    """Whether any hold has run out."""
    return session.connection().execute(_ANY_RUN_OUT, {"at": now()}).first() is not None


def _publish_carts(session: Session, cart_ids: Iterable[int]) -> None:
    for cart_id in cart_ids:
        events.publish(session, events.CartChanged(cart_id))


def _held(session: Session, cart_id: int) -> tuple[dict[int, int], _Times | None]:
    """The units that the cart holds, by variant id, and the times of that hold; also one that has run out."""
    rows = session.connection().execute(_HELD, {"cart": cart_id}).all()
    if not rows:
        return {}, None
    times = _Times(min(row.expires_at for row in rows), min(row.since for row in rows), rows[0].address_hash)
    return {row.variant_id: row.quantity for row in rows}, times


def _active_times(session: Session, cart_id: int) -> _Times | None:
    _units, times = _held(session, cart_id)
    return times if times and times.expires_at > now() else None


def _ordered(session: Session, cart_id: int) -> tuple[dict[int, int], datetime | None]:
    """The units that the cart's own unpaid order has, by variant id, and until when."""
    units: dict[int, int] = {}
    until = None
    for variant_id, quantity, expires_at in session.connection().execute(_ORDERED, {"cart": cart_id}):
        if variant_id is not None:
            units[variant_id] = units.get(variant_id, 0) + quantity
        until = expires_at
    return units, until


def _kept_already(
    session: Session, cart_id: int, lines: Iterable[Line]
) -> tuple[dict[int, int], datetime | None]:
    """The units that needn't be held, and until when: those of the own order, those kept for who waited."""
    units, until = _ordered(session, cart_id)
    in_cart = {line.variant_id for line in lines if not line.saved}
    for variant_id, (offered, offered_until) in offers.of_cart(session, cart_id).items():
        if variant_id in in_cart:
            units[variant_id] = units.get(variant_id, 0) + offered
            until = min(until or offered_until, offered_until)
    return units, until


def _wanted(lines: Iterable[Line], already: Mapping[int, int]) -> dict[int, int]:
    """What has to be held for these lines, summed by variant."""
    needed: dict[int, int] = {}
    for line in lines:
        if line.for_sale and line.tracked and not line.saved:
            needed[line.variant_id] = needed.get(line.variant_id, 0) + line.quantity
    rest = {variant_id: units - already.get(variant_id, 0) for variant_id, units in needed.items()}
    return {variant_id: units for variant_id, units in rest.items() if units > 0}


def _hold_for(
    session: Session, head: Head, key_hash: str, before: Mapping[int, int], times: _Times
) -> HoldView:
    lines = cart_lines.lines(session, head.id)
    already, until = _kept_already(session, head.id, lines)
    buyer = Buyer(key_hash, head.id, times.address_hash)
    needed = _wanted(lines, already)
    allowed = unpaid.as_far_as_allowed(session, buyer, needed, before)
    kept = inventory_holds.hold_what_there_is(
        session,
        head.id,
        allowed,
        expires_at=times.expires_at,
        since=times.since,
        before=before,
        address_hash=times.address_hash,
    )
    left = {
        line.variant_id: line.quantity - allowed.get(line.variant_id, 0) + kept.get(line.variant_id, 0)
        for line in lines
    }
    short = _short(lines, left)
    if not allowed and until is None:
        # Nothing has to be held, or may be, so nothing has run out.
        return HoldView(short=short)
    return _hold_view(times if kept else None, until, short)


def _view(session: Session, head: Head) -> HoldView:
    lines = cart_lines.lines(session, head.id)
    short = _short(lines, {line.variant_id: line.available for line in lines})
    already, until = _kept_already(session, head.id, lines)
    if not _wanted(lines, already) and until is None:
        return HoldView(short=short)
    return _hold_view(_active_times(session, head.id), until, short)


def _short(lines: Iterable[Line], left: Mapping[int, int]) -> list[ShortLine]:
    short = []
    for line in lines:
        left_units = max(0, left[line.variant_id])
        if line.saved or (line.for_sale and left_units >= line.quantity):
            continue
        gone = _("{title} isn't sold any more.").format(title=line.full_title)
        sentence = only_left(left_units, line.full_title) if line.for_sale else gone
        short.append(ShortLine(line.sku, left_units if line.for_sale else 0, sentence))
    return short


def _hold_view(times: _Times | None, ordered_until: datetime | None, short: list[ShortLine]) -> HoldView:
    at = now()
    ends_at = times.expires_at if times else ordered_until
    if ends_at is None or ends_at <= at:
        return HoldView("over", as_of=at.isoformat(), short=short)
    can_stay = bool(times and times.expires_at < times.ceiling)
    at_most = bool(times and not can_stay)
    return HoldView("held", ends_at.isoformat(), at.isoformat(), can_stay, at_most, short)
