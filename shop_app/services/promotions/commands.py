"""The counted uses of promotions: taken with an order, given back when it ends."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import bindparam, insert, or_, select, update
from sqlmodel import Session

from ...core.clock import now
from ...core.errors import Conflict
from .discounts import DiscountLine
from .queries import (
    USES_OF,
    is_living,
    only_first_order,
    order,
    promotion,
    promotion_code,
    promotion_use,
    used_up,
)

_this = order.alias()
_OTHER_ORDER = (
    select(order.c.id)
    .join(_this, _this.c.id == bindparam("order"))
    .where(
        is_living,
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
            uses = connection.execute(USES_OF, {"promotion": offer.id, "email": email}).scalar_one()
            spent = uses >= taken.per_customer_limit
        if taken and taken.first_order and connection.execute(_OTHER_ORDER, use).first():
            raise Conflict(only_first_order(offer.code or offer.label))
        if not spent and offer.code:
            spent = connection.execute(_TAKE_CODE, {"code_used": offer.code}).rowcount != 1
        if spent:
            raise Conflict(used_up(offer.code or offer.label))
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
