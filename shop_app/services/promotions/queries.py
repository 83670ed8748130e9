"""Which promotions are live for a cart, and why a code isn't."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import RowMapping, and_, bindparam, func, or_, select
from sqlmodel import Session

from ...core import typed_text
from ...core.errors import NotFound
from ...core.i18n import _
from ...models import Order, OrderStatus, Promotion, PromotionCode, PromotionLane, PromotionUse, table_of
from ..terms_cache import TermsCache
from .discount_reasons import Reason
from .discounts import Offer

MAX_CODES = 5
promotion = table_of(Promotion)
lane = table_of(PromotionLane)
promotion_code = table_of(PromotionCode)
promotion_use = table_of(PromotionUse)
order = table_of(Order)
_COLUMNS = [*promotion.c, lane.c.position.label("lane_position"), lane.c.on_discounted]
_AUTOMATIC = (
    select(*_COLUMNS)
    .join(lane, lane.c.code == promotion.c.lane)
    .where(promotion.c.active, promotion.c.automatic)
)
_BY_CODE = (
    select(
        *_COLUMNS,
        promotion_code.c.code,
        promotion_code.c.used.label("code_used"),
        promotion_code.c.usage_limit.label("code_limit"),
    )
    .join(promotion, promotion.c.id == promotion_code.c.promotion_id)
    .join(lane, lane.c.code == promotion.c.lane)
    .where(promotion_code.c.code.in_(bindparam("codes", expanding=True)))
)
USES_OF = select(func.count()).where(
    promotion_use.c.promotion_id == bindparam("promotion"),
    promotion_use.c.email == bindparam("email"),
    promotion_use.c.given_back_at.is_(None),
)
_OWN_USE = (
    select(promotion_use.c.amount_minor)
    .join(order, order.c.id == promotion_use.c.order_id)
    .where(
        promotion_use.c.promotion_id == bindparam("promotion"),
        promotion_use.c.given_back_at.is_(None),
        order.c.cart_id == bindparam("cart"),
        order.c.status == OrderStatus.PENDING.value,
    )
)
is_living = order.c.status.in_(
    [OrderStatus.PENDING.value, OrderStatus.PLACED.value, OrderStatus.COMPLETED.value]
)
# An order of the same buyer that isn't this cart's own.
_ORDERED_BEFORE = (
    select(order.c.id)
    .where(
        is_living,
        order.c.cart_id.is_distinct_from(bindparam("cart")),
        or_(
            and_(order.c.email == bindparam("email"), order.c.email != ""),
            order.c.customer_id == bindparam("customer"),
        ),
    )
    .limit(1)
)


@dataclass(frozen=True, slots=True)
class Live:
    """What may apply to a cart, and why some of its codes may not."""

    offers: tuple[Offer, ...]
    reasons: tuple[Reason, ...] = ()


def _read_automatic(session: Session) -> list[RowMapping]:
    return list(session.connection().execute(_AUTOMATIC).mappings())


_automatic = TermsCache(_read_automatic)


def normal(code: str) -> str:
    """The code as it is stored: folded, without spaces, in capitals."""
    return typed_text.code(code.upper()).replace(" ", "").upper()


def live(
    session: Session,
    codes: Sequence[str],
    at: datetime,
    *,
    cart_id: int,
    email: str = "",
    customer_id: int | None = None,
    fresh: bool = False,
) -> Live:
    """The promotions that apply by themselves and those of the codes, at that moment.

    What the cart's own unpaid order uses counts as unused. Limits per customer, and whether it is
    a first order, are only looked at where the customer or the e-mail address is given.
    """
    automatic = _automatic.get(session, fresh=fresh)
    if not (automatic or codes):
        return _NOTHING
    rows: dict[str, RowMapping] = {}
    if codes:
        code_rows = session.connection().execute(_BY_CODE, {"codes": list(codes)}).mappings()
        rows = {row["code"]: row for row in code_rows}
    buyer = _Buyer(cart_id, email, customer_id)
    offers, reasons = [], []
    for code, row in [*(("", row) for row in automatic), *((code, rows.get(code)) for code in codes)]:
        problem, left = _why_not_live(row, code, at), None
        if row and not problem:
            problem, left = _why_spent(session, row, code, buyer)
        if row and not problem:
            offers.append(_offer(row, code, left))
        elif code:
            reasons.append(Reason(code, problem))
    return Live(tuple(offers), tuple(reasons))


@dataclass(frozen=True, slots=True)
class _Buyer:
    cart_id: int
    email: str
    customer_id: int | None


_NOTHING = Live(())


def check(session: Session, code: str, at: datetime, *, cart_id: int) -> None:
    """Errors  NotFound for a code that doesn't exist, hasn't begun, has ended or is used up."""
    row = session.connection().execute(_BY_CODE, {"codes": [code]}).mappings().first()
    problem = _why_not_live(row, code, at)
    if row and not problem:
        problem, _left = _why_spent(session, row, code, _Buyer(cart_id, "", None))
    if problem:
        raise NotFound(problem)


def _offer(row: RowMapping, code: str, left_minor: int | None) -> Offer:
    about = row["conditions"] or {}
    return Offer(
        id=row["id"],
        label=row["name"],
        kind=row["kind"],
        percent=row["percent"],
        amount_minor=row["amount_minor"],
        code=code,
        lane=row["lane"],
        lane_position=row["lane_position"],
        on_discounted=row["on_discounted"],
        minimum_minor=row["minimum_minor"],
        minimum_quantity=row["minimum_quantity"],
        buy_quantity=row["buy_quantity"],
        get_quantity=row["get_quantity"],
        gift_variant_id=row["gift_variant_id"],
        products=frozenset(about.get("products", ())),
        categories=frozenset(about.get("categories", ())),
        left_minor=left_minor,
    )


def _why_not_live(row: RowMapping | None, code: str, at: datetime) -> str:
    if row is None or not row["active"]:
        return _("There is no code {code}").format(code=code)
    if row["starts_at"] and at < row["starts_at"]:
        return _("{code} isn't valid yet").format(code=code)
    if row["ends_at"] and at >= row["ends_at"]:
        return _("{code} has ended").format(code=code)
    return ""


def _why_spent(session: Session, row: RowMapping, code: str, buyer: _Buyer) -> tuple[str, int | None]:
    """Why it can't be used any more, "" where it can, and what its budget still has."""
    connection = session.connection()
    budget = row["budget_minor"]
    left = None if budget is None else budget - row["spent_minor"]
    spent = row["usage_limit"] is not None and row["used"] >= row["usage_limit"]
    if code:
        spent = spent or (row["code_limit"] is not None and row["code_used"] >= row["code_limit"])
    has_buyer = bool(buyer.email) or buyer.customer_id is not None
    if row["first_order"] and has_buyer:
        theirs = {"cart": buyer.cart_id, "email": buyer.email, "customer": buyer.customer_id}
        if connection.execute(_ORDERED_BEFORE, theirs).first():
            return only_first_order(code), left
    limited = bool(buyer.email) and row["per_customer_limit"] is not None
    if not (spent or limited or left is not None):
        return "", left
    own = connection.execute(_OWN_USE, {"promotion": row["id"], "cart": buyer.cart_id}).scalar()
    if own is not None:
        return "", None if left is None else left + own
    if spent or left == 0:
        return used_up(code), left
    if limited:
        uses = connection.execute(USES_OF, {"promotion": row["id"], "email": buyer.email}).scalar_one()
        if uses >= row["per_customer_limit"]:
            return _("You have used {code} already").format(code=code), left
    return "", left


def only_first_order(name: str) -> str:
    return _("{code} is only for a first order").format(code=name)


def used_up(name: str) -> str:
    return _("{code} is used up").format(code=name)
