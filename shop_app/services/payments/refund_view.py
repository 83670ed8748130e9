"""An order's refunds as pages show them: amount, items, destination and status."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, bindparam, exists, select
from sqlmodel import Session

from ...core.dates import day
from ...core.i18n import _
from ...core.money import show
from ...core.shop import shop
from ...models import (
    OrderLine,
    Payment,
    PaymentEvent,
    PaymentEventKind,
    Refund,
    RefundDestination,
    RefundLine,
    RefundStatus,
    table_of,
)
from ..credit.payments import PROVIDER as CREDIT

_refund = table_of(Refund)
_refund_line = table_of(RefundLine)
_payment = table_of(Payment)
_event = table_of(PaymentEvent)
_line = table_of(OrderLine)

_WENT_THROUGH = exists().where(
    _event.c.payment_id == _refund.c.payment_id,
    _event.c.kind == PaymentEventKind.REFUNDED.value,
    _event.c.provider_reference == _refund.c.provider_reference,
)
_REFUNDS = (
    select(_refund, _payment.c.provider, _payment.c.currency, _WENT_THROUGH.label("went_through"))
    .join(_payment, _payment.c.id == _refund.c.payment_id)
    .where(_payment.c.order_id == bindparam("order"))
    .order_by(_refund.c.created_at, _refund.c.id)
)
_LINES = (
    select(
        _refund_line.c.refund_id,
        _refund_line.c.order_line_id,
        _refund_line.c.quantity,
        _line.c.title,
        _line.c.variant_title,
    )
    .join(_refund, _refund.c.id == _refund_line.c.refund_id)
    .join(_payment, _payment.c.id == _refund.c.payment_id)
    .outerjoin(_line, _line.c.id == _refund_line.c.order_line_id)
    .where(_payment.c.order_id == bindparam("order"))
    .order_by(_refund_line.c.id)
)


@dataclass(frozen=True, slots=True)
class RefundView:
    amount: str
    status: str
    """pending, succeeded, failed, or reversed: it went through, and the bank sent it back days later."""
    status_text: str
    reason: str
    what: str
    """What it was for: "2 × Dune Mug, Oat; Delivery", "" for a free amount."""
    when: str
    """The day on which it was requested."""
    destination: str
    """original or credit."""
    destination_text: str


def of_order(session: Session, order_id: int) -> list[RefundView]:
    """All refunds of the order, the oldest first; [] where there are none."""
    connection, locale = session.connection(), shop().locale
    rows = connection.execute(_REFUNDS, {"order": order_id}).all()
    if not rows:
        return []
    parts: dict[int, list[str]] = defaultdict(list)
    for line in connection.execute(_LINES, {"order": order_id}):
        parts[line.refund_id].append(_part(line))
    return [_view(row, "; ".join(parts[row.id]), locale) for row in rows]


def _view(row: Row[Any], what: str, locale: str) -> RefundView:
    status = "reversed" if row.status == RefundStatus.FAILED and row.went_through else str(row.status)
    to_credit = row.destination == RefundDestination.CREDIT or row.provider == CREDIT
    return RefundView(
        amount=show(row.amount_minor, row.currency, locale),
        status=status,
        status_text=_status_text(status, to_credit),
        reason=row.reason,
        what=what,
        when=day(row.created_at),
        destination=RefundDestination.CREDIT.value if to_credit else RefundDestination.ORIGINAL.value,
        destination_text=_destination_text(row),
    )


def _destination_text(row: Row[Any]) -> str:
    if row.destination == RefundDestination.CREDIT:
        return _("As store credit")
    return _("To the credit it was paid with") if row.provider == CREDIT else _("The way it was paid")


def _part(line: Row[Any]) -> str:
    if line.order_line_id is None:
        return _("Delivery")
    title = f"{line.title}, {line.variant_title}" if line.variant_title else str(line.title)
    return f"{line.quantity} × {title}" if line.quantity else title


def _status_text(status: str, to_credit: bool) -> str:
    texts = {
        "pending": _("On its way: the bank takes a few days"),
        "succeeded": _("Added to the credit") if to_credit else _("Sent back"),
        "failed": _("It couldn't be sent. We look into it and write to you"),
        "reversed": _("The bank sent it back to us. We look into it and write to you"),
    }
    return texts[status]
