"""Admin of promotions: created, changed and ended with an audit entry; codes generated in bulk."""

from __future__ import annotations

import csv
import io
import re
import secrets
from collections.abc import Iterator
from dataclasses import asdict, dataclass, fields
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, bindparam, insert, select, update
from sqlmodel import Session

from ...core import events
from ...core.access.principal import Principal
from ...core.clock import now
from ...core.errors import Conflict, Invalid, NotFound
from ...core.i18n import _
from ...core.money import MAX_MINOR, step_problem
from ...core.shop import shop
from ...core.upsert import Insert, upsert
from ...models import Promotion, PromotionCode, PromotionKind, PromotionLane, Variant, table_of
from ..staff import audit
from . import queries as promotions_queries

PERMISSION = "discounts.edit"
MAX_CODES = 10_000
"""At once; more in a second call."""
# Without characters that are easily confused: 0 O, 1 I L, 2 Z, 5 S, 8 B, U V.
ALPHABET = "34679ACDEFGHJKMNPQRTWXY"
CODE_LENGTH = 10
"""23 ** 10 codes: some 4 * 10 ** 13."""
_PREFIX = re.compile(r"[A-Z0-9]{0,20}")
_BATCH = 1_000

_promotion = table_of(Promotion)
_lane = table_of(PromotionLane)
_code = table_of(PromotionCode)
_variant = table_of(Variant)
_BY_ID = select(_promotion).where(_promotion.c.id == bindparam("promotion"))
_CODES = (
    select(_code.c.code, _code.c.usage_limit, _code.c.used)
    .where(_code.c.promotion_id == bindparam("promotion"))
    .order_by(_code.c.code)
)


@dataclass(frozen=True, slots=True)
class PromotionDraft:
    """A promotion as staff write it, amounts in minor units; `code` is its first code, "" for none yet."""

    name: str
    kind: str = PromotionKind.PERCENT.value
    code: str = ""
    automatic: bool = False
    """Applies without a code."""
    lane: str = "default"
    percent: int = 0
    amount_minor: int = 0
    buy_quantity: int = 0
    get_quantity: int = 0
    gift_sku: str = ""
    minimum_minor: int = 0
    minimum_quantity: int = 0
    first_order: bool = False
    products: tuple[int, ...] = ()
    categories: tuple[int, ...] = ()
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    usage_limit: int | None = None
    per_customer_limit: int | None = None
    budget_minor: int | None = None


def create(session: Session, draft: PromotionDraft, *, by: Principal) -> int:
    """A new promotion; returns its id.

    Errors  Forbidden; Invalid with the first field that is wrong; Conflict for a code that is taken.
    """
    by.need(PERMISSION)
    values = _values(session, draft)
    code = promotions_queries.normal(draft.code)
    row = values | {"used": 0, "spent_minor": 0, "active": True, "version": 1}
    statement = insert(_promotion).values(row | {"created_at": now()}).returning(_promotion.c.id)
    promotion_id: int = session.connection().execute(statement).scalar_one()
    if code:
        _check_code(code)
        if not _put_codes(session, promotion_id, [code], None):
            raise Conflict(_("The code {code} is taken.").format(code=code))
    _record(session, by, "created", promotion_id, {}, asdict(draft))
    return promotion_id


def change(
    session: Session, promotion_id: int, draft: PromotionDraft, *, version: int, by: Principal
) -> None:
    """Make it what the draft says. Its codes and uses stay, and orders keep their discounts.

    Errors  Forbidden; NotFound; Invalid; Conflict when someone else changed it, or it has been used more
            than the new limits allow.
    """
    by.need(PERMISSION)
    before, values = _row(session, promotion_id), _values(session, draft)
    result = session.connection().execute(
        update(_promotion)
        .where(_promotion.c.id == promotion_id, _promotion.c.version == version)
        .where(_within("used", values["usage_limit"]), _within("spent_minor", values["budget_minor"]))
        .values(values | {"version": version + 1})
    )
    if result.rowcount != 1:
        if before["version"] != version:
            raise Conflict(_("Somebody else has changed this promotion. Look at it again before you save."))
        raise Conflict(_("It has been used more than these limits allow."))
    _record(session, by, "changed", promotion_id, {name: before[name] for name in values}, values)


def end(session: Session, promotion_id: int, *, by: Principal) -> None:
    """End it; orders that have it keep it. Ending it twice is harmless.

    Errors  Forbidden; NotFound.
    """
    by.need(PERMISSION)
    before = _row(session, promotion_id)
    if before["active"]:
        ended = update(_promotion).where(_promotion.c.id == promotion_id)
        session.connection().execute(ended.values(active=False, version=_promotion.c.version + 1))
        _record(session, by, "ended", promotion_id, {"active": True}, {"active": False})


def generate_codes(
    session: Session,
    promotion_id: int,
    count: int,
    *,
    prefix: str = "",
    by: Principal,
    usage_limit: int | None = 1,
) -> list[str]:
    """`count` new, unguessable codes of a promotion, each good for `usage_limit` orders.

    Errors  Forbidden; NotFound; Invalid for a count, prefix or limit that can't be used.
    """
    by.need(PERMISSION)
    _row(session, promotion_id)
    prefix = promotions_queries.normal(prefix)
    if type(count) is not int or not 1 <= count <= MAX_CODES:
        raise Invalid(_("Choose between 1 and {most} codes.").format(most=MAX_CODES), field="count")
    if not _PREFIX.fullmatch(prefix):
        raise Invalid(_("A prefix is made of up to 20 letters and digits."), field="prefix")
    if usage_limit is not None and usage_limit < 1:
        raise Invalid(_("A code has to be good for one use at least."), field="usage_limit")
    codes: list[str] = []
    while len(codes) < count:
        batch = {_random_code(prefix) for _each in range(min(_BATCH, count - len(codes)))}
        codes += _put_codes(session, promotion_id, sorted(batch), usage_limit)
    # The codes are worth money: the audit entry has their number alone.
    _record(session, by, "made_codes", promotion_id, {}, {"count": count, "prefix": prefix})
    return codes


def codes_csv(session: Session, promotion_id: int, *, by: Principal) -> str:
    """All codes of a promotion as a CSV text: code, usage_limit, used.

    Errors  Forbidden; NotFound.
    """
    by.need(PERMISSION)
    _row(session, promotion_id)
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(["code", "usage_limit", "used"])
    for row in session.connection().execute(_CODES, {"promotion": promotion_id}):
        writer.writerow(["" if value is None else value for value in row])
    return text.getvalue()


def _random_code(prefix: str) -> str:
    drawn = "".join(secrets.choice(ALPHABET) for _each in range(CODE_LENGTH))
    return "-".join(part for part in (prefix, drawn[:5], drawn[5:]) if part)


def _put_codes(session: Session, promotion_id: int, codes: list[str], usage_limit: int | None) -> list[str]:
    """Store the codes that aren't taken yet; returns these."""
    connection = session.connection()
    rows = [
        {"code": code, "promotion_id": promotion_id, "usage_limit": usage_limit, "used": 0} for code in codes
    ]
    return list(connection.execute(_put_once(session), rows).scalars())


@upsert(_code)
def _put_once(insert: Insert) -> Any:
    return insert.on_conflict_do_nothing().returning(_code.c.code)


def _row(session: Session, promotion_id: int) -> dict[str, Any]:
    row = session.connection().execute(_BY_ID, {"promotion": promotion_id}).mappings().first()
    if row is None:
        raise NotFound(_("There is no such promotion."))
    return dict(row)


def _within(column: str, limit: int | None) -> ColumnElement[bool]:
    return _promotion.c[column] >= 0 if limit is None else _promotion.c[column] <= limit


def _record(
    session: Session, by: Principal, action: str, id: int, before: dict[str, Any], after: dict[str, Any]
) -> None:
    events.publish(session, events.TermsChanged())
    audit.record(
        session, by.actor, action, "promotion", str(id), _plain(before), _plain(after), staff_id=by.id or None
    )


def _plain(values: dict[str, Any]) -> dict[str, Any]:
    return {
        name: value.isoformat() if isinstance(value, datetime) else value for name, value in values.items()
    }


def _check_code(code: str) -> None:
    if len(code) > 40 or not code.isprintable():
        raise Invalid(_("A code is made of up to 40 characters."), field="code")


def _values(session: Session, draft: PromotionDraft) -> dict[str, Any]:
    """The columns of a draft.

    Errors  Invalid with the first field that is wrong.
    """
    for field, problem in _problems(session, draft):
        if problem:
            raise Invalid(problem, field=field)
    same = {each.name for each in fields(draft)} - {"code", "gift_sku", "products", "categories"}
    about = {"products": sorted(set(draft.products)), "categories": sorted(set(draft.categories))}
    gift = select(_variant.c.id).where(_variant.c.sku == draft.gift_sku)
    return {name: getattr(draft, name) for name in same} | {
        "name": draft.name.strip(),
        "conditions": {name: ids for name, ids in about.items() if ids},
        "gift_variant_id": session.connection().execute(gift).scalar() if draft.gift_sku else None,
    }


def _problems(session: Session, draft: PromotionDraft) -> Iterator[tuple[str, str]]:
    """(field, what is wrong with it or "") for each rule, in the order of the form."""
    kind, run = draft.kind, session.connection().execute
    yield "name", "" if 0 < len(draft.name.strip()) <= 200 else _("Say what the shopper reads.")
    yield "kind", "" if kind in set(PromotionKind) else _("Choose what it gives.")
    lane = run(select(_lane.c.code).where(_lane.c.code == draft.lane)).first()
    yield "lane", "" if lane else _("Choose a lane.")
    takes_percent = kind in (PromotionKind.PERCENT, PromotionKind.BUY_X_GET_Y)
    fits = 1 <= draft.percent <= 100 if takes_percent else draft.percent == 0
    yield "percent", "" if fits else _("Choose between 1 and 100 percent, and only where it takes percents.")
    fits = 0 < draft.amount_minor <= MAX_MINOR if kind == PromotionKind.FIXED else draft.amount_minor == 0
    yield "amount_minor", "" if fits else _("Say how much it takes off, and only where it takes an amount.")
    yield "amount_minor", step_problem(draft.amount_minor, shop().currency, shop().locale)
    pairs = (draft.buy_quantity, draft.get_quantity)
    fits = min(pairs) >= 1 and max(pairs) <= 99 if kind == PromotionKind.BUY_X_GET_Y else pairs == (0, 0)
    yield "buy_quantity", "" if fits else _("Say how many to buy and how many to get for it.")
    gift = draft.gift_sku and run(select(_variant.c.id).where(_variant.c.sku == draft.gift_sku)).first()
    fits = bool(gift) if kind == PromotionKind.GIFT else not draft.gift_sku
    yield "gift_sku", "" if fits else _("Choose what is given, and only where it gives something.")
    for field in ("minimum_minor", "minimum_quantity", "usage_limit", "per_customer_limit", "budget_minor"):
        value = getattr(draft, field)
        yield field, "" if value is None or 0 <= value <= MAX_MINOR else _("It can't be negative.")
    turned = draft.starts_at and draft.ends_at and draft.ends_at <= draft.starts_at
    yield "ends_at", _("It ends before it begins.") if turned else ""
