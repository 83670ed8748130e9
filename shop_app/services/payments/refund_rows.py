"""Rows of refunds: one request is split over payments, each reserves its part; credit is given at once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from sqlalchemy import bindparam, exists, select, update
from sqlmodel import Session, col
from sqlmodel import select as rows_of

from ...core import events
from ...core.access.principal import Principal
from ...core.errors import Conflict, Invalid
from ...core.i18n import _
from ...core.money import show
from ...models import CreditEntryKind, Payment, Refund, RefundDestination, RefundLine, RefundStatus, table_of
from ...providers.payments.base import RefundSnapshot
from ..credit import commands as credit_commands
from ..credit.payments import PROVIDER as CREDIT
from ..orders import commands as order_commands
from ..orders.queries import OrderHead, order_event
from ..staff import audit
from .ledger import locked, recompute_order, recompute_payment, take_refund
from .refundable import PaymentLeft, Refundable, held_by_banks

MAX_KEY = 48
"""Characters of a request key; the number of the refund is appended, and 64 fit into the column."""

_payment = table_of(Payment)
_RESERVE = (
    update(_payment)
    .where(
        _payment.c.id == bindparam("payment"),
        _payment.c.refunded_minor + _payment.c.refund_pending_minor + bindparam("amount")
        <= _payment.c.captured_minor - held_by_banks,
    )
    .values(refund_pending_minor=_payment.c.refund_pending_minor + bindparam("amount"))
)
_EVENTS = select(order_event.c.data).where(
    order_event.c.order_id == bindparam("order"), order_event.c.kind == bindparam("kind")
)
_KEY_TAKEN = select(exists().where(Refund.request_key == bindparam("key")))  # pyright: ignore[reportArgumentType]


@dataclass(frozen=True, slots=True)
class RefundRequest:
    """What to refund, and what becomes of the goods."""

    lines: Mapping[int, int] = field(default_factory=dict)
    """Units by the order line's id; each at its share of the line's total."""
    shipping_minor: int = 0
    free_minor: int = 0
    """An amount that belongs to no line."""
    kept_minor: int = 0
    """What the shop keeps of the lines and the delivery, because they came back worn, or late."""
    reason: str = ""
    """The shopper may read it."""
    note: str = ""
    """Staff alone read it."""
    destination: str = RefundDestination.ORIGINAL.value
    restock: bool | None = None
    """None leaves the goods alone. Otherwise units that weren't sent are cancelled: True makes them
    available again, and restocks those that were sent; False writes the unsent ones off."""
    return_id: int | None = None
    """The return that is refunded: its units are booked when it is received."""


@dataclass(frozen=True, slots=True)
class PendingRefund:
    """A refund that is written down, with all that the provider needs for it."""

    refund_id: int
    payment_id: int
    provider: str
    intent_reference: str
    amount_minor: int
    key: str
    """The idempotency key, the same for each try."""
    reason: str
    is_pending: bool
    """Whether the provider hasn't answered yet: submit it."""


@dataclass(frozen=True, slots=True)
class RefundItem:
    """The part of a refund for one order line."""

    line_id: int | None
    """None for delivery."""
    quantity: int
    amount_minor: int
    restocked: bool = False


def write_refunds(
    session: Session,
    head: OrderHead,
    request: RefundRequest,
    refundable: Refundable,
    items: list[RefundItem],
    request_key: str,
    by: Principal,
) -> list[PendingRefund]:
    """Write the refunds that the items and the free amount come to, one for each payment they are split over.

    The caller has locked the order and booked the goods.

    Errors  Conflict for more than is left, and for a key that another order's request has.
    """
    total = sum(item.amount_minor for item in items) + request.free_minor
    _refuse_too_much(refundable, total)
    key = {"key": f"{request_key}:1"}
    if session.connection().execute(_KEY_TAKEN, key).scalar():
        raise Conflict(_("This was asked for before, with other values."), code="other_contents")
    to_credit = request.destination == RefundDestination.CREDIT
    refunds = []
    for number, (payment, amount, own) in enumerate(_split(refundable, items, request.free_minor), start=1):
        refund = _write_one(session, payment, amount, own, f"{request_key}:{number}", request, by.actor)
        refunds.append(refund)
        if to_credit or payment.provider == CREDIT:
            _settle_in_credit(session, head, refund, payment, by.actor, own_card=not to_credit)
    if request.return_id is not None:
        events.publish(session, events.ReturnRefunded(request.return_id, by.actor))
    data = {"amount_minor": total, "destination": request.destination, "reason": request.reason}
    order_commands.record_event(
        session,
        head.id,
        "refund_requested",
        actor=by.actor,
        key=request_key,
        request=as_data(request),
        refunds=len(refunds),
        amount_minor=total,
    )
    audit.record(
        session, by.actor, "order.refunded", "order", str(head.number), after=data, staff_id=by.id or None
    )
    if refunds:
        recompute_order(session, head.id)
    return of_request(session, request_key, len(refunds))


def earlier_request(
    session: Session, order_id: int, kind: str, request_key: str, request: dict[str, Any]
) -> dict[str, Any] | None:
    """The data of the order's event that a request with this key wrote; None for a new key.

    Errors  Conflict where the key belongs to a request with other contents.
    """
    for data in session.connection().execute(_EVENTS, {"order": order_id, "kind": kind}).scalars():
        if data.get("key") == request_key:
            if data["request"] != request:
                raise Conflict(_("This was asked for before, with other values."), code="other_contents")
            return data
    return None


def requested(session: Session, order_id: int, request_key: str) -> RefundRequest | None:
    """The refund of the order that was requested with this key; None for a new key."""
    events_of = {"order": order_id, "kind": "refund_requested"}
    for data in session.connection().execute(_EVENTS, events_of).scalars():
        if data.get("key") == request_key:
            lines = {int(line): units for line, units in data["request"]["lines"].items()}
            return RefundRequest(**data["request"] | {"lines": lines})
    return None


def check_key(request_key: str) -> None:
    if not 1 <= len(request_key) <= MAX_KEY:
        raise Invalid(_("The page is out of date. Reload it and try again."))


def _refuse_too_much(refundable: Refundable, total: int) -> None:
    if total <= refundable.free_minor:
        return
    if total <= refundable.free_minor + refundable.disputed_minor:
        raise Conflict(
            _("The shopper's bank has asked for this money itself. Wait for its decision."), code="disputed"
        )
    left = show(refundable.free_minor, refundable.currency)
    raise Conflict(
        _("That is more than the {left} that is left of what was paid.").format(left=left), code="over_refund"
    )


def _split(
    refundable: Refundable, items: list[RefundItem], free_minor: int
) -> Iterator[tuple[PaymentLeft, int, list[RefundItem]]]:
    """How much each payment refunds, and for which items, in the order of `refundable.payments`."""
    waiting = list(items)
    for payment in refundable.payments:
        left_minor, own = payment.left_minor, []
        while waiting and (left_minor or not waiting[0].amount_minor):
            item = waiting.pop(0)
            taken = min(left_minor, item.amount_minor)
            own.append(RefundItem(item.line_id, item.quantity, taken, item.restocked))
            left_minor -= taken
            if taken < item.amount_minor:
                # The units are counted with the first part of their amount.
                waiting.insert(0, RefundItem(item.line_id, 0, item.amount_minor - taken))
        free = min(left_minor, free_minor)
        free_minor, left_minor = free_minor - free, left_minor - free
        if left_minor < payment.left_minor:
            yield payment, payment.left_minor - left_minor, own


def _write_one(
    session: Session,
    payment: PaymentLeft,
    amount: int,
    items: list[RefundItem],
    key: str,
    request: RefundRequest,
    actor: str,
) -> Refund:
    """Reserve the amount of the payment by one guarded statement, and write the refund with its lines."""
    reservation = {"amount": amount, "payment": payment.payment_id}
    if session.connection().execute(_RESERVE, reservation).rowcount != 1:
        raise Conflict(_("That is more than what is left of this payment."), code="over_refund")
    refund = Refund(
        payment_id=payment.payment_id,
        request_key=key,
        amount_minor=amount,
        destination=request.destination,
        return_id=request.return_id,
        reason=request.reason,
        note=request.note,
        actor=actor,
    )
    session.add(refund)
    session.flush()
    assert refund.id
    for item in items:
        session.add(
            RefundLine(
                refund_id=refund.id,
                order_line_id=item.line_id,
                quantity=item.quantity,
                amount_minor=item.amount_minor,
                restocked=item.restocked,
            )
        )
    session.flush()
    return refund


def _settle_in_credit(
    session: Session, head: OrderHead, refund: Refund, payment: PaymentLeft, actor: str, *, own_card: bool
) -> None:
    """Settle a refund in credit at once: to the gift card that paid, or as store credit of the shopper."""
    if own_card:
        account = credit_commands.account_of_payment(session, payment.payment_id)
    else:
        account = credit_commands.account_of(session, head.email, head.currency)
    credit_commands.add_entry(
        session,
        account,
        refund.amount_minor,
        CreditEntryKind.REFUNDED,
        f"refund:{refund.id}",
        order_id=head.id,
        refund_id=refund.id,
        payment_id=payment.payment_id,
        note=refund.reason,
        actor=actor,
    )
    if not own_card:
        credit_commands.write_letter(
            session,
            "store_credit",
            head.email,
            f"refund:{refund.id}",
            account,
            refund.amount_minor,
            head.currency,
        )
    row = locked(session, payment.payment_id)
    snapshot = RefundSnapshot(
        f"credit-{refund.request_key}", refund.amount_minor, RefundStatus.SUCCEEDED.value, refund.request_key
    )
    take_refund(session, row, snapshot)
    session.flush()
    recompute_payment(session, row)


def of_request(session: Session, request_key: str, count: int) -> list[PendingRefund]:
    """The refunds that the request with this key wrote."""
    keys = [f"{request_key}:{number}" for number in range(1, count + 1)]
    rows = session.exec(
        rows_of(Refund, Payment)
        .join(Payment, col(Payment.id) == Refund.payment_id)
        .where(col(Refund.request_key).in_(keys))
        .order_by(col(Refund.id))
    )
    return [pending_refund(refund, payment) for refund, payment in rows]


def as_data(request: RefundRequest) -> dict[str, Any]:
    """The request as the order's event keeps it, to be compared with a repeat."""
    data = asdict(request) | {"lines": {str(line): units for line, units in request.lines.items()}}
    # As requests were kept before amounts could be less than their lines come to.
    return data if request.kept_minor else {name: data[name] for name in data if name != "kept_minor"}


def pending_refund(refund: Refund, payment: Payment) -> PendingRefund:
    assert refund.id
    is_pending = refund.status == RefundStatus.PENDING and refund.provider_reference is None
    return PendingRefund(
        refund.id,
        refund.payment_id,
        payment.provider,
        payment.intent_reference or "",
        refund.amount_minor,
        refund.request_key,
        refund.reason,
        is_pending,
    )
