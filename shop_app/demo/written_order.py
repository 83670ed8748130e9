"""One order of the history as rows: copies, discounts, taxes, payment, shipment, events, as far as it got."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from typing import Any

from .. import models as m
from ..core import clock, money
from ..core.shop import shop
from ..core.working_days import period_end
from ..services.orders import finding
from ..services.pricing.price_cart import PricedLine, TaxedPart, Totals
from ..services.shipping.queries import Method, arrival_range
from .bulk import Bulk
from .catalogue import Goods
from .people import Person
from .stock_ledger import StockLedger

CLERK = "staff:clerk@example.com"
UNPAID_FOR = timedelta(minutes=30)


@dataclass(slots=True)
class Happened:
    """An order and how it ends (`fate`); `luck` decides the times."""

    at: datetime
    person: Person
    basket: list[tuple[Goods, int, int, int | None]]
    totals: Totals
    method: Method
    provider: str
    fate: str
    luck: Random

    def __post_init__(self) -> None:
        luck = self.luck
        slow = self.provider == "manual"
        self.paid_at = self.at + (
            timedelta(days=luck.uniform(1, 3)) if slow else timedelta(seconds=luck.randint(40, 240))
        )
        self.ended_at = self.at + (timedelta(days=7) if slow else UNPAID_FOR)
        self.cancelled_at = self.paid_at + timedelta(hours=luck.uniform(1, 9))
        packed = _next_working_day(self.paid_at + timedelta(hours=luck.uniform(4, 30)))
        self.shipped_at = packed
        self.delivered_at = packed + timedelta(days=self.method.min_days, hours=luck.uniform(2, 40))
        self.refunded_at = self.delivered_at + timedelta(days=luck.uniform(3, 16))
        self.part = luck.randint(10, 30)

    paid_at: datetime = None  # pyright: ignore[reportAssignmentType]
    ended_at: datetime = None  # pyright: ignore[reportAssignmentType]
    cancelled_at: datetime = None  # pyright: ignore[reportAssignmentType]
    shipped_at: datetime = None  # pyright: ignore[reportAssignmentType]
    delivered_at: datetime = None  # pyright: ignore[reportAssignmentType]
    refunded_at: datetime = None  # pyright: ignore[reportAssignmentType]
    part: int = 0


def _next_working_day(at: datetime) -> datetime:
    at = at.replace(hour=9 + at.hour % 8)
    return at + timedelta(days=max(0, 7 - at.weekday())) if at.weekday() > 4 else at


class _Writing:
    """The rows of one order while it is written."""

    def __init__(self, bulk: Bulk, ledger: StockLedger, order: Happened, number: int, now: datetime) -> None:
        self.bulk, self.ledger, self.order, self.number, self.now = bulk, ledger, order, number, now
        self.id = 0
        self.row: dict[str, Any] = {}
        self.lines: list[dict[str, Any]] = []

    def event(
        self, kind: str, at: datetime, *, public: bool = True, actor: str = "system", **data: object
    ) -> None:
        self.bulk.add(m.OrderEvent, order_id=self.id, kind=kind, data=data, actor=actor, public=public, at=at)

    def stock(
        self, kind: m.MovementKind, at: datetime, reason: str, *, on_hand: int = 0, allocated: int = 0
    ) -> None:
        """Move every line's units; `on_hand` and `allocated` are the signs."""
        for item, units, _price, _compare in self.order.basket:
            self.ledger.move(
                item.variant_id, kind, at, on_hand=on_hand * units, allocated=allocated * units,
                order_id=self.id,
                reason=reason, actor="system" if kind == m.MovementKind.ALLOCATED else CLERK,
            )  # fmt: skip


def write_order(
    bulk: Bulk,
    ledger: StockLedger,
    order: Happened,
    number: int,
    token: str,
    now: datetime,
    promotion_ids: dict[str, int],
    uses: dict[str, int],
) -> bool:
    """Write it with all that has happened to it by now; True when it counts as sold."""
    writing = _Writing(bulk, ledger, order, number, now)
    _head(writing, token)
    _lines(writing)
    writing.stock(m.MovementKind.ALLOCATED, order.at, "order placed", allocated=1)
    writing.event("placed", order.at)
    ended_at = _course(writing)
    _promotion_uses(writing, promotion_ids, uses, given_back_at=ended_at)
    return ended_at is None


def _head(writing: _Writing, token: str) -> None:
    order, totals = writing.order, writing.order.totals
    address = order.person.address
    first, last = arrival_range(clock.day_of(order.at), order.method, address["country"])
    writing.id = writing.bulk.add(
        m.Order, number=writing.number, token=token, customer_id=order.person.customer_id,
        email=order.person.email,
        status=m.OrderStatus.PENDING.value, currency=shop().currency,
        step_minor=money.step(shop().currency), subtotal_minor=totals.subtotal_minor,
        discount_minor=totals.discount_minor, shipping_minor=totals.shipping_minor,
        tax_minor=totals.tax_minor,
        total_minor=totals.total_minor, tax_included=totals.tax_included, ship_to=address, bill_to=address,
        country=address["country"], shipping_method=order.method.code, shipping_label=order.method.label,
        arrives_from=first, arrives_until=last,
        payment_provider=order.provider, terms_version="2024-11", placed_at=order.at,
    )  # fmt: skip
    writing.row = writing.bulk.rows(m.Order)[-1]
    for word in finding.words_of(order.person.email, address):
        writing.bulk.add(m.OrderWord, word=word, order_id=writing.id)


def _lines(writing: _Writing) -> None:
    bulk, totals = writing.bulk, writing.order.totals
    ids: dict[str, int | None] = {"": None}
    for position, (sold, priced) in enumerate(zip(writing.order.basket, totals.lines, strict=True)):
        goods, units, price, compare = sold
        ids[goods.sku] = bulk.add(
            m.OrderLine, order_id=writing.id, variant_id=goods.variant_id, position=position, slug=goods.slug,
            title=goods.title, variant_title=goods.variant_title, sku=goods.sku, options=goods.options,
            picture_key=goods.picture_key, picture_alt=goods.picture_alt, quantity=units,
            unit_price_minor=price,
            unit_compare_at_minor=compare, subtotal_minor=priced.subtotal_minor,
            discount_minor=priced.discount_minor, tax_minor=priced.tax_minor, total_minor=priced.total_minor,
            tax_class="standard", weight_grams=goods.weight_grams,
        )  # fmt: skip
        writing.lines.append(bulk.rows(m.OrderLine)[-1])
        _tax(writing, ids[goods.sku], priced)
    for part in totals.shipping.parts if totals.shipping else ():
        _tax(writing, None, part)
    for part in totals.applied:
        bulk.add(
            m.OrderDiscount, order_id=writing.id, line_id=ids[part.key], promotion_id=part.offer.id,
            code=part.offer.code, label=part.offer.label, amount_minor=part.amount_minor,
        )  # fmt: skip


def _tax(writing: _Writing, line_id: int | None, part: PricedLine | TaxedPart) -> None:
    """All goods of the demo are taxed alike, so a delivery is taxed whole or not at all."""
    if part.rate.ppm and (line_id or part.total_minor):
        writing.bulk.add(
            m.OrderTaxLine, order_id=writing.id, line_id=line_id, label=part.rate.label,
            rate_ppm=part.rate.ppm, base_minor=part.total_minor - part.tax_minor,
            amount_minor=part.tax_minor, included=True,
        )  # fmt: skip


def _course(writing: _Writing) -> datetime | None:
    """Write what happened after the order; returns when it was cancelled or expired, None otherwise."""
    order, now, row = writing.order, writing.now, writing.row
    fate = order.fate
    if fate == "expired" and order.ended_at > now:
        fate = "normal"  # A fresh history leaves no order waiting for a payment that never comes.
    if fate == "expired":
        payment = _payment(writing)
        payment["state"] = m.PaymentState.EXPIRED.value
        _happened(writing, payment, m.PaymentEventKind.EXPIRED, 0, f"demo-{writing.number}", order.ended_at)
        row["status"] = m.OrderStatus.EXPIRED.value
        writing.stock(m.MovementKind.RELEASED, order.ended_at, "order expired", allocated=-1)
        writing.event("expired", order.ended_at)
        return order.ended_at
    payment = _payment(writing)
    row["status"] = m.OrderStatus.PLACED.value
    if order.provider == "manual" and order.paid_at > now:
        last_day = period_end(clock.day_of(order.at), shop().transfer_days, row["country"])
        row["expires_at"] = clock.end_of(last_day)
        return None
    _paid(writing, payment)
    if fate == "cancelled" and order.cancelled_at <= now:
        _cancelled(writing, payment)
        return order.cancelled_at
    if order.shipped_at <= now:
        _shipped(writing)
    if order.delivered_at <= now and fate in ("returned", "partly_refunded") and order.refunded_at <= now:
        _refunded(writing, payment)
    return None


def _payment(writing: _Writing) -> dict[str, Any]:
    order = writing.order
    reference = f"{writing.number}-1"
    # No provider has the card payments of the demo: without a reference none is called.
    writing.bulk.add(
        m.Payment, order_id=writing.id, provider=order.provider, state=m.PaymentState.OPEN.value,
        currency=shop().currency,
        amount_minor=order.totals.total_minor, reference=reference if order.provider == "manual" else None,
        created_at=order.at,
    )  # fmt: skip
    payment = writing.bulk.rows(m.Payment)[-1]
    _happened(
        writing, payment, m.PaymentEventKind.OPENED, order.totals.total_minor, f"demo-{reference}", order.at
    )
    return payment


def _happened(
    writing: _Writing,
    payment: dict[str, Any],
    kind: m.PaymentEventKind,
    amount: int,
    reference: object,
    at: datetime,
) -> None:
    writing.bulk.add(
        m.PaymentEvent, payment_id=payment["id"], kind=kind.value, amount_minor=amount,
        provider_reference=reference,
        at=at,
    )  # fmt: skip


def _paid(writing: _Writing, payment: dict[str, Any]) -> None:
    order, total = writing.order, writing.order.totals.total_minor
    at = min(order.paid_at, writing.now)
    payment.update(state=m.PaymentState.CAPTURED.value, captured_minor=total)
    _happened(writing, payment, m.PaymentEventKind.CAPTURED, total, f"demo-{writing.number}", at)
    writing.row.update(payment_status=m.PaymentStatus.PAID.value, paid_at=at)
    writing.event("paid", at, amount_minor=total)


def _cancelled(writing: _Writing, payment: dict[str, Any]) -> None:
    at = writing.order.cancelled_at
    writing.row.update(status=m.OrderStatus.CANCELLED.value)
    for line in writing.lines:
        line["quantity_cancelled"] = line["quantity"]
    writing.stock(m.MovementKind.RELEASED, at, "order cancelled", allocated=-1)
    writing.event("cancelled", at, actor=CLERK, reason="the shopper asked")
    _refund(writing, payment, writing.order.totals.total_minor, at, "order cancelled")


def _shipped(writing: _Writing) -> None:
    order, now, row = writing.order, writing.now, writing.row
    delivered = order.delivered_at <= now
    # Of shipments that left since yesterday, some wait for their second half.
    half = not delivered and len(writing.lines) > 1 and order.luck.random() < 0.3
    lines = writing.lines[:1] if half else writing.lines
    shipment = writing.bulk.add(
        m.Shipment, order_id=writing.id, actor=CLERK, carrier="" if order.method.is_pick_up else "DHL",
        status=(m.ShipmentState.DELIVERED if delivered else m.ShipmentState.SHIPPED).value,
        tracking="" if order.method.is_pick_up else f"DEMO{writing.number:010d}",
        shipped_at=order.shipped_at, delivered_at=order.delivered_at if delivered else None,
    )  # fmt: skip
    for line, (item, units, _price, _compare) in zip(lines, order.basket, strict=False):
        line["quantity_fulfilled"] = units
        writing.bulk.add(m.ShipmentLine, shipment_id=shipment, order_line_id=line["id"], quantity=units)
        writing.ledger.move(
            item.variant_id, m.MovementKind.SHIPPED, order.shipped_at, on_hand=-units, allocated=-units,
            order_id=writing.id, reason="order shipped", actor=CLERK,
        )  # fmt: skip
    row["fulfilment_status"] = (m.FulfilmentStatus.PARTIAL if half else m.FulfilmentStatus.SHIPPED).value
    writing.event("shipped", order.shipped_at, actor=CLERK)
    if delivered:
        row.update(status=m.OrderStatus.COMPLETED.value, fulfilment_status=m.FulfilmentStatus.DELIVERED.value)
        writing.event("delivered", order.delivered_at)


def _refunded(writing: _Writing, payment: dict[str, Any]) -> None:
    order, totals = writing.order, writing.order.totals
    if order.fate == "partly_refunded":
        step = money.step(shop().currency)
        part = max(1, totals.goods_minor // step * order.part // 100) * step
        _refund(writing, payment, part, order.refunded_at, "damaged")
        return
    for line in writing.lines:
        line["quantity_returned"] = line["quantity"]
    writing.row["fulfilment_status"] = m.FulfilmentStatus.RETURNED.value
    writing.stock(m.MovementKind.RETURNED, order.refunded_at, "returned", on_hand=1)
    _refund(writing, payment, totals.goods_minor, order.refunded_at, "returned", lines=True)


def _refund(
    writing: _Writing,
    payment: dict[str, Any],
    amount: int,
    at: datetime,
    reason: str,
    *,
    lines: bool = False,
) -> None:
    reference = f"demo-refund-{writing.number}"
    refund_id = writing.bulk.add(
        m.Refund, payment_id=payment["id"], request_key=f"demo-{writing.number}", amount_minor=amount,
        status=m.RefundStatus.SUCCEEDED.value, reason=reason, provider_reference=reference, actor=CLERK,
        created_at=at, settled_at=at,
    )  # fmt: skip
    for line in writing.lines if lines else ():
        if line["total_minor"]:
            writing.bulk.add(
                m.RefundLine, refund_id=refund_id, order_line_id=line["id"], quantity=line["quantity"],
                amount_minor=line["total_minor"], restocked=True,
            )  # fmt: skip
    payment["refunded_minor"] = amount
    _happened(writing, payment, m.PaymentEventKind.REFUNDED, amount, reference, at)
    whole = amount == payment["captured_minor"]
    writing.row["payment_status"] = (
        m.PaymentStatus.REFUNDED if whole else m.PaymentStatus.PARTIALLY_REFUNDED
    ).value
    writing.event("refunded", at, actor=CLERK, amount_minor=amount, reason=reason)


def _promotion_uses(
    writing: _Writing, ids: dict[str, int], uses: dict[str, int], *, given_back_at: datetime | None
) -> None:
    for discount in writing.order.totals.discounts:
        code = discount.offer.code
        writing.bulk.add(
            m.PromotionUse, promotion_id=ids[code], order_id=writing.id, code=code,
            email=writing.order.person.email,
            amount_minor=discount.amount_minor, at=writing.order.at, given_back_at=given_back_at,
        )  # fmt: skip
        if given_back_at is None:
            uses[code] = uses.get(code, 0) + 1
