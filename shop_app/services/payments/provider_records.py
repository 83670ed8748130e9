"""Compares a provider's lists with the shop's rows: payments to synchronise, and money without a payment."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sqlmodel import Session, col, select

from ...core.money import show
from ...models import Dispute, Order, Payment, PaymentState, Refund
from ...providers.payments.base import Notice, ProviderRecord
from ..orders import commands as order_commands
from . import inbox as payment_inbox
from .ledger import PaymentRef, payment_ref

_CHUNK = 200


@dataclass(frozen=True, slots=True)
class PaymentsToSync:
    """Payments to synchronise, because the provider's records differ from ours."""

    payments: tuple[PaymentRef, ...]
    disputed: frozenset[int]
    """Ids of those whose disputes have to be retrieved too."""


def was_used(session: Session, provider: str) -> bool:
    return session.exec(select(Payment.id).where(Payment.provider == provider).limit(1)).first() is not None


def missed(session: Session, records: Sequence[ProviderRecord]) -> PaymentsToSync:
    """Payments with a record that the shop doesn't have, or has with another status."""
    refunds = _statuses(session, Refund.provider_reference, Refund.status, records, "refund")
    disputes = _statuses(session, Dispute.provider_reference, Dispute.status, records, "dispute")
    payments: dict[int, PaymentRef] = {}
    disputed = set()
    for record in records:
        if record.kind == "intent" or (refunds | disputes).get(record.reference) == record.status:
            continue
        payment = _payment_of(session, record)
        if payment is None or (record.kind == "session" and payment.state == PaymentState.CAPTURED):
            continue
        payments[payment.payment_id] = payment
        if record.kind == "dispute":
            disputed.add(payment.payment_id)
    return PaymentsToSync(tuple(payments.values()), frozenset(disputed))


def _statuses(
    session: Session, reference: str | None, status: str, records: Iterable[ProviderRecord], kind: str
) -> dict[str, str]:
    """The shop's statuses of these records, by reference."""
    references = [record.reference for record in records if record.kind == kind]
    return {
        name: status_now
        for at in range(0, len(references), _CHUNK)
        for name, status_now in session.exec(
            select(reference, status).where(col(reference).in_(references[at : at + _CHUNK]))  # pyright: ignore
        )
        if name
    }


def _payment_of(session: Session, record: ProviderRecord) -> PaymentRef | None:
    notice = Notice(
        provider=record.provider,
        event_id="",
        kind=record.kind,
        payload="",
        reference=record.reference if record.kind == "session" else "",
        intent_reference=record.intent_reference,
        attempt_key=record.attempt_key,
    )
    payment_id = payment_inbox.find(session, notice)
    if payment_id is None:
        return None
    payment = payment_ref(session.get_one(Payment, payment_id))
    if payment.reference or not notice.reference:
        return payment if payment.reference else None
    return PaymentRef(payment.payment_id, payment.order_id, payment.provider, notice.reference, payment.state)


def mark_unknown(session: Session, records: Sequence[ProviderRecord]) -> list[str]:
    """Money at the provider that no payment here has, in sentences; the order that it names is flagged."""
    moved = [record for record in records if record.kind == "intent" and record.moved]
    sentences = []
    for record in moved:
        own_payment = select(Payment.id).where(
            Payment.provider == record.provider, Payment.intent_reference == record.intent_reference
        )
        if session.exec(own_payment).first() is not None:
            continue
        amount = show(record.amount_minor, record.currency)
        what = f"The provider holds {amount} as {record.reference}, which no payment here has"
        order = _order_with(session, record.order_token)
        if order is None:
            sentences.append(f"{what}.")
            continue
        order_commands.flag_for_review(session, order.id or 0, f"{what}.")
        sentences.append(f"{what}: order {order.number} is flagged for review.")
    return sentences


def _order_with(session: Session, token: str) -> Order | None:
    return session.exec(select(Order).where(Order.token == token)).first() if token else None
