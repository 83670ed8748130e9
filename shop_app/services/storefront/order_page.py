"""An order as its page shows it, from its frozen copies; prices are never computed again."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Row, bindparam, func, select
from sqlmodel import Session

from ...core.dates import day
from ...core.errors import NotFound
from ...core.i18n import _, plural
from ...core.money import show
from ...core.shop import shop
from ...models import (
    Cart,
    FulfilmentStatus,
    OrderStatus,
    OrderTaxLine,
    Payment,
    PaymentState,
    Refund,
    RefundStatus,
    ShippingMethod,
    table_of,
)
from ...models.order import TOKEN
from ...providers.payments import registry
from ...providers.payments.base import METHODS
from ..cart.queries import DiscountView, expected, money_or_free, reverse_charge_note, tax_rows
from ..credit import payments as credit_payments
from ..customers import addresses
from ..fulfilment import queries as fulfilment_queries
from ..fulfilment.queries import ShipmentView
from ..orders import reasons
from ..orders.queries import due_minor, order, order_discount, order_event, order_line
from ..payments import refund_view
from ..payments.refund_view import RefundView
from ..returns import queries as return_queries
from ..returns import returnable
from ..returns.queries import ReturnChoice, ReturnView
from ..returns.returnable import Free
from ..shipping.queries import arrival_text
from . import order_phase, order_steps
from .order_steps import OrderStep

_tax = table_of(OrderTaxLine)
_payment = table_of(Payment)
_method = table_of(ShippingMethod)
_cart = table_of(Cart)
_refund = table_of(Refund)

_BY_TOKEN = (
    select(
        order,
        _method.c.kind.label("method_kind"),
        _method.c.note.label("method_note"),
        _cart.c.completed_at.label("cart_completed_at"),
    )
    .outerjoin(_method, _method.c.code == order.c.shipping_method)
    .outerjoin(_cart, _cart.c.id == order.c.cart_id)
    .where(order.c.token == bindparam("token"))
)
_TOKEN_OF = select(order.c.token).where(order.c.id == bindparam("order"))
_LINES = select(order_line).where(order_line.c.order_id == bindparam("order")).order_by(order_line.c.position)
_DISCOUNTS = (
    select(
        order_discount.c.code, order_discount.c.label, func.sum(order_discount.c.amount_minor).label("minor")
    )
    .outerjoin(order_line, order_line.c.id == order_discount.c.line_id)
    # Gifts are lines without a price.
    .where(order_discount.c.order_id == bindparam("order"), order_line.c.is_gift.is_not(True))
    .group_by(order_discount.c.code, order_discount.c.label)
    .order_by(func.min(order_discount.c.id))
)
_GIFTS_MINOR = select(func.coalesce(func.sum(order_line.c.subtotal_minor), 0)).where(
    order_line.c.order_id == bindparam("order"), order_line.c.is_gift.is_(True)
)
_SHIPPING_DISCOUNT = select(func.coalesce(func.sum(order_discount.c.amount_minor), 0)).where(
    order_discount.c.order_id == bindparam("order"), order_discount.c.line_id.is_(None)
)
_TAXES = (
    select(_tax.c.rate_ppm, func.sum(_tax.c.amount_minor))
    .where(_tax.c.order_id == bindparam("order"), _tax.c.base_minor > 0, _tax.c.rate_ppm > 0)
    .group_by(_tax.c.rate_ppm)
    .order_by(_tax.c.rate_ppm.desc())
)
_PAYMENTS = (
    select(_payment).where(_payment.c.order_id == bindparam("order")).order_by(_payment.c.attempt)
)  # fmt: skip
_REFUNDED = select(func.coalesce(func.sum(_refund.c.amount_minor), 0)).where(
    _refund.c.payment_id.in_(select(_payment.c.id).where(_payment.c.order_id == bindparam("order"))),
    _refund.c.status != RefundStatus.FAILED.value,
)
_EVENTS = (
    select(order_event.c.kind, order_event.c.data, order_event.c.at)
    .where(
        order_event.c.order_id == bindparam("order"),
        order_event.c.kind.in_(
            [OrderStatus.CANCELLED.value, OrderStatus.EXPIRED.value, "money_kept", "fulfilment_status"]
        ),
    )
    .order_by(order_event.c.id)
)
_HAS_MONEY = (PaymentState.CAPTURED.value, PaymentState.AUTHORIZED.value)

_CAN_GO_BACK = (OrderStatus.PLACED, OrderStatus.COMPLETED, OrderStatus.CANCELLED)
"""Statuses of orders that can have returns."""


@dataclass(frozen=True, slots=True)
class OrderLineView:
    sku: str
    slug: str
    title: str
    variant: str
    picture_key: str
    picture_alt: str
    quantity: int
    unit: str
    total: str
    is_gift: bool = False
    """Added by a promotion, for nothing: `total` says so."""
    note: str = ""
    """What happened to a part of it: "1 cancelled, 1 came back"; or "Expected on 12 December"."""


@dataclass(frozen=True, slots=True)
class OrderView:
    number: str = ""
    token: str = ""
    phase: str = ""
    """confirming, awaiting_transfer, awaiting_bank, authorized, unpaid (declined, cancelled at the pay
    page, let go by the bank), paid, withdrawn (all of it, before any of it left), expired, cancelled,
    needs_review, refunded, disputed, charged_back."""
    headline: str = ""
    explanation: str = ""
    email: str = ""
    placed: str = ""
    lines: list[OrderLineView] = field(default_factory=list)
    subtotal: str = ""
    discounts: list[DiscountView] = field(default_factory=list)
    shipping: str = ""
    shipping_label: str = ""
    tax_lines: list[tuple[str, str]] = field(default_factory=list)
    total: str = ""
    address: list[str] = field(default_factory=list)
    """The delivery address line by line, in the order of its country; or where the order is collected."""
    billing: list[str] = field(default_factory=list)
    """The billing address line by line; [] where it is the delivery address."""
    delivery_dates: str = ""
    is_collected: bool = False
    """Whether the shopper comes for it, instead of having it sent."""
    payment_label: str = ""
    transfer_details: list[tuple[str, str]] = field(default_factory=list)
    """Where to send the money, for a bank transfer; [] otherwise."""
    steps: list[OrderStep] = field(default_factory=list)
    status: str = ""
    payment_status: str = ""
    fulfilment_status: str = ""
    can_pay_again: bool = False
    """Whether the checkout can be gone through again, with the cart as it was."""
    decline_message: str = ""
    pay_until: str = ""
    """The day until which a transfer has to arrive, "30 November 2026"; "" where none is awaited."""
    tax_on_top: bool = False
    """Whether the tax lines are addends of the total, rather than in the prices."""
    tax_note: str = ""
    """ "Reverse charge: VAT is owed by the recipient"; "" where the shop charges it."""
    vat_number: str = ""
    """The buyer's, where one was given."""
    paid_with: list[tuple[str, str]] = field(default_factory=list)
    """("Card", "€32.70"), a row for each payment; [] while nothing is paid."""
    shipments: list[ShipmentView] = field(default_factory=list)
    refunds: list[RefundView] = field(default_factory=list)
    refunded: str = ""
    """The sum of its refunds, pending ones too; "" without any."""
    returns: list[ReturnView] = field(default_factory=list)
    choices: list[ReturnChoice] = field(default_factory=list)
    """The lines of the return form; [] where nothing can be returned."""
    return_reasons: list[tuple[str, str]] = field(default_factory=list)
    """Code and label of what can be chosen there."""
    return_until: str = ""
    may_withdraw: bool = False
    withdraw_until: str = ""


def view(session: Session, token: str) -> OrderView:
    """Errors  NotFound for a token that no order has."""
    connection = session.connection()
    order = connection.execute(_BY_TOKEN, {"token": token}).first() if TOKEN.fullmatch(token) else None
    if order is None:
        raise NotFound(_("There is no order at this address."))
    locale, currency, of_order = shop().locale, order.currency, {"order": order.id}
    payments = connection.execute(_PAYMENTS, of_order).all()
    decline = payments[-1].decline_message if payments else ""
    # Of several of a kind the last one counts.
    history = {event.kind: event for event in connection.execute(_EVENTS, of_order)}
    ended = history.get(order.status)
    free = returnable.by_id(session, order.id) if order.status in _CAN_GO_BACK else None
    ended_why = ended.data.get("why", "") if ended else ""
    phase = order_phase.phase(order, decline, ended_why, withdrawn=_is_withdrawn(order, free))
    refunded = _refunded(session, order, payments, locale)
    refunds = refund_view.of_order(session, order.id) if refunded else []
    arrives = _arrives(order, locale)
    headline, explanation = order_phase.texts(
        order, phase, decline, refunded, to_credit={refund.destination for refund in refunds} == {"credit"},
        kept="money_kept" in history, arrives=arrives,
    )  # fmt: skip
    off_shipping = connection.execute(_SHIPPING_DISCOUNT, of_order).scalar_one()
    taxes = [(ppm, int(minor)) for ppm, minor in connection.execute(_TAXES, of_order)]
    shipments = fulfilment_queries.shipments(session, order.id)
    return OrderView(
        number=str(order.number), token=order.token, phase=phase, headline=headline, explanation=explanation,
        email=order.email, placed=day(order.placed_at), lines=_lines(session, order, locale),
        subtotal=show(order.subtotal_minor - _gifts_minor(session, order.id), currency, locale),
        discounts=[
            DiscountView(row.code, row.label, f"−{show(int(row.minor), currency, locale)}")
            for row in connection.execute(_DISCOUNTS, of_order)
        ],
        shipping=money_or_free(order.shipping_minor + int(off_shipping), currency, locale),
        shipping_label=order.shipping_label,
        tax_lines=tax_rows(taxes, currency, locale, order.tax_included),
        pay_until=order_phase.pay_until(order, phase),
        tax_on_top=not order.tax_included and not order.reverse_charge,
        tax_note=reverse_charge_note() if order.reverse_charge else "", vat_number=order.vat_number,
        total=show(order.total_minor, currency, locale),
        address=_goes_to(order, locale),
        billing=addresses.lines(order.bill_to, locale) if _is_billed_apart(order) else [],
        delivery_dates=arrives,
        payment_label=_payment_label(order, next(iter(_at_providers(payments)), None)),
        transfer_details=(
            _transfer_details(session, order, payments, locale) if phase == "awaiting_transfer" else []
        ),
        steps=order_steps.steps(
            order, phase, shipments, refunds, arrives,
            ended_at=_at(ended), fulfilled_at=_at(history.get("fulfilment_status")),
        ),
        status=order.status, payment_status=order.payment_status, fulfilment_status=order.fulfilment_status,
        can_pay_again=phase in ("unpaid", "expired", "cancelled")
        and order.cart_id is not None and order.cart_completed_at is None,
        decline_message=decline, paid_with=_paid_with(session, order, payments, locale), shipments=shipments,
        refunds=refunds, refunded=refunded, is_collected=order_phase.is_collected(order),
        **_returning(session, order, free),
    )  # fmt: skip


def _goes_to(order: Row[Any], locale: str) -> list[str]:
    """Where the goods go, or where they are collected."""
    if order_phase.is_collected(order):
        return [order.method_note] if order.method_note else []
    return addresses.lines(order.ship_to, locale)


def _is_billed_apart(order: Row[Any]) -> bool:
    return order.bill_to != order.ship_to or order_phase.is_collected(order)


def _at(event: Row[Any] | None) -> datetime | None:
    return event.at if event is not None else None


def _is_withdrawn(order: Row[Any], free: Free | None) -> bool:
    """Whether the shopper has withdrawn from all of it before anything was sent."""
    agreed = order.status == OrderStatus.PLACED and order.fulfilment_status == FulfilmentStatus.NONE
    return agreed and free is not None and not any(line.sent + line.not_sent for line in free.lines)


def _returning(session: Session, order: Row[Any], free: Free | None) -> dict[str, Any]:
    """The fields of the view about returns and withdrawals."""
    if free is None:
        return {}
    return {
        "returns": return_queries.of_order(
            session, order.id, str(order.number), paid=order.paid_at is not None
        ),
        "choices": return_queries.choices(free) if free.may_return else [],
        "return_reasons": [(one.code, one.label) for one in reasons.of_kind(session, "return")],
        "return_until": return_queries.last_day(free),
        "may_withdraw": free.may_withdraw,
        "withdraw_until": return_queries.last_day(free, withdrawal=True),
    }  # fmt: skip


def _refunded(session: Session, order: Row[Any], payments: Iterable[Row[Any]], locale: str) -> str:
    if not any(payment.captured_minor for payment in payments):
        return ""
    minor = int(session.connection().execute(_REFUNDED, {"order": order.id}).scalar_one())
    return show(minor, order.currency, locale) if minor else ""


def _paid_with(
    session: Session, order: Row[Any], payments: Iterable[Row[Any]], locale: str
) -> list[tuple[str, str]]:
    paid = [payment for payment in payments if payment.state in _HAS_MONEY]
    if order.status == OrderStatus.PENDING:
        return []
    cards: dict[int, str] = {}
    if any(payment.provider == credit_payments.PROVIDER for payment in paid):
        cards = credit_payments.names_of(session, order.id)
    return [
        (
            cards.get(payment.id) or _payment_label(order, payment),
            show(payment.captured_minor or payment.amount_minor, payment.currency, locale),
        )
        for payment in paid
    ]


def view_of(session: Session, order_id: int) -> OrderView:
    """The order with that id, for pushing it to whoever has its page open, and for letters."""
    token = session.connection().execute(_TOKEN_OF, {"order": order_id}).scalar()
    return view(session, token or "")


def _gifts_minor(session: Session, order_id: int) -> int:
    """What gifts would have cost: the subtotal on the page is the sum of what was bought."""
    return int(session.connection().execute(_GIFTS_MINOR, {"order": order_id}).scalar_one())


def _lines(session: Session, order: Row[Any], locale: str) -> list[OrderLineView]:
    return [
        OrderLineView(
            row.sku, row.slug, row.title, row.variant_title, row.picture_key, row.picture_alt, row.quantity,
            show(row.unit_price_minor, order.currency, locale),
            _("Free") if row.is_gift else show(row.subtotal_minor, order.currency, locale),
            row.is_gift, _note(row),
        )
        for row in session.connection().execute(_LINES, {"order": order.id})
    ]  # fmt: skip


def _note(row: Row[Any]) -> str:
    """What happened to a part of the line, or when it is expected."""
    open_units = row.quantity - row.quantity_fulfilled - row.quantity_cancelled
    arrival = [expected(row.promised_on)] if row.promised_on and open_units > 0 else []
    parts = [
        plural("{count} cancelled", "{count} cancelled", row.quantity_cancelled),
        plural("{count} came back", "{count} came back", row.quantity_returned),
    ]
    counts = (row.quantity_cancelled, row.quantity_returned)
    notes = [part for part, count in zip(parts, counts, strict=True) if count]
    return ", ".join(arrival + notes)


def _payment_label(order: Row[Any], payment: Row[Any] | None) -> str:
    """What the order is, or was, paid with: as the provider tells, or else as it was chosen."""
    if payment is not None and payment.provider == credit_payments.PROVIDER:
        return _("Gift card or store credit")
    if payment is not None and payment.method in METHODS:
        return METHODS[payment.method]
    name = payment.provider if payment is not None else order.payment_provider
    return registry.label(name, collected=order_phase.is_collected(order))


def _at_providers(payments: Iterable[Row[Any]]) -> list[Row[Any]]:
    """The attempts that aren't credit, the newest first."""
    return [payment for payment in payments if payment.provider != credit_payments.PROVIDER][::-1]


def _transfer_details(
    session: Session, order: Row[Any], payments: Iterable[Row[Any]], locale: str
) -> list[tuple[str, str]]:
    bank = shop().bank_account
    rest_minor = due_minor(session, order.id) - credit_payments.covered_minor(payments)
    return [
        (_("Amount"), show(rest_minor, order.currency, locale)),
        (_("Reference"), _("Order {number}").format(number=order.number)),
        *([(_("Until"), until)] if (until := order_phase.pay_until(order, "awaiting_transfer")) else []),
        *([(_("Account"), bank)] if bank else []),
    ]


def _arrives(order: Row[Any], locale: str) -> str:
    if not (order.arrives_from and order.arrives_until):
        return ""
    is_collected = order_phase.is_collected(order)
    return arrival_text(order.arrives_from, order.arrives_until, locale, pick_up=is_collected)
