"""Bulk jobs as a list: whose they are, how far they are, and what came of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sqlalchemy import select as sa_select
from sqlmodel import Session, col, select

from ...core import dates
from ...core.access.principal import Principal
from ...core.i18n import _
from ...models import BulkJob, BulkState, table_of
from ..lists import spec as lists
from ..lists.spec import Cell, Column, Filter, ListSpec, Row, Tab
from . import jobs, runs

job = table_of(BulkJob)
_STATES = {
    BulkState.WAITING: Cell(_("Waits"), tone="blue", icon="clock"),
    BulkState.RUNNING: Cell(_("Running"), tone="blue", icon="ring"),
    BulkState.DONE: Cell(_("Done"), tone="calm", icon="done"),
    BulkState.CANCELLED: Cell(_("Stopped"), tone="amber", icon="cancelled"),
}


def _load(session: Session, ids: Sequence[int], _by: Principal) -> Mapping[int, Row]:
    rows = session.exec(select(BulkJob).where(col(BulkJob.id).in_(ids))).all()
    return {row.id: _row(session, row) for row in rows if row.id}


def _row(session: Session, row: BulkJob) -> Row:
    shown = jobs.shown(session, row)
    cells = {
        "action": Cell(shown.label),
        "list": Cell(row.list_name),
        "who": Cell(shown.who),
        "begun": Cell(dates.short_moment(row.created_at), title=dates.full_moment(row.created_at)),
        "state": _STATES[BulkState(row.state)],
        "result": Cell(shown.sentence),
    }
    label = _("{action} by {who}").format(action=shown.label, who=shown.who)
    return Row(shown.id, f"/admin/settings/jobs/{shown.id}", label, {"data-testid": "bulk-job-row"}, cells)


def _names(session: Session) -> tuple[tuple[str, str], ...]:
    found = session.connection().execute(sa_select(job.c.list_name).distinct().order_by(job.c.list_name))
    return tuple((name, name) for (name,) in found)


BULK_JOBS = ListSpec(
    name="bulk-jobs",
    title=_("Jobs"),
    one=_("bulk action"),
    many=_("bulk actions"),
    needs=runs.VIEW,
    path="/admin/settings/jobs",
    source=job,
    key=job.c.id,
    columns=(
        Column("action", _("Action"), phone="title"),
        Column("list", _("List"), phone="line"),
        Column("who", _("By"), phone="line"),
        Column("begun", _("Begun"), job.c.created_at, phone="end", nullable=False),
        Column("state", _("State"), phone="badges"),
        Column("result", _("Result"), phone="line"),
    ),
    load=_load,
    default_sort="-begun",
    filters=(
        Filter(
            "state",
            _("State"),
            "choice",
            lists.choice(job.c.state),
            tuple((state.value, cell.text) for state, cell in _STATES.items()),
        ),
        Filter("list", _("List"), "choice", lists.choice(job.c.list_name), _names),
        Filter("begun", _("Begun"), "day", lists.between(job.c.created_at)),
    ),
    tabs=(Tab("all", _("All")), Tab("open", _("Running"), "state=waiting,running")),
    empty=lists.Empty(
        _("No bulk actions yet"), _("Choose rows of a list and do something with all of them at once.")
    ),
    marks=("data-testid",),
)
