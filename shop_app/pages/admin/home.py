"""The first page of the back office: what a new shop needs before it sells, and open work with its lists."""

from __future__ import annotations

from typing import Any

from shop_app.components import styles
from shop_app.components.admin import look
from shop_app.components.admin.frame import desk
from shop_app.components.admin.menu import MenuItem
from shop_app.components.admin.parts import panel, skeleton
from shop_app.components.controls import link_button
from shop_app.components.icons import icon
from shop_app.components.kit import Component, Text, contains, each, el, length, of, text, when
from shop_app.core.i18n import _
from shop_app.page import Page
from shop_app.state.admin.home import FirstTasks
from shop_app.state.admin.shell import BackOffice

WORK = (
    ("orders_to_pack", _("To pack"), "/admin/orders?tab=to-pack"),
    ("orders_unpaid", _("Not paid yet"), "/admin/orders?tab=unpaid"),
    ("orders_attention", _("Need attention"), "/admin/orders?tab=attention"),
    ("returns_open", _("Returns open"), "/admin/orders?tab=returns"),
    ("stock_low", _("Low in stock"), "/admin/inventory?tab=low"),
)
_TASK = "grid grid-cols-[20px_minmax(0,1fr)_auto] items-start gap-3 border-t border-line px-4 py-3"


def home() -> Component:
    return desk(
        _home, title=_("Home"), current="/admin", ready=of(FirstTasks).loaded, waiting=skeleton("h-96")
    )


def _home() -> Component:
    both_of_them = el.div(_tasks(), _open_work(), class_name=look.TWO)
    return when(of(FirstTasks).view.all_done, _open_work(), both_of_them)


# --- Tasks ------------------------------------------------------------------------------------------


def _tasks() -> Component:
    view = of(FirstTasks).view
    done = text(view.done) + _(" of ") + text(length(view.tasks)) + _(" done")
    return panel(
        _("Before you sell"),
        el.ul(each(view.tasks, _task)),
        note=done,
        plain=True,
        data_testid="tasks",
    )


def _task(task: Any) -> Component:
    todo = link_button(
        task.action, el.span(": ", task.title, class_name=styles.SR), href=task.href, kind="outline", size="s"
    )
    mark = when(
        task.is_done,
        el.span(icon("done", "icon size-5 text-green"), el.span(_("Done: "), class_name=styles.SR)),
        el.span(icon("ring", "icon size-5 text-ink-3"), el.span(_("To do: "), class_name=styles.SR)),
    )
    return el.li(
        mark,
        el.div(
            el.p(task.title, class_name="font-medium"),
            el.p(task.text, class_name="text-ink-2 break-words"),
            class_name="grid min-w-0 gap-0.5",
        ),
        when(
            task.is_done,
            el.a(task.action, href=task.href, class_name=f"{styles.LINK} text-ink-2"),
            todo,
        ),
        class_name=_TASK,
        data_testid="task",
        data_name=task.key,
        data_done=when(task.is_done, "true", "false"),
    )


# --- Open work --------------------------------------------------------------------------------------


def _open_work() -> Component:
    lines = el.ul(*(_work(*entry) for entry in WORK), class_name="grid gap-px")
    return panel(_("Open work"), lines, plain=True)


def _work(name: str, label: Text, href: str) -> Component:
    counts = of(BackOffice).counts

    def line() -> Component:
        return el.li(
            el.a(
                el.strong(text(counts[name]), class_name="min-w-8 font-medium tabular-nums"),
                el.span(label),
                href=href,
                class_name="flex min-h-11 items-center gap-3 border-t border-line px-4 hover:bg-paper",
                data_testid="kpi",
                data_name=name,
            )
        )

    return when(contains(counts, name), line)


PAGE = Page(
    "/admin",
    home,
    _("Home"),
    load=(FirstTasks.load,),
    needs="",
    menu=MenuItem(_("Home"), "home", keys="g h"),
)
