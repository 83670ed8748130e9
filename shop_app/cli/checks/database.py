"""The database, and what stands in it about work that waits, failed, or hasn't been done for long."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import TYPE_CHECKING

from ...core import starting
from ...core.cant_start import CantStart
from ...core.settings import Settings
from .finding import Finding, beside_clock_of

if TYPE_CHECKING:
    from sqlalchemy import Connection
    from sqlmodel import Session

JOBS_SILENT = timedelta(minutes=5)
"""Some jobs run each minute: after so long without any, none does."""
WAITS_LONG = timedelta(minutes=10)
BACKUP_AGE = timedelta(days=7)


def database(chosen: Settings) -> Iterator[Finding]:
    """Whether it answers, what it is, and whether its schema is this release's."""
    from ...core import db, migrate

    try:
        starting.look_at_database(chosen, wait_seconds=0)
    except CantStart as cant:
        yield Finding("fails", "database", cant.sentence)
        return
    with db.reading() as session:
        connection = session.connection()
        revision, kind = migrate.current(connection), _kind(connection)
        if not migrate.suits(connection):
            text = (
                f"{kind} is at {revision or 'no schema'}: run migrate, which brings it to {migrate.newest()}"
            )
            yield Finding("fails", "database", text)
        elif revision != migrate.newest():
            text = f"{kind}, schema {revision} of a later release; this one has {migrate.newest()}"
            yield Finding("ok", "database", text)
        else:
            yield Finding("ok", "database", f"{kind}, schema {revision}")
        if connection.dialect.name == "postgresql":
            yield from _postgres(connection, chosen)


def _kind(connection: Connection) -> str:
    if connection.dialect.name == "sqlite":
        return f"SQLite {connection.exec_driver_sql('SELECT sqlite_version()').scalar_one()}"
    version = connection.exec_driver_sql("SHOW server_version").scalar_one()
    return f"PostgreSQL {version.split()[0]}"


def _postgres(connection: Connection, chosen: Settings) -> Iterator[Finding]:
    from ...core import postgres

    if problem := postgres.problem_with_connections(connection, chosen):
        yield Finding("fails", "connections", problem)
    else:
        needed, granted = postgres.connections_needed(chosen), postgres.connections_granted(connection)
        yield Finding("ok", "connections", f"up to {needed}, and PostgreSQL has {granted} for them")
    if lacking := postgres.missing_defaults(connection):
        yield Finding("fails", "time-outs", f"the role has no {', '.join(lacking)}; run migrate")
    else:
        yield Finding("ok", "time-outs", "the role has them")
    theirs = connection.exec_driver_sql("SELECT clock_timestamp()").scalar_one()
    yield beside_clock_of("PostgreSQL", theirs)


def contents(session: Session, _chosen: Settings) -> Iterator[Finding]:
    """What a shop needs to sell."""
    from sqlalchemy import func
    from sqlmodel import select

    from ... import models

    tables = {
        "products": models.Product,
        "shipping methods": models.ShippingMethod,
        "tax rates": models.TaxRate,
        "members of staff": models.Staff,
    }
    for name, table in tables.items():
        count = session.exec(select(func.count()).select_from(table)).one()
        yield Finding("ok" if count else "missing", name, f"{count:,}" if count else "none yet")


def letters(session: Session, chosen: Settings) -> Iterator[Finding]:
    """Those that wait for long, and those that were given up and are still kept word for word."""
    from ...core.clock import now
    from ...services import outbox
    from ...services.desk import backlog

    due = backlog.waiting(session)["letters"]
    if due.count and due.oldest >= WAITS_LONG:
        text = (
            f"{due.count:,} are due, the oldest for {_length(due.oldest)}: is the shop running, and the mail"
        )
        yield Finding("warns", "letters", f"{text} server answering?")
    given_up = outbox.given_up(session, now() - timedelta(days=chosen.message_days))
    if given_up:
        latest = "; ".join(f"{one.kind} to {one.to_email}: {one.problem}" for one in given_up[:3])
        yield Finding("missing", "letters", f"{len(given_up)} were given up; {latest}")
    elif not (due.count and due.oldest >= WAITS_LONG):
        yield Finding("ok", "letters", "none waits for long, none was given up")


def work(session: Session, _chosen: Settings) -> Iterator[Finding]:
    """Received events and bulk jobs that wait for long."""
    from ...services.desk import backlog

    names = {"webhooks": "received events", "bulk_jobs": "bulk jobs"}
    for name, waiting in backlog.waiting(session).items():
        if name in names and waiting.count and waiting.oldest >= WAITS_LONG:
            text = f"{waiting.count:,} {names[name]} wait, the oldest for {_length(waiting.oldest)}"
            yield Finding("warns", "work", f"{text}: /admin/settings says why")


def jobs(session: Session, chosen: Settings) -> Iterator[Finding]:
    """Whether a process does the background work, by the last run of any job; and what failed in it."""
    from ...core.clock import now
    from ...services.bulk_jobs import runs

    found = runs.latest(session)
    last_run_at = max((run.started_at for run in found if run.started_at), default=None)
    if last_run_at and now() - last_run_at < JOBS_SILENT:
        yield Finding("ok", "jobs", "run elsewhere" if chosen.jobs == "elsewhere" else "run")
    elif chosen.jobs == "elsewhere":
        text = "SHOP_JOBS is elsewhere, and no process runs `python -m shop_app work`"
        yield Finding("fails", "jobs", text)
    else:
        since = f"none has run for {_length(now() - last_run_at)}" if last_run_at else "none has run yet"
        yield Finding("missing", "jobs", f"{since}: the shop isn't running")
    for run in found:
        if run.problem:
            yield Finding("warns", "jobs", f"{run.name} failed: {run.problem}")


def backups(session: Session, chosen: Settings) -> Iterator[Finding]:
    from ...core.clock import now
    from ...services.bulk_jobs import runs

    last_at = runs.last_backup_at(session)
    advice = "run `python -m shop_app backup FILE` each night"
    mark = "warns" if chosen.mode == "production" else "missing"
    if last_at is None:
        yield Finding(mark, "backup", f"none was made yet: {advice}")
    elif now() - last_at > BACKUP_AGE:
        yield Finding(mark, "backup", f"the last one is {_length(now() - last_at)} old: {advice}")
    else:
        yield Finding("ok", "backup", f"the last one is {_length(now() - last_at)} old")


def _length(time: timedelta) -> str:
    """The time in the largest unit that it has two of.

    >>> _length(timedelta(seconds=119)), _length(timedelta(hours=47)), _length(timedelta(days=9))
    ('119 s', '47 hours', '9 days')
    """
    seconds = int(time.total_seconds())
    for name, size in (("days", 86_400), ("hours", 3600), ("minutes", 60)):
        if seconds >= 2 * size:
            return f"{seconds // size} {name}"
    return f"{seconds} s"
