"""The outbox: letters are written in the transaction of what they are about, each once, and sent afterwards.

A letter is claimed before it is sent, so that two processes don't send it at once. If the process ends in
between, another one sends it when the claim is over, with the same Message-ID.

Letters that a stranger can cause, and so have sent to any address, are limited per mailbox and day: the next
ones wait for the days after, and beyond `DAYS_AHEAD` days they stay unsent, with the reason.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import bindparam, func
from sqlmodel import Session, col, select, update

from ..core import email_addresses, events
from ..core.clock import now
from ..core.settings import load_test, settings
from ..core.upsert import Insert, upsert
from ..models import Letter, table_of

_letter = table_of(Letter)
_CLAIM = (
    update(_letter)
    .where(
        _letter.c.id == bindparam("letter"),
        _letter.c.sent_at.is_(None),
        _letter.c.next_try_at == bindparam("was_due_at"),
    )
    .values(next_try_at=bindparam("until"), attempts=_letter.c.attempts + 1)
)
_SENT = update(_letter).where(_letter.c.id == bindparam("letter")).values(sent_at=bindparam("at"), problem="")

_DUE_LATELY = select(func.count(_letter.c.id)).where(
    _letter.c.mailbox == bindparam("to_mailbox"), _letter.c.next_try_at > bindparam("since")
)

BY_STRANGERS = frozenset(
    {
        "order_placed",
        "order_reminder",
        "order_expired",
        "order_processing",
        "order_payment_failed",
        "order_paid",
        "return_requested",
        "withdrawal_received",
        "stock_confirm",
        "staff_reset",
        "customer_email_taken",
    }
)
"""Kinds that can be caused without paying, or by knowing an order's number and address.

Not codes, which have limits of their own (`rates.SIGN_IN_LETTER`, `ACCOUNT_LETTER`): a day later one is of no
use."""
DAYS_AHEAD = 3
"""Days for which letters to one mailbox may wait."""
CLAIMED_FOR = timedelta(minutes=2)
LONGEST_WAIT = timedelta(hours=6)
MAX_ATTEMPTS = 30


@dataclass(frozen=True, slots=True)
class LetterToSend:
    id: int
    kind: str
    to_email: str
    dedupe_key: str
    data: dict[str, Any]


@upsert(_letter)
def _insert_once(insert: Insert) -> Any:
    return insert.on_conflict_do_nothing(index_elements=[_letter.c.dedupe_key]).returning(_letter.c.id)


def write(
    session: Session, kind: str, to_email: str, dedupe_key: str, data: dict[str, Any], *, paid: bool = False
) -> None:
    """Put a letter into the outbox, unless there is one with this `dedupe_key`.

    `paid`: what it is about was paid for. Then the limit per mailbox doesn't apply.
    """
    at = now()
    mailbox = email_addresses.mailbox(to_email) if kind in BY_STRANGERS and not paid else ""
    days = _days_to_wait(session, mailbox, at) if mailbox else 0
    left_out = days >= DAYS_AHEAD
    row = {
        "dedupe_key": dedupe_key,
        "kind": kind,
        "to_email": to_email,
        "mailbox": mailbox,
        "data": data,
        "order_id": data.get("order_id"),
        "created_at": at,
        "next_try_at": at if left_out else at + timedelta(days=days),
        "attempts": MAX_ATTEMPTS if left_out else 0,
        "problem": "too many letters to this mailbox" if left_out else "",
    }
    letter_id = session.connection().execute(_insert_once(session), row).scalar()
    if letter_id is not None:
        events.publish(session, events.LetterWritten(letter_id))


def write_all(session: Session, kind: str, letters: Sequence[tuple[str, str, dict[str, Any]]]) -> None:
    """The same for many letters that no stranger can cause: (to_email, dedupe_key, data) of each."""
    assert kind not in BY_STRANGERS
    at = now()
    rows = [
        {
            "dedupe_key": dedupe_key,
            "kind": kind,
            "to_email": to_email,
            "mailbox": "",
            "data": data,
            "order_id": None,
            "created_at": at,
            "next_try_at": at,
            "attempts": 0,
            "problem": "",
        }
        for to_email, dedupe_key, data in letters
    ]
    for letter_id in session.connection().execute(_insert_once(session), rows).scalars() if rows else ():
        events.publish(session, events.LetterWritten(letter_id))


def _days_to_wait(session: Session, mailbox: str, at: datetime) -> int:
    """The days until one more letter may be sent to that mailbox."""
    if load_test():
        return 0
    params = {"to_mailbox": mailbox, "since": at - timedelta(days=1)}
    lately = session.connection().execute(_DUE_LATELY, params).scalar_one()
    return lately // settings().letters_a_day


def claim(session: Session, limit: int = 20) -> list[LetterToSend]:
    """Claim up to `limit` letters that are due, for two minutes, except to erased addresses."""
    at = now()
    due = session.exec(
        select(Letter)
        .where(
            col(Letter.sent_at).is_(None),
            Letter.next_try_at <= at,
            Letter.attempts < MAX_ATTEMPTS,
            Letter.to_email != "",
        )
        .order_by(col(Letter.next_try_at))
        .limit(limit)
    ).all()
    return [_to_send(letter) for letter in due if _claimed(session, letter, at + CLAIMED_FOR)]


def _claimed(session: Session, letter: Letter, until: datetime) -> bool:
    params = {"letter": letter.id, "was_due_at": letter.next_try_at, "until": until}
    return session.connection().execute(_CLAIM, params).rowcount == 1


def _to_send(letter: Letter) -> LetterToSend:
    assert letter.id
    return LetterToSend(letter.id, letter.kind, letter.to_email, letter.dedupe_key, dict(letter.data))


def letter_to_send(session: Session, letter_id: int) -> LetterToSend:
    return _to_send(session.get_one(Letter, letter_id))


def mark_sent(session: Session, letter_id: int) -> None:
    session.connection().execute(_SENT, {"letter": letter_id, "at": now()})


def mark_failed(session: Session, letter_id: int, problem: str, *, for_good: bool = False) -> bool:
    """Try it again later, with growing delays; give it up where `for_good`, or after `MAX_ATTEMPTS`.

    Returns whether it was given up.
    """
    letter = session.get_one(Letter, letter_id)
    letter.problem = problem[:500]
    letter.attempts = MAX_ATTEMPTS if for_good else letter.attempts
    letter.next_try_at = now() + min(timedelta(seconds=30) * 2 ** min(letter.attempts, 12), LONGEST_WAIT)
    return letter.attempts >= MAX_ATTEMPTS


def withhold(session: Session, letter_id: int, why: str) -> None:
    """Never send it, and forget whom it was for; its row stays, so that it isn't written again."""
    letter = session.get_one(Letter, letter_id)
    letter.attempts, letter.problem, letter.to_email, letter.data = MAX_ATTEMPTS, why, "", {}


def given_up(session: Session, since: datetime) -> list[Letter]:
    """The letters written since then that won't be sent any more, the newest first, 100 at most."""
    unsent = select(Letter).where(col(Letter.sent_at).is_(None), Letter.attempts >= MAX_ATTEMPTS)
    written = unsent.where(Letter.created_at >= since, Letter.to_email != "")
    return list(session.exec(written.order_by(col(Letter.created_at).desc()).limit(100)).all())
