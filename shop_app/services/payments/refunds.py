"""Refund commands: check a request and write it down, then record what the provider answered.

`refundable` says how much can be refunded, `refund_rows` splits a request over the payments and writes the
rows, `ledger` takes in the provider's snapshots.
"""

from __future__ import annotations

from dataclasses import replace

from sqlalchemy import bindparam, select
from sqlmodel import Session, col
from sqlmodel import select as rows_of

from ...core.access.principal import Principal
from ...core.clock import now
from ...core.errors import Conflict, Invalid, NotFound
from ...core.i18n import _
from ...core.money import MAX_MINOR, show, step_problem
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
    as_data,
    check_key,
    earlier_request,
    of_request,
    pending_refund,
    write_refunds,
)
from .refundable import Refundable, refundable

PERMISSION = "orders.refund"
MAX_REASON, MAX_NOTE = 100, 2000

return_request = table_of(ReturnRequest)
_RETURN = select(return_request.c.order_id, return_request.c.reason).where(
    return_request.c.id == bindparam("return")
)


def request(
    session: Session, order_id: int, request: RefundRequest, request_key: str, by: Principal
) -> list[PendingRefund]:
    """Write a refund down, reserve its money and book its goods, all in this transaction.

    Answers with a refund for each payment that gives money back. The same key gives the same ones again.

    Errors  Forbidden; Invalid for amounts or units out of bounds; Conflict for more than is left, and
            where the key belongs to another request; NotFound for a line of another order.
    """
    by.need(PERMISSION)
    check_key(request_key)
    head = order_commands.lock(session, order_id)
    earlier = earlier_request(session, order_id, "refund_requested", request_key, as_data(request))
    if earlier is not None:
        return of_request(session, request_key, earlier["refunds"])
    money = refundable(session, order_id)
    _check(request, money)
    items = [RefundItem(line, units, _share(money, line, units)) for line, units in request.lines.items()]
    if request.shipping_minor > money.shipping_minor:
        left = show(money.shipping_minor, money.currency)
        raise Conflict(_("Of the delivery {left} is left.").format(left=left), code="over_refund")
    if request.shipping_minor:
        items.append(RefundItem(None, 0, request.shipping_minor))
    items = _less(items, request.kept_minor)
    if not request.free_minor and not any(item.amount_minor for item in items) and request.restock is None:
        raise Invalid(_("Enter an amount above zero."), field="amount")
    items = _book_goods(session, head, request, items, by.actor, money.step_minor)
    costs_nothing = not request.free_minor and not any(item.amount_minor for item in items)
    if costs_nothing and any(item.restocked for item in items):
        raise Conflict(_("Nothing of its price is left. Book what came back as a return."))
    return write_refunds(session, head, request, money, items, request_key, by)


def pending(session: Session, limit: int = 50) -> list[PendingRefund]:
    """Refunds without an answer from the provider, the oldest first: submit them again with their key."""
    rows = session.exec(
        rows_of(Refund, Payment)
        .join(Payment, col(Payment.id) == Refund.payment_id)
        .where(Refund.status == RefundStatus.PENDING, col(Refund.provider_reference).is_(None))
        .order_by(col(Refund.id))
        .limit(limit)
    )
    return [pending_refund(refund, payment) for refund, payment in rows]


def is_pending(session: Session, refund_id: int) -> bool:
    """Whether the provider hasn't answered yet."""
    refund = session.get_one(Refund, refund_id)
    return refund.status == RefundStatus.PENDING and refund.provider_reference is None


def record_answer(session: Session, refund_id: int, snapshot: RefundSnapshot) -> None:
    """Record the provider's answer, and bring payment and order in line with it; safe to repeat."""
    refund = session.get_one(Refund, refund_id)
    payment = locked(session, refund.payment_id)
    take_refund(session, payment, snapshot)
    session.flush()
    recompute_payment(session, payment)
    recompute_order(session, payment.order_id)


def record_refusal(session: Session, refund_id: int) -> None:
    """Record that the provider refused it for good: its money is free again, the order needs review."""
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


def _check(request: RefundRequest, money: Refundable) -> None:
    amounts = (request.shipping_minor, request.free_minor, request.kept_minor)
    if any(type(amount) is not int or not 0 <= amount <= MAX_MINOR for amount in amounts):
        raise Invalid(_("Enter an amount above zero."), field="amount")
    if off_step := [amount for amount in amounts if amount % money.step_minor]:
        raise Invalid(step_problem(off_step[0], money.currency), field="amount")
    if any(type(units) is not int or units <= 0 for units in request.lines.values()):
        raise Invalid(_("Choose at least one unit."), field="lines")
    if request.destination not in tuple(RefundDestination):
        raise Invalid(_("Choose where the money goes."), field="destination")
    if len(request.reason) > MAX_REASON or len(request.note) > MAX_NOTE:
        raise Invalid(_("Shorten the reason or the note."), field="reason")


def _less(items: list[RefundItem], kept_minor: int) -> list[RefundItem]:
    """The items without what the shop keeps of them, the last ones first.

    Errors  Invalid for more than they come to.
    """
    fewer: list[RefundItem] = []
    for item in reversed(items):
        less = min(kept_minor, item.amount_minor)
        kept_minor -= less
        fewer.insert(0, replace(item, amount_minor=item.amount_minor - less))
    if kept_minor:
        raise Invalid(_("That keeps more than what is chosen comes to."), field="amount")
    return fewer


def _share(refundable: Refundable, line_id: int, units: int) -> int:
    line = refundable.lines.get(line_id)
    if line is None:
        raise NotFound(_("There is no such line in this order."))
    if units > line.quantity_left:
        text = _("Of {title} {count} can still be refunded.")
        raise Conflict(text.format(title=line.name, count=line.quantity_left), code="over_refund")
    return line.share(units)


def _book_goods(
    session: Session,
    head: OrderHead,
    request: RefundRequest,
    items: list[RefundItem],
    actor: str,
    step_minor: int,
) -> list[RefundItem]:
    """Cancel units that weren't sent, restock those that come back; the items, split by what is restocked.

    Errors  Conflict for an order that has ended, or for more units than can be cancelled or come back;
            NotFound for a return of another order.
    """
    restock = request.restock
    comes_back = restock is True and request.return_id is None
    if request.return_id is not None:
        row = session.connection().execute(_RETURN, {"return": request.return_id}).first()
        if row is None or row.order_id != head.id:
            raise NotFound(_("There is no such return."))
        # Units that come back with a return are booked when it is received; unsent ones are cancelled here.
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
    return [
        part for item in items for part in _split_restocked(item, back.get(item.line_id or 0, 0), step_minor)
    ]


def _split_restocked(item: RefundItem, back: int, step_minor: int) -> list[RefundItem]:
    """The item; where only some of its units are restocked, one item for those and one for the others."""
    if not back:
        return [item]
    if back == item.quantity:
        return [RefundItem(item.line_id, back, item.amount_minor, restocked=True)]
    own = item.amount_minor // step_minor * back // item.quantity * step_minor
    return [
        RefundItem(item.line_id, item.quantity - back, item.amount_minor - own),
        RefundItem(item.line_id, back, own, restocked=True),
    ]
