"""Limits how many units a visitor who hasn't paid can keep, in unpaid orders and in checkout.

Counted by visitor and by IP address, because a visitor can always get a new cookie. Not by e-mail address:
that is free to make too, and using up somebody else's would keep them from buying. An order stops counting
when it is paid, authorised or ended, a hold when its time is over.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import func, select, text
from sqlmodel import Session

from ...core.errors import TooMany
from ...core.i18n import _, plural
from ...core.settings import load_test, settings
from ...models import Cart, Order, OrderLine, StockHold, StockLevel, StockPolicy, table_of

CODE = "unpaid_units"
_UNBOUNDED = 10**9

_order = table_of(Order)
_line = table_of(OrderLine)
_hold = table_of(StockHold)
_cart = table_of(Cart)
_level = table_of(StockLevel)

# Untracked units are kept from nobody.
_ordered = (
    select(
        func.coalesce(func.sum(_line.c.quantity - _line.c.quantity_fulfilled - _line.c.quantity_cancelled), 0)
    )
    .join(_order, _order.c.id == _line.c.order_id)
    .outerjoin(_level, _level.c.variant_id == _line.c.variant_id)
    .where(
        _order.c.expires_at.is_not(None),
        func.coalesce(_level.c.policy, "") != StockPolicy.UNTRACKED.value,
    )
)
_LOCK = text("SELECT pg_advisory_xact_lock(hashtextextended(:name, 0))")


@dataclass(frozen=True, slots=True)
class Buyer:
    """Whose units are counted: the visitor's key hash and their cart."""

    key_hash: str
    cart_id: int
    address_hash: str = ""
    """The keyed hash of the client's IP address."""


def refuse_above(session: Session, buyer: Buyer, units: int) -> None:
    """Refuse an unpaid order of so many units where it would exceed a limit.

    Errors  TooMany, which says how many are allowed, and whether the visitor or their network has the others.
    """
    own, of_address = _left(session, buyer)
    if units > min(own, of_address):
        raise TooMany(
            _own_sentence(min(own, of_address)) if units > own else _sentence_of_address(of_address),
            code=CODE,
        )


def as_far_as_allowed(
    session: Session, buyer: Buyer, needed: Mapping[int, int], before: Mapping[int, int]
) -> dict[int, int]:
    """How many units a cart in checkout may hold, by variant id.

    All that are needed; where that exceeds a limit, no more of any variant than it held `before`.
    """
    if sum(needed.values()) <= sum(before.values()) or sum(needed.values()) <= min(_left(session, buyer)):
        return dict(needed)
    allowed = {variant_id: min(units, before.get(variant_id, 0)) for variant_id, units in needed.items()}
    return {variant_id: units for variant_id, units in allowed.items() if units}


def _left(session: Session, buyer: Buyer) -> tuple[int, int]:
    """How many units the buyer may still keep, and their address; what their own cart holds isn't counted."""
    shop_settings, connection = settings(), session.connection()
    if load_test():
        return _UNBOUNDED, _UNBOUNDED
    if connection.dialect.name != "sqlite" and buyer.address_hash:
        # Requests from the same address wait for each other, or each would miss the other's units. The cart
        # is locked before this, stock levels after.
        connection.execute(_LOCK, {"name": buyer.address_hash})
    mine = _order.c.cart_id.in_(select(_cart.c.id).where(_cart.c.key_hash == buyer.key_hash))
    own = max(0, shop_settings.unpaid_units - _sum(session, _ordered.where(mine)))
    if not buyer.address_hash:
        return own, _UNBOUNDED
    held = select(func.coalesce(func.sum(_hold.c.quantity), 0)).where(
        _hold.c.address_hash == buyer.address_hash, _hold.c.cart_id != buyer.cart_id
    )
    ordered = _ordered.where(_order.c.address_hash == buyer.address_hash)
    return own, max(0, shop_settings.unpaid_units_per_address - _sum(session, ordered) - _sum(session, held))


def _sum(session: Session, statement) -> int:
    return int(session.connection().execute(statement).scalar_one())


def _own_sentence(left: int) -> str:
    most = _("The shop keeps {count} things at most for somebody who hasn't paid yet.").format(
        count=settings().unpaid_units
    )
    if not left:
        return f"{most} " + _("Pay for what you have ordered, or wait until it has ended, then order more.")
    if left == settings().unpaid_units:
        return f"{most} " + _("Order {count} of them now, and the rest when those are paid.").format(
            count=left
        )
    return f"{most} " + plural(
        "You can order {count} more now, and the rest when that is paid.",
        "You can order {count} more now, and the rest when they are paid.",
        left,
    )


def _sentence_of_address(left: int) -> str:
    """For someone who may have ordered nothing: colleagues, or strangers of the same network, did."""
    if not left:
        return _(
            "From your internet connection so much was ordered just now, and isn't paid yet, that the shop "
            "can keep nothing more. Try again later, or use another connection."
        )
    return plural(
        "From your internet connection so much was ordered just now, and isn't paid yet, that the shop can "
        "keep only {count} thing more. Take fewer, try again later, or use another connection.",
        "From your internet connection so much was ordered just now, and isn't paid yet, that the shop can "
        "keep only {count} things more. Take fewer, try again later, or use another connection.",
        left,
    )
