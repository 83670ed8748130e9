"""A customer's own orders: the list of their account, each with where it stands, searched and filtered."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Row, and_, bindparam, case, or_, select, tuple_
from sqlmodel import Session

from ...core import dates
from ...core.access.principal import Principal
from ...core.errors import Forbidden
from ...core.i18n import _, plural
from ...core.money import show
from ...core.shop import shop
from ...models import FulfilmentStatus, MethodKind, OrderStatus, PaymentStatus, ShippingMethod, table_of
from ..orders import finding
from ..orders.queries import order, order_line
from ..search.folding import composed, folded
from ..shipping.queries import arrival_text

PAGE = 10
"""Orders at once."""
MAX_TEXT = 100
MOST_PICTURES = 4
MOST_SKUS = 1000
"""So many things that a text fits are looked for."""

_method = table_of(ShippingMethod)
_status, _paid, _sent = order.c.status, order.c.payment_status, order.c.fulfilment_status
_STAND = case(
    (order.c.needs_review != "", "review"),
    (_status == OrderStatus.CANCELLED.value, "cancelled"),
    (_status == OrderStatus.EXPIRED.value, "expired"),
    (_paid == PaymentStatus.REFUNDED.value, "refunded"),
    (_sent.in_([FulfilmentStatus.RETURNED.value, FulfilmentStatus.PARTIALLY_RETURNED.value]), "returned"),
    (_sent == FulfilmentStatus.DELIVERED.value, "delivered"),
    (_sent == FulfilmentStatus.SHIPPED.value, "shipped"),
    (_sent == FulfilmentStatus.PARTIAL.value, "partial"),
    (_status == OrderStatus.COMPLETED.value, "delivered"),
    (
        or_(
            _status == OrderStatus.PENDING.value,
            and_(order.c.paid_at.is_(None), _paid != PaymentStatus.AUTHORIZED.value),
        ),
        "unpaid",
    ),
    else_="packing",
)
"""Where an order stands, in one word."""
GROUPS = {
    "open": ("review", "unpaid", "packing", "partial", "shipped"),
    "delivered": ("delivered",),
    "back": ("returned", "refunded"),
    "ended": ("cancelled", "expired"),
}
"""What the list can be filtered by, and the words of each."""
_COLUMNS = (
    order.c.id,
    order.c.number,
    order.c.token,
    order.c.placed_at,
    order.c.total_minor,
    order.c.currency,
    order.c.arrives_from,
    order.c.arrives_until,
    _method.c.kind.label("method_kind"),
    _STAND.label("stand"),
)
_NEWEST: Any = (
    select(*_COLUMNS)
    .outerjoin(_method, _method.c.code == order.c.shipping_method)
    .where(order.c.customer_id == bindparam("customer"))
    .order_by(order.c.placed_at.desc(), order.c.id.desc())
    .limit(bindparam("most"))
)
_LINES = (
    select(
        order_line.c.order_id,
        order_line.c.title,
        order_line.c.variant_title,
        order_line.c.picture_key,
        order_line.c.quantity,
    )
    .where(order_line.c.order_id.in_(bindparam("orders", expanding=True)))
    .order_by(order_line.c.order_id, order_line.c.position)
)
_BOUGHT = (
    select(order_line.c.sku, order_line.c.title, order_line.c.variant_title)
    .join(order, order.c.id == order_line.c.order_id)
    .where(order.c.customer_id == bindparam("customer"))
    .distinct()
)
_ANY = select(order.c.id).where(order.c.customer_id == bindparam("customer")).limit(1)


@dataclass(frozen=True, slots=True)
class Thing:
    """What is in an order, for a small picture."""

    title: str
    picture_key: str


@dataclass(frozen=True, slots=True)
class OwnOrder:
    number: str
    token: str
    placed: str
    total: str
    stand: str
    """review, unpaid, packing, partial, shipped, delivered, returned, refunded, cancelled, expired."""
    stand_text: str
    detail: str
    """When it arrives, while that is to come."""
    summary: str
    """ "Dune Mug, Moss, and 2 more"."""
    pictures: list[Thing] = field(default_factory=list)
    may_go_back: bool = False
    """Whether its page may have a way to return or withdraw; the page says it for sure."""


@dataclass(frozen=True, slots=True)
class OwnOrders:
    orders: list[OwnOrder] = field(default_factory=list)
    older: str = ""
    """The mark of the next page, for `before`; "" on the last."""
    has_any: bool = False
    """Whether the account has orders at all, whatever was searched for."""


def view(
    session: Session, by: Principal, *, text: str = "", group: str = "", before: str = "", most: int = PAGE
) -> OwnOrders:
    """Their orders, newest first: those that a text finds (a number, words of products), of one of `GROUPS`.

    `before` is `older` of the page before; another text begins at the newest.

    Errors  Forbidden for everybody but customers.
    """
    if by.kind != "customer":
        raise Forbidden(_("Sign in to see your orders."))
    statement, params = _filtered(session, by.id, text, group)
    if mark := _mark(before):
        statement = statement.where(tuple_(order.c.placed_at, order.c.id) < tuple_(*mark))
    rows = session.connection().execute(statement, params | {"most": most + 1}).all()
    shown = rows[:most]
    things: dict[int, list[Row[Any]]] = {}
    if shown:
        for line in session.connection().execute(_LINES, {"orders": [row.id for row in shown]}):
            things.setdefault(line.order_id, []).append(line)
    return OwnOrders(
        [_order(row, things.get(row.id, [])) for row in shown],
        f"{shown[-1].placed_at.timestamp() * 1_000_000:.0f}-{shown[-1].id}" if len(rows) > most else "",
        bool(rows) or session.connection().execute(_ANY, {"customer": by.id}).first() is not None,
    )


def _filtered(session: Session, customer_id: int, text: str, group: str) -> tuple[Any, dict[str, Any]]:
    statement, params = _NEWEST, {"customer": customer_id}
    if group in GROUPS:
        statement = statement.where(_STAND.in_(GROUPS[group]))
    if text := text.strip()[:MAX_TEXT]:
        statement = statement.where(_found(session, customer_id, text))
    return statement, params


def _found(session: Session, customer_id: int, text: str) -> Any:
    """The order of that number, and those with a product whose words begin with all that was typed."""
    words = _words(text)
    skus = [
        row.sku
        for row in session.connection().execute(_BOUGHT, {"customer": customer_id})
        if words and _has(_words(f"{row.title} {row.variant_title} {row.sku}"), words)
    ]
    with_them = select(order_line.c.id).where(
        order_line.c.order_id == order.c.id, order_line.c.sku.in_(skus[:MOST_SKUS])
    )
    number = finding.number_of(text)
    return or_(order.c.number == (-1 if number is None else number), with_them.exists())


def _words(text: str) -> list[str]:
    return folded(composed(text)).casefold().replace("-", " ").replace(",", " ").split()


def _has(words: list[str], typed: list[str]) -> bool:
    return all(any(word.startswith(beginning) for word in words) for beginning in typed)


def _mark(before: str) -> tuple[datetime, int] | None:
    micros, _dash, order_id = before.partition("-")
    if not (micros.isascii() and micros.isdigit() and order_id.isascii() and order_id.isdigit()):
        return None
    if len(micros) > 16 or len(order_id) > 15:
        return None
    seconds, rest = divmod(int(micros), 1_000_000)
    return datetime.fromtimestamp(seconds, UTC).replace(microsecond=rest), int(order_id)


def _order(row: Row[Any], lines: list[Row[Any]]) -> OwnOrder:
    collected = row.method_kind == MethodKind.PICK_UP
    coming = row.stand in ("packing", "partial", "shipped") and row.arrives_from and row.arrives_until
    locale = shop().locale
    return OwnOrder(
        str(row.number),
        row.token,
        dates.day(row.placed_at),
        show(row.total_minor, row.currency, locale),
        row.stand,
        _stand_text(row.stand, collected=collected),
        arrival_text(row.arrives_from, row.arrives_until, locale, pick_up=collected) if coming else "",
        _summary(lines),
        [Thing(line.title, line.picture_key) for line in lines[:MOST_PICTURES]],
        row.stand in ("packing", "partial", "shipped", "delivered", "returned"),
    )


def _summary(lines: list[Row[Any]]) -> str:
    if not lines:
        return ""
    first = lines[0]
    name = f"{first.title}, {first.variant_title}" if first.variant_title else first.title
    more = len(lines) - 1
    return name + (plural(", and {count} more", ", and {count} more", more) if more else "")


def _stand_text(stand: str, *, collected: bool) -> str:
    if collected and stand in _COLLECTED:
        return _COLLECTED[stand]
    return _STANDS[stand]


_STANDS = {
    "review": _("We look into it"),
    "unpaid": _("Waiting for the payment"),
    "packing": _("Being packed"),
    "partial": _("A part is on its way"),
    "shipped": _("On its way"),
    "delivered": _("Delivered"),
    "returned": _("Returned"),
    "refunded": _("Refunded"),
    "cancelled": _("Cancelled"),
    "expired": _("Not paid in time"),
}
_COLLECTED = {
    "packing": _("Being made ready"),
    "partial": _("A part is ready to collect"),
    "shipped": _("Ready to collect"),
    "delivered": _("Collected"),
}
