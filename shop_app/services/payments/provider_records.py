"""What a company lists of the last days, held against the books: what they miss, and money nobody knows."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sqlmodel import Session, col, select

from ...core.money import show
from ...models import Dispute, Order, Payment, PaymentState, Refund
from ...providers.payments.base import Notice, Trace
from ..orders import commands as order_commands
from . import inbox as payment_inbox
from .ledger import Known, known

_CHUNK = 200


@dataclass(frozen=True, slots=True)
class Leads:
    """Payments that are worth a look."""

    payments: tuple[Known, ...]
    disputed: frozenset[int]
    """Those of them where disputes have to be asked for too."""


def was_used(session: Session, provider: str) -> bool:
    return session.exec(select(Payment.id).where(Payment.provider == provider).limit(1)).first() is not None


def missed(session: Session, traces: Sequence[Trace]) -> Leads:
    """Payments of which a company says something that the books don't."""
    refunds = _known(session, Refund.provider_reference, Refund.status, traces, "refund")
    disputes = _known(session, Dispute.provider_reference, Dispute.status, traces, "dispute")
    found: dict[int, Known] = {}
    disputed = set()
    for trace in traces:
        if trace.kind == "intent" or (refunds | disputes).get(trace.reference) == trace.status:
            continue
        payment = _payment_of(session, trace)
        if payment is None or (trace.kind == "session" and payment.state == PaymentState.CAPTURED):
            continue
        found[payment.payment_id] = payment
        if trace.kind == "dispute":
            disputed.add(payment.payment_id)
    return Leads(tuple(found.values()), frozenset(disputed))


def _known(
    session: Session, reference: str | None, status: str, traces: Iterable[Trace], kind: str
) -> dict[str, str]:
    """Status by reference, of those that the books have."""
    wanted = [trace.reference for trace in traces if trace.kind == kind]
    return {
        name: word
        for at in range(0, len(wanted), _CHUNK)
        for name, word in session.exec(
            select(reference, status).where(col(reference).in_(wanted[at : at + _CHUNK]))  # pyright: ignore
        )
        if name
    }


def _payment_of(session: Session, trace: Trace) -> Known | None:
    notice = Notice(
        provider=trace.provider, event_id="", kind=trace.kind, payload="",
        reference=trace.reference if trace.kind == "session" else "",
        intent_reference=trace.intent_reference, attempt_key=trace.attempt_key,
    )  # fmt: skip
    payment_id = payment_inbox.find(session, notice)
    if payment_id is None:
        return None
    found = known(session.get_one(Payment, payment_id))
    if found.reference or not notice.reference:
        return found if found.reference else None
    return Known(found.payment_id, found.order_id, found.provider, notice.reference, found.state)


def mark_unknown(session: Session, traces: Sequence[Trace]) -> list[str]:
    """Money at the company that no payment of ours has, in sentences; an order that it names is marked."""
    moved = [trace for trace in traces if trace.kind == "intent" and trace.moved]
    sentences = []
    for trace in moved:
        mine = select(Payment.id).where(
            Payment.provider == trace.provider, Payment.intent_reference == trace.intent_reference
        )
        if session.exec(mine).first() is not None:
            continue
        amount = show(trace.amount_minor, trace.currency)
        what = f"The company holds {amount} as {trace.reference}, which no payment here knows"
        order = _order_with(session, trace.order_token)
        if order is None:
            sentences.append(f"{what}.")
            continue
        order_commands.flag_for_review(session, order.id or 0, f"{what}.")
        sentences.append(f"{what}: order {order.number} is marked for a person.")
    return sentences


def _order_with(session: Session, token: str) -> Order | None:
    return session.exec(select(Order).where(Order.token == token)).first() if token else None
