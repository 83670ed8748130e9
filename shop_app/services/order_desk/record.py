"""An order as its page in the back office shows it, with what can be done about it at this moment."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from sqlalchemy import Row, bindparam, func, select
from sqlmodel import Session

from ...core.access.principal import Principal
from ...core.clock import local
from ...core.dates import full_moment
from ...core.errors import NotFound
from ...core.i18n import _, plural
from ...core.money import decimal_text, show
from ...core.shop import shop
from ...models import (
    FulfilmentStatus,
    MethodKind,
    OrderStatus,
    OrderTaxLine,
    PaymentStatus,
    ShippingMethod,
    table_of,
)
from ..cart.queries import tax_rows
from ..customers import addresses
from ..orders import notes, reasons
from ..orders.queries import order, order_discount
from ..payments.refundable import Refundable, refundable
from . import goods, lines, money, timeline
from .goods import ParcelRecord, ReturnRecord
from .lines import LineRecord
from .money import DisputeRecord, PaymentRecord, RefundRecord
from .people import names
from .timeline import Happening, LetterRecord
from .words import Badge, badge, progress

_method, _tax = table_of(ShippingMethod), table_of(OrderTaxLine)
_BY_NUMBER = (
    select(order, _method.c.kind.label("method_kind"))
    .outerjoin(_method, _method.c.code == order.c.shipping_method)
    .where(order.c.number == bindparam("number"))
)
_NUMBER_OF = select(order.c.number).where(order.c.id == bindparam("order"))
_DISCOUNTS = (
    select(order_discount.c.label, order_discount.c.code, func.sum(order_discount.c.amount_minor))
    .where(order_discount.c.order_id == bindparam("order"))
    .group_by(order_discount.c.label, order_discount.c.code)
    .order_by(func.min(order_discount.c.id))
)
_OFF_SHIPPING = select(func.coalesce(func.sum(order_discount.c.amount_minor), 0)).where(
    order_discount.c.order_id == bindparam("order"), order_discount.c.line_id.is_(None)
)
_TAXES = (
    select(_tax.c.rate_ppm, func.sum(_tax.c.amount_minor))
    .where(_tax.c.order_id == bindparam("order"), _tax.c.rate_ppm > 0, _tax.c.base_minor > 0)
    .group_by(_tax.c.rate_ppm)
    .order_by(_tax.c.rate_ppm.desc())
)
_THEIRS = select(
    func.count(),
    func.sum(order.c.total_minor).filter(order.c.paid_at.is_not(None)),
    func.min(order.c.placed_at),
).where(order.c.email == bindparam("mail"), order.c.currency == bindparam("in"))
MAX_NUMBER = 2**53 - 1
MAP = "https://www.openstreetmap.org/search?query="


@dataclass(frozen=True, slots=True)
class OrderRecord:
    id: int = 0
    number: str = ""
    placed: str = ""
    status: Badge = Badge()
    payment: Badge = Badge()
    fulfilment: Badge = Badge()
    is_archived: bool = False
    attention: str = ""
    """Why a person has to look at it; "" where nobody has to."""
    attention_help: str = ""
    """What to do about it."""
    lines: list[LineRecord] = field(default_factory=list)
    to_pack: int = 0
    to_pack_text: str = ""
    pack_blocked: str = ""
    """Why nothing can be sent now; "" where something can."""
    needs_unpaid: bool = False
    """Whether sending has to be confirmed because nothing is paid."""
    method: str = ""
    is_collected: bool = False
    parcels: list[ParcelRecord] = field(default_factory=list)
    sums: list[tuple[str, str]] = field(default_factory=list)
    total: str = ""
    paid_label: str = ""
    paid: str = ""
    left: str = ""
    """What can still be refunded."""
    left_minor: int = 0
    delivery_left: str = ""
    """What of the delivery can be refunded; "" for nothing."""
    currency_sign: str = ""
    payments: list[PaymentRecord] = field(default_factory=list)
    disputes: list[DisputeRecord] = field(default_factory=list)
    refunds: list[RefundRecord] = field(default_factory=list)
    returns: list[ReturnRecord] = field(default_factory=list)
    happenings: list[Happening] = field(default_factory=list)
    letters: list[LetterRecord] = field(default_factory=list)
    customer: str = ""
    email: str = ""
    phone: str = ""
    theirs: str = ""
    """ "4 orders since 2024, €312.40"."""
    theirs_href: str = ""
    address: list[str] = field(default_factory=list)
    billing: list[str] = field(default_factory=list)
    map_url: str = ""
    vat_number: str = ""
    note: str = ""
    """What the customer wrote."""
    shop_url: str = ""
    """The order as the customer sees it."""
    refund_reasons: list[str] = field(default_factory=list)
    cancel_reasons: list[str] = field(default_factory=list)
    can_refund: bool = False
    refund_blocked: str = ""
    """Why nothing can be refunded now, although money is there; "" otherwise."""
    can_cancel: bool = False
    can_mark_paid: bool = False
    can_edit_address: bool = False
    can_archive: bool = False
    can_capture: bool = False
    can_resolve: bool = False


def record(session: Session, number: int, *, by: Principal) -> OrderRecord:
    """Errors  Forbidden; NotFound for a number that no order has."""
    by.need("orders.view")
    connection, locale = session.connection(), shop().locale
    row = None
    if 0 < number <= MAX_NUMBER:
        row = connection.execute(_BY_NUMBER, {"number": number}).first()
    if row is None:
        raise NotFound(_("There is no order with this number."))
    left = refundable(session, row.id)
    who = names(session, addresses.full_name(row.ship_to) or row.email)
    all_money = money.money(session, row, who, locale)
    all_lines = lines.lines(session, row, left, locale)
    history = timeline.timeline(session, row, who, locale)
    unpaid = row.total_minor > 0 and row.paid_at is None
    collected = row.method_kind == MethodKind.PICK_UP
    to_pack = sum(line.to_send for line in all_lines)
    return OrderRecord(
        id=row.id, number=str(row.number), placed=full_moment(row.placed_at),
        status=progress(row.status, row.fulfilment_status), payment=badge("payment", row.payment_status),
        fulfilment=badge("fulfilment", row.fulfilment_status), is_archived=row.archived_at is not None,
        attention=_attention(row), attention_help=_help(row),
        lines=all_lines, to_pack=to_pack, to_pack_text=plural("{count} item", "{count} items", to_pack),
        pack_blocked=_pack_blocked(row, unpaid), needs_unpaid=unpaid and not all_money_set_aside(row),
        method=row.shipping_label, is_collected=collected, parcels=goods.parcels(session, row, who),
        sums=_sums(session, row, locale), total=show(row.total_minor, row.currency, locale),
        **_paid(row, left, all_money.is_asked, locale),
        payments=all_money.payments, disputes=all_money.disputes, refunds=all_money.refunds,
        returns=goods.returns(session, row), happenings=history.happenings, letters=history.letters,
        **_customer(session, row, collected, locale),
        refund_reasons=[one.label for one in reasons.of_kind(session, "refund")],
        cancel_reasons=[one.label for one in reasons.of_kind(session, "cancellation")],
        can_cancel=row.status in (OrderStatus.PENDING, OrderStatus.PLACED) and to_pack > 0,
        can_mark_paid=_awaits_transfer(row) and unpaid,
        can_edit_address=row.status in (OrderStatus.PENDING, OrderStatus.PLACED)
        and row.fulfilment_status == FulfilmentStatus.NONE and bool(row.ship_to) and not collected,
        can_archive=not notes.why_not_archived(row.status, row.payment_status, row.needs_review),
        can_resolve=bool(row.needs_review),
        can_capture=any(payment.is_authorised for payment in all_money.payments),
    )  # fmt: skip


def record_of(session: Session, order_id: int, *, by: Principal) -> OrderRecord:
    """The same by the order's id.

    Errors  Forbidden; NotFound.
    """
    number = session.connection().execute(_NUMBER_OF, {"order": order_id}).scalar()
    return record(session, number or 0, by=by)


def all_money_set_aside(row: Row[Any]) -> bool:
    """Whether a bank keeps the money, which is captured with the first shipment."""
    return row.payment_status == PaymentStatus.AUTHORIZED


def _awaits_transfer(row: Row[Any]) -> bool:
    late = row.status == OrderStatus.EXPIRED and row.payment_provider == "manual"
    agreed = row.status in (OrderStatus.PLACED, OrderStatus.COMPLETED)
    return late or (agreed and row.payment_status in (PaymentStatus.NONE, PaymentStatus.PARTIALLY_PAID))


def _attention(row: Row[Any]) -> str:
    if row.needs_review or row.payment_status != PaymentStatus.DISPUTED:
        return row.needs_review
    return _("The customer's bank asks for this money back.")


def _help(row: Row[Any]) -> str:
    if row.needs_review:
        return _("Look at its payments, then refund or cancel, or resolve it with a note.")
    if row.payment_status == PaymentStatus.DISPUTED:
        return _("Answer the dispute with the payment provider before its day. Wait with what isn't sent.")
    return ""


def _pack_blocked(row: Row[Any], unpaid: bool) -> str:
    closed = {
        OrderStatus.PENDING: _("It waits for its payment. The units are kept meanwhile."),
        OrderStatus.CANCELLED: _("It was cancelled."),
        OrderStatus.EXPIRED: _("It wasn't paid in time."),
    }
    if row.status in closed:
        return closed[OrderStatus(row.status)]
    if unpaid and not all_money_set_aside(row) and row.payment_provider != "manual":
        return _("It isn't paid.")
    return ""


def _sums(session: Session, row: Row[Any], locale: str) -> list[tuple[str, str]]:
    connection, of_order = session.connection(), {"order": row.id}

    def amount(minor: int) -> str:
        return show(int(minor), row.currency, locale)

    off_shipping = connection.execute(_OFF_SHIPPING, of_order).scalar_one()
    taxes = [(ppm, int(minor)) for ppm, minor in connection.execute(_TAXES, of_order)]
    return [
        (_("Subtotal"), amount(row.subtotal_minor)),
        *(
            (f"{label} ({code})" if code else label, f"−{amount(minor)}")
            for label, code, minor in connection.execute(_DISCOUNTS, of_order)
        ),
        (row.shipping_label or _("Delivery"), amount(row.shipping_minor + off_shipping)),
        *tax_rows(taxes, row.currency, locale, row.tax_included),
        *([(_("Reverse charge"), amount(0))] if row.reverse_charge else []),
    ]


def _paid(row: Row[Any], left: Refundable, is_asked: bool, locale: str) -> dict[str, Any]:
    unpaid = row.paid_at is None and row.total_minor > 0
    blocked = ""
    if left.free_minor and is_asked:
        blocked = _("A refund has been asked for and has no answer yet.")
    return {
        "paid_label": _("To be paid") if unpaid else _("Paid"),
        "paid": show(row.total_minor, row.currency, locale),
        "left": show(left.free_minor, row.currency, locale),
        "left_minor": left.free_minor,
        "delivery_left": show(left.shipping_minor, row.currency, locale) if left.shipping_minor else "",
        "currency_sign": show(0, row.currency, locale).replace(decimal_text(0, row.currency), "").strip(),
        "can_refund": left.free_minor > 0 and not blocked,
        "refund_blocked": blocked,
    }


def _customer(session: Session, row: Row[Any], collected: bool, locale: str) -> dict[str, Any]:
    count, sum_minor, first = (
        session.connection().execute(_THEIRS, {"mail": row.email or "-", "in": row.currency}).one()
    )
    text = ""
    if count and first:
        since = plural("{count} order since", "{count} orders since", count)
        text = f"{since} {local(first).year}, {show(int(sum_minor or 0), row.currency, locale)}"
    goes_to = addresses.lines(row.ship_to, locale) if row.ship_to else []
    place = "" if collected else ", ".join(goes_to[1:])
    return {
        "customer": addresses.full_name(row.ship_to) or row.email,
        "email": row.email,
        "phone": row.phone,
        "theirs": text,
        "theirs_href": f"/admin/orders?q={quote(row.email)}" if row.email else "",
        "address": goes_to,
        "billing": addresses.lines(row.bill_to, locale) if row.bill_to and row.bill_to != row.ship_to else [],
        "map_url": MAP + quote(place) if place else "",
        "vat_number": row.vat_number,
        "note": row.note,
        "shop_url": f"/orders/{row.token}",
    }
