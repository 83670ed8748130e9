"""Jobs: the timetable with its last runs, bulk jobs as a list, and one of them with its result."""

from __future__ import annotations

from typing import Any

from shop_app.components.admin import list_look, look
from shop_app.components.admin.frame import desk
from shop_app.components.admin.list import list_page
from shop_app.components.admin.list_actions import result
from shop_app.components.admin.parts import facts, panel, table
from shop_app.components.badges import TONES
from shop_app.components.controls import button
from shop_app.components.kit import Component, contains, el, match, not_, of, when
from shop_app.components.styles import SR
from shop_app.core.i18n import _
from shop_app.page import Page
from shop_app.services.bulk_jobs.list import BULK_JOBS
from shop_app.services.bulk_jobs.runs import EDIT, VIEW
from shop_app.services.desk import database
from shop_app.state.admin.jobs import JOB, BulkResult, Database, Timetable
from shop_app.state.admin.records import RecordList
from shop_app.state.admin.shell import BackOffice

SETTINGS, DATABASE = "/admin/settings", "/admin/settings/database"
STATES = {
    "good": (_("Fine"), "green"),
    "failed": (_("Failed"), "coral"),
    "late": (_("Late"), "amber"),
    "never": (_("Not yet"), "calm"),
}


def _timetable() -> Component:
    last = el.span(_("Action"), class_name=SR)
    heads = (_("Job"), _("Runs"), _("Last run"), (_("Took"), "right"), _("State"), last)
    return el.div(
        panel(_("Timetable"), table(heads, of(Timetable).rows, _run), plain=True),
        el.h2(_("Bulk actions"), class_name="mt-6 mb-3 text-md font-medium"),
    )


def _run(run: Any) -> Component:
    state = match(run.state, {key: _state(*shown) for key, shown in STATES.items()})
    run_now = button(
        _("Run now"),
        kind="outline",
        size="xs",
        on_click=Timetable.run_now(run.name),  # pyright: ignore[reportCallIssue]
        aria_label=_("Run now: ") + run.label,
    )
    return el.tr(
        el.td(run.label, class_name=look.TD),
        el.td(run.every, class_name=f"{look.TD} whitespace-nowrap text-ink-2"),
        el.td(run.last, class_name=f"{look.TD} whitespace-nowrap text-ink-2"),
        el.td(run.took, class_name=f"{look.TD} text-end whitespace-nowrap tabular-nums"),
        el.td(state, el.span(" ", run.problem, class_name="text-xs text-coral"), class_name=look.TD),
        el.td(when(contains(of(BackOffice).rights, EDIT), run_now), class_name=f"{look.TD} text-end"),
        key=run.name,
        data_testid="job-row",
        data_name=run.name,
    )


def _state(label: str, tone: str) -> Component:
    return el.span(label, class_name=f"{list_look.BADGE} ps-[7px] {TONES[tone]}")


# --- One bulk job -----------------------------------------------------------------------------------


def job_page() -> Component:
    shown = of(BulkResult)
    stop = button(
        _("Stop"),
        kind="outline",
        size="s",
        on_click=BulkResult.stop(shown.job.id),  # pyright: ignore[reportCallIssue]
    )
    return desk(
        lambda: _job(),
        title=when(shown.loaded, shown.job.label, _("Bulk action")),
        current=SETTINGS,
        ready=shown.loaded,
        back=(BULK_JOBS.title, BULK_JOBS.address),
        actions=when(not_(shown.job.is_over), stop),
    )


def _job() -> Component:
    job = of(BulkResult).job
    known = facts((_("By"), job.who), (_("List"), job.list_name), (_("Result"), job.sentence))
    return el.div(panel(_("Not changed"), result(job)), panel(_("Bulk action"), known), class_name=look.TWO)


# --- The database -----------------------------------------------------------------------------------


def database_page() -> Component:
    return desk(
        lambda: _database(),
        title=_("Database"),
        current=SETTINGS,
        ready=of(Database).loaded,
        back=(_("Settings"), SETTINGS),
    )


def _database() -> Component:
    shown = of(Database).shown
    known = facts(
        (_("Kind"), shown.kind),
        (_("Size"), shown.size),
        (_("Schema"), shown.migration),
        (_("Free on the disk"), shown.free),
    )
    outdated = when(
        shown.is_newest,
        None,
        el.p(_("A newer schema is there: run migrate."), class_name="mt-2 text-coral"),
    )
    backups = el.div(
        when(
            shown.backup != "",
            el.p(_("The newest backup is from "), shown.backup, "."),
            el.p(_("There is no backup in the data folder."), class_name="text-amber"),
        ),
        el.p(
            _("Make one while the shop sells: "),
            el.code("python -m shop_app backup data/backups/shop.zip"),
            class_name="mt-2 text-ink-2",
        ),
    )

    def row(one: Any) -> Component:
        return el.tr(
            el.td(one.label, class_name=look.TD),
            el.td(one.rows, class_name=f"{look.TD} text-end tabular-nums"),
            key=one.label,
        )

    return el.div(
        panel(_("Rows"), table((_("Table"), (_("Rows"), "right")), shown.tables, row), plain=True),
        el.div(panel(_("Database"), known, outdated), panel(_("Backups"), backups), class_name=look.STACK),
        class_name=look.TWO,
    )


_list = list_page(BULK_JOBS, above=_timetable, current=SETTINGS, back=(_("Settings"), SETTINGS))

PAGES = (
    Page(
        BULK_JOBS.address,
        _list,
        BULK_JOBS.title,
        load=(RecordList.load, Timetable.load),
        needs=BULK_JOBS.needs,
    ),
    Page(JOB, job_page, _("Bulk action"), load=(BulkResult.load,), needs=VIEW),
    Page(
        "/admin/settings/database", database_page, _("Database"), load=(Database.load,), needs=database.VIEW
    ),
)
