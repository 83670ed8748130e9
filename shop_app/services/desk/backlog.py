"""What waits to be done in the background, and how the jobs that do it went: for who watches the shop."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import and_, func, select
from sqlmodel import Session, col

from ...core.clock import now
from ...models import BulkJob, BulkState, JobRun, Letter, ProviderEvent
from ..outbox import MAX_ATTEMPTS


@dataclass(frozen=True, slots=True)
class Waiting:
    """How many wait, and for how long the oldest has."""

    count: int
    oldest: timedelta


@dataclass(frozen=True, slots=True)
class Ran:
    at: datetime
    took: timedelta
    failed: bool


def waiting(session: Session) -> dict[str, Waiting]:
    """By queue: letters that are due, received events that weren't applied, bulk jobs that aren't done."""
    at = now()
    letters_due = and_(
        col(Letter.sent_at).is_(None), col(Letter.attempts) < MAX_ATTEMPTS, col(Letter.next_try_at) <= at
    )
    queues = {
        "letters": (col(Letter.next_try_at), letters_due),
        "webhooks": (col(ProviderEvent.received_at), col(ProviderEvent.applied_at).is_(None)),
        "bulk_jobs": (
            col(BulkJob.created_at),
            col(BulkJob.state).in_([BulkState.WAITING, BulkState.RUNNING]),
        ),
    }
    found = {}
    for name, (since, condition) in queues.items():
        statement = select(func.count(), func.min(since)).where(condition)
        count, oldest = session.connection().execute(statement).one()
        found[name] = Waiting(count, at - oldest if oldest else timedelta())
    return found


def runs(session: Session) -> dict[str, Ran]:
    """The last run of each job, whichever process did it."""
    rows = session.connection().execute(
        select(col(JobRun.name), col(JobRun.started_at), col(JobRun.took_ms), col(JobRun.problem))
    )
    return {
        name: Ran(at, timedelta(milliseconds=took_ms), bool(problem))
        for name, at, took_ms, problem in rows
        if at
    }
