"""Refunds: any part of what was captured, asked for once, written down before the provider is asked.

`refund_writing` splits a request over the payments, `refund_sums` knows what can go back, and
`refund_view` how people read it.
"""

from __future__ import annotations

from sqlalchemy import bindparam, select
from sqlmodel import Session, col
from sqlmodel import select as rows_of

from ...core.access.principal import Principal
from ...core.clock import now
from ...core.errors import Conflict, Invalid, NotFound
from ...core.i18n import _
from ...core.money import MAX_MINOR, show
from ...models import (
    NOT_SENT,
    OrderStatus,
    Payment,
    Refund,
    RefundDestination,
    RefundStatus,
    ReturnRequest,
    table_of,
)
from ...providers.payments.base import RefundSnapshot
from ..orders import commands as order_commands
from ..orders import units as order_units
from ..orders.queries import OrderHead
from .ledger import locked, recompute_order, recompute_payment, take_refund
from .refund_rows import (
    PendingRefund,
    RefundItem,
    RefundRequest,
    again,
    as_data,
    as_request,
    check_key,
    known_event,
    write,
)
from .refund_view import RefundView, of_order
from .refundable import Refundable, refundable

__all__ = [
    "PendingRefund",
    "RefundView",
    "RefundRequest",
    "answered",
    "is_waiting",
    "of_order",
    "refundable",
    "refused",
    "request",
    "pending",
]

PERMISSION = "orders.refund"
MAX_REASON, MAX_NOTE = 100, 2000

return_request = table_of(ReturnRequest)
_RETURN = select(return_request.c.order_id, return_request.c.reason).where(
    return_request.c.id == bindparam("return")
)


def request(
    session: Session, order_id: int, request: RefundRequest, request_key: str, by: Principal
) -> list[PendingRefund]:
    """Write a refund down, set its money aside and book its goods, all in this transaction.

    The same key is the same refund.

    Errors  Forbidden; Invalid for amounts or units that can't be; Conflict for more than is left, and
            where the key stands for another refund; NotFound for a line of another order.
    """
    by.need(PERMISSION)
    check_key(request_key)
    head = order_commands.lock(session, order_id)
    before = known_event(session, order_id, "refund_requested", request_key, as_data(request))
    if before is not None:
        return again(session, request_key, before["refunds"])
    _check(request)
    left_money = refundable(session, order_id)
    items = [
        RefundItem(line, units, _share(left_money, line, units)) for line, units in request.lines.items()
    ]
    if request.shipping_minor > left_money.shipping_minor:
        left = show(left_money.shipping_minor, left_money.currency)
        raise Conflict(_("Of the delivery {left} is left.").format(left=left), code="over_refund")
    if request.shipping_minor:
        items.append(RefundItem(None, 0, request.shipping_minor))
    if not request.free_minor and not any(item.amount_minor for item in items) and request.restock is None:
        raise Invalid(_("Enter an amount above zero."), field="amount")
    items = _goods(session, head, request, items, by.actor)
    costs_nothing = not request.free_minor and not any(item.amount_minor for item in items)
    if costs_nothing and any(item.restocked for item in items):
        raise Conflict(_("Nothing of its price is left. Book what came back as a return."))
    return write(session, head, request, left_money, items, request_key, by)


def pending(session: Session, limit: int = 50) -> list[PendingRefund]:
    """Refunds that were written down and that the provider hasn't answered: ask again with the same key."""
    rows = session.exec(
        rows_of(Refund, Payment)
        .join(Payment, col(Payment.id) == Refund.payment_id)
        .where(Refund.status == RefundStatus.PENDING, col(Refund.provider_reference).is_(None))
        .order_by(col(Refund.id))
        .limit(limit)
    )
    return [as_request(refund, payment) for refund, payment in rows]


def is_waiting(session: Session, refund_id: int) -> bool:
    """Whether the provider hasn't answered it."""
    refund = session.get_one(Refund, refund_id)
    return refund.status == RefundStatus.PENDING and refund.provider_reference is None


def answered(session: Session, refund_id: int, snapshot: RefundSnapshot) -> None:
    """Note what the provider said of a refund; any number of times."""
    refund = session.get_one(Refund, refund_id)
    payment = locked(session, refund.payment_id)
    take_refund(session, payment, snapshot)
    session.flush()
    recompute_payment(session, payment)
    recompute_order(session, payment.order_id)


def refused(session: Session, refund_id: int) -> None:
    """The provider won't take it: what was set aside is free again, and a person has to look."""
    refund = session.get_one(Refund, refund_id)
    payment = locked(session, refund.payment_id)
    session.refresh(refund)
    if refund.status == RefundStatus.PENDING:
        refund.status, refund.settled_at = RefundStatus.FAILED, now()
        session.flush()
        recompute_payment(session, payment)
        amount = show(refund.amount_minor, payment.currency)
        order_commands.flag_for_review(
            session, payment.order_id, f"The refund {refund.request_key} of {amount} wasn't taken."
        )


def _check(request: RefundRequest) -> None:
    amounts = (request.shipping_minor, request.free_minor)
    if any(type(amount) is not int or not 0 <= amount <= MAX_MINOR for amount in amounts):
        raise Invalid(_("Enter an amount above zero."), field="amount")
    if any(type(units) is not int or units <= 0 for units in request.lines.values()):
        raise Invalid(_("Choose at least one unit."), field="lines")
    if request.destination not in tuple(RefundDestination):
        raise Invalid(_("Choose where the money goes."), field="destination")
    if len(request.reason) > MAX_REASON or len(request.note) > MAX_NOTE:
        raise Invalid(_("Shorten the reason or the note."), field="reason")


def _share(refundable: Refundable, line_id: int, units: int) -> int:
    line = refundable.lines.get(line_id)
    if line is None:
        raise NotFound(_("There is no such line in this order."))
    if units > line.quantity_left:
        text = _("Of {title} {count} can still be refunded.")
        raise Conflict(text.format(title=line.name, count=line.quantity_left), code="over_refund")
    return line.share(units)


def _goods(
    session: Session, head: OrderHead, request: RefundRequest, items: list[RefundItem], actor: str
) -> list[RefundItem]:
    """Book what becomes of the units; the items, with what is back in stock apart."""
    restock = request.restock
    comes_back = restock is True and request.return_id is None
    if request.return_id is not None:
        row = session.connection().execute(_RETURN, {"return": request.return_id}).first()
        if row is None or row.order_id != head.id:
            raise NotFound(_("There is no such return."))
        # What came back with a return is booked where it is received; what never left ends here.
        restock = restock is not False if row.reason == NOT_SENT else None
    if restock is None or not request.lines:
        return items
    if head.status not in (OrderStatus.PLACED, OrderStatus.COMPLETED):
        raise Conflict(_("The goods of this order are free already. Refund the money alone."))
    lines = order_units.lines_of(session, head.id)
    ended = {line: min(units, lines[line].to_send) for line, units in request.lines.items()}
    back = {line: units - ended[line] for line, units in request.lines.items() if comes_back}
    for line, units in back.items():
        if units > lines[line].out:
            text = _("Only {count} of {title} can be cancelled or come back.")
            count = lines[line].to_send + lines[line].out
            raise Conflict(text.format(count=count, title=lines[line].name), code="too_many_units")
    if ended := {line: units for line, units in ended.items() if units}:
        order_units.cancel(session, head.id, ended, restock=restock, reason="refund", actor=actor)
    if back := {line: units for line, units in back.items() if units}:
        order_units.receive_return(session, head.id, back, restock=True, reason="refund", actor=actor)
    order_units.recompute_fulfilment(session, head.id, actor=actor)
    return [part for item in items for part in _parted(item, back.get(item.line_id or 0, 0))]


def _parted(item: RefundItem, back: int) -> list[RefundItem]:
    """The units that are back in stock are a piece of their own."""
    if not back:
        return [item]
    if back == item.quantity:
        return [RefundItem(item.line_id, back, item.amount_minor, restocked=True)]
    own = item.amount_minor * back // item.quantity
    return [
        RefundItem(item.line_id, item.quantity - back, item.amount_minor - own),
        RefundItem(item.line_id, back, own, restocked=True),
    ]
