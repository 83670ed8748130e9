"""Promotions: which ones apply to a cart now, and the counts of their uses."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import RowMapping, and_, bindparam, func, insert, or_, select, update
from sqlmodel import Session

from ...core.clock import now
from ...core.errors import Conflict, NotFound
from ...core.i18n import _
from ...models import Order, OrderStatus, Promotion, PromotionCode, PromotionLane, PromotionUse, table_of
from ..terms_cache import TermsCache
from .discount_reasons import Reason
from .discounts import DiscountLine, Offer

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
_USES_OF = select(func.count()).where(
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
_lives = order.c.status.in_(
    [OrderStatus.PENDING.value, OrderStatus.PLACED.value, OrderStatus.COMPLETED.value]
)
# An order of the same buyer that isn't this cart's own.
_ORDERED_BEFORE = (
    select(order.c.id)
    .where(
        _lives,
        order.c.cart_id.is_distinct_from(bindparam("cart")),
        or_(
            and_(order.c.email == bindparam("email"), order.c.email != ""),
            order.c.customer_id == bindparam("customer"),
        ),
    )
    .limit(1)
)
_this = order.alias()
_OTHER_ORDER = (
    select(order.c.id)
    .join(_this, _this.c.id == bindparam("order"))
    .where(
        _lives,
        order.c.id != _this.c.id,
        or_(order.c.email == _this.c.email, order.c.customer_id == _this.c.customer_id),
    )
    .limit(1)
)
_TAKE = (
    update(promotion)
    .where(
        promotion.c.id == bindparam("promotion"),
        promotion.c.active,
        or_(promotion.c.usage_limit.is_(None), promotion.c.used < promotion.c.usage_limit),
        or_(
            promotion.c.budget_minor.is_(None),
            promotion.c.spent_minor + bindparam("amount") <= promotion.c.budget_minor,
        ),
    )
    .values(used=promotion.c.used + 1, spent_minor=promotion.c.spent_minor + bindparam("amount"))
    .returning(promotion.c.per_customer_limit, promotion.c.first_order)
)
_TAKE_CODE = (
    update(promotion_code)
    .where(
        promotion_code.c.code == bindparam("code_used"),
        or_(promotion_code.c.usage_limit.is_(None), promotion_code.c.used < promotion_code.c.usage_limit),
    )
    .values(used=promotion_code.c.used + 1)
)
_TAKE_AGAIN = (
    update(promotion_use)
    .where(
        promotion_use.c.promotion_id == bindparam("promotion"), promotion_use.c.order_id == bindparam("order")
    )
    .values(given_back_at=None)
)
_GIVE_BACK = (
    update(promotion_use)
    .where(promotion_use.c.order_id == bindparam("order"), promotion_use.c.given_back_at.is_(None))
    .values(given_back_at=bindparam("moment"))
    .returning(promotion_use.c.promotion_id, promotion_use.c.code, promotion_use.c.amount_minor)
)
_RETURN = (
    update(promotion)
    .where(promotion.c.id == bindparam("promotion"))
    .values(used=promotion.c.used - 1, spent_minor=promotion.c.spent_minor - bindparam("amount"))
)
_RETURN_CODE = (
    update(promotion_code)
    .where(promotion_code.c.code == bindparam("code_used"))
    .values(used=promotion_code.c.used - 1)
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
    """The code as it is stored: without spaces, in capitals."""
    return "".join(code.split()).upper()


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


def take(session: Session, order_id: int, email: str, discounts: Iterable[DiscountLine]) -> None:
    """Count one use of each promotion for the order, and its amount against the budget.

    Errors  Conflict where a limit was reached by others in the meantime.
    """
    connection = session.connection()
    for line in sorted(discounts, key=lambda line: line.offer.id):
        offer = line.offer
        use = {"promotion": offer.id, "order": order_id}
        taken = connection.execute(_TAKE, {"promotion": offer.id, "amount": line.amount_minor}).first()
        spent = taken is None
        # The row above is locked until the commit, so that nobody else counts at the same time.
        if taken and taken.per_customer_limit is not None:
            uses = connection.execute(_USES_OF, {"promotion": offer.id, "email": email}).scalar_one()
            spent = uses >= taken.per_customer_limit
        if taken and taken.first_order and connection.execute(_OTHER_ORDER, use).first():
            raise Conflict(_only_first(offer.code or offer.label))
        if not spent and offer.code:
            spent = connection.execute(_TAKE_CODE, {"code_used": offer.code}).rowcount != 1
        if spent:
            raise Conflict(_used_up(offer.code or offer.label))
        if connection.execute(_TAKE_AGAIN, use).rowcount:
            continue
        connection.execute(
            insert(promotion_use),
            {
                "promotion_id": offer.id,
                "order_id": order_id,
                "code": offer.code,
                "email": email,
                "amount_minor": line.amount_minor,
                "at": now(),
            },
        )


def give_back(session: Session, order_id: int) -> None:
    """The order was cancelled or expired: uncount its uses and amounts; doing it twice is harmless."""
    connection = session.connection()
    given = sorted(tuple(row) for row in connection.execute(_GIVE_BACK, {"order": order_id, "moment": now()}))
    for promotion_id, code, amount_minor in given:
        connection.execute(_RETURN, {"promotion": promotion_id, "amount": amount_minor})
        if code:
            connection.execute(_RETURN_CODE, {"code_used": code})


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
            return _only_first(code), left
    limited = bool(buyer.email) and row["per_customer_limit"] is not None
    if not (spent or limited or left is not None):
        return "", left
    own = connection.execute(_OWN_USE, {"promotion": row["id"], "cart": buyer.cart_id}).scalar()
    if own is not None:
        return "", None if left is None else left + own
    if spent or left == 0:
        return _used_up(code), left
    if limited:
        uses = connection.execute(_USES_OF, {"promotion": row["id"], "email": buyer.email}).scalar_one()
        if uses >= row["per_customer_limit"]:
            return _("You have used {code} already").format(code=code), left
    return "", left


def _only_first(name: str) -> str:
    return _("{code} is only for a first order").format(code=name)


def _used_up(name: str) -> str:
    return _("{code} is used up").format(code=name)
