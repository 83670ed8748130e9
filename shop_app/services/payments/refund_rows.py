"""Writing refunds down: over which payments one request is split, set aside once each, credit at once."""

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
from ..orders import commands as order_commands
from ..orders.queries import OrderHead, order_event
from ..staff import audit
from .ledger import locked, recompute_order, recompute_payment, take_refund
from .refund_view import CREDIT
from .refundable import PaymentLeft, Refundable, held_by_banks

MAX_KEY = 48

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
_TAKEN = select(exists().where(Refund.request_key == bindparam("key")))  # pyright: ignore[reportArgumentType]


@dataclass(frozen=True, slots=True)
class RefundRequest:
    """What to refund, and what becomes of the goods."""

    lines: Mapping[int, int] = field(default_factory=dict)
    """Units by order line; each at its share of what the line came to."""
    shipping_minor: int = 0
    free_minor: int = 0
    reason: str = ""
    """What the shopper may read."""
    note: str = ""
    destination: str = RefundDestination.ORIGINAL.value
    restock: bool | None = None
    """None moves money alone. Else the lines' units that haven't left won't be sent: free again, or written
    off without restock; with it, those that have left are back in stock."""
    return_id: int | None = None
    """The return that it answers: what came back is booked there, by `receive`."""


@dataclass(frozen=True, slots=True)
class PendingRefund:
    """A refund that has been written down, and may have to be asked for."""

    refund_id: int
    payment_id: int
    provider: str
    intent_reference: str
    amount_minor: int
    key: str
    reason: str
    waiting: bool
    """Whether the provider hasn't answered yet."""


@dataclass(frozen=True, slots=True)
class RefundItem:
    """So much of a refund is for this line; None is delivery."""

    line_id: int | None
    quantity: int
    amount_minor: int
    restocked: bool = False


def write(
    session: Session,
    head: OrderHead,
    request: RefundRequest,
    refundable: Refundable,
    items: list[RefundItem],
    request_key: str,
    by: Principal,
) -> list[PendingRefund]:
    """Write what the items and the free amount come to; the goods have been booked, the order is locked.

    Errors  Conflict for more than is left.
    """
    total = sum(item.amount_minor for item in items) + request.free_minor
    _refuse_too_much(refundable, total)
    key = {"key": f"{request_key}:1"}
    if session.connection().execute(_TAKEN, key).scalar():
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
    return again(session, request_key, len(refunds))


def known_event(
    session: Session, order_id: int, kind: str, request_key: str, request: dict[str, Any]
) -> dict[str, Any] | None:
    """What the order's history says of the request with that key; None where it has none.

    Errors  Conflict where the key stands for a request with other contents.
    """
    for data in session.connection().execute(_EVENTS, {"order": order_id, "kind": kind}).scalars():
        if data.get("key") == request_key:
            if data["request"] != request:
                raise Conflict(_("This was asked for before, with other values."), code="other_contents")
            return data
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
    """Which payment gives back how much, and for what; providers first, the newest first."""
    waiting = list(items)
    for payment in refundable.payments:
        room, own = payment.left_minor, []
        while waiting and (room or not waiting[0].amount_minor):
            item = waiting.pop(0)
            taken = min(room, item.amount_minor)
            own.append(RefundItem(item.line_id, item.quantity, taken, item.restocked))
            room -= taken
            if taken < item.amount_minor:
                # The units stand with the first part of their money.
                waiting.insert(0, RefundItem(item.line_id, 0, item.amount_minor - taken))
        free = min(room, free_minor)
        free_minor, room = free_minor - free, room - free
        if room < payment.left_minor:
            yield payment, payment.left_minor - room, own


def _write_one(
    session: Session,
    payment: PaymentLeft,
    amount: int,
    items: list[RefundItem],
    key: str,
    request: RefundRequest,
    actor: str,
) -> Refund:
    given = {"amount": amount, "payment": payment.payment_id}
    if session.connection().execute(_RESERVE, given).rowcount != 1:
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
    """Give it as credit at once: back onto the card that paid, or onto the shopper's store credit."""
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


def again(session: Session, request_key: str, count: int) -> list[PendingRefund]:
    keys = [f"{request_key}:{number}" for number in range(1, count + 1)]
    rows = session.exec(
        rows_of(Refund, Payment)
        .join(Payment, col(Payment.id) == Refund.payment_id)
        .where(col(Refund.request_key).in_(keys))
        .order_by(col(Refund.id))
    )
    return [as_request(refund, payment) for refund, payment in rows]


def as_data(request: RefundRequest) -> dict[str, Any]:
    """The wish as the history keeps it, to be compared with a repeat."""
    return asdict(request) | {"lines": {str(line): units for line, units in request.lines.items()}}


def as_request(refund: Refund, payment: Payment) -> PendingRefund:
    assert refund.id
    waiting = refund.status == RefundStatus.PENDING and refund.provider_reference is None
    return PendingRefund(
        refund.id,
        refund.payment_id,
        payment.provider,
        payment.intent_reference or "",
        refund.amount_minor,
        refund.request_key,
        refund.reason,
        waiting,
    )
