"""The lines of an order as staff see them, each with how its price came about."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Row, bindparam, select
from sqlmodel import Session

from ...core.i18n import _, plural
from ...core.money import show
from ...models import OrderTaxLine, table_of
from ..cart.queries import expected
from ..orders import claimed_units
from ..orders.queries import order_discount, order_line
from ..payments.refundable import Refundable

_tax = table_of(OrderTaxLine)
_LINES = select(order_line).where(order_line.c.order_id == bindparam("order")).order_by(order_line.c.position)
_DISCOUNTS = select(
    order_discount.c.line_id, order_discount.c.label, order_discount.c.code, order_discount.c.amount_minor
).where(order_discount.c.order_id == bindparam("order"))
_TAXES = select(_tax.c.line_id, _tax.c.label, _tax.c.rate_ppm, _tax.c.amount_minor, _tax.c.included).where(
    _tax.c.order_id == bindparam("order")
)


@dataclass(frozen=True, slots=True)
class LineRecord:
    id: int
    sku: str
    title: str
    variant: str
    href: str
    """The product's page in the back office; "" for a product that is gone."""
    picture_key: str
    picture_alt: str
    quantity: int
    unit: str
    total: str
    note: str = ""
    """What happened to a part of it: "1 of 2 sent, 1 cancelled"."""
    story: list[tuple[str, str]] = field(default_factory=list)
    """How the price came about: a text and an amount for each step, the last one what was paid."""
    to_send: int = 0
    """Units that are to be sent, without those that the shopper has withdrawn from."""
    withdrawn: int = 0
    refundable: int = 0
    """Units whose price can still be refunded."""
    share: str = ""
    """What the refund of one unit comes to."""


def lines(session: Session, order: Row[Any], money: Refundable, locale: str) -> list[LineRecord]:
    """All lines of the order, in their order."""
    connection, of_order = session.connection(), {"order": order.id}
    discounts: dict[int | None, list[Row[Any]]] = defaultdict(list)
    taxes: dict[int | None, list[Row[Any]]] = defaultdict(list)
    for row in connection.execute(_DISCOUNTS, of_order):
        discounts[row.line_id].append(row)
    for row in connection.execute(_TAXES, of_order):
        taxes[row.line_id].append(row)
    withdrawn = claimed_units.not_to_send(session, order.id)
    records = []
    for row in connection.execute(_LINES, of_order):
        left, gone = money.lines[row.id], withdrawn.get(row.id, 0)
        unsent = row.quantity - row.quantity_fulfilled - row.quantity_cancelled
        records.append(
            LineRecord(
                row.id, row.sku, row.title, row.variant_title,
                f"/admin/products/{row.slug}" if row.slug and row.variant_id else "",
                row.picture_key, row.picture_alt, row.quantity,
                show(row.unit_price_minor, order.currency, locale),
                _("Free") if row.is_gift else show(row.total_minor, order.currency, locale),
                _note(row, gone), _story(order, row, discounts[row.id], taxes[row.id], locale),
                max(0, unsent - gone), min(gone, unsent), left.quantity_left,
                show(left.share(1), order.currency, locale) if left.quantity_left else "",
            )
        )  # fmt: skip
    return records


def _note(row: Row[Any], withdrawn: int) -> str:
    unsent = row.quantity - row.quantity_fulfilled - row.quantity_cancelled
    parts = [
        plural("{count} sent", "{count} sent", row.quantity_fulfilled) if row.quantity_fulfilled else "",
        plural("{count} cancelled", "{count} cancelled", row.quantity_cancelled)
        if row.quantity_cancelled
        else "",
        plural("{count} came back", "{count} came back", row.quantity_returned)
        if row.quantity_returned
        else "",
        plural("{count} withdrawn", "{count} withdrawn", withdrawn) if withdrawn else "",
        expected(row.promised_on) if row.promised_on and unsent > 0 else "",
    ]
    return ", ".join(part for part in parts if part)


def _story(
    order: Row[Any], row: Row[Any], discounts: list[Row[Any]], taxes: list[Row[Any]], locale: str
) -> list[tuple[str, str]]:
    def amount(minor: int) -> str:
        return show(minor, order.currency, locale)

    story = [(f"{row.quantity} × {amount(row.unit_price_minor)}", amount(row.subtotal_minor))]
    if row.unit_compare_at_minor:
        story.insert(0, (_("Compare-at price of one"), amount(row.unit_compare_at_minor)))
    for discount in discounts:
        name = _("Gift") if row.is_gift else discount.label
        text = f"{name} ({discount.code})" if discount.code else name
        story.append((text, f"−{amount(discount.amount_minor)}"))
    for tax in taxes:
        text = _("{label}, included") if tax.included else _("{label}, on top")
        if tax.rate_ppm and tax.amount_minor:
            story.append((text.format(label=tax.label or _percent(tax.rate_ppm)), amount(tax.amount_minor)))
    on_top = 0 if order.tax_included else row.tax_minor
    return [*story, (_("Charged for this line"), amount(row.total_minor + on_top))]


def _percent(ppm: int) -> str:
    return f"{ppm / 10_000:g} %"
