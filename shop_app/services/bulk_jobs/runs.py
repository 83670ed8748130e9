"""The runs of the timetable's jobs: when each ran last, what came of it, and having one run now."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func
from sqlmodel import Session, select

from ...core import dates, events
from ...core.access.principal import Principal
from ...core.clock import now
from ...core.errors import NotFound
from ...core.i18n import _, plural
from ...core.upsert import Insert, upsert
from ...models import JobRun, table_of
from ..staff import audit

VIEW, EDIT = "jobs.view", "jobs.edit"
LATE = 3
"""A job that hasn't run for so many of its intervals, and ten minutes at least, is late."""

BACKUP = "backup"
"""The row of the last backup, beside those of jobs."""

_run = table_of(JobRun)


@dataclass(frozen=True, slots=True)
class JobKnown:
    """A job of the timetable, as the composition root names it."""

    name: str
    label: str
    every_seconds: float


@dataclass(frozen=True, slots=True)
class RunShown:
    name: str = ""
    label: str = ""
    every: str = ""
    last: str = ""
    took: str = ""
    state: str = ""
    """good, failed, late or never."""
    problem: str = ""


_known: list[JobKnown] = []


def offer(jobs: Iterable[JobKnown]) -> None:
    """Say which jobs there are; called once, by the composition root."""
    _known[:] = jobs


@upsert(_run)
def _put(insert: Insert) -> object:
    values = {name: getattr(insert.excluded, name) for name in ("started_at", "took_ms", "problem")}
    failed_at = insert.excluded.failed_at
    return insert.on_conflict_do_update(
        index_elements=["name"],
        set_=values | {"failed_at": func.coalesce(failed_at, _run.c.failed_at)},
    )


def note(session: Session, name: str, started_at: datetime, took_ms: int, problem: str) -> None:
    """Write down how a run went; `problem` is "" where it went well."""
    failed_at = started_at if problem else None
    row = {"name": name, "started_at": started_at, "took_ms": took_ms, "problem": problem[:500]}
    session.connection().execute(_put(session), row | {"failed_at": failed_at})


def note_backup(session: Session, started_at: datetime, took_ms: int) -> None:
    """Write down that a backup was made."""
    note(session, BACKUP, started_at, took_ms, "")


def last_backup_at(session: Session) -> datetime | None:
    row = session.get(JobRun, BACKUP)
    return row.started_at if row else None


def latest(session: Session) -> list[JobRun]:
    """The last run of every job, of whichever process; backups, which no job makes, aren't among them."""
    return list(session.exec(select(JobRun).where(JobRun.name != BACKUP).order_by(JobRun.name)).all())


def shown(session: Session, by: Principal) -> list[RunShown]:
    """Every job with its last run.

    Errors  Forbidden.
    """
    by.need(VIEW)
    rows = {row.name: row for row in session.exec(select(JobRun)).all()}
    return [_shown(job, rows.get(job.name)) for job in _known]


def _shown(job: JobKnown, row: JobRun | None) -> RunShown:
    started = row.started_at if row else None
    return RunShown(
        job.name,
        job.label,
        _every(job.every_seconds),
        dates.full_moment(started) if started else "",
        f"{row.took_ms:,} ms" if row and started else "",
        _state(job, row),
        row.problem if row else "",
    )


def _every(seconds: float) -> str:
    if seconds < 60:
        return plural("every second", "every {count} seconds", int(seconds))
    if seconds < 3600:
        return plural("every minute", "every {count} minutes", int(seconds // 60))
    return plural("every hour", "every {count} hours", int(seconds // 3600))


def _state(job: JobKnown, row: JobRun | None) -> str:
    if row is None or row.started_at is None:
        return "never"
    if row.problem:
        return "failed"
    longest = max(timedelta(seconds=LATE * job.every_seconds), timedelta(minutes=10))
    return "late" if now() - row.started_at > longest else "good"


def want(session: Session, name: str, by: Principal) -> None:
    """Have a job run now.

    Errors  Forbidden; NotFound.
    """
    by.need(EDIT)
    if name not in {job.name for job in _known}:
        raise NotFound(_("There is no job of that name."))
    audit.record(session, by.actor, "job.run", "job", name, staff_id=by.id)
    events.publish(session, events.JobWanted(name))
