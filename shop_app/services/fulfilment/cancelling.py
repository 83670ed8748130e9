"""Cancelling an order: units that weren't sent are cancelled, and their money is refunded or kept.

The workflow has ended open payments at the providers before; what came in until then is refunded here.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import update
from sqlmodel import Session, col, select

from ...core import events
from ...core.access.principal import Principal
from ...core.clock import now
from ...core.errors import Conflict, Invalid
from ...core.i18n import _
from ...core.money import show
from ...models import OrderStatus, Payment, PaymentEventKind, PaymentState
from .. import outbox
from ..credit import payments as credit_payments
from ..orders import commands as order_commands
from ..orders import queries as order_queries
from ..orders import units as order_units
from ..orders.queries import OrderHead
from ..orders.units import UnitLine
from ..payments import refunds
from ..payments.events import append
from ..payments.ledger import LIVING, payment_key, recompute_order
from ..payments.refund_rows import (
    PendingRefund,
    RefundItem,
    RefundRequest,
    check_key,
    earlier_request,
    of_request,
    write_refunds,
)
from ..payments.refundable import Refundable, refundable
from ..payments.refunds import MAX_REASON
from ..staff import audit

PERMISSION = "orders.edit"


def check(session: Session, order_id: int, request_key: str) -> bool:
    """Whether no money has come in for the order. Call it before its payments are ended at providers.

    Errors  What `cancel` would refuse of the order as it is now.
    """
    check_key(request_key)
    head = order_queries.head_of(session, order_id)
    if not _was_requested(session, order_id, request_key):
        _refuse_closed(head, order_units.lines_of(session, order_id))
    return not refundable(session, order_id).payments


def cancel(
    session: Session,
    order_id: int,
    *,
    restock: bool,
    refund: bool,
    reason: str,
    by: Principal,
    request_key: str,
    was_unpaid: bool = False,
) -> list[PendingRefund]:
    """Cancel all of the order that wasn't sent; returns the refunds to submit.

    Where nothing was sent, all that came in is refunded and the order ends as cancelled; otherwise the
    price of the cancelled units is refunded, and the order goes on. Without `refund` the money is kept,
    and the history says so. The same key is the same cancelling.

    Errors  Forbidden; Conflict for an order of which nothing is to be sent, whose payment isn't over,
            or that was paid in the meantime (`was_unpaid`) while nobody said that the money goes back.
    """
    by.need(PERMISSION)
    check_key(request_key)
    if len(reason) > MAX_REASON:
        raise Invalid(_("Shorten the reason or the note."), field="reason")
    head = order_commands.lock(session, order_id)
    request = {"restock": restock, "refund": refund, "reason": reason}
    earlier = earlier_request(session, order_id, "cancel_requested", request_key, request)
    if earlier is not None:
        return of_request(session, request_key, earlier["refunds"])
    lines = order_units.lines_of(session, order_id)
    _refuse_closed(head, lines)
    _end_attempts(session, order_id)
    money = refundable(session, order_id)
    _refuse_money(money, refund, was_unpaid, by)
    ended = {line.id: line.to_send for line in lines.values() if line.to_send}
    whole = not any(line.fulfilled for line in lines.values())
    if whole:
        _resolve_review(session, head, money, reason, by)
    order_units.cancel(session, order_id, ended, restock=restock, reason="order cancelled", actor=by.actor)
    # Always stock first, then promotions, then credit accounts, so that no two transactions deadlock.
    order_units.recompute_fulfilment(session, order_id, actor=by.actor)
    items, free = _to_refund(money, ended, whole=whole) if refund else ([], 0)
    back = sum(item.amount_minor for item in items) + free
    pending_refunds: list[PendingRefund] = []
    if back:
        refund_request = RefundRequest(lines=ended, free_minor=free, reason=reason)
        pending_refunds = write_refunds(session, head, refund_request, money, items, request_key, by)
    kept = money.free_minor if not refund else 0
    if kept:
        order_commands.record_event(session, order_id, "money_kept", actor=by.actor, amount_minor=kept)
    answer = {"key": request_key, "request": request, "refunds": len(pending_refunds)}
    order_commands.record_event(session, order_id, "cancel_requested", actor=by.actor, **answer)
    _end(session, head, whole)
    amount = show(back, money.currency, head.locale) if back else ""
    _write_letter(session, head, lines, ended, request_key, partly=not whole, amount=amount, kept=bool(kept))
    _audit(session, head, by, request | {"refund_minor": back, "whole": whole})
    return pending_refunds


def _audit(session: Session, head: OrderHead, by: Principal, after: dict[str, Any]) -> None:
    before, after = (
        {"status": head.status},
        after | {"status": "cancelled" if after["whole"] else head.status},
    )
    audit.record(session, by, "order.cancelled", "order", str(head.number), before, after)


def _resolve_review(
    session: Session, head: OrderHead, refundable: Refundable, reason: str, by: Principal
) -> None:
    """Cancelling resolves a review; an order that was paid in part counts as paid and can be refunded."""
    if head.needs_review:
        order_commands.resolve(session, head.id, reason, actor=by.actor)
    if refundable.payments and head.paid_at is None:
        # Otherwise the money would count as paid after the order was cancelled.
        set_paid_at = (
            update(order_queries.order).where(order_queries.order.c.id == head.id).values(paid_at=now())
        )
        session.connection().execute(set_paid_at)


def _refuse_money(refundable: Refundable, refund: bool, was_unpaid: bool, by: Principal) -> None:
    if refund and refundable.free_minor:
        by.need(refunds.PERMISSION)
    if not refund and was_unpaid and refundable.free_minor:
        raise Conflict(_("This order was paid in the meantime. Say whether the money goes back."))
    if refund and refundable.disputed_minor and not refundable.free_minor:
        text = _("The shopper's bank has asked for this money itself. Cancel without a refund, and wait.")
        raise Conflict(text, code="disputed")


def _end(session: Session, head: OrderHead, whole: bool) -> None:
    if credit_payments.set_aside(session, head.id):
        if whole:
            credit_payments.release(session, head.id)
        # What is still owed may be covered by the credit alone now.
        recompute_order(session, head.id)
    if whole and head.status == OrderStatus.PENDING and head.cart_id is not None:
        events.publish(session, events.CartChanged(head.cart_id))


def _was_requested(session: Session, order_id: int, key: str) -> bool:
    try:
        return earlier_request(session, order_id, "cancel_requested", key, {}) is not None
    except Conflict:
        return True


def _refuse_closed(head: OrderHead, lines: dict[int, UnitLine]) -> None:
    if head.status == OrderStatus.CANCELLED:
        raise Conflict(_("This order was cancelled already."), code="closed")
    if head.status == OrderStatus.EXPIRED:
        raise Conflict(_("This order wasn't paid in time, and has ended."), code="closed")
    if head.status == OrderStatus.COMPLETED or not any(line.to_send for line in lines.values()):
        raise Conflict(_("Everything of this order was sent already. Use a return."), code="closed")


def _end_attempts(session: Session, order_id: int) -> None:
    """Cancel attempts that were never opened at a provider, and those that are paid by hand.

    Errors  Conflict where one is open at a provider: it could still be paid.
    """
    living = session.exec(
        select(Payment).where(
            Payment.order_id == order_id,
            Payment.provider != credit_payments.PROVIDER,
            col(Payment.state).in_(LIVING),
        )
    ).all()
    for payment in living:
        session.refresh(payment)
        if payment.state == PaymentState.STARTED or payment.provider == "manual":
            payment.state = PaymentState.CANCELLED
            append(session, payment, PaymentEventKind.VOIDED, payment_key(payment), 0)
        elif payment.state in LIVING:
            raise Conflict(
                _("The payment is still being worked on. Try again in a moment."), code="payment_open"
            )


def _to_refund(refundable: Refundable, ended: dict[int, int], *, whole: bool) -> tuple[list[RefundItem], int]:
    """The items and the free amount to refund; never more than is left.

    The cancelled units' shares; where nothing was sent (`whole`), delivery and all the rest too.
    """
    left, items = refundable.free_minor, []
    for line_id, units in ended.items():
        line = refundable.lines[line_id]
        owed = min(units, line.quantity_left)
        amount = min(line.share(owed), left)
        if owed:
            items.append(RefundItem(line_id, owed, amount))
        left -= amount
    if whole and (delivery := min(refundable.shipping_minor, left)):
        items.append(RefundItem(None, 0, delivery))
        left -= delivery
    return items, left if whole else 0


def _write_letter(
    session: Session,
    head: OrderHead,
    lines: dict[int, UnitLine],
    ended: dict[int, int],
    request_key: str,
    *,
    partly: bool,
    amount: str,
    kept: bool,
) -> None:
    things = [
        {"title": lines[line].title, "variant": lines[line].variant_title, "quantity": units}
        for line, units in ended.items()
    ]
    key = f"order_cancelled:{head.number}" + (f":{request_key}" if partly else "")
    outbox.write(
        session,
        "order_cancelled",
        head.email,
        key,
        {
            "order_id": head.id,
            "number": head.number,
            "token": head.token,
            "partly": partly,
            "lines": things,
            "amount": amount,
            "kept": kept,
        },
    )
