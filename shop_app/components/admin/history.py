"""The part of a record's page that says who changed what: read from the audit when it is opened."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from shop_app.core.i18n import _
from shop_app.state.admin.history import History

from .. import styles
from ..icons import icon
from ..kit import Component, Text, both, each, el, fragment, length, when
from ..kit import of as state_of
from . import look
from .parts import skeleton


def history(*, of: str, key: Text, act: Callable[[Any], Component] | None = None) -> Component:
    """The record's history, closed at first.

    act      gives what can be done about an entry, such as a button that takes the change back

    of, key  the record's kind and key as its commands give them to `audit.record`, such as
             `history(of="order", key=view.number_text)`
    """
    shown = state_of(History)
    is_here = both(shown.kind == of, shown.key == key)
    nothing = el.p(_("Nothing has been changed yet."), class_name="px-4 pb-4 text-ink-2")
    entries = when(
        length(shown.entries) > 0, el.ol(each(shown.entries, lambda one: entry(one, act))), nothing
    )
    return el.details(
        el.summary(
            el.span(_("History"), class_name=look.PANEL_TITLE),
            icon("down", "icon size-4 text-ink-3 group-open:rotate-180"),
            on_click=History.open(of, key),
            class_name=f"{look.PANEL_HEAD} cursor-pointer list-none",
        ),
        when(is_here, entries, lambda: el.div(skeleton("h-16"), class_name=look.PANEL_BODY)),
        class_name=f"{look.PANEL} group",
        data_testid="history",
    )


def entry(shown: Any, act: Callable[[Any], Component] | None = None) -> Component:
    """One entry of the audit: who, what, when, from where, and each field before and after."""
    return el.li(
        el.p(
            el.strong(shown.who, class_name="font-medium"),
            " · ",
            shown.what,
            class_name="break-words",
        ),
        changes(shown.changes),
        el.p(
            el.time(shown.at, date_time=shown.at_iso),
            when(shown.place != "", el.span(" · ", shown.place)),
            class_name=look.PANEL_NOTE,
        ),
        act(shown) if act else fragment(),
        class_name="grid gap-1 border-t border-line px-4 py-3",
        data_testid="history-entry",
    )


def changes(rows: Any) -> Component:
    """Each field with what it held before and after."""
    return el.dl(each(rows, _change), class_name="grid gap-0.5 text-ink-2 empty:hidden")


def _change(change: Any) -> Component:
    before = when(
        change.before != "",
        el.span(
            el.del_(change.before, class_name="text-ink-3 decoration-line-strong"),
            icon("right", "icon mx-1 inline size-3.5 align-[-2px] text-ink-3"),
            el.span(_("then "), class_name=styles.SR),
        ),
        fragment(),
    )
    after = when(change.after != "", el.span(change.after, class_name="text-ink"), el.span(_("nothing")))
    return el.div(
        el.dt(change.field, ":", class_name="inline me-1.5"),
        el.dd(before, after, class_name="inline break-words"),
    )
