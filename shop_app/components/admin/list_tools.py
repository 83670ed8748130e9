"""Above a list: its tabs, the search, the filters in force, its order, columns and export."""

from __future__ import annotations

from typing import Any

from shop_app.core.i18n import _
from shop_app.services.lists.spec import ListSpec
from shop_app.state.admin.records import RecordList

from .. import styles
from ..controls import button
from ..fields import checkbox
from ..forms import submit
from ..icons import icon
from ..kit import Component, Text, each, el, fragment, match, of, when
from ..overlays import opens
from . import list_look as look
from .list_filters import chip, filter_menu, pop
from .list_views import SAVE, SETTINGS


def tabs(spec: ListSpec) -> Component:
    state = of(RecordList)

    def one(tab: Any) -> Component:
        return el.a(
            tab.label,
            el.span(tab.count, class_name=look.TAB_COUNT),
            href=tab.href,
            key=tab.key,
            class_name=look.TAB,
            aria_current=when(tab.current, "page", "false"),
        )

    save = el.button(
        icon("plus", styles.ICON_S),
        type="button",
        aria_label=_("Save as a view"),
        title=_("Save as a view"),
        class_name=f"{look.TAB} px-1",
        **opens(SAVE),
    )
    return el.nav(
        each(state.tabs, one),
        when(state.can_save, save),
        aria_label=_("Views of ") + spec.title,
        class_name=look.TABS,
    )


def tools(spec: ListSpec) -> Component:
    state = of(RecordList)
    shown = state.list
    return fragment(
        when(state.saved.id > 0, _saved),
        el.div(
            _search(spec) if spec.search else fragment(),
            each(shown.filters, chip) if spec.filters else fragment(),
            filter_menu() if spec.filters else fragment(),
            _sort_menu(),
            el.div(
                el.p(
                    el.span(shown.count, data_testid="list-count"),
                    when(shown.sum != "", el.span(", ", shown.sum)),
                    class_name=look.COUNT,
                    role="status",
                ),
                _columns_menu(),
                _export_menu(),
                class_name=look.TOOLS_END,
            ),
            class_name=look.TOOLS,
        ),
    )


def _saved() -> Component:
    """What can be done with the saved view that the list was opened with."""
    state = of(RecordList)
    edited = fragment(
        el.span(_("You have changed what this view asks."), class_name="text-ink-2"),
        when(
            state.saved.may_edit,
            button(_("Update"), size="xs", kind="outline", on_click=RecordList.update_view),
        ),
        button(_("Save as new"), size="xs", kind="plain", **opens(SAVE)),
        el.a(_("Reset"), href=state.saved.href, class_name=styles.LINK),
    )
    settings = when(
        state.saved.may_edit, button(_("View settings"), size="xs", kind="plain", **opens(SETTINGS))
    )
    return el.div(
        when(state.is_edited, edited),
        settings,
        class_name="mb-3 flex min-h-7 flex-wrap items-center gap-2 text-xs",
    )


def _search(spec: ListSpec) -> Component:
    box = el.input(
        type="search",
        name="q",
        aria_label=_("Search in ") + spec.title,
        placeholder=spec.search_hint or _("Search"),
        auto_complete="off",
        max_length=200,
        class_name=look.SEARCH_INPUT,
        data_list_search="true",
        data_query=of(RecordList).list.text,
        data_keys="/",
    )
    return el.form(box, on_submit=submit(RecordList.search), class_name=look.SEARCH, role="search")


# --- Columns, order, export -------------------------------------------------------------------------


def _sort_menu() -> Component:
    """On a phone the heads of the columns aren't there to sort by."""

    def entry(column: Any) -> Component:
        mark = match(column.direction, {"ascending": _("rising"), "descending": _("falling")}, "")
        return when(
            column.href != "",
            el.a(
                column.label,
                el.span(mark, class_name="ms-auto text-xs text-ink-3"),
                href=column.href,
                class_name="flex min-h-11 items-center gap-3 rounded-r1 px-2 hover:bg-sunken",
            ),
        )

    return pop(
        fragment(icon("sort", styles.ICON_S), _("Sort")),
        el.div(each(of(RecordList).list.columns, entry), class_name="grid"),
        class_name=f"{look.MENU_BUTTON} md:hidden",
    )


def _heights() -> Component:
    """How high rows are; a phone's cards are as high as what is in them."""
    shown = of(RecordList).list

    def density(value: str, label: Text) -> Component:
        return el.button(
            label,
            type="button",
            on_click=RecordList.set_density(value),  # pyright: ignore[reportCallIssue]
            aria_pressed=when(shown.density == value, "true", "false"),
            class_name=look.DENSITY,
        )

    return el.div(
        density("comfortable", _("Comfortable")),
        density("compact", _("Compact")),
        class_name="flex gap-2 max-md:hidden",
    )


def _column(one: Any) -> Component:
    def move(label: Text, step: str, name: str) -> Component:
        return el.button(
            icon(name, styles.ICON_S),
            el.span(label, one.label, class_name=styles.SR),
            type="button",
            class_name=look.MOVE,
            data_moves=step,
        )

    return el.li(
        checkbox(one.label, name="column-" + one.key, default_checked=one.shown),
        el.span(move(_("Earlier: "), "-1", "up"), move(_("Later: "), "1", "down"), class_name="ms-auto flex"),
        key=one.key,
        class_name="flex min-h-8 items-center gap-2",
        data_column=one.key,
    )


def _columns_menu() -> Component:
    shown = of(RecordList).list

    form = el.form(
        el.ol(
            each(shown.choices, _column),
            class_name="grid max-h-72 overflow-y-auto p-0.5",
            data_columns="true",
        ),
        el.input(type="hidden", name="order", default_value=""),
        el.div(
            button(_("Apply"), type="submit", size="s"),
            button(_("As usual"), kind="plain", size="s", on_click=RecordList.usual_columns),
            class_name="flex gap-2",
        ),
        on_submit=submit(RecordList.choose_columns),
        class_name="grid gap-3",
        key=shown.address,
        data_testid="list-columns",
    )

    return pop(
        icon("columns", styles.ICON_S),
        _heights(),
        form,
        class_name=look.MENU_BUTTON,
        at_end=True,
        label=_("Columns and height of rows"),
    )


def _export_menu() -> Component:
    shown = of(RecordList).list
    entry = "flex min-h-11 items-center gap-2 rounded-r1 px-2 hover:bg-sunken md:min-h-9"
    return pop(
        fragment(icon("download", styles.ICON_S), el.span(_("Export"), class_name="max-md:sr-only")),
        el.p(
            shown.count,
            " ",
            _("as they are filtered, in these columns"),
            class_name="px-2 text-xs text-ink-2",
        ),
        el.div(
            *(
                el.button(
                    label,
                    type="button",
                    on_click=RecordList.export(kind),  # pyright: ignore[reportCallIssue]
                    class_name=entry,
                    data_shuts="true",
                    data_testid=f"export-{kind}",
                )
                for kind, label in (("csv", _("CSV")), ("xlsx", _("Excel (XLSX)")))
            ),
            class_name="grid",
        ),
        class_name=look.MENU_BUTTON,
        at_end=True,
        data_testid="list-export",
    )
