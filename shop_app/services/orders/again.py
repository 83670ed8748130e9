"""Ordering again: what of an order can be had today goes into the cart, and each line says what became of it.

Found by the order's own variants alone, so nothing enters that the order didn't have. Doing it twice is doing
it once: a variant that is in the cart already has as many units there afterwards as were ordered, at least.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Row, bindparam, select
from sqlmodel import Session

from ...core.errors import NotFound
from ...core.i18n import _
from ...core.money import show
from ...core.shop import shop
from ...models import FOR_SALE, MAX_LINES, MAX_QUANTITY, Product, Variant, table_of
from ...models.order import TOKEN
from ..cart import commands as cart_commands
from ..cart import lines as cart_lines
from ..cart.lines import Line
from .queries import order, order_line

_product, _variant = table_of(Product), table_of(Variant)
_BY_TOKEN = select(order.c.id, order.c.number, order.c.currency).where(order.c.token == bindparam("token"))
_OF_CUSTOMER = select(order.c.id, order.c.number, order.c.currency).where(
    order.c.number == bindparam("number"), order.c.customer_id == bindparam("customer")
)
_LINES = (
    select(order_line)
    .where(order_line.c.order_id == bindparam("order"), order_line.c.is_gift.is_(False))
    .order_by(order_line.c.position)
)
_OTHER_OPTIONS = (
    select(_product.c.slug)
    .join(_variant, _variant.c.product_id == _product.c.id)
    .where(
        _product.c.slug.in_(bindparam("slugs", expanding=True)),
        _product.c.status.in_(FOR_SALE),
        _variant.c.active,
    )
    .distinct()
)


@dataclass(frozen=True, slots=True)
class AgainLine:
    """What became of one line of the order."""

    title: str
    outcome: str
    """taken, fewer (not all is left), sold_out, options (other ones than then), gone, full (the cart)."""
    text: str
    """The whole sentence: "2 in your cart, at €24.00 each. It was €22.00.\""""
    price: str = ""
    """dearer, cheaper, or "" for the same or for what wasn't taken."""
    href: str = ""
    """The product's page, where looking there helps."""


@dataclass(frozen=True, slots=True)
class AgainView:
    number: str = ""
    """Of the order."""
    headline: str = ""
    taken: int = 0
    """Lines that are in the cart now."""
    lines: list[AgainLine] = field(default_factory=list)


def of_customer(session: Session, key_hash: str, customer_id: int, number: int) -> AgainView:
    """Order one of the customer's own orders again.

    Errors  NotFound for a number that none of theirs has.
    """
    found = session.connection().execute(_OF_CUSTOMER, {"number": number, "customer": customer_id}).first()
    return _again(session, key_hash, found)


def of_token(session: Session, key_hash: str, token: str) -> AgainView:
    """Order the order again whose link somebody holds.

    Errors  NotFound for a token that no order has.
    """
    known = TOKEN.fullmatch(token)
    found = session.connection().execute(_BY_TOKEN, {"token": token}).first() if known else None
    return _again(session, key_hash, found)


def _again(session: Session, key_hash: str, of: Row[Any] | None) -> AgainView:
    if of is None:
        raise NotFound(_("There is no such order."))
    if not key_hash:
        raise NotFound(_("The cart needs a cookie of this shop. Allow it in your browser."))
    rows = session.connection().execute(_LINES, {"order": of.id}).all()
    head = cart_lines.head(session, key_hash, lock=True)
    cart_id = head.id if head else 0
    there = {line.variant_id: line for line in cart_lines.lines(session, cart_id)} if head else {}
    ids = {row.variant_id for row in rows if row.variant_id}
    fresh = cart_lines.gift_lines(session, cart_id, ids) if ids else {}
    elsewhere = _for_sale(session, {row.slug for row in rows})
    lines, wanted, room = [], dict[str, int](), MAX_LINES - len(there)
    for row in _joined(rows):
        now, had = fresh.get(row.variant_id or 0), there.get(row.variant_id or 0)
        line, units = _outcome(row, now, had, of.currency, is_sold=row.slug in elsewhere, room=room)
        if now and units:
            room -= had is None
            wanted[now.sku] = units
        lines.append(line)
    for sku in sorted(wanted):
        cart_commands.set_quantity(session, key_hash, sku, wanted[sku])
    taken = sum(line.outcome in ("taken", "fewer") for line in lines)
    return AgainView(str(of.number), _headline(taken, len(lines)), taken, lines)


@dataclass(frozen=True, slots=True)
class _Ordered:
    """A line of the order; those of one variant are one."""

    variant_id: int | None
    slug: str
    title: str
    variant_title: str
    quantity: int
    unit_price_minor: int


def _joined(rows: Sequence[Row[Any]]) -> list[_Ordered]:
    joined: dict[object, _Ordered] = {}
    for row in rows:
        key = row.variant_id or f"line {row.id}"
        before = joined[key].quantity if key in joined else 0
        joined[key] = _Ordered(
            row.variant_id,
            row.slug,
            row.title,
            row.variant_title,
            before + row.quantity,
            row.unit_price_minor,
        )
    return list(joined.values())


def _for_sale(session: Session, slugs: set[str]) -> set[str]:
    """Those of these products that can be bought in some variant."""
    if not slugs:
        return set()
    rows = session.connection().execute(_OTHER_OPTIONS, {"slugs": sorted(slugs)})
    return {row.slug for row in rows}


def _outcome(
    row: _Ordered, now: Line | None, had: Line | None, currency: str, *, is_sold: bool, room: int
) -> tuple[AgainLine, int]:
    """What becomes of a line, and the units that the cart has to have of it; 0 for as it is."""
    title = f"{row.title}, {row.variant_title}" if row.variant_title else row.title
    page = f"/products/{row.slug}"
    if now is None or not now.for_sale or _parts(now.variant_title) != _parts(row.variant_title):
        if is_sold:
            return AgainLine(title, "options", _("It now has other options. Choose one."), href=page), 0
        return AgainLine(title, "gone", _("It isn't for sale any more.")), 0
    if now.available <= 0:
        return AgainLine(title, "sold_out", _("It is sold out at the moment."), href=page), 0
    if had is None and room <= 0:
        return AgainLine(title, "full", _("Your cart has no room for it."), href=page), 0
    wanted = min(row.quantity, MAX_QUANTITY)
    in_cart = had.quantity if had and not had.saved else 0
    units = max(in_cart, min(wanted, now.available))
    outcome = "taken" if units >= wanted else "fewer"
    text, price = _taken(row, now, units, outcome, currency)
    return AgainLine(title, outcome, text, price), units if units > in_cart else 0


def _taken(row: _Ordered, now: Line, units: int, outcome: str, currency: str) -> tuple[str, str]:
    locale, own = shop().locale, shop().currency
    each = show(now.price_minor, own, locale)
    one, many = _("1 in your cart, at {each}."), _("{count} in your cart, at {each} each.")
    sentences = [(one if units == 1 else many).format(count=units, each=each)]
    if outcome == "fewer":
        text = _("You ordered {count}, and no more are left.")
        sentences.append(text.format(count=row.quantity))
    price = ""
    if currency == own and now.price_minor != row.unit_price_minor:
        price = "dearer" if now.price_minor > row.unit_price_minor else "cheaper"
        sentences.append(_("It was {then}.").format(then=show(row.unit_price_minor, own, locale)))
    return " ".join(sentences), price


def _parts(variant_title: str) -> list[str]:
    """The chosen values, in whatever order the product names them."""
    return sorted(part.strip() for part in variant_title.split("/"))


def _headline(taken: int, of: int) -> str:
    if taken == of:
        return _("All of it is in your cart")
    if not taken:
        return _("Nothing of it can be had at the moment")
    return _("{taken} of {count} things are in your cart").format(taken=taken, count=of)
