"""The parts of a variant's stock: its numbers, the form that counts it up and down, what is to come."""

from __future__ import annotations

from typing import Any

from shop_app.core.i18n import _
from shop_app.services.inventory.admin import MAX_LOW_AT
from shop_app.services.inventory.record import SHOWN_MOVEMENTS
from shop_app.state.admin.shell import BackOffice
from shop_app.state.admin.stock import Stock

from .. import styles
from ..badges import badge
from ..controls import button
from ..forms import error_of, form_errors, submit
from ..kit import Component, Text, both, contains, each, el, fragment, length, match, not_, of, text, when
from ..parts import busy_button
from . import look
from .parts import panel, select_field, text_field

NUMBERS = (
    "mb-4 grid grid-cols-3 rounded-r2 border border-line bg-surface max-sm:[&>*:nth-child(n+4)]:border-t "
    "sm:grid-cols-5"
)
NUMBER = "border-line px-4 py-3 not-first:sm:border-s"
STEP = (
    "grid size-11 flex-none cursor-pointer place-items-center rounded-r2 border border-line-strong text-lg "
    "hover:border-ink md:size-9"
)
SEGMENT = (
    "inline-flex min-h-11 cursor-pointer items-center gap-2 rounded-r2 border border-line-strong px-3 "
    "has-checked:border-ink has-checked:bg-sunken md:min-h-9"
)


def mark(name: Any) -> Component:
    """Low, out, or oversold; nothing where all is well."""
    return match(
        name,
        {
            "low": badge(_("Low"), "amber", "warning"),
            "out": badge(_("Sold out"), "coral", "error"),
            "oversold": badge(_("Oversold"), "coral", "error"),
        },
    )


def numbers() -> Component:
    levels = of(Stock).record.levels
    tracked = levels.tracked
    shown = (
        (_("On hand"), levels.on_hand, "on-hand"),
        (_("Allocated"), levels.allocated, "allocated"),
        (_("Held"), levels.held, "held"),
        (_("Available"), levels.left, "available"),
        (_("Incoming"), levels.incoming, "incoming"),
    )
    return fragment(
        el.dl(*(_number(*one) for one in shown), class_name=NUMBERS),
        when(
            tracked,
            fragment(),
            el.p(
                _("Nobody counts this: it can always be bought. On hand is what open orders have of it."),
                class_name="mb-4 text-ink-2",
            ),
        ),
    )


def _number(label: Text, value: Any, name: str) -> Component:
    return el.div(
        el.dt(label, class_name="text-xs text-ink-2"),
        el.dd(
            text(value),
            class_name="mt-1 text-[22px] leading-7 tabular-nums",
            data_testid="stock-number",
            data_name=name,
        ),
        class_name=NUMBER,
    )


def may_adjust(make: Any) -> Component:
    """What only those see who may change stock."""
    return when(contains(of(BackOffice).rights, "inventory.adjust"), make)


def adjust_form(*, id: str, testid: str) -> Component:
    """± or a new number, with the reason; `id` begins the ids of its fields."""
    state = of(Stock)
    levels = state.record.levels

    return el.form(
        _modes(),
        _units(id),
        el.p(
            el.span(levels.on_hand, data_now=text(levels.on_hand), class_name="tabular-nums"),
            _(" on hand now"),
            el.span(data_result="true", data_words=_(", {count} after this"), class_name="text-ink"),
            class_name="-mt-2 text-xs text-ink-2",
            role="status",
        ),
        select_field(
            _("Reason"),
            el.option(_("Choose a reason"), value=""),
            each(state.record.reasons, lambda one: el.option(one.label, value=one.key)),
            name="reason",
            id=f"{id}-reason",
            required=True,
            error=error_of(Stock, "reason"),
            data_testid="stock-reason",
        ),
        text_field(
            _("Note"), name="note", id=f"{id}-note-text", optional=True, max_length=1000, auto_complete="off"
        ),
        el.input(type="hidden", name="seen", value=text(levels.on_hand), read_only=True),
        busy_button(
            _("Book it"),
            type="submit",
            answer=state.answers,
            busy_label=_("Booking"),
            size="s",
            class_name="w-full sm:w-auto sm:justify-self-start max-md:h-11",
            data_testid=testid,
        ),
        on_submit=submit(Stock.adjust),
        class_name=look.FIELDS,
        data_stock_form="true",
        key=text(state.done) + levels.sku,
    )


def _modes() -> Component:
    def mode(value: str, label: Text) -> Component:
        return el.label(
            el.input(
                type="radio",
                name="mode",
                value=value,
                default_checked=value == "change",
                class_name=styles.RADIO_MARK,
                data_mode=value,
            ),
            el.span(label),
            class_name=SEGMENT,
        )

    return el.fieldset(
        el.legend(_("What to do"), class_name=styles.SR),
        mode("change", _("Change by")),
        mode("set", _("Set to")),
        class_name="flex gap-2",
    )


def _units(id: str) -> Component:
    """How many, typed or stepped."""
    return el.div(
        el.button("−", type="button", class_name=STEP, data_steps="-1", aria_label=_("One unit less")),
        text_field(
            _("Units"),
            name="units",
            id=f"{id}-units",
            default_value="",
            input_mode="numeric",
            auto_complete="off",
            required=True,
            error=error_of(Stock, "units"),
            class_name="min-w-0 flex-1",
            data_testid="stock-units",
        ),
        el.button("+", type="button", class_name=STEP, data_steps="1", aria_label=_("One unit more")),
        class_name="flex items-end gap-2",
    )


def settings_form() -> Component:
    levels = of(Stock).record.levels
    return el.form(
        select_field(
            _("When it is sold out"),
            el.option(_("Stop selling"), value="deny"),
            el.option(_("Sell on, as a backorder"), value="backorder"),
            el.option(_("Don't count it"), value="untracked"),
            name="policy",
            default_value=levels.policy,
            error=error_of(Stock, "policy"),
        ),
        text_field(
            _("More is expected on"),
            name="expected_on",
            type="date",
            optional=True,
            default_value=levels.expected_on,
            hint=_("Shown to shoppers of a backorder."),
            error=error_of(Stock, "expected_on"),
        ),
        text_field(
            _("Warn at"),
            name="low_at",
            input_mode="numeric",
            default_value=text(levels.low_at),
            hint=_("With so many units left, or fewer, it counts as low: 0 to ") + f"{MAX_LOW_AT:,}.",
            error=error_of(Stock, "low_at"),
        ),
        busy_button(
            _("Save"),
            type="submit",
            answer=of(Stock).answers,
            busy_label=_("Saving"),
            kind="outline",
            size="s",
            class_name="justify-self-start max-md:h-11",
        ),
        on_submit=submit(Stock.configure),
        class_name=look.FIELDS,
        key=text(of(Stock).done) + levels.sku,
    )


def needs() -> Component:
    """Which orders have units of it: whom to ask before it is counted down."""
    shown = of(Stock).record.orders

    def one(need: Any) -> Component:
        return el.li(
            el.a(need.number, href="/admin/orders/" + need.number, class_name=styles.LINK),
            el.span(need.placed, class_name="text-ink-2"),
            el.span(text(need.units), class_name="text-end tabular-nums"),
            class_name="grid grid-cols-[auto_1fr_auto] gap-3 border-t border-line py-2 first:border-t-0",
        )

    return panel(
        _("Orders that have it"),
        when(
            length(shown) > 0,
            el.ul(each(shown, one)),
            el.p(_("No open order has units of it."), class_name="text-ink-2"),
        ),
    )


def requests() -> Component:
    """Who asked to be told when it is back."""
    record = of(Stock).record

    def one(request: Any) -> Component:
        return el.li(
            el.span(request.email, class_name="min-w-0 truncate"),
            el.span(request.since, class_name="flex-none text-ink-2"),
            class_name="flex justify-between gap-3 border-t border-line py-2 first:border-t-0",
        )

    return panel(
        _("Waiting for it"),
        when(
            record.alert_count > 0,
            fragment(
                el.p(
                    text(record.alert_count),
                    _(" asked to be told when it is back."),
                    class_name="mb-1 text-ink-2",
                ),
                el.ul(each(record.alerts, one)),
            ),
            el.p(_("Nobody asked to be told when it is back."), class_name="text-ink-2"),
        ),
    )


def history() -> Component:
    state = of(Stock)
    heads = (
        (_("When"), look.TH),
        (_("What"), look.TH),
        (_("On hand"), f"{look.TH} text-end!"),
        (_("Allocated"), f"{look.TH} text-end! max-md:hidden"),
        (_("Held"), f"{look.TH} text-end! max-md:hidden"),
        (_("Who"), f"{look.TH} max-md:hidden"),
    )
    head = el.tr(*(el.th(label, scope="col", class_name=look_of) for label, look_of in heads))
    older = button(
        _("Show older movements"),
        kind="outline",
        size="s",
        class_name="m-4 max-md:h-11",
        on_click=Stock.show_older,
    )
    return panel(
        _("Movements"),
        el.div(
            el.table(el.thead(head), el.tbody(each(state.record.history, _movement)), class_name=look.TABLE),
            class_name=look.TABLE_BOX,
        ),
        when(both(length(state.record.history) >= SHOWN_MOVEMENTS, not_(state.shows_all)), older),
        note=_("the newest first"),
        plain=True,
        data_testid="movements",
    )


def _movement(line: Any) -> Component:
    order = el.a(
        line.order_number, href="/admin/orders/" + line.order_number, class_name=f"{styles.LINK} ms-1.5"
    )
    return el.tr(
        el.td(line.when, title=line.at, class_name=look.TD + " whitespace-nowrap text-ink-2"),
        el.td(
            line.title,
            when(line.order_number != "", order),
            when(line.note != "", el.span(line.note, class_name="block text-xs text-ink-2")),
            el.span(line.who, class_name="block text-xs text-ink-2 md:hidden"),
            class_name=look.TD + " py-1.5",
        ),
        _delta(line.on_hand, ""),
        _delta(line.allocated, " max-md:hidden"),
        _delta(line.held, " max-md:hidden"),
        el.td(line.who, class_name=look.TD + " text-ink-2 max-md:hidden"),
    )


def _delta(value: Any, more: str) -> Component:
    plus = when(value > 0, "+", "")
    return el.td(
        when(value != 0, el.span(plus, text(value)), el.span("–", class_name="text-ink-3")),
        class_name=look.TD + " text-end tabular-nums" + more,
    )


def problems() -> Component:
    return form_errors(Stock, class_name="mb-4 rounded-r2 empty:hidden *:mb-0!")
