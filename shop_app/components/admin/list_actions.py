"""Actions on many records: the bar of what is chosen, the question before, and jobs with their results."""

from __future__ import annotations

from typing import Any

from shop_app.core.i18n import _
from shop_app.services.lists.spec import Action, Ask, ListSpec
from shop_app.state.admin.records import RecordList
from shop_app.state.admin.shell import BackOffice

from .. import styles
from ..badges import progress
from ..controls import button, here_link, icon_button
from ..forms import submit
from ..icons import icon
from ..kit import Component, contains, each, el, fragment, length, of, when
from ..overlays import CLOSES, dialog
from . import list_look as look
from . import look as desk_look
from .parts import select_field, text_field

PLAN = "list-plan"


def bulk_bar(spec: ListSpec) -> Component:
    """Hidden until a row is chosen; the browser knows which are (`assets/admin-list.js`)."""
    shown = of(RecordList).list
    everything = el.button(
        _("Choose all "),
        shown.matching,
        type="button",
        class_name=f"{look.BULK_BUTTON} underline underline-offset-4",
        hidden=True,
        data_choose_every=when(shown.can_take_all, "true", "false"),
    )
    return el.form(
        el.span(
            data_chosen="true",
            data_label=_("{count} chosen"),
            class_name="tabular-nums me-2.5 text-sm",
            role="status",
        ),
        everything,
        *(_action(action) for action in spec.actions),
        el.input(type="hidden", name="ids", default_value=""),
        el.input(type="hidden", name="every", default_value=""),
        el.input(type="hidden", name="action", default_value=""),
        el.button(
            icon("close", styles.ICON_S),
            type="button",
            aria_label=_("Choose none"),
            class_name=look.BULK_BUTTON,
            data_choose_none="true",
        ),
        on_submit=submit(RecordList.prepare),
        class_name=look.BULK,
        hidden=True,
        aria_label=_("What to do with the chosen rows"),
        data_bulk="true",
        data_all_label=_("All {count} chosen"),
        data_matching=shown.matching,
    )


def _action(action: Action) -> Component:
    inner = (icon(action.icon, styles.ICON_S), el.span(action.label))
    if action.opens:
        made = here_link(
            *inner,
            href="#",
            target="_blank",
            rel="noopener",
            class_name=look.BULK_BUTTON,
            data_bulk_opens=action.opens,
        )
    else:
        made = el.button(
            *inner,
            type="button",
            class_name=look.BULK_BUTTON,
            data_bulk_action=action.key,
            data_act=action.label,
        )
    return when(contains(of(BackOffice).rights, action.needs), made)


def bulk_dialog(spec: ListSpec) -> Component:
    plan = of(RecordList).plan

    def reason(one: Any) -> Component:
        return el.li(one[0], ": ", one[1])

    skipped = el.div(
        el.p(plan.skipped, class_name="font-medium"),
        el.ul(each(plan.reasons, reason), class_name="mt-1 grid max-h-40 gap-0.5 overflow-y-auto text-xs"),
        class_name="rounded-r2 bg-amber-tint px-3 py-2 text-sm text-amber",
    )
    error = of(RecordList).error
    return dialog(
        plan.question,
        el.form(
            when(plan.skipped != "", skipped),
            *(
                when(plan.action == action.key, lambda action=action: _asked(action))
                for action in spec.actions
                if action.ask
            ),
            when(error != "", el.p(error, class_name="text-xs text-coral", role="alert")),
            el.div(
                button(_("Cancel"), kind="outline", size="s", **CLOSES),
                when(
                    plan.can_begin, button(plan.question, type="submit", size="s", data_testid="bulk-begin")
                ),
                class_name="flex justify-end gap-2",
            ),
            on_submit=submit(RecordList.begin),
            class_name=desk_look.FIELDS,
        ),
        id=PLAN,
        is_open=plan.action != "",
        on_close=RecordList.leave_plan,
    )


def _asked(action: Action) -> Component:
    return el.div(*map(_ask, action.ask), class_name=desk_look.FIELDS)


def _ask(ask: Ask) -> Component:
    name, hint = f"ask-{ask.key}", ask.hint or None
    if ask.kind == "choice":
        options = (el.option(label, value=key) for key, label in ask.options)
        return select_field(ask.label, *options, name=name, hint=hint)
    return text_field(
        ask.label, name=name, hint=hint, lines=ask.kind == "lines", required=ask.required, max_length=10_000
    )


# --- Jobs -------------------------------------------------------------------------------------------


def jobs() -> Component:
    def shown(job: Any) -> Component:
        return el.section(
            el.div(
                el.p(el.strong(job.label, class_name="font-medium"), ": ", job.sentence),
                when(
                    job.is_over,
                    icon_button(
                        "close",
                        _("Put away"),
                        small=True,
                        on_click=RecordList.put_away_job(job.id),  # pyright: ignore[reportCallIssue]
                    ),
                    button(
                        _("Stop"),
                        kind="outline",
                        size="xs",
                        on_click=RecordList.stop_job(job.id),  # pyright: ignore[reportCallIssue]
                    ),
                ),
                class_name="flex items-center justify-between gap-3",
                role="status",
            ),
            when(job.is_over, lambda: result(job), lambda: progress(job.percent, job.label)),
            key=job.id,
            class_name=look.JOB,
            data_testid="bulk-job",
            data_state=job.state,
        )

    return fragment(each(of(RecordList).jobs, shown))


def result(job: Any) -> Component:
    """What wasn't changed and why, and all of it as a file."""

    def row(one: Any) -> Component:
        return el.li(
            el.strong(one.label, class_name="font-medium"),
            " ",
            one.state,
            when(one.reason != "", ": "),
            one.reason,
        )

    return el.div(
        when(
            length(job.rows) > 0,
            el.ul(each(job.rows, row), class_name="grid max-h-48 gap-1 overflow-y-auto text-xs"),
        ),
        here_link(
            icon("download", styles.ICON_S),
            _("Result as CSV"),
            href=job.download_href,
            download=True,
            class_name=f"{styles.LINK} inline-flex items-center gap-1.5 text-xs",
        ),
        class_name="grid gap-2",
    )
