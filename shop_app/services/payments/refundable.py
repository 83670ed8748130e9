"""How much of an order can still be refunded: by line, for delivery, as a free amount, by payment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, and_, bindparam, exists, func, select
from sqlmodel import Session

from ...models import (
    Order,
    OrderTaxLine,
    Payment,
    PaymentEvent,
    PaymentEventKind,
    Refund,
    RefundLine,
    RefundStatus,
    table_of,
)
from ..credit.payments import PROVIDER as CREDIT
from ..orders import units as order_units

_order = table_of(Order)
_payment = table_of(Payment)
_event = table_of(PaymentEvent)
_refund = table_of(Refund)
_refund_line = table_of(RefundLine)
_tax = table_of(OrderTaxLine)

_won = _event.alias("won")
held_by_banks = (
    select(func.coalesce(func.sum(_event.c.amount_minor), 0))
    .where(
        _event.c.payment_id == _payment.c.id,
        _event.c.kind == PaymentEventKind.DISPUTE_OPENED.value,
        ~exists().where(
            _won.c.payment_id == _event.c.payment_id,
            _won.c.kind == PaymentEventKind.DISPUTE_WON.value,
            _won.c.provider_reference == _event.c.provider_reference,
        ),
    )
    .correlate(_payment)
    .scalar_subquery()
)
"""What banks have taken of a payment by disputes that weren't won: it can't be refunded a second time."""

_ORDER = select(_order.c.currency, _order.c.step_minor, _order.c.shipping_minor, _order.c.tax_included).where(
    _order.c.id == bindparam("order")
)
_SHIPPING_TAX = select(func.coalesce(func.sum(_tax.c.amount_minor), 0)).where(
    _tax.c.order_id == bindparam("order"), _tax.c.line_id.is_(None), ~_tax.c.included
)
_REFUNDED = (
    select(
        _refund_line.c.order_line_id,
        func.sum(_refund_line.c.quantity).label("units"),
        func.sum(_refund_line.c.amount_minor).label("minor"),
    )
    .join(_refund, _refund.c.id == _refund_line.c.refund_id)
    .join(
        _payment,
        and_(_payment.c.id == _refund.c.payment_id, _payment.c.order_id == bindparam("order")),
    )
    .where(_refund.c.status != RefundStatus.FAILED.value)
    .group_by(_refund_line.c.order_line_id)
)
_PAYMENTS = (
    select(
        _payment.c.id,
        _payment.c.provider,
        (_payment.c.captured_minor - _payment.c.refunded_minor - _payment.c.refund_pending_minor).label(
            "kept"
        ),
        held_by_banks.label("held"),
    )
    .where(_payment.c.order_id == bindparam("order"), _payment.c.captured_minor > 0)
    .order_by(_payment.c.id.desc())
)


@dataclass(frozen=True, slots=True)
class RefundableLine:
    line_id: int
    name: str
    quantity: int
    quantity_left: int
    """Units that haven't been refunded."""
    total_minor: int
    """What the whole line came to, tax included."""
    left_minor: int
    step_minor: int = 1
    """The order's: what can be refunded is a multiple of it."""

    def share(self, units: int) -> int:
        """What a refund of so many more units comes to; in any parts, all units come to the line's total."""
        refunded = self.quantity - self.quantity_left
        each, over = divmod(self.total_minor // self.step_minor, self.quantity)
        # The remainder of the division is in the first units, a step each.
        remainder = min(over, refunded + units) - min(over, refunded)
        return min((each * units + remainder) * self.step_minor, self.left_minor)


@dataclass(frozen=True, slots=True)
class PaymentLeft:
    payment_id: int
    provider: str
    left_minor: int


@dataclass(frozen=True, slots=True)
class Refundable:
    currency: str
    step_minor: int
    lines: dict[int, RefundableLine]
    """By the order line's id."""
    shipping_minor: int
    free_minor: int
    """All that is left: captured, less refunds (pending ones too) and what banks hold by disputes."""
    disputed_minor: int
    """What banks hold, or have taken, by disputes."""
    payments: tuple[PaymentLeft, ...]
    """In the order in which they are refunded: providers first, the newest first, then credit."""


def refundable(session: Session, order_id: int) -> Refundable:
    """What can be refunded now. Lock the order before, if a refund is to be written."""
    connection, of_order = session.connection(), {"order": order_id}
    head = connection.execute(_ORDER, of_order).one()
    refunded = {
        row.order_line_id: (int(row.units), int(row.minor)) for row in connection.execute(_REFUNDED, of_order)
    }
    rows = sorted(connection.execute(_PAYMENTS, of_order).all(), key=lambda row: row.provider == CREDIT)
    shipping = head.shipping_minor
    if not head.tax_included:
        shipping += int(connection.execute(_SHIPPING_TAX, of_order).scalar_one())
    payments = tuple(
        PaymentLeft(row.id, row.provider, max(0, int(row.kept) - int(row.held)))
        for row in rows
        if row.kept > row.held
    )
    return Refundable(
        currency=head.currency,
        step_minor=head.step_minor,
        lines=_lines(order_units.lines_of(session, order_id), refunded, head),
        shipping_minor=max(0, shipping - refunded.get(None, (0, 0))[1]),
        free_minor=sum(payment.left_minor for payment in payments),
        disputed_minor=sum(int(row.held) for row in rows),
        payments=payments,
    )


def _lines(
    lines: Mapping[int, order_units.UnitLine], refunded: Mapping[int | None, tuple[int, int]], head: Row[Any]
) -> dict[int, RefundableLine]:
    by_line = {}
    for line in lines.values():
        units, refunded_minor = refunded.get(line.id, (0, 0))
        total = line.total_minor + (0 if head.tax_included else line.tax_minor)
        by_line[line.id] = RefundableLine(
            line.id,
            line.name,
            line.quantity,
            max(0, line.quantity - units),
            total,
            max(0, total - refunded_minor),
            head.step_minor,
        )
    return by_line
