"""Bulk jobs: begun with what would be done, worked off row by row, stopped, and told about."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from sqlalchemy import bindparam, func, insert, or_
from sqlmodel import Session, col, select, update

from ...core import events
from ...core.access.principal import Principal
from ...core.clock import now
from ...core.errors import Conflict, Invalid, NotFound
from ...core.i18n import _, plural
from ...models import BulkJob, BulkRow, BulkRowState, BulkState, table_of
from ..accounts import sessions
from ..lists import catalogue
from ..lists.engine import MAX_IDS
from ..lists.files import safe
from ..lists.spec import Action, Arguments, ListSpec, Plan
from ..staff import audit

CLAIMED_FOR = timedelta(minutes=2)
MAX_REASONS = 100
"""So many rows of a result are shown with their reasons; the file has them all."""
READS_ALL = "jobs.view"
"""Who may read the results of others."""
KEPT_FOR = timedelta(days=90)
JUST = timedelta(seconds=20)

_job, _row = table_of(BulkJob), table_of(BulkRow)
_TELL = (
    update(_row)
    .where(
        _row.c.job_id == bindparam("job"),
        _row.c.position == bindparam("at"),
        _row.c.state == BulkRowState.WAITING,
    )
    .values(state=bindparam("now"), reason=bindparam("why"))
)


@dataclass(frozen=True, slots=True)
class RowToDo:
    position: int
    record_id: int


@dataclass(frozen=True, slots=True)
class JobToDo:
    """A job as the worker has it."""

    id: int
    list_name: str
    action: str
    arguments: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class RowTold:
    """What became of one record."""

    label: str = ""
    state: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True)
class JobShown:
    """A job as pages show it."""

    id: int = 0
    list_name: str = ""
    label: str = ""
    who: str = ""
    state: str = ""
    is_over: bool = False
    percent: int = 0
    sentence: str = ""
    """ "45 of 120 done", "118 changed, 2 refused"."""
    rows: list[RowTold] = field(default_factory=list)
    """Those that weren't changed, with their reasons."""
    download_href: str = ""


# --- Begun ------------------------------------------------------------------------------------------


def plan(session: Session, spec: ListSpec, key: str, ids: Sequence[int], by: Principal) -> Plan:
    """What the action would do to these records; those that are gone aren't in it.

    Errors  NotFound for an action that the list hasn't; Forbidden; Conflict for none, or too many.
    """
    action = action_of(spec, key)
    by.need(spec.needs)
    by.need(action.needs)
    ids = tuple(dict.fromkeys(ids))
    if not ids:
        raise Conflict(_("Choose one {record} at least.").format(record=spec.one))
    if len(ids) > MAX_IDS:
        raise Conflict(_("Choose {count} at most.").format(count=f"{MAX_IDS:,}"))
    if action.plan is None:
        return Plan(will=ids)
    return action.plan(session, ids, by)


def begin(
    session: Session, spec: ListSpec, key: str, ids: Sequence[int], arguments: Arguments, by: Principal
) -> int:
    """Write the job down, to be done in the background; returns its id.

    Errors  as `plan`; Conflict where nothing would be done; Invalid for what was filled in.
    """
    action = action_of(spec, key)
    planned = plan(session, spec, key, ids, by)
    if not planned.will:
        raise Conflict(_("None of them can take this."))
    values = _checked(action, arguments)
    job = BulkJob(
        list_name=spec.name,
        action=key,
        staff_id=by.id,
        actor=by.actor,
        arguments=values,
        total=len(planned.will) + len(planned.skipped),
    )
    session.add(job)
    session.flush()
    assert job.id
    labels = _labels(session, spec, planned.will, by)
    session.connection().execute(insert(BulkRow), _rows(job.id, planned, labels))
    said = {"action": key, "records": len(planned.will), "skipped": len(planned.skipped), "with": values}
    audit.record(session, by.actor, "bulk.begun", spec.name, f"job {job.id}", after=said, staff_id=by.id)
    events.publish(session, events.BulkJobMoved(job.id, by.id))
    return job.id


def action_of(spec: ListSpec, key: str) -> Action:
    """Errors  NotFound."""
    if (action := spec.action(key)) is None or action.opens:
        raise NotFound(_("This list has no such action."))
    return action


def _checked(action: Action, arguments: Arguments) -> dict[str, str]:
    values = {ask.key: arguments.get(ask.key, "") for ask in action.ask}
    for ask in action.ask:
        if ask.required and not values[ask.key]:
            raise Invalid(_("Fill in “{field}”.").format(field=ask.label), field=ask.key)
        if values[ask.key] and ask.options and values[ask.key] not in dict(ask.options):
            raise Invalid(_("Choose one of the list."), field=ask.key)
    if action.check:
        action.check(values)
    return values


def _labels(session: Session, spec: ListSpec, ids: Sequence[int], by: Principal) -> dict[int, str]:
    labels: dict[int, str] = {}
    for start in range(0, len(ids), 500):
        loaded = spec.load(session, ids[start : start + 500], by)
        labels |= {id: row.label for id, row in loaded.items()}
    return labels


def _rows(job_id: int, planned: Plan, labels: Mapping[int, str]) -> list[dict[str, object]]:
    waiting = [(id, labels.get(id, str(id)), BulkRowState.WAITING, "") for id in planned.will]
    skipped = [(id, label, BulkRowState.SKIPPED, reason) for id, label, reason in planned.skipped]
    return [
        {
            "job_id": job_id,
            "position": at,
            "record_id": id,
            "label": label[:200],
            "state": state,
            "reason": reason[:500],
        }
        for at, (id, label, state, reason) in enumerate([*waiting, *skipped])
    ]


# --- Done -------------------------------------------------------------------------------------------


def claim(session: Session) -> JobToDo | None:
    """The oldest job that nobody has, claimed for two minutes; None where there is none."""
    at = now()
    is_free = or_(col(BulkJob.claimed_until).is_(None), col(BulkJob.claimed_until) < at)
    open_states = (BulkState.WAITING, BulkState.RUNNING)
    wanted = select(BulkJob).where(col(BulkJob.state).in_(open_states), is_free).order_by(col(BulkJob.id))
    job = session.exec(wanted.limit(1).with_for_update(skip_locked=True)).first()
    if job is None:
        return None
    job.state, job.claimed_until = BulkState.RUNNING, at + CLAIMED_FOR
    session.flush()
    assert job.id
    return JobToDo(job.id, job.list_name, job.action, dict(job.arguments))


def next_rows(session: Session, job_id: int, most: int) -> tuple[Principal, list[RowToDo]]:
    """The next records that wait, the claim for as long again, and who began it with the rights of now.

    No record is left where the job was stopped.
    """
    job = session.get_one(BulkJob, job_id)
    if job.stops:
        _close_rest(session, job_id)
    job.claimed_until = now() + CLAIMED_FOR
    waiting = (BulkRow.job_id == job_id, BulkRow.state == BulkRowState.WAITING)
    found = select(BulkRow.position, BulkRow.record_id).where(*waiting).order_by(col(BulkRow.position))
    rows = [RowToDo(position, record_id) for position, record_id in session.exec(found.limit(most)).all()]
    return sessions.staff_principal(session, job.staff_id), rows


def _close_rest(session: Session, job_id: int) -> None:
    left = (_row.c.job_id == job_id, _row.c.state == BulkRowState.WAITING)
    session.connection().execute(update(_row).where(*left).values(state=BulkRowState.CANCELLED))


def tell(session: Session, job_id: int, position: int, state: BulkRowState, reason: str = "") -> bool:
    """Write what became of a record, in the transaction of its change; False where it was told before."""
    values = {"job": job_id, "at": position, "now": state, "why": reason[:500]}
    return session.connection().execute(_TELL, values).rowcount == 1


def got_on(session: Session, job_id: int) -> None:
    """Have the pages of who began it look again; the job ends where no record waits any more."""
    job = session.get_one(BulkJob, job_id)
    counts = _counts(session, job_id)
    if not counts.get(BulkRowState.WAITING) and job.finished_at is None:
        job.state = BulkState.CANCELLED if counts.get(BulkRowState.CANCELLED) else BulkState.DONE
        job.finished_at, job.claimed_until = now(), None
        events.publish(session, events.ListChanged(job.list_name))
    session.flush()
    events.publish(session, events.BulkJobMoved(job_id, job.staff_id or 0))


def stop(session: Session, job_id: int, by: Principal) -> None:
    """Have the job end after the record that it is at.

    Errors  NotFound for one that isn't theirs, unless they may edit jobs.
    """
    job = _own(session, job_id, by, "jobs.edit")
    if job.finished_at is None and not job.stops:
        job.stops = True
        session.flush()
        key = f"job {job_id}"
        audit.record(session, by.actor, "bulk.stopped", job.list_name, key, staff_id=by.id)
        events.publish(session, events.BulkJobMoved(job_id, job.staff_id or 0))


def put_away(session: Session, job_id: int, by: Principal) -> None:
    """Show the result no more on the list's page.

    Errors  NotFound for one that isn't theirs.
    """
    job = _own(session, job_id, by, "")
    job.seen = job.finished_at is not None


def forget(session: Session, most: int) -> int:
    """Remove jobs that ended long ago; returns how many, `most` at most."""
    old = select(BulkJob.id).where(col(BulkJob.finished_at) < now() - KEPT_FOR).limit(most)
    ids = session.exec(old).all()
    session.connection().execute(_row.delete().where(_row.c.job_id.in_(ids)))
    session.connection().execute(_job.delete().where(_job.c.id.in_(ids)))
    return len(ids)


# --- Told -------------------------------------------------------------------------------------------


def of_list(session: Session, spec: ListSpec, by: Principal) -> list[JobShown]:
    """Their own jobs of a list that are running, or whose result they haven't put away; five at most."""
    own = (BulkJob.list_name == spec.name, BulkJob.staff_id == by.id, col(BulkJob.seen).is_(False))
    wanted = select(BulkJob).where(*own).order_by(col(BulkJob.id).desc()).limit(5)
    return [shown(session, job) for job in session.exec(wanted).all()]


def over_elsewhere(session: Session, spec: ListSpec | None, told: int, by: Principal) -> JobShown | None:
    """Their job after that one that has just ended, where it is of another list; None where there is none."""
    lately = (col(BulkJob.finished_at) > now() - JUST, BulkJob.staff_id == by.id, col(BulkJob.id) > told)
    other = BulkJob.list_name != (spec.name if spec else "")
    job = session.exec(
        select(BulkJob).where(*lately, other).order_by(col(BulkJob.id).desc()).limit(1)
    ).first()
    return shown(session, job) if job else None


def one(session: Session, job_id: int, by: Principal) -> JobShown:
    """Errors  NotFound for one that isn't theirs, unless they may view jobs."""
    return shown(session, _own(session, job_id, by, READS_ALL))


def shown(session: Session, job: BulkJob) -> JobShown:
    assert job.id
    counts = _counts(session, job.id)
    done = job.total - counts.get(BulkRowState.WAITING, 0)
    others = (BulkRow.job_id == job.id, col(BulkRow.state).in_(_OTHERS))
    rows = session.exec(
        select(BulkRow).where(*others).order_by(col(BulkRow.position)).limit(MAX_REASONS)
    ).all()
    return JobShown(
        job.id,
        job.list_name,
        _label(job),
        job.actor.partition(":")[2] or job.actor,
        job.state,
        job.finished_at is not None,
        100 * done // max(job.total, 1),
        sentence(job, counts),
        [RowTold(row.label, _state_label(row.state), row.reason) for row in rows],
        f"/admin/bulk-jobs/{job.id}.csv",
    )


_OTHERS = (BulkRowState.UNCHANGED, BulkRowState.REFUSED, BulkRowState.SKIPPED, BulkRowState.CANCELLED)


def _label(job: BulkJob) -> str:
    try:
        action = catalogue.named(job.list_name).action(job.action)
    except NotFound:
        action = None
    return action.label if action else job.action


def _state_label(state: str) -> str:
    return {
        BulkRowState.WAITING: _("waiting"),
        BulkRowState.CHANGED: _("changed"),
        BulkRowState.UNCHANGED: _("unchanged"),
        BulkRowState.REFUSED: _("refused"),
        BulkRowState.SKIPPED: _("skipped"),
        BulkRowState.CANCELLED: _("stopped before"),
    }[BulkRowState(state)]


def sentence(job: BulkJob, counts: Mapping[str, int]) -> str:
    """ "45 of 120 done", or how many were changed, unchanged, refused, skipped and left."""
    if job.finished_at is None:
        done = job.total - counts.get(BulkRowState.WAITING, 0)
        return _("{done} of {total} done").format(done=f"{done:,}", total=f"{job.total:,}")
    parts = [_("{count} changed").format(count=f"{counts.get(BulkRowState.CHANGED, 0):,}")]
    parts += [f"{counts[state]:,} {_state_label(state)}" for state in _OTHERS if counts.get(state)]
    return ", ".join(parts)


def _counts(session: Session, job_id: int) -> dict[str, int]:
    found = select(BulkRow.state, func.count()).where(BulkRow.job_id == job_id).group_by(col(BulkRow.state))
    return dict(session.exec(found).all())


def result_file(session: Session, job_id: int, by: Principal) -> str:
    """What became of each record, as CSV.

    Errors  NotFound for one that isn't theirs, unless they may view jobs.
    """
    _own(session, job_id, by, READS_ALL)
    written = io.StringIO()
    writer = csv.writer(written)
    writer.writerow([_("Record"), _("Result"), _("Reason")])
    rows = select(BulkRow).where(BulkRow.job_id == job_id).order_by(col(BulkRow.position))
    for row in session.exec(rows).all():
        writer.writerow([safe(row.label), _state_label(row.state), safe(row.reason)])
    return written.getvalue()


def _own(session: Session, job_id: int, by: Principal, others_with: str) -> BulkJob:
    job = session.get(BulkJob, job_id)
    may = job is not None and (job.staff_id == by.id or (others_with and others_with in by.permissions))
    if job is None or not may or by.kind != "staff":
        raise NotFound(_("There is no such job any more."))
    return job


def finished_sentence(job: JobShown) -> str:
    """For the notice when a job ends: "Archive: 118 changed, 2 refused"."""
    return f"{job.label}: {job.sentence}"


def question(spec: ListSpec, action: Action, planned: Plan) -> str:
    """ "Archive 12 orders?" """
    count = len(planned.will)
    records = f"{count:,} {spec.one if count == 1 else spec.many}"
    return _("{action}: {records}").format(action=action.label, records=records)


def skipped_sentence(planned: Plan) -> str:
    """ "3 are skipped", "" where none is."""
    count = len(planned.skipped)
    return plural("{count} is skipped", "{count} are skipped", count) if count else ""
