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
from ...models import FulfilmentStatus, MethodKind, PaymentStatus
from ..fulfilment.queries import ShipmentView

_SENT = (
    FulfilmentStatus.SHIPPED,
    FulfilmentStatus.DELIVERED,
    FulfilmentStatus.PARTIALLY_RETURNED,
    FulfilmentStatus.RETURNED,
)
_ARRIVED = _SENT[1:]
_Step = tuple[str, str, bool]


@dataclass(frozen=True, slots=True)
class OrderStep:
    """One step of an order: placed, paid, packed, shipped, delivered, and what came after.

    The step that is now is the one that is going on: a shipment is on its way until it has arrived.
    """

    label: str
    detail: str
    state: str
    """done, now or next."""


def steps(
    order: Row[Any], phase: str, shipments: Sequence[ShipmentView], ended_at: datetime | None, arrives: str
) -> list[OrderStep]:
    """The steps in their order: all before the present one are done."""
    rows = [(_("Order received"), day(order.placed_at), True)]
    if order.paid_at is None and phase in ("expired", "cancelled"):
        why = _("Not paid in time") if phase == "expired" else _("Cancelled")
        rows.append((why, day(ended_at) if ended_at else "", True))
    elif order.paid_at is not None or phase != "unpaid":
        rows += [
            _paid(order, phase),
            *_way(order, phase, shipments, arrives),
            *_end(order, phase, ended_at),
        ]
    reached_flags = [reached for _label, _detail, reached in rows]
    present = reached_flags.index(False) if False in reached_flags else len(reached_flags)
    states = [
        "done" if at < present else "now" if at == present else "next" for at in range(len(reached_flags))
    ]
    return [
        OrderStep(label, detail, state) for (label, detail, _reached), state in zip(rows, states, strict=True)
    ]


def _paid(order: Row[Any], phase: str) -> _Step:
    total = show(order.total_minor, order.currency, order.locale)
    if phase == "authorized":
        return _("Amount set aside"), total, True
    paid = order.paid_at is not None or order.payment_status != PaymentStatus.NONE
    return _("Paid") if paid else _("Payment"), total, paid


def _way(order: Row[Any], phase: str, shipments: Sequence[ShipmentView], arrives: str) -> list[_Step]:
    status = order.fulfilment_status
    stopped = phase in ("cancelled", "refunded", "withdrawn") or order.status == "cancelled"
    if stopped and status not in _SENT:
        if status == FulfilmentStatus.PARTIAL:
            return [(_("Partly sent"), shipments[0].sent if shipments else "", True)]
        return []
    pick_up = order.method_kind == MethodKind.PICK_UP
    sent = shipments[0].sent if shipments else ""
    part = status == FulfilmentStatus.PARTIAL
    tracked = ", ".join(shipment.name for shipment in shipments if shipment.name)
    way = _("A part of it left on {day}").format(day=sent) if part else tracked or order.shipping_label
    arrived = next((shipment.delivered for shipment in reversed(shipments) if shipment.delivered), "")
    packed = part or status in _SENT
    ready = _("Ready to collect") if pick_up else _("Packed")
    return [
        (_("Being packed") if not packed and phase in ("paid", "authorized") else ready, sent, packed),
        *([] if pick_up else [(_("On its way"), way, status in _ARRIVED)]),
        (_("Collected") if pick_up else _("Delivered"), arrived or arrives, status in _ARRIVED),
    ]


def _end(order: Row[Any], phase: str, ended_at: datetime | None) -> list[_Step]:
    rows: list[_Step] = []
    if order.status == "cancelled" and order.paid_at is not None:
        rows.append((_("Cancelled"), day(ended_at) if ended_at else "", True))
        rows.append((_("Refunded"), "", order.payment_status == PaymentStatus.REFUNDED))
        return rows
    if order.fulfilment_status == FulfilmentStatus.RETURNED:
        rows.append((_("Returned"), "", True))
    elif order.fulfilment_status == FulfilmentStatus.PARTIALLY_RETURNED:
        rows.append((_("Partly returned"), "", True))
    if phase == "withdrawn":
        rows.append((_("Withdrawn"), "", True))
    if phase == "refunded":
        rows.append((_("Refunded"), "", True))
    return rows
