"""Filters of a list: a chip for each one in force, the menu of the others, and the small form of each."""

from __future__ import annotations

from typing import Any

from shop_app.core.i18n import _
from shop_app.state.admin.records import RecordList

from .. import styles
from ..controls import button
from ..fields import checkbox
from ..forms import submit
from ..icons import icon
from ..kit import Component, Text, each, el, fragment, match, of, when
from . import list_look as look
from . import look as desk_look

PERIODS = (
    ("", _("Days of your own")),
    ("today", _("Today")),
    ("yesterday", _("Yesterday")),
    ("7", _("Last 7 days")),
    ("30", _("Last 30 days")),
    ("90", _("Last 90 days")),
    ("365", _("Last 365 days")),
)


def pop(
    summary: Any, *body: Any, class_name: str, at_end: bool = False, label: Text = None, **props: Any
) -> Component:
    """A button with a small panel below it, closed by Esc, a click elsewhere, and what it leads to."""
    panel = f"{look.POP_PANEL} {look.POP_END}" if at_end else look.POP_PANEL
    named = {} if label is None else {"aria_label": label}
    return el.details(
        el.summary(summary, class_name=class_name, **named),
        el.div(*body, class_name=panel),
        class_name=look.POP,
        data_pop="true",
        **props,
    )


def chip(one: Any) -> Component:
    remove = el.a(
        icon("close", styles.ICON_S),
        el.span(_("Take away "), one.chip, class_name=styles.SR),
        href=one.remove_href,
        class_name=look.CHIP_CLOSE,
    )
    return el.span(
        when(
            one.in_force,
            lambda: el.span(
                pop(el.span(one.chip), _form(one), class_name=look.CHIP, key=one.chip),
                remove,
                class_name="inline-flex",
                data_testid="list-chip",
                data_name=one.key,
            ),
        ),
        key=one.key,
        class_name="empty:hidden",
    )


def filter_menu() -> Component:
    def entry(one: Any) -> Component:
        return el.details(
            el.summary(
                el.span(one.label), icon("down", styles.ICON_S), class_name=look.FILTER_ROW, data_name=one.key
            ),
            el.div(_form(one), class_name=look.FILTER_BODY),
            key=one.key + one.chip,
            custom_attrs={"name": "list-filter"},
        )

    def offered(one: Any) -> Component:
        return el.div(when(one.in_force, None, lambda: entry(one)), key=one.key, class_name="empty:hidden")

    return pop(
        fragment(icon("plus", styles.ICON_S), _("Filter")),
        el.div(
            each(of(RecordList).list.filters, offered), class_name="-m-1.5 grid max-h-[60dvh] overflow-y-auto"
        ),
        class_name=look.MENU_BUTTON,
        data_testid="list-filters",
    )


def _form(one: Any) -> Component:
    fields = match(
        one.kind,
        {
            "choice": lambda: _choices(one),
            "flag": lambda: _flag(one),
            "text": lambda: _text(one),
            "day": lambda: _days(one),
        },
        lambda: _bounds(one),
    )
    error = of(RecordList).error
    return el.form(
        el.input(type="hidden", name="key", default_value=one.key),
        fields,
        when(error != "", el.p(error, class_name="text-xs text-coral", role="alert")),
        button(_("Apply"), type="submit", size="s", class_name="justify-self-start"),
        on_submit=submit(RecordList.filter),
        class_name="grid gap-3",
        data_testid="list-filter-form",
    )


def _select(*options: Any, name: str, label: Text, value: Any) -> Component:
    return el.select(
        *options,
        name=name,
        aria_label=label,
        default_value=value,
        class_name=f"{desk_look.INPUT} {styles.SELECT}",
    )


def _ops(one: Any) -> Component:
    def option(op: Any) -> Component:
        return el.option(op.label, value=op.key)

    return _select(each(one.ops, option), name="op", label=_("How it is compared"), value=one.op)


def _choices(one: Any) -> Component:
    def choice(option: Any) -> Component:
        return checkbox(option.label, name="word-" + option.key, default_checked=option.chosen)

    return fragment(_ops(one), el.div(each(one.choices, choice), class_name=look.CHOICES))


def _flag(one: Any) -> Component:
    def choice(option: Any) -> Component:
        return el.label(
            el.input(
                type="radio",
                name="choice",
                value=option.key,
                default_checked=option.chosen,
                class_name=styles.RADIO_MARK,
            ),
            el.span(option.label),
            class_name=styles.CHECK,
        )

    return el.div(each(one.choices, choice), class_name="grid gap-1")


def _text(one: Any) -> Component:
    return fragment(
        _ops(one),
        el.input(
            name="text",
            aria_label=one.label,
            default_value=one.text,
            max_length=200,
            class_name=desk_look.INPUT,
        ),
    )


def _days(one: Any) -> Component:
    options = (el.option(label, value=value) for value, label in PERIODS)
    return fragment(
        _select(*options, name="period", label=_("Period"), value=one.period),
        _pair(one, "date"),
    )


def _bounds(one: Any) -> Component:
    return _pair(one, "text", input_mode="decimal")


def _pair(one: Any, kind: str, **props: Any) -> Component:
    def bound(name: str, label: Text, value: Any) -> Component:
        return el.label(
            el.span(label, class_name=desk_look.LABEL),
            el.input(
                type=kind,
                name=name,
                default_value=value,
                auto_complete="off",
                class_name=desk_look.INPUT,
                **props,
            ),
            class_name="grid min-w-0 gap-1",
        )

    return el.div(
        bound("low", _("From"), one.low),
        bound("high", _("Up to"), one.high),
        class_name="grid grid-cols-2 gap-2",
    )
