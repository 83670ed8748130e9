"""The order as its page shows it: made from the frozen copies alone, never computed again."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from babel.dates import format_date
from sqlalchemy import Row, bindparam, func, select
from sqlmodel import Session, SQLModel

from ..clock import now
from ..errors import NotFound
from ..models import FulfilmentStatus, MethodKind, OrderStatus, PaymentStatus
from ..money import show
from ..settings import settings
from ..words import _
from . import addresses
from .cart_view import DiscountView, money_or_free
from .checkout import payment_ways, tax_lines
from .order_life import order, order_discount, order_event, order_line
from .shipping import arrival_text

_tables = SQLModel.metadata.tables
_tax = _tables["order_tax_line"]
_payment = _tables["payment"]
_method = _tables["shipping_method"]
_cart = _tables["cart"]
_fulfilment = _tables["fulfilment"]

_BY_TOKEN = (
    select(order, _method.c.kind.label("method_kind"), _cart.c.completed_at.label("cart_completed_at"))
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
    .where(order_discount.c.order_id == bindparam("order"))
    .group_by(order_discount.c.code, order_discount.c.label)
    .order_by(func.min(order_discount.c.id))
)
_SHIPPING_DISCOUNT = select(func.coalesce(func.sum(order_discount.c.amount_minor), 0)).where(
    order_discount.c.order_id == bindparam("order"), order_discount.c.line_id.is_(None)
)
_TAXES = (
    select(_tax.c.rate_ppm, func.sum(_tax.c.amount_minor))
    .where(_tax.c.order_id == bindparam("order"))
    .group_by(_tax.c.rate_ppm)
    .order_by(_tax.c.rate_ppm.desc())
)
_PAYMENT = (
    select(_payment.c.decline_message, _payment.c.state)
    .where(_payment.c.order_id == bindparam("order"))
    .order_by(_payment.c.attempt.desc())
    .limit(1)
)
_ENDED = (
    select(order_event.c.data)
    .where(order_event.c.order_id == bindparam("order"), order_event.c.kind == OrderStatus.CANCELLED.value)
    .order_by(order_event.c.id.desc())
    .limit(1)
)
_PARCELS = (
    select(
        _fulfilment.c.carrier, _fulfilment.c.tracking, _fulfilment.c.shipped_at, _fulfilment.c.delivered_at
    )
    .where(_fulfilment.c.order_id == bindparam("order"), _fulfilment.c.status != "cancelled")
    .order_by(_fulfilment.c.id)
)


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


@dataclass(frozen=True, slots=True)
class OrderStep:
    """One station of the order's way: placed, paid, packed, shipped, delivered."""

    label: str
    detail: str
    state: str
    """done, now or next."""


@dataclass(frozen=True, slots=True)
class OrderView:
    number: str
    token: str
    phase: str
    """confirming, awaiting_transfer, unpaid (declined, cancelled at the pay page), paid, expired,
    cancelled, attention, refunded."""
    headline: str
    explanation: str
    email: str
    placed: str
    lines: list[OrderLineView]
    subtotal: str
    discounts: list[DiscountView]
    shipping: str
    shipping_label: str
    tax_lines: list[tuple[str, str]]
    total: str
    address: list[str]
    """The delivery address line by line, in the order of its country."""
    delivery_dates: str
    payment_label: str
    transfer_details: list[tuple[str, str]]
    """Where to send the money, for a bank transfer; [] otherwise."""
    steps: list[OrderStep]
    status: str
    payment_status: str
    fulfilment_status: str
    can_pay_again: bool
    """Whether the checkout can be gone through again, with the cart as it was."""
    decline_message: str


def view(session: Session, token: str) -> OrderView:
    """Errors  NotFound for a token that no order has."""
    connection = session.connection()
    found = connection.execute(_BY_TOKEN, {"token": token[:64]}).first()
    if found is None:
        raise NotFound(_("There is no order at this address."))
    locale, currency, of_order = settings().locale, found.currency, {"order": found.id}
    payment = connection.execute(_PAYMENT, of_order).first()
    decline = payment.decline_message if payment else ""
    phase = _phase(session, found, decline)
    headline, explanation = _words(found, phase, decline)
    off_shipping = connection.execute(_SHIPPING_DISCOUNT, of_order).scalar_one()
    taxes = [(ppm, int(minor)) for ppm, minor in connection.execute(_TAXES, of_order)]
    return OrderView(
        number=str(found.number), token=found.token, phase=phase, headline=headline, explanation=explanation,
        email=found.email, placed=_day(found.placed_at, locale), lines=_lines(session, found, locale),
        subtotal=show(found.subtotal_minor, currency, locale),
        discounts=[
            DiscountView(row.code, row.label, f"−{show(int(row.minor), currency, locale)}")
            for row in connection.execute(_DISCOUNTS, of_order)
        ],
        shipping=money_or_free(found.shipping_minor + int(off_shipping), currency, locale),
        shipping_label=found.shipping_label,
        tax_lines=tax_lines(taxes, currency, locale, found.tax_included),
        total=show(found.total_minor, currency, locale),
        address=addresses.lines(found.ship_to, locale), delivery_dates=_arrives(found, locale),
        payment_label=_payment_label(found),
        transfer_details=_transfer_details(found, locale) if phase == "awaiting_transfer" else [],
        steps=_steps(session, found, phase, locale), status=found.status,
        payment_status=found.payment_status, fulfilment_status=found.fulfilment_status,
        can_pay_again=phase in ("unpaid", "expired", "cancelled")
        and found.cart_id is not None and found.cart_completed_at is None,
        decline_message=decline,
    )  # fmt: skip


def view_of(session: Session, order_id: int) -> OrderView:
    """The order with that id, for pushing it to whoever has its page open, and for letters."""
    token = session.connection().execute(_TOKEN_OF, {"order": order_id}).scalar()
    return view(session, token or "")


def look_up(session: Session, number: str, email: str) -> str:
    """The token of the order with that number and e-mail address.

    Errors  NotFound, the same sentence whichever of the two is wrong.
    """
    digits = number.strip().lstrip("#").strip()
    wanted = int(digits) if digits.isascii() and digits.isdigit() and len(digits) <= 15 else -1
    # One question for both, so that neither its answer nor its time tells which one was wrong.
    statement = select(order.c.token).where(
        order.c.number == wanted, order.c.email == (addresses.normal_email(email) or "-")
    )
    token = session.connection().execute(statement).scalar()
    if token is None:
        raise NotFound(_("We found no order with this number and email address. Check both, please."))
    return token


def _phase(session: Session, found: Row[Any], decline: str) -> str:
    if found.attention:
        return "attention"
    if found.payment_status == PaymentStatus.REFUNDED:
        return "refunded"
    if found.status == OrderStatus.PENDING:
        return "unpaid" if decline else "confirming"
    if found.status == OrderStatus.EXPIRED:
        return "expired"
    if found.status == OrderStatus.CANCELLED:
        ended = session.connection().execute(_ENDED, {"order": found.id}).scalar() or {}
        return "unpaid" if ended.get("why") in ("cancelled", "failed") and not found.paid_at else "cancelled"
    unpaid = found.paid_at is None and found.payment_status == PaymentStatus.NONE
    return "awaiting_transfer" if unpaid else "paid"


def _words(found: Row[Any], phase: str, decline: str) -> tuple[str, str]:
    name = found.ship_to.get("given_name", "")
    email = found.email
    kept = _("Nothing was charged, and your cart is still there.")
    texts = {
        "confirming": (
            _("Confirming your payment"),
            _("Your bank usually answers within a minute. This page changes by itself, and you can close it: "
              "the receipt comes by email either way."),
        ),
        "awaiting_transfer": (
            _("Thank you, {name}. Your order is in").format(name=name),
            _("We keep your things for you and send them when your payment has arrived. "
              "A confirmation is on its way to {email}.").format(email=email),
        ),
        # What the company said already ends with "Nothing was charged."
        "unpaid": (
            _("The payment didn't go through"),
            f"{decline} {_('Your cart is still there.')}" if decline else kept,
        ),
        "paid": (
            _("Thank you, {name}. It is paid").format(name=name),
            _("A receipt is on its way to {email}.").format(email=email),
        ),
        "expired": (_("This order wasn't paid in time"), kept),
        "cancelled": (_("This order was cancelled"), kept if not found.paid_at else ""),
        "attention": (
            _("We are looking at your payment"),
            _("Your payment reached us, and something about it needs a person. We write to {email} soon; "
              "you don't have to do anything.").format(email=email),
        ),
        "refunded": (_("Your money is on its way back"), _("It takes a few days to arrive.")),
    }  # fmt: skip
    return texts[phase]


def _lines(session: Session, found: Row[Any], locale: str) -> list[OrderLineView]:
    return [
        OrderLineView(
            row.sku, row.slug, row.title, row.variant_title, row.picture_key, row.picture_alt, row.quantity,
            show(row.unit_price_minor, found.currency, locale),
            show(row.subtotal_minor, found.currency, locale),
        )
        for row in session.connection().execute(_LINES, {"order": found.id})
    ]  # fmt: skip


def _payment_label(found: Row[Any]) -> str:
    labels = [way.label for way in payment_ways() if way.code == found.payment_provider]
    return labels[0] if labels else str(found.payment_provider)


def _transfer_details(found: Row[Any], locale: str) -> list[tuple[str, str]]:
    bank = settings().bank_account
    return [
        (_("Amount"), show(found.total_minor, found.currency, locale)),
        (_("Reference"), _("Order {number}").format(number=found.number)),
        *([(_("Account"), bank)] if bank else []),
    ]


def _arrives(found: Row[Any], locale: str) -> str:
    if not (found.arrives_from and found.arrives_until):
        return ""
    pick_up = found.method_kind == MethodKind.PICK_UP
    return arrival_text(found.arrives_from.date(), found.arrives_until.date(), locale, pick_up=pick_up)


def _steps(session: Session, found: Row[Any], phase: str, locale: str) -> list[OrderStep]:
    """The stations in their order: all before the present one are done."""
    if phase in ("expired", "cancelled", "unpaid"):
        return [OrderStep(_("Order received"), _day(found.placed_at, locale), "done")]
    parcel = session.connection().execute(_PARCELS, {"order": found.id}).first()
    pick_up = found.method_kind == MethodKind.PICK_UP
    paid = found.paid_at is not None or found.payment_status != PaymentStatus.NONE
    shipped = found.fulfilment_status in (FulfilmentStatus.SHIPPED, FulfilmentStatus.DELIVERED)
    delivered = found.fulfilment_status == FulfilmentStatus.DELIVERED
    tracked = f"{parcel.carrier} {parcel.tracking}".strip() if parcel else ""
    sent = _day(parcel.shipped_at, locale) if parcel else ""
    stations = [
        (_("Order received"), _day(found.placed_at, locale), True),
        (_("Paid"), show(found.total_minor, found.currency, locale), paid),
        (_("Ready to collect") if pick_up else _("Packed"), sent, shipped),
        *([] if pick_up else [(_("On its way"), tracked or found.shipping_label, shipped)]),
        (_("Collected") if pick_up else _("Delivered"), _arrives(found, locale), delivered),
    ]
    done = [reached for _label, _detail, reached in stations]
    present = done.index(False) if False in done else len(done)
    words = ["done" if at < present else "now" if at == present else "next" for at in range(len(done))]
    return [
        OrderStep(label, detail, word) for (label, detail, _done), word in zip(stations, words, strict=True)
    ]


def _day(moment: datetime | date, locale: str) -> str:
    this_year = moment.year == now().year
    return format_date(moment, _("d MMMM") if this_year else _("d MMMM y"), locale)
