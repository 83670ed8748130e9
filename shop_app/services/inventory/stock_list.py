"""The inventory as a list: every variant's stock, what needs a look, and rules set for many at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any
from urllib.parse import quote

from sqlalchemy import and_, exists, or_, select
from sqlmodel import Session

from ...core import dates
from ...core.access.principal import Principal
from ...core.errors import Invalid
from ...core.i18n import _
from ...models import (
    ExpectedDelivery,
    Picture,
    Product,
    ProductPicture,
    StockAlert,
    StockLevel,
    StockPolicy,
    Variant,
    VariantPicture,
    table_of,
)
from ..lists import spec as lists
from ..lists.spec import (
    Action,
    Arguments,
    Ask,
    Cell,
    Column,
    Empty,
    Filter,
    ListSpec,
    Plan,
    Row,
    Tab,
    Unchanged,
)
from . import admin
from .queries import INCOMING, mark_of

VIEW, ADJUST = "inventory.view", "inventory.adjust"

_level, _variant, _product = table_of(StockLevel), table_of(Variant), table_of(Product)
_delivery, _alert = table_of(ExpectedDelivery), table_of(StockAlert)
_picture, _shown, _of_variant = table_of(Picture), table_of(ProductPicture), table_of(VariantPicture)

AVAILABLE = _level.c.on_hand - _level.c.allocated - _level.c.held
"""As `ix_stock_level_available` has it."""
_TRACKED = _level.c.policy != StockPolicy.UNTRACKED.value
_MARKS = {
    "low": and_(_TRACKED, AVAILABLE > 0, _level.c.low_at >= AVAILABLE),
    "out": and_(_TRACKED, AVAILABLE == 0),
    "oversold": and_(_TRACKED, AVAILABLE < 0),
    "fine": or_(~_TRACKED, _level.c.low_at < AVAILABLE),
}
_EXPECTED = exists().where(_delivery.c.variant_id == _level.c.variant_id)
_ASKED_FOR = exists().where(_alert.c.variant_id == _level.c.variant_id)
_FIRST_PICTURE = (
    select(_picture.c.key)
    .join(_shown, _shown.c.picture_id == _picture.c.id)
    .outerjoin(
        _of_variant,
        and_(_of_variant.c.product_picture_id == _shown.c.id, _of_variant.c.variant_id == _variant.c.id),
    )
    .where(_shown.c.product_id == _product.c.id)
    .order_by(_of_variant.c.position.is_(None), _of_variant.c.position, _shown.c.position)
    .limit(1)
    .correlate(_product, _variant)
    .scalar_subquery()
)
_BADGES = {
    "low": (_("Low"), "amber", "warning"),
    "out": (_("Sold out"), "coral", "error"),
    "oversold": (_("Oversold"), "coral", "error"),
}
POLICIES = (
    (StockPolicy.DENY.value, _("Stop selling when sold out")),
    (StockPolicy.BACKORDER.value, _("Sell on, as a backorder")),
    (StockPolicy.UNTRACKED.value, _("Don't count it")),
)


def address(sku: str) -> str:
    """Of the page of a variant's stock."""
    return f"/admin/inventory/{quote(sku, safe='')}"


def _load(session: Session, ids: Sequence[int], _by: Principal) -> Mapping[int, Row]:
    wanted = (
        select(
            _level,
            _variant.c.sku,
            _variant.c.title.label("variant"),
            _product.c.title,
            INCOMING.label("incoming"),
            _FIRST_PICTURE.label("picture"),
        )
        .select_from(SOURCE)
        .where(_level.c.variant_id.in_(ids))
    )
    return {row.variant_id: _row(row) for row in session.connection().execute(wanted)}


def _row(row: Any) -> Row:
    available = row.on_hand - row.allocated - row.held
    is_tracked = row.policy != StockPolicy.UNTRACKED
    mark = mark_of(row.policy, available, row.low_at)
    badge = _BADGES.get(mark)
    picture = f"/media/{row.picture}/320.jpg" if row.picture else ""
    cells = {
        "product": Cell(row.title, href=address(row.sku), picture=picture, sub=row.variant),
        "sku": Cell(row.sku),
        "available": Cell(str(available)) if is_tracked else Cell("∞", title=_("Nobody counts it"), plain=""),
        "on_hand": Cell(str(row.on_hand)),
        "allocated": Cell(str(row.allocated)),
        "held": Cell(str(row.held)),
        "incoming": Cell(str(row.incoming) if row.incoming else "–", plain=str(row.incoming)),
        "status": Cell(badge[0], tone=badge[1], icon=badge[2]) if badge else Cell(),  # pyright: ignore
        "low_at": Cell(str(row.low_at)),
        "policy": Cell(dict(POLICIES)[row.policy]),
        "expected": Cell(dates.day(row.backorder_on) if row.backorder_on else ""),
    }
    marks = {"data-testid": "stock-row", "data-sku": row.sku}
    return Row(row.variant_id, address(row.sku), row.sku, marks, cells)


def _search(_session: Session, text: str) -> Any:
    """By the beginning of a SKU, a barcode, or words of the product's title."""
    in_title = select(_product.c.id).where(_product.c.title.icontains(text, autoescape=True))
    return or_(
        lists.starts_with(_variant.c.sku, text),
        lists.starts_with(_variant.c.sku, text.upper()),
        _variant.c.barcode == text,
        _variant.c.product_id.in_(in_title),
    )


def _status_is(op: str, words: tuple[str, ...]) -> Any:
    return lists.one_of_conditions(op, [_MARKS[word] for word in words if word in _MARKS])


# --- For many at once -------------------------------------------------------------------------------


def _plan(session: Session, ids: Sequence[int], _by: Principal) -> Plan:
    """What nobody counts has no threshold."""
    wanted = (
        select(_level.c.variant_id, _variant.c.sku, _level.c.policy)
        .select_from(SOURCE)
        .where(_level.c.variant_id.in_(ids))
    )
    rows = session.connection().execute(wanted).all()
    skipped = [
        (row.variant_id, row.sku, _("Nobody counts it"))
        for row in rows
        if row.policy == StockPolicy.UNTRACKED
    ]
    left_out = {key for key, _sku, _why in skipped}
    return Plan(tuple(row.variant_id for row in rows if row.variant_id not in left_out), tuple(skipped))


def _set_low_at(session: Session, variant_id: int, by: Principal, arguments: Arguments) -> None:
    sku, before = _of(session, variant_id)
    low_at = _threshold(arguments)
    if before.low_at == low_at:
        raise Unchanged(_("It warns at {count} already.").format(count=low_at))
    admin.set_low_at(session, sku, low_at, by=by)


def _set_policy(session: Session, variant_id: int, by: Principal, arguments: Arguments) -> None:
    sku, before = _of(session, variant_id)
    policy = arguments.get("policy", "")
    if before.policy == policy and policy != StockPolicy.BACKORDER:
        raise Unchanged(_("It has this rule already."))
    admin.choose_policy(session, sku, policy, expected_on=_day(arguments), by=by)


def _of(session: Session, variant_id: int) -> tuple[str, Any]:
    wanted = select(_variant.c.sku, _level.c.low_at, _level.c.policy).select_from(SOURCE)
    row = session.connection().execute(wanted.where(_level.c.variant_id == variant_id)).one()
    return row.sku, row


def _threshold(arguments: Arguments) -> int:
    typed = arguments.get("low_at", "").strip()
    if not (typed.isascii() and typed.isdigit() and int(typed[:6]) <= admin.MAX_LOW_AT):
        text = _("Enter a whole number from 0 to {most}.")
        raise Invalid(text.format(most=f"{admin.MAX_LOW_AT:,}"), field="low_at")
    return int(typed)


def _day(arguments: Arguments) -> date | None:
    typed = arguments.get("expected_on", "").strip()
    try:
        return date.fromisoformat(typed) if typed else None
    except ValueError:
        raise Invalid(_("Enter a day like 2026-12-24."), field="expected_on") from None


SOURCE = _level.join(_variant, _variant.c.id == _level.c.variant_id).join(
    _product, _product.c.id == _variant.c.product_id
)

INVENTORY = ListSpec(
    name="inventory",
    title=_("Inventory"),
    one=_("variant"),
    many=_("variants"),
    needs=VIEW,
    source=SOURCE,
    key=_level.c.variant_id,
    columns=(
        Column("product", _("Product"), phone="title"),
        Column("sku", _("SKU"), sort=_variant.c.sku, nullable=False, phone="line"),
        Column("status", _("Status"), phone="badges"),
        Column("available", _("Available"), sort=AVAILABLE, align="right", nullable=False, phone="end"),
        Column("on_hand", _("On hand"), sort=_level.c.on_hand, align="right", nullable=False),
        Column("allocated", _("Allocated"), align="right"),
        Column("held", _("Held"), align="right"),
        Column("incoming", _("Incoming"), align="right"),
        Column("low_at", _("Warns at"), align="right", shown=False),
        Column("policy", _("When sold out"), shown=False),
        Column("expected", _("Expected on"), shown=False),
    ),
    load=_load,
    default_sort="sku",
    filters=(
        Filter(
            "status",
            _("Status"),
            sql=_status_is,
            options=(
                ("low", _("Low")),
                ("out", _("Sold out")),
                ("oversold", _("Oversold")),
                ("fine", _("Enough")),
            ),
        ),
        Filter("available", _("Available"), "number", lists.between(AVAILABLE)),
        Filter("on_hand", _("On hand"), "number", lists.between(_level.c.on_hand)),
        Filter("policy", _("When sold out"), sql=lists.choice(_level.c.policy), options=POLICIES),
        Filter("incoming", _("Delivery expected"), "flag", lists.flag(_EXPECTED)),
        Filter("asked", _("Somebody waits for it"), "flag", lists.flag(_ASKED_FOR)),
        Filter("vendor", _("Maker"), "text", lists.words(_product.c.vendor)),
    ),
    search=_search,
    search_hint=_("SKU, barcode or product"),
    tabs=(
        Tab("all", _("All")),
        Tab("low", _("Low"), "status=low&sort=available"),
        Tab("out", _("Sold out"), "status=out&sort=available"),
        Tab("oversold", _("Oversold"), "status=oversold&sort=available"),
        Tab("incoming", _("Incoming"), "incoming=yes"),
    ),
    actions=(
        Action(
            "low_at",
            _("Set threshold"),
            "warning",
            ADJUST,
            plan=_plan,
            run=_set_low_at,
            ask=(Ask("low_at", _("Warn at so many units"), hint=_("0 warns only when it is sold out.")),),
            check=lambda arguments: (_threshold(arguments), None)[1],
        ),
        Action(
            "policy",
            _("Set rule"),
            "lock",
            ADJUST,
            run=_set_policy,
            ask=(
                Ask("policy", _("When it is sold out"), "choice", POLICIES),
                Ask(
                    "expected_on",
                    _("More is expected on"),
                    hint=_("For backorders, as 2026-12-24."),
                    required=False,
                ),
            ),
            check=lambda arguments: (_day(arguments), None)[1],
        ),
    ),
    empty=Empty(
        _("Nothing to count yet"),
        _("Each variant of a product has its stock here as soon as the product is made."),
        _("Add a product"),
        "/admin/products",
    ),
    marks=("data-testid", "data-sku"),
)
