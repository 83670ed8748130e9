"""The inbox of webhook events: stored under the provider's event id, applied later, closed with outcome."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import bindparam, update
from sqlmodel import Session, col, func, select

from ...core.clock import now
from ...core.upsert import Insert, upsert
from ...models import Payment, PaymentState, ProviderEvent, table_of
from ...providers.payments.base import Notice

KEEP_TRYING = timedelta(days=3)
"""How long after it came an event is tried to be applied."""


@dataclass(frozen=True, slots=True)
class InboxEntry:
    id: int
    provider: str
    payload: str
    applied: bool


_event, _payment = table_of(ProviderEvent), table_of(Payment)
_CLOSE = (
    update(_event)
    .where(_event.c.id == bindparam("entry"), _event.c.applied_at.is_(None))
    .values(applied_at=bindparam("at"), outcome=bindparam("how"), problem=bindparam("why"))
)


@upsert(_event)
def _insert_once(insert: Insert) -> Any:
    return insert.on_conflict_do_nothing(index_elements=[_event.c.provider, _event.c.event_id]).returning(
        _event.c.id
    )


def receive(session: Session, notice: Notice) -> int | None:
    """Store a webhook event; its id in the inbox, None where it was stored before."""
    row = {
        "provider": notice.provider,
        "event_id": notice.event_id[:255],
        "kind": notice.kind,
        "payload": notice.payload,
        "received_at": now(),
        "outcome": "",
        "problem": "",
    }
    return session.connection().execute(_insert_once(session), row).scalar_one_or_none()


def inbox_entry(session: Session, inbox_id: int) -> InboxEntry:
    entry = session.get_one(ProviderEvent, inbox_id)
    return InboxEntry(inbox_id, entry.provider, entry.payload, entry.applied_at is not None)


def unapplied(session: Session, limit: int = 100) -> list[int]:
    """Entries that haven't been applied, oldest first; those older than KEEP_TRYING are left out."""
    since = now() - KEEP_TRYING
    ids = session.exec(
        select(ProviderEvent.id)
        .where(col(ProviderEvent.applied_at).is_(None), ProviderEvent.received_at >= since)
        .order_by(col(ProviderEvent.received_at))
        .limit(limit)
    )
    return [id for id in ids if id]


def last_received_at(session: Session, provider: str) -> datetime | None:
    """When the provider's newest event came."""
    return session.exec(
        select(func.max(ProviderEvent.received_at)).where(_event.c.provider == provider)
    ).one()


def last_captured_at(session: Session, provider: str) -> datetime | None:
    """When the provider's newest payment that was captured began."""
    taken = _payment.c.provider == provider, _payment.c.state == PaymentState.CAPTURED
    return session.exec(select(func.max(Payment.created_at)).where(*taken)).one()


def waiting(session: Session) -> int:
    """How many entries are still to be applied."""
    since = now() - KEEP_TRYING
    conditions = col(ProviderEvent.applied_at).is_(None), ProviderEvent.received_at >= since
    return session.exec(select(func.count()).where(*conditions)).one()


def close_entry(session: Session, inbox_id: int, outcome: str, problem: str = "") -> None:
    """Record the outcome of an entry; the first one stays."""
    session.connection().execute(_CLOSE, {"entry": inbox_id, "at": now(), "how": outcome, "why": problem})


def find(session: Session, notice: Notice) -> int | None:
    """The id of the payment that a notice is about, None where the shop doesn't have it."""
    statement = select(Payment).where(Payment.provider == notice.provider)
    payment = None
    if notice.reference:
        payment = session.exec(statement.where(Payment.reference == notice.reference)).first()
    if payment is None and notice.intent_reference:
        payment = session.exec(statement.where(Payment.intent_reference == notice.intent_reference)).first()
    if payment is None and notice.attempt_key:
        payment = _by_key(session, notice)
    return payment.id if payment else None


def _by_key(session: Session, notice: Notice) -> Payment | None:
    parts = notice.attempt_key.split("-")
    if len(parts) != 3 or parts[0] != "order" or not all(p.isascii() and p.isdigit() for p in parts[1:]):
        return None
    order_id, attempt = int(parts[1][:18]), int(parts[2][:9])
    payment = session.exec(
        select(Payment).where(
            Payment.provider == notice.provider, Payment.order_id == order_id, Payment.attempt == attempt
        )
    ).first()
    # Another shop's order may have the same numbers, but not the same session.
    other = payment and payment.reference and notice.reference not in ("", payment.reference)
    return None if other else payment
