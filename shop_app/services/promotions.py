"""Promotions: which ones are live for a cart, and their counted uses."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import RowMapping, bindparam, func, insert, or_, select, update
from sqlmodel import Session, SQLModel

from ..clock import now
from ..errors import Conflict, NotFound
from ..models import OrderStatus
from ..words import _
from .pricing import DiscountLine, Offer, Reason
from .remembered import Remembered

MAX_CODES = 5

promotion = SQLModel.metadata.tables["promotion"]
lane = SQLModel.metadata.tables["promotion_lane"]
promotion_code = SQLModel.metadata.tables["promotion_code"]
promotion_use = SQLModel.metadata.tables["promotion_use"]
order = SQLModel.metadata.tables["customer_order"]

_COLUMNS = [*(column for column in promotion.c if column.name != "conditions"), lane.c.on_discounted]
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
    select(promotion_use.c.id)
    .join(order, order.c.id == promotion_use.c.order_id)
    .where(
        promotion_use.c.promotion_id == bindparam("promotion"),
        promotion_use.c.given_back_at.is_(None),
        order.c.cart_id == bindparam("cart"),
        order.c.status == OrderStatus.PENDING.value,
    )
)
_TAKE = (
    update(promotion)
    .where(
        promotion.c.id == bindparam("promotion"),
        promotion.c.active,
        or_(promotion.c.usage_limit.is_(None), promotion.c.used < promotion.c.usage_limit),
    )
    .values(used=promotion.c.used + 1)
    .returning(promotion.c.per_customer_limit)
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
    .returning(promotion_use.c.promotion_id, promotion_use.c.code)
)


@dataclass(frozen=True, slots=True)
class Live:
    """What may apply to a cart, and why some of its codes may not."""

    offers: tuple[Offer, ...]
    reasons: tuple[Reason, ...] = ()


def _read_automatic(session: Session) -> list[RowMapping]:
    return list(session.connection().execute(_AUTOMATIC).mappings())


_automatic = Remembered(_read_automatic)


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
    fresh: bool = False,
) -> Live:
    """The promotions that apply by themselves and those of the codes, as they stand at that moment.

    What the cart's own unpaid order has used up counts as unused. Limits per customer are only looked
    at where the e-mail address is known.
    """
    automatic = _automatic.get(session, fresh=fresh)
    if not (automatic or codes):
        return _NOTHING
    rows: dict[str, RowMapping] = {}
    if codes:
        found = session.connection().execute(_BY_CODE, {"codes": list(codes)}).mappings()
        rows = {row["code"]: row for row in found}
    offers, reasons = [], []
    for code, row in [*(("", row) for row in automatic), *((code, rows.get(code)) for code in codes)]:
        dead = _why_dead(row, code, at)
        if row and not dead:
            dead = _why_spent(session, row, code, cart_id, email)
        if row and not dead:
            offers.append(_offer(row, code))
        elif code:
            reasons.append(Reason(code, dead))
    return Live(tuple(offers), tuple(reasons))


_NOTHING = Live(())


def check(session: Session, code: str, at: datetime, *, cart_id: int) -> None:
    """Errors  NotFound for a code that doesn't exist, hasn't begun, has ended or is used up."""
    row = session.connection().execute(_BY_CODE, {"codes": [code]}).mappings().first()
    dead = _why_dead(row, code, at)
    if row and not dead:
        dead = _why_spent(session, row, code, cart_id, "")
    if dead:
        raise NotFound(dead)


def take(session: Session, order_id: int, email: str, discounts: Iterable[DiscountLine]) -> None:
    """Count one use of each promotion for the order.

    Errors  Conflict where a limit was reached by others in the meantime.
    """
    connection = session.connection()
    for line in sorted(discounts, key=lambda line: line.offer.id):
        offer = line.offer
        taken = connection.execute(_TAKE, {"promotion": offer.id}).first()
        spent = taken is None
        if taken and taken.per_customer_limit is not None:
            # The row above is locked until the commit, so that nobody else counts at the same time.
            uses = connection.execute(_USES_OF, {"promotion": offer.id, "email": email}).scalar_one()
            spent = uses >= taken.per_customer_limit
        if not spent and offer.code:
            spent = connection.execute(_TAKE_CODE, {"code_used": offer.code}).rowcount != 1
        if spent:
            raise Conflict(_used_up(offer.code or offer.label))
        use = {"promotion": offer.id, "order": order_id}
        if connection.execute(_TAKE_AGAIN, use).rowcount:
            continue
        connection.execute(
            insert(promotion_use),
            {
                "promotion_id": offer.id, "order_id": order_id, "code": offer.code, "email": email,
                "amount_minor": line.amount_minor, "at": now(),
            },
        )  # fmt: skip


def give_back(session: Session, order_id: int) -> None:
    """The order died: its uses count no longer; once or twice is the same."""
    connection = session.connection()
    given = sorted(tuple(row) for row in connection.execute(_GIVE_BACK, {"order": order_id, "moment": now()}))
    for promotion_id, code in given:
        connection.execute(
            update(promotion).where(promotion.c.id == promotion_id).values(used=promotion.c.used - 1)
        )
        if code:
            connection.execute(
                update(promotion_code)
                .where(promotion_code.c.code == code)
                .values(used=promotion_code.c.used - 1)
            )


def _offer(row: RowMapping, code: str) -> Offer:
    return Offer(
        id=row["id"], label=row["name"], kind=row["kind"], percent=row["percent"],
        amount_minor=row["amount_minor"], code=code, lane=row["lane"], minimum_minor=row["minimum_minor"],
        on_reduced=row["on_discounted"],
    )  # fmt: skip


def _why_dead(row: RowMapping | None, code: str, at: datetime) -> str:
    if row is None or not row["active"]:
        return _("There is no code {code}").format(code=code)
    if row["starts_at"] and at < row["starts_at"]:
        return _("{code} isn't valid yet").format(code=code)
    if row["ends_at"] and at >= row["ends_at"]:
        return _("{code} has ended").format(code=code)
    return ""


def _why_spent(session: Session, row: RowMapping, code: str, cart_id: int, email: str) -> str:
    spent = row["usage_limit"] is not None and row["used"] >= row["usage_limit"]
    if code:
        spent = spent or (row["code_limit"] is not None and row["code_used"] >= row["code_limit"])
    limited = bool(email) and row["per_customer_limit"] is not None
    if not (spent or limited):
        return ""
    own = session.connection().execute(_OWN_USE, {"promotion": row["id"], "cart": cart_id}).first()
    if own:
        return ""
    if spent:
        return _used_up(code)
    uses = session.connection().execute(_USES_OF, {"promotion": row["id"], "email": email}).scalar_one()
    used = uses >= row["per_customer_limit"]
    return _("You have used {code} already").format(code=code) if used else ""


def _used_up(name: str) -> str:
    return _("{code} is used up").format(code=name)
