"""A list of the back office, made from its declaration: `Page("/admin/orders", list_page(ORDERS), …)`.

    PAGE = Page(ORDERS.address, list_page(ORDERS), ORDERS.title, load=(RecordList.load,), needs=ORDERS.needs)

What rows and filters there are comes with the State. Selection, keys and pop-ups are the browser's own
(`assets/admin-list.js`, by data attributes).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import reflex as rx

from shop_app.core.i18n import _
from shop_app.services.lists.spec import ListSpec
from shop_app.state.admin.records import RecordList

from .. import styles
from ..badges import TONES
from ..controls import link_button
from ..icon_paths import PATHS
from ..icons import icon
from ..kit import Component, Text, both, each, el, fragment, length, match, not_, of, when
from . import list_look as look
from .frame import desk
from .list_actions import bulk_bar, bulk_dialog, jobs
from .list_tools import tabs, tools
from .list_views import view_dialogs
from .parts import empty_state, skeleton

CELL_ICONS = (
    "ring",
    "done",
    "clock",
    "warning",
    "error",
    "cancelled",
    "truck",
    "back",
    "info",
    "check",
    "lock",
    "mail",
    "eye",
    "edit",
    "star",
    "half",
    "dashed",
)
"""The icons that badges of lists can have."""


def list_page(
    spec: ListSpec,
    *,
    actions: Callable[[], Any] | None = None,
    row_actions: Callable[[Any], Any] | None = None,
    above: Callable[[], Any] | None = None,
    more: Callable[[], Any] | None = None,
    current: str = "",
    back: tuple[Text, Text] | None = None,
) -> Callable[[], Component]:
    """The component of a list's page.

    actions      what stands at the end of the heading's line, such as the link to a new record
    row_actions  `row_actions(row)`: what a row offers on hover and focus; a button with `data_peek` is what
                 Space presses. A `row` has id, href, label and marks
    above, more  parts in front of the list, and behind it (dialogs, panels)
    current      the entry of the navigation that is lit, where it isn't the list's own
    """

    def page() -> Component:
        shown = of(RecordList)
        return desk(
            *([above] if above else []),
            lambda: _list(spec, row_actions),
            *([more] if more else []),
            title=spec.title,
            current=current or spec.address,
            ready=shown.name == spec.name,
            back=back,
            actions=actions() if actions else None,
            waiting=_waiting(),
            keeps=True,
        )

    page.__module__ = f"shop_app.pages.admin.{spec.name.replace('-', '_')}_list"
    return page


def _list(spec: ListSpec, row_actions: Callable[[Any], Any] | None) -> Component:
    state = of(RecordList)
    shown = state.list
    return el.div(
        jobs(),
        tabs(spec),
        tools(spec),
        when(state.waiting != "", lambda: _new()),
        each(shown.unread, _unread),
        when(
            shown.is_empty,
            lambda: _nothing(spec),
            lambda: fragment(
                _table(spec, row_actions),
                _foot(),
                bulk_bar(spec) if spec.actions else fragment(),
            ),
        ),
        bulk_dialog(spec) if spec.actions else fragment(),
        view_dialogs(),
        _keys(),
        class_name=when(of(rx.State).is_hydrated, look.LIST, look.LIST_BUSY),
        data_list=spec.name,
        data_answers=state.answers,
        data_address=shown.address,
    )


def _unread(sentence: Any) -> Component:
    return el.p(sentence, class_name="mb-2 text-xs text-amber", role="status")


def _new() -> Component:
    return el.button(
        of(RecordList).waiting,
        type="button",
        on_click=RecordList.show_new,
        class_name=look.NEW,
        data_testid="list-new",
    )


def _keys() -> Component:
    """For the sheet of keys: what they do is the table's own business."""
    listed = (
        ("j", _("Next row")),
        ("k", _("Row before")),
        ("x", _("Choose the row")),
        ("enter", _("Open the row")),
    )
    return el.span(
        *(
            el.button(type="button", hidden=True, disabled=True, data_keys=key, aria_label=label)
            for key, label in listed
        )
    )


# --- The table --------------------------------------------------------------------------------------


def _table(spec: ListSpec, row_actions: Callable[[Any], Any] | None) -> Component:
    shown = of(RecordList).list

    def row(one: Any) -> Component:
        return _row(spec, one, row_actions)

    table = el.table(
        el.caption(spec.title, class_name=styles.SR),
        el.thead(
            el.tr(
                _head_check() if spec.actions else fragment(),
                each(shown.columns, _head),
                el.th(
                    el.span(_("Actions"), class_name=styles.SR),
                    scope="col",
                    class_name=look.TH,
                    role="columnheader",
                )
                if row_actions
                else fragment(),
                role="row",
            ),
            class_name=look.HEAD,
            role="rowgroup",
        ),
        el.tbody(each(shown.rows, row), class_name=look.BODY, role="rowgroup"),
        class_name=look.TABLE,
        role="table",
    )
    return el.div(
        table,
        class_name=look.BOX,
        tab_index=0,
        role="group",
        aria_label=spec.title,
        data_list_table="true",
        data_density=shown.density,
    )


def _head_check() -> Component:
    box = el.input(
        type="checkbox",
        aria_label=_("Choose all rows of this page"),
        class_name=look.CHECK,
        data_choose_all="true",
    )
    return el.th(box, scope="col", class_name=look.CHECK_HEAD, role="columnheader")


def _head(column: Any) -> Component:
    arrow = match(
        column.direction,
        {
            "ascending": icon("down", "icon size-3.5 rotate-180"),
            "descending": icon("down", "icon size-3.5"),
        },
    )
    label = when(
        column.href != "",
        el.a(column.label, arrow, href=column.href, class_name=look.SORT),
        el.span(column.label),
    )
    return el.th(
        label,
        scope="col",
        role="columnheader",
        key=column.key,
        class_name=when(column.align == "right", look.TH_RIGHT, look.TH),
        aria_sort=when(column.direction != "", column.direction, "none"),
    )


def _row(spec: ListSpec, row: Any, row_actions: Callable[[Any], Any] | None) -> Component:
    check = el.td(
        el.input(
            type="checkbox",
            aria_label=_("Choose ") + row.label,
            class_name=look.CHECK,
            value=row.id,
            read_only=True,
            default_checked=False,
            data_choose="true",
        ),
        class_name=look.CHECK_CELL,
        role="cell",
    )
    acts = row_actions and el.td(
        el.div(row_actions(row), class_name=look.ACTIONS), class_name=look.ACTIONS_CELL, role="cell"
    )
    return el.tr(
        check if spec.actions else fragment(),
        each(row.cells, _cell),
        acts or fragment(),
        key=row.id,
        class_name=look.ROW,
        tab_index=-1,
        role="row",
        data_record=row.id,
        custom_attrs={name: row.marks[name] for name in spec.marks},
    )


def _cell(cell: Any) -> Component:
    label = when(cell.label != "", lambda: el.span(" ", cell.label, class_name="lowercase md:hidden"))
    text = when(
        cell.tone != "",
        lambda: _badge(cell),
        lambda: when(
            cell.href != "",
            el.a(
                cell.text,
                href=cell.href,
                class_name=look.LINK,
                data_opens_row=when(cell.is_first, "true", "false"),
            ),
            el.span(cell.text),
        ),
    )
    words = el.span(
        text,
        label,
        when(cell.sub != "", el.span(cell.sub, class_name=look.SUB)),
        class_name=look.TEXT,
        title=cell.title,
    )
    picture = when(
        cell.picture != "",
        el.span(
            el.img(src=cell.picture, alt="", loading="lazy", class_name=look.PICTURE),
            words,
            class_name="flex min-w-0 items-center gap-3",
        ),
        words,
    )
    return el.td(
        picture,
        class_name=when(cell.align == "right", _placed(cell, look.RIGHT), _placed(cell)),
        role="cell",
    )


def _placed(cell: Any, more: str = "") -> Text:
    """The classes of a cell by its place on a phone's card."""
    places = {place: f"{classes} {more}".strip() for place, classes in look.CELLS.items()}
    return match(cell.place, places, f"{look.CELL_HIDDEN} {more}".strip())


def _badge(cell: Any) -> Component:
    tone = match(cell.tone, {name: f"{look.BADGE} {look_of}" for name, look_of in TONES.items()}, look.BADGE)
    mark = match(cell.icon, {name: icon(name, styles.BADGE_ICON) for name in CELL_ICONS if name in PATHS})
    return el.span(mark, cell.text, class_name=tone)


def _foot() -> Component:
    shown = of(RecordList).list
    before = el.a(
        icon("left", styles.ICON_S), _("Previous"), href=shown.previous_href, class_name=look.PAGE, rel="prev"
    )
    behind = el.a(
        _("Next"), icon("right", styles.ICON_S), href=shown.next_href, class_name=look.PAGE, rel="next"
    )
    return el.nav(
        el.span(when(shown.previous_href != "", before)),
        el.span(when(shown.next_href != "", behind)),
        aria_label=_("Pages"),
        class_name=look.FOOT,
    )


# --- Nothing to show --------------------------------------------------------------------------------


def _nothing(spec: ListSpec) -> Component:
    state = of(RecordList)
    first = spec.empty
    nothing_yet = empty_state(
        first.title or _("Nothing here yet"),
        first.text,
        link_button(first.action, href=first.href, size="s") if first.action else fragment(),
    )
    return el.div(
        when(both(state.is_new, not_(state.list.is_limited)), nothing_yet, lambda: _filtered_out(spec)),
        class_name="rounded-r2 border border-line bg-surface",
        data_testid="list-empty",
    )


def _filtered_out(spec: ListSpec) -> Component:
    shown = of(RecordList).list

    def blamed(one: Any) -> Component:
        link = el.a(one.count, href=one.href, class_name=styles.LINK)
        return el.li(_("Without"), " “", one.chip, "”: ", link)

    return el.div(
        el.h2(_("Nothing fits"), class_name="text-md font-medium"),
        el.p(_("No {records} fit what is asked.").format(records=spec.many), class_name="text-ink-2"),
        when(length(shown.blamed) > 0, el.ul(each(shown.blamed, blamed), class_name="grid gap-1 text-ink-2")),
        el.div(
            link_button(_("Show all"), href=shown.reset_href, kind="outline", size="s"),
            class_name="mt-2 flex gap-2",
        ),
        class_name="grid justify-items-start gap-2 px-4 py-8",
    )


def _waiting() -> Component:
    return el.div(
        skeleton("h-10"),
        skeleton("h-9"),
        el.div(*(skeleton("h-10") for _at in range(10)), class_name="grid gap-px"),
        class_name="grid gap-4",
    )
