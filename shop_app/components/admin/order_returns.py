"""The returns of an order in the back office: answer, receive, refund, and the note that staff alone read."""

from __future__ import annotations

from typing import Any

from shop_app.core.i18n import _
from shop_app.state.admin.orders import LINE, OrderAdmin
from shop_app.state.admin.returns import BACK, ReturnAdmin

from .. import styles
from ..forms import error_of, form_errors, submit
from ..kit import Component, Text, both, each, either, el, fragment, length, of, text, when
from ..parts import busy_button
from . import look
from .order_items import may, state_badge
from .parts import panel, select_field, text_field


def returns() -> Component:
    view = of(OrderAdmin).view
    return when(
        length(view.returns) > 0,
        lambda: panel(_("Returns"), el.ul(each(view.returns, _return)), plain=True, id="returns"),
    )


def _return(one: Any) -> Component:
    return el.li(
        el.div(
            el.span(one.title, " ", state_badge(one.state), class_name="flex items-center gap-2 font-medium"),
            el.span(one.asked, class_name="text-xs text-ink-3"),
            class_name="flex flex-wrap justify-between gap-2",
        ),
        el.p(
            each(one.lines, lambda line: el.span(text(line.quantity), " × ", line.name, class_name="block"))
        ),
        when(one.reason, el.p(one.reason, class_name="text-ink-2")),
        when(
            one.note,
            el.p("“", one.note, "”", class_name="whitespace-pre-line text-ink-2 [overflow-wrap:anywhere]"),
        ),
        when(one.answer, el.p(_("Told: "), one.answer, class_name="text-ink-2")),
        when(one.staff_note, el.p(_("For staff: "), one.staff_note, class_name="text-ink-2")),
        el.div(
            when(
                both(one.can_answer, may("orders.edit")),
                _act("return-approve", one.id, _("Agree"), main=True),
            ),
            when(both(one.can_decline, may("orders.edit")), _act("return-decline", one.id, _("Decline"))),
            when(
                both(one.can_receive, may("orders.fulfil")),
                _act("return-receive", one.id, _("Receive"), main=True),
            ),
            when(both(one.can_refund, may("orders.refund")), _act("return-refund", one.id, _("Refund"))),
            when(both(one.can_end, may("orders.edit")), _act("return-cancel", one.id, _("End it"))),
            when(may("orders.fulfil"), _act("return-note", one.id, _("Note"))),
            class_name="flex flex-wrap gap-2 pt-1",
        ),
        when(of(ReturnAdmin).target == one.id, lambda: _form(one)),
        class_name="grid gap-1.5 border-t border-line px-4 py-3",
        data_testid="order-return",
    )


def _act(name: str, id: Any, label: Text, *, main: bool = False) -> Component:
    return el.button(
        label,
        type="button",
        on_click=ReturnAdmin.open_form(name, id),
        class_name=f"{styles.BTN} {styles.PRIMARY if main else styles.OUTLINE} {styles.SIZE_XS}",
        data_testid=name,
    )


def _form(one: Any) -> Component:
    """The form that was opened for this return, below it."""
    state = of(ReturnAdmin)
    return el.form(
        el.input(type="hidden", name="return_id", value=text(one.id), read_only=True),
        el.input(type="hidden", name="form", value=state.form, read_only=True),
        el.input(type="hidden", name="key", value=state.key, read_only=True),
        form_errors(ReturnAdmin),
        _fields(one),
        el.div(
            busy_button(
                state.done_label,
                type="submit",
                answer=f"{state.answers}-{state.opened}",
                busy_label=_("Working"),
                size="s",
                data_testid="return-confirm",
            ),
            el.button(
                _("Back"),
                type="button",
                on_click=ReturnAdmin.close,
                class_name=f"{styles.BTN} {styles.PLAIN} {styles.SIZE_S}",
            ),
            class_name="flex gap-2",
        ),
        on_submit=submit(ReturnAdmin.send),
        key=text(state.opened),
        class_name="mt-2 grid gap-3 rounded-r2 bg-sunken p-3",
    )


def _fields(one: Any) -> Component:
    """What the open form asks for."""
    state = of(ReturnAdmin)
    return fragment(
        when(
            either(*(state.form == name for name in ("return-approve", "return-decline", "return-cancel"))),
            text_field(
                _("What the customer reads"),
                name="answer",
                id="return-answer",
                lines=True,
                max_length=2000,
                error=error_of(ReturnAdmin, "answer"),
            ),
        ),
        when(
            state.form == "return-note",
            text_field(
                _("Note for staff; the customer doesn't see it"),
                name="answer",
                id="return-staff-note",
                lines=True,
                max_length=2000,
                default_value=one.staff_note,
                error=error_of(ReturnAdmin, "note"),
            ),
        ),
        when(state.form == "return-receive", el.ul(each(one.lines, _received), class_name="grid gap-2")),
        when(
            state.form == "return-refund",
            select_field(
                _("Money goes"),
                el.option(_("Back the way it came"), value="original"),
                el.option(_("Into store credit"), value="credit"),
                name="destination",
                id="return-destination",
            ),
        ),
    )


def _received(line: Any) -> Component:
    def number(prefix: str, label: Text) -> Component:
        return el.label(
            el.span(label, class_name="text-xs text-ink-2"),
            el.input(
                type="number",
                name=prefix + text(line.line_id),
                default_value=text(line.quantity),
                min=0,
                max=text(line.quantity),
                class_name=f"{look.INPUT} w-16! text-center",
            ),
            class_name="flex items-center gap-2",
        )

    return el.li(
        el.span(line.name, class_name="min-w-0 flex-1"),
        number(LINE, _("Arrived")),
        number(BACK, _("Back on the shelf")),
        class_name="flex flex-wrap items-center gap-x-4 gap-y-1",
    )
