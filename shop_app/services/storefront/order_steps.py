"""The steps of an order as its page shows them: done, now and next."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row

from ...core.dates import day
from ...core.i18n import _
from ...core.money import show
from ...models import FulfilmentStatus, PaymentStatus
from ..fulfilment.queries import ShipmentView
from ..payments.refund_view import RefundView
from .order_phase import is_collected

_SENT = (
    FulfilmentStatus.SHIPPED,
    FulfilmentStatus.DELIVERED,
    FulfilmentStatus.PARTIALLY_RETURNED,
    FulfilmentStatus.RETURNED,
)
_ARRIVED = _SENT[1:]
_GOES_ON = ("paid", "authorized", "disputed")
"""Phases in which what hasn't left is being packed."""
_Step = tuple[str, str, bool]


@dataclass(frozen=True, slots=True)
class OrderStep:
    """One step of an order: placed, paid, packed, shipped, delivered, and what came after.

    The step that is now is the one that is going on: a shipment is on its way until it has arrived.
    """

    label: str
    detail: str
    state: str
    """done, now or next; ended for the one that the order has ended with."""


def steps(
    order: Row[Any],
    phase: str,
    shipments: Sequence[ShipmentView],
    refunds: Sequence[RefundView],
    arrives: str,
    *,
    ended_at: datetime | None,
    fulfilled_at: datetime | None,
) -> list[OrderStep]:
    """The steps in their order: all before the present one are done.

    An order that was never paid and never confirmed wasn't received: it has but the step that it ended with.
    `ended_at` is when it was cancelled or expired, `fulfilled_at` when its fulfilment status last changed.
    """
    placed = (_("Order received"), day(order.placed_at), True)
    if order.paid_at is None and phase in ("unpaid", "expired", "cancelled"):
        ended = {
            "unpaid": _("The payment didn't go through"),
            "expired": _("Not paid in time"),
            "cancelled": _("Cancelled"),
        }
        # What was set aside at a bank was an order before the bank let it go.
        was_set_aside = order.payment_status == PaymentStatus.VOIDED and phase != "expired"
        confirmed = order.payment_provider == "manual" or was_set_aside
        before = [OrderStep(placed[0], placed[1], "done")] if confirmed else []
        return [*before, OrderStep(ended[phase], day(ended_at or order.placed_at), "ended")]
    rows = [
        placed,
        _paid(order, phase),
        *_way(order, phase, shipments, arrives),
        *_end(order, phase, refunds, ended_at, fulfilled_at),
    ]
    reached_flags = [reached for _label, _detail, reached in rows]
    present = reached_flags.index(False) if False in reached_flags else len(reached_flags)
    states = [
        "done" if at < present else "now" if at == present else "next" for at in range(len(reached_flags))
    ]
    shown = [
        OrderStep(label, detail, state) for (label, detail, _reached), state in zip(rows, states, strict=True)
    ]
    if phase == "charged_back":
        shown.append(OrderStep(_("Payment taken back by the bank"), "", "ended"))
    return shown


def _paid(order: Row[Any], phase: str) -> _Step:
    total = show(order.total_minor, order.currency, order.locale)
    if phase == "authorized":
        return _("Amount set aside"), total, True
    paid_on = f"{total}, {day(order.paid_at)}" if order.paid_at is not None else total
    return _("Paid") if order.paid_at is not None else _("Payment"), paid_on, order.paid_at is not None


def _way(order: Row[Any], phase: str, shipments: Sequence[ShipmentView], arrives: str) -> list[_Step]:
    status = order.fulfilment_status
    stopped = phase in ("cancelled", "refunded", "withdrawn", "charged_back") or order.status == "cancelled"
    if stopped and status not in _SENT:
        if status == FulfilmentStatus.PARTIAL:
            return [(_("Partly sent"), shipments[0].sent if shipments else "", True)]
        return []
    pick_up = is_collected(order)
    sent = shipments[0].sent if shipments else ""
    last = shipments[-1].sent if shipments else ""
    part = status == FulfilmentStatus.PARTIAL
    tracked = ", ".join(shipment.name for shipment in shipments if shipment.name)
    way = ", ".join(text for text in (tracked or order.shipping_label, last) if text)
    if part:
        way = _("A part of it left on {day}").format(day=last)
    arrived = next((shipment.delivered for shipment in reversed(shipments) if shipment.delivered), "")
    packed = part or status in _SENT
    ready = _("Ready to collect") if pick_up else _("Packed")
    return [
        (_("Being packed") if not packed and phase in _GOES_ON else ready, sent, packed),
        *([] if pick_up else [(_("On its way"), way, status in _ARRIVED)]),
        (_("Collected") if pick_up else _("Delivered"), arrived or arrives, status in _ARRIVED),
    ]


def _end(
    order: Row[Any],
    phase: str,
    refunds: Sequence[RefundView],
    ended_at: datetime | None,
    fulfilled_at: datetime | None,
) -> list[_Step]:
    rows: list[_Step] = []
    back_on = day(fulfilled_at) if fulfilled_at else ""
    is_cancelled = order.status == "cancelled" and order.paid_at is not None
    if order.fulfilment_status == FulfilmentStatus.RETURNED:
        rows.append((_("Returned"), back_on, True))
    elif order.fulfilment_status == FulfilmentStatus.PARTIALLY_RETURNED:
        rows.append((_("Partly returned"), back_on, True))
    if is_cancelled:
        rows.append((_("Cancelled"), day(ended_at) if ended_at else "", True))
    elif phase == "withdrawn":
        rows.append((_("Cancelled"), "", True))
    if phase == "refunded" or (is_cancelled and refunds):
        arrived = all(refund.status == "succeeded" for refund in refunds)
        rows.append((_("Refunded"), refunds[-1].when if refunds else "", phase == "refunded" or arrived))
    return rows
