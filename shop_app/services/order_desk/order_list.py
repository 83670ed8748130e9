"""The list of orders: its columns, filters, tabs, and what can be done with many of them at once."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, bindparam, func, select
from sqlmodel import Session

from ...core import dates
from ...core.access.principal import Principal
from ...core.errors import Conflict, Invalid
from ...core.i18n import _, plural
from ...core.money import decimal_text, show
from ...core.shop import shop
from ...models import (
    FulfilmentStatus,
    OrderStatus,
    PaymentStatus,
    Product,
    ReturnRequest,
    ShippingMethod,
    Variant,
    table_of,
)
from ..customers import addresses
from ..desk import counts
from ..fulfilment import commands as fulfilment_commands
from ..lists import spec as lists
from ..lists.spec import Action, Arguments, Ask, Cell, Column, Filter, ListSpec, Plan, Row, Tab, Unchanged
from ..orders import claimed_units, finding, notes
from ..orders import units as order_units
from ..orders.queries import order, order_line
from .words import Badge, badge, choices, progress

VIEW, FULFIL = "orders.view", "orders.fulfil"
LONGEST_LIST = 500
"""Lines of a pasted list of tracking numbers."""

_return, _method = table_of(ReturnRequest), table_of(ShippingMethod)
_product, _variant = table_of(Product), table_of(Variant)
_ROWS = select(
    order.c.id,
    order.c.number,
    order.c.placed_at,
    order.c.status,
    order.c.payment_status,
    order.c.fulfilment_status,
    order.c.needs_review,
    order.c.archived_at,
    order.c.email,
    order.c.ship_to,
    order.c.country,
    order.c.shipping_label,
    order.c.currency,
    order.c.total_minor,
).where(order.c.id.in_(bindparam("ids", expanding=True)))
_COUNTS = (
    select(order_line.c.order_id, func.sum(order_line.c.quantity))
    .where(order_line.c.order_id.in_(bindparam("ids", expanding=True)))
    .group_by(order_line.c.order_id)
)
_LINE = re.compile(r"\s*#?(\d{1,15})[\t;, ]+(.+?)\s*")


def _load(session: Session, ids: Sequence[int], _by: Principal) -> dict[int, Row]:
    connection, locale = session.connection(), shop().locale
    units = {order_id: int(count) for order_id, count in connection.execute(_COUNTS, {"ids": list(ids)})}
    rows = connection.execute(_ROWS, {"ids": list(ids)})
    return {row.id: _row(row, units.get(row.id, 0), locale) for row in rows}


def _row(row: Any, units: int, locale: str) -> Row:
    number = str(row.number)
    name = addresses.full_name(row.ship_to) if row.ship_to else ""
    placed = Cell(
        dates.short_moment(row.placed_at),
        title=dates.full_moment(row.placed_at),
        plain=row.placed_at.isoformat(timespec="seconds"),
    )
    total = Cell(
        show(row.total_minor, row.currency, locale), plain=decimal_text(row.total_minor, row.currency)
    )
    return Row(
        row.id,
        f"/admin/orders/{number}",
        _("Order {number}").format(number=number),
        {"data-testid": "order-row", "data-number": number},
        {
            "number": Cell(number, href=f"/admin/orders/{number}"),
            "placed": placed,
            "customer": Cell(name or row.email, title=row.email),
            "email": Cell(row.email),
            "status": _cell(progress(row.status, row.fulfilment_status)),
            "payment": _cell(badge("payment", row.payment_status)),
            "fulfilment": _cell(badge("fulfilment", row.fulfilment_status)),
            "attention": _attention(row),
            "items": Cell(str(units), title=plural("{count} item", "{count} items", units)),
            "country": Cell(addresses.country_name(row.country, locale), plain=row.country),
            "delivery": Cell(row.shipping_label),
            "total": total,
        },
    )


def _cell(of: Badge) -> Cell:
    return Cell(of.text, tone=of.tone, icon=of.icon)  # pyright: ignore[reportArgumentType]


def _attention(row: Any) -> Cell:
    if row.needs_review:
        return Cell(_("Look at it"), tone="coral", icon="warning", title=row.needs_review)
    if row.payment_status == PaymentStatus.DISPUTED:
        return Cell(_("Disputed"), tone="coral", icon="warning")
    return Cell(_("Archived"), tone="calm") if row.archived_at else Cell()


# --- Filters ------------------------------------------------------------------------------------------


def _with_sku(op: str, value: str) -> ColumnElement[bool]:
    found = (
        lists.starts_with(order_line.c.sku, value)
        if op == "starts"
        else order_line.c.sku.in_({value, value.upper()})
    )
    return order.c.id.in_(select(order_line.c.order_id).where(found))


def _with_product(_op: str, value: str) -> ColumnElement[bool]:
    """Orders of a product, by its address in the shop."""
    variants = (
        select(_variant.c.id)
        .join(_product, _product.c.id == _variant.c.product_id)
        .where(_product.c.slug == value.strip().lower())
    )
    return order.c.id.in_(select(order_line.c.order_id).where(order_line.c.variant_id.in_(variants)))


def _returns_open() -> ColumnElement[bool]:
    return order.c.id.in_(select(_return.c.order_id).where(counts.returns_open()))


def _countries(session: Session) -> tuple[tuple[str, str], ...]:
    """The countries that orders went to, found one after the other by the index."""
    locale = shop().locale
    codes = lists.distinct(session, order.c.country)
    return tuple((code, addresses.country_name(code, locale)) for code in codes)


def _methods(session: Session) -> tuple[tuple[str, str], ...]:
    rows = session.connection().execute(select(_method.c.code, _method.c.label).order_by(_method.c.label))
    return tuple((row.code, row.label) for row in rows)


# --- Many at once --------------------------------------------------------------------------------------

Ship = Callable[..., Awaitable[Any]]
"""Sends a shipment: `ship(order_id, units, carrier=, tracking=, by=, request_key=)`."""
_ship: list[Ship] = []


def ship_with(ship: Ship) -> None:
    """Say what sends shipments; called once, by the composition root."""
    _ship[:] = [ship]


def units_to_send(session: Session, order_id: int, request_key: str, *, by: Principal) -> dict[int, int]:
    """All units of the order that can be sent, by the line's id, without those that were withdrawn from.

    Those that were sent with this key before, where it was used.

    Errors  Forbidden; Conflict where nothing is to be sent.
    """
    by.need(FULFIL)
    if sent := fulfilment_commands.units_of_request(session, order_id, request_key):
        return sent
    withdrawn = claimed_units.not_to_send(session, order_id)
    lines = order_units.lines_of(session, order_id).values()
    left = {line.id: line.to_send - withdrawn.get(line.id, 0) for line in lines}
    if not any(units > 0 for units in left.values()):
        raise Conflict(_("Nothing of it is to be sent."))
    return {line: units for line, units in left.items() if units > 0}


def _plan_shipping(session: Session, ids: Sequence[int], _by: Principal) -> Plan:
    will, skipped = [], []
    for row in session.connection().execute(_ROWS, {"ids": list(ids)}):
        why = _why_not_sent(row)
        if why:
            skipped.append((row.id, _("Order {number}").format(number=row.number), why))
        else:
            will.append(row.id)
    return Plan(tuple(will), tuple(skipped))


def _why_not_sent(row: Any) -> str:
    paid = row.payment_status in (
        PaymentStatus.PAID,
        PaymentStatus.OVERPAID,
        PaymentStatus.AUTHORIZED,
        PaymentStatus.PARTIALLY_REFUNDED,
    )
    if row.needs_review or row.payment_status == PaymentStatus.DISPUTED:
        return _("It needs attention")
    if row.status != OrderStatus.PLACED:
        return badge("order", row.status).text
    if row.fulfilment_status not in (FulfilmentStatus.NONE, FulfilmentStatus.PARTIAL):
        return _("Everything is sent")
    return "" if paid or not row.total_minor else _("It isn't paid")


def _plan_archive(session: Session, ids: Sequence[int], _by: Principal) -> Plan:
    will, skipped = [], []
    for row in session.connection().execute(_ROWS, {"ids": list(ids)}):
        why = notes.why_not_archived(row.status, row.payment_status, row.needs_review)
        if row.archived_at or why:
            name = _("Order {number}").format(number=row.number)
            skipped.append((row.id, name, why or _("It is in the archive")))
        else:
            will.append(row.id)
    return Plan(tuple(will), tuple(skipped))


def _archive(session: Session, order_id: int, by: Principal, _arguments: Arguments) -> None:
    notes.archive(session, order_id, archived=True, by=by)


async def _mark_packed(order_id: int, by: Principal, _arguments: Arguments, request_key: str) -> None:
    await _ship[0](order_id, by=by, request_key=request_key)


async def _ship_with_tracking(order_id: int, by: Principal, arguments: Arguments, request_key: str) -> None:
    await _ship[0](order_id, by=by, request_key=request_key, tracked=tracking_list(arguments.get("list", "")))


def tracking_list(text: str) -> dict[int, tuple[str, str]]:
    """Carrier and tracking number by the order's number, of a list that was pasted from a spreadsheet.

    A line has the order's number and the tracking number, or the carrier between them.

    Errors  Invalid for a line that can't be read, a number twice, and too many lines.

    >>> tracking_list("1042\\t00340\\n#1043\\tDHL\\t00341")
    {1042: ('', '00340'), 1043: ('DHL', '00341')}
    """
    found: dict[int, tuple[str, str]] = {}
    rows = [line for line in text.splitlines() if line.strip()]
    if not rows or len(rows) > LONGEST_LIST:
        raise Invalid(
            _("Paste {most} lines at most, each with a number and a tracking number.").format(
                most=LONGEST_LIST
            )
        )
    for place, line in enumerate(rows, start=1):
        matched = _LINE.fullmatch(line)
        if matched is None or int(matched[1]) in found:
            raise Invalid(_("Line {line} can't be read: {text}").format(line=place, text=line[:60]))
        carrier, tab, tracking = matched[2].partition("\t")
        found[int(matched[1])] = (carrier.strip(), tracking.strip()) if tab else ("", carrier.strip())
    return found


def tracking_of(
    session: Session, order_id: int, tracked: Mapping[int, tuple[str, str]] | None
) -> tuple[str, str]:
    """Carrier and tracking number for an order; ("", "") where no list was given.

    Errors  Unchanged for an order that isn't in the list.
    """
    if tracked is None:
        return "", ""
    number = session.connection().execute(select(order.c.number).where(order.c.id == order_id)).scalar_one()
    if number not in tracked:
        raise Unchanged(_("It isn't in the pasted list"))
    return tracked[number]


_TRACKING = Ask(
    "list",
    _("Numbers and tracking numbers"),
    "lines",
    hint=_("One order a line, as from a spreadsheet: number, carrier if you like, tracking number"),
)

ORDERS = ListSpec(
    name="orders",
    title=_("Orders"),
    one=_("order"),
    many=_("orders"),
    needs=VIEW,
    source=order,
    key=order.c.id,
    columns=(
        Column("number", _("Order"), order.c.number, phone="title", nullable=False),
        Column("placed", _("Placed"), order.c.placed_at, phone="line", nullable=False),
        Column("customer", _("Customer"), phone="line"),
        Column("email", _("E-mail"), shown=False),
        Column("status", _("Status"), phone="badges"),
        Column("payment", _("Payment"), phone="badges"),
        Column("fulfilment", _("Fulfilment"), phone="badges"),
        Column("attention", _("Attention"), phone="badges"),
        Column("items", _("Items"), align="right"),
        Column("country", _("Country"), shown=False),
        Column("delivery", _("Delivery"), shown=False),
        Column("total", _("Total"), order.c.total_minor, align="right", phone="end", nullable=False),
    ),
    load=_load,
    default_sort="-placed",
    filters=(
        Filter("status", _("Status"), "choice", lists.choice(order.c.status), choices("order")),
        Filter("payment", _("Payment"), "choice", lists.choice(order.c.payment_status), choices("payment")),
        Filter(
            "fulfilment",
            _("Fulfilment"),
            "choice",
            lists.choice(order.c.fulfilment_status),
            choices("fulfilment"),
        ),
        Filter("placed", _("Placed"), "day", lists.between(order.c.placed_at)),
        Filter("total", _("Total"), "amount", lists.between(order.c.total_minor)),
        Filter("country", _("Country"), "choice", lists.choice(order.c.country), _countries),
        Filter("delivery", _("Delivery"), "choice", lists.choice(order.c.shipping_method), _methods),
        Filter("sku", _("SKU"), "text", _with_sku),
        Filter("product", _("Product (its address)"), "text", _with_product, ops=("is",)),
        Filter("to_pack", _("To pack"), "flag", lists.flag(counts.to_pack())),
        Filter("unpaid", _("Waits for money"), "flag", lists.flag(counts.unpaid())),
        Filter("attention", _("Needs attention"), "flag", lists.flag(counts.attention())),
        Filter("returns", _("Has an open return"), "flag", lists.flag(_returns_open())),
        Filter("archived", _("Archived"), "flag", lists.flag(order.c.archived_at.is_not(None))),
    ),
    search=lambda _session, text: finding.matching(text),
    search_hint=_("Number, name, e-mail, SKU or tracking"),
    tabs=(
        Tab("all", _("All")),
        Tab("to-pack", _("To pack"), "to_pack=yes"),
        Tab("unpaid", _("Unpaid"), "unpaid=yes"),
        Tab("attention", _("Attention"), "attention=yes"),
        Tab("returns", _("Returns open"), "returns=yes"),
        Tab("archived", _("Archived"), "archived=yes"),
    ),
    actions=(
        Action("pack", _("Mark packed"), "product", FULFIL, _plan_shipping, work=_mark_packed),
        Action(
            "ship",
            _("Ship with tracking"),
            "truck",
            FULFIL,
            _plan_shipping,
            work=_ship_with_tracking,
            ask=(_TRACKING,),
            check=lambda arguments: tracking_list(arguments.get("list", "")) and None,
        ),
        Action("slips", _("Print slips"), "print", FULFIL, opens="/admin/orders/slips?ids={ids}"),
        Action("archive", _("Archive"), "download", FULFIL, _plan_archive, run=_archive),
    ),
    amount=order.c.total_minor,
    currency=lambda _session: shop().currency,
    empty=lists.Empty(
        _("No orders yet"),
        _("Place a test order in the shop to see how it goes: nothing is charged in test mode."),
        _("View shop"),
        "/",
    ),
    marks=("data-testid", "data-number"),
)
