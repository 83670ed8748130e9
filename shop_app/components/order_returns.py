"""What goes back: the returns of an order, each with what happens next, and the form that asks for one."""

from __future__ import annotations

from typing import Any

import reflex as rx

from shop_app.core.i18n import _
from shop_app.services.returns.returnable import REASONS
from shop_app.state.base import Notice
from shop_app.state.order import Order
from shop_app.state.returning import Returning

from . import styles
from .badges import badge
from .controls import button, link_button
from .fields import field_error, select_field, text_field
from .forms import error_of, form_errors, submit
from .order_steps import things
from .overlays import drawer
from .parts import busy_button
from .pictures import address

DRAWER, FORM = "return-drawer", "return-form"


def returns() -> rx.Component:
    """The returns so far, and the ways to send something back; nothing where there is neither."""
    view = Order.view
    open_ways = (view.choices.length() > 0) | view.may_withdraw
    return rx.cond(
        (view.returns.length() > 0) | open_ways,
        rx.el.section(
            rx.el.h2(_("Returns"), class_name=styles.ORDER_TITLE),
            rx.cond(
                view.returns.length() > 0,
                rx.el.ul(rx.foreach(view.returns, _return), class_name=styles.ENTRIES),
                rx.fragment(),
            ),
            rx.cond(open_ways, _ways(), rx.fragment()),
            class_name=f"{styles.ORDER_PART} print:hidden",
        ),
        rx.fragment(),
    )


def _return(one: Any) -> rx.Component:
    status_badge = rx.match(
        one.status,
        ("requested", badge(one.status_text, "amber", "clock")),
        ("approved", badge(one.status_text, "blue", "check")),
        ("received", badge(one.status_text, "blue", "check")),
        ("refunded", badge(one.status_text, "green", "check")),
        badge(one.status_text, "calm"),
    )
    return rx.el.li(
        rx.el.div(rx.el.h3(one.title, class_name="font-medium"), status_badge, class_name=styles.ENTRY_HEAD),
        things(one.things),
        rx.cond(
            one.answer,
            rx.el.p(
                rx.el.span(_("We said: "), class_name="text-ink-3"),
                one.answer,
                class_name="text-sm whitespace-pre-line",
            ),
            rx.fragment(),
        ),
        rx.el.p(one.next_text, class_name="text-sm text-ink-2"),
        class_name=styles.ENTRY,
        data_testid="order-return",
        data_status=one.status,
    )


def _ways() -> rx.Component:
    view = Order.view
    return rx.el.div(
        rx.cond(
            view.may_withdraw,
            rx.el.p(
                rx.cond(
                    view.withdraw_until,
                    rx.Var.create(_("Until "))
                    + view.withdraw_until.to(str)
                    + _(" you can withdraw from the contract without giving a reason."),
                    _("You can withdraw from the contract without giving a reason."),
                )
            ),
            rx.fragment(),
        ),
        rx.cond(
            (view.choices.length() > 0) & (view.return_until != ""),
            rx.el.p(
                rx.Var.create(_("Until ")) + view.return_until.to(str) + _(" you can ask to return things.")
            ),
            rx.fragment(),
        ),
        rx.el.div(
            rx.cond(
                view.choices.length() > 0,
                button(
                    _("Return something"),
                    kind="outline",
                    on_click=Returning.open_form,
                    aria_haspopup="dialog",
                    aria_controls=DRAWER,
                    data_testid="return-open",
                ),
                rx.fragment(),
            ),
            rx.cond(
                view.may_withdraw,
                link_button(
                    _("Withdraw from the contract"),
                    href=f"/withdrawal?order={view.token}",
                    kind="outline",
                    data_testid="withdraw-link",
                ),
                rx.fragment(),
            ),
            class_name="mt-4 flex flex-wrap gap-2.5",
        ),
        class_name="max-w-[56ch] text-ink-2",
    )


def return_drawer() -> rx.Component:
    """The form. It is drawn anew with every opening, so that nothing of the last one is left."""
    return drawer(
        _("Return something"),
        rx.el.form(
            form_errors(Returning),
            rx.el.p(
                _("Choose how many of each you would like to send back. We answer within two working days."),
                class_name="text-ink-2",
            ),
            units(Order.view.choices, Returning, legend=_("What comes back")),
            select_field(
                _("Reason"),
                rx.el.option(_("Choose"), value=""),
                *(rx.el.option(text, value=word) for word, text in REASONS.items()),
                name="reason",
                error=error_of(Returning, "reason"),
                required=True,
            ),
            text_field(
                _("Anything that we should know"),
                name="note",
                lines=True,
                optional=True,
                rows=3,
                max_length=500,
                hint=_("Where something is broken, say what and where."),
            ),
            id=FORM,
            key=Returning.opened.to(str),
            no_validate=True,
            on_submit=submit(Returning.send),
            class_name="grid gap-6 py-5",
        ),
        id=DRAWER,
        is_open=Returning.is_open,
        on_close=Returning.close,
        foot=busy_button(
            _("Ask to return"),
            type="submit",
            form=FORM,
            busy_label=_("Sending"),
            class_name="w-full",
            answer=f"{Returning.answers}-{Notice.number}",
            data_testid="return-send",
        ),
    )


# --- Shared with the page of withdrawals ----------------------------------------------------------


def units(choices: Any, state: Any, *, legend: str, all_chosen: bool = False) -> rx.Component:
    """A number for each line, up to what can go back; none chosen at first, or all."""
    wrong = error_of(state, "lines")
    return rx.el.fieldset(
        rx.el.legend(legend, class_name=styles.LABEL),
        rx.el.ul(
            rx.foreach(choices, lambda choice: _choice(choice, all_chosen)),
            class_name="border-b border-line",
        ),
        rx.cond(wrong, field_error(wrong, id="field-lines-note"), rx.fragment()),
        id="field-lines",
        tab_index=-1,
        aria_describedby=rx.cond(wrong, "field-lines-note", ""),
        class_name="grid gap-1.5 rounded-r1",
    )


def _choice(choice: Any, all_chosen: bool) -> rx.Component:
    # A Var and no f-string: that would count as one fixed id, and be sent along with the form.
    id = rx.Var.create("field-") + choice.field
    return rx.el.li(
        rx.el.span(
            rx.cond(
                choice.picture_key,
                rx.el.img(
                    src=address(choice.picture_key, 320),
                    alt="",
                    loading="lazy",
                    class_name=styles.PICTURE_IMG,
                    custom_attrs={"width": 320, "height": 400},
                ),
                rx.fragment(),
            ),
            class_name=styles.MINI_PICTURE,
        ),
        rx.el.label(choice.name, html_for=id, class_name="text-md"),
        rx.el.select(
            rx.foreach(choice.counts, lambda count: rx.el.option(count, value=count)),
            id=id,
            name=choice.field,
            default_value=choice.most.to(str) if all_chosen else "0",
            class_name=f"{styles.INPUT} {styles.SELECT} w-20!",
            data_testid="return-quantity",
        ),
        class_name=f"{styles.MINI} items-center! border-t border-line",
        key=choice.field,
    )
