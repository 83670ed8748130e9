"""What goes back: the returns of an order, each with what happens next, and the form that asks for one."""

from __future__ import annotations

from typing import Any

from shop_app.core.i18n import _
from shop_app.state.base import Notice
from shop_app.state.order import Order
from shop_app.state.returning import Returning

from . import styles
from .badges import badge
from .controls import button, link_button
from .fields import field_error, select_field, text_field
from .forms import error_of, form_errors, submit
from .kit import Component, both, each, either, el, length, match, of, text, when
from .order_steps import things
from .overlays import drawer
from .parts import busy_button
from .pictures import address

DRAWER, FORM = "return-drawer", "return-form"


def returns() -> Component:
    """The returns so far, and the ways to send something back; nothing where there is neither."""
    view = of(Order).view
    open_ways = either(length(view.choices) > 0, view.may_withdraw)
    return when(
        either(length(view.returns) > 0, open_ways),
        el.section(
            el.h2(
                when(both(_nothing_left_us(), length(view.returns) == 0), _("Cancelling"), _("Returns")),
                class_name=styles.ORDER_TITLE,
            ),
            when(length(view.returns) > 0, el.ul(each(view.returns, _return), class_name=styles.ENTRIES)),
            when(open_ways, _ways),
            id="returns",
            class_name=f"{styles.ORDER_PART} print:hidden",
        ),
    )


def _nothing_left_us() -> Any:
    return of(Order).view.fulfilment_status == "none"


def _return(one: Any) -> Component:
    status_badge = match(
        one.status,
        {
            "requested": badge(one.status_text, "amber", "clock"),
            "approved": badge(one.status_text, "blue", "check"),
            "received": badge(one.status_text, "blue", "check"),
            "refunded": badge(one.status_text, "green", "check"),
        },
        badge(one.status_text, "calm"),
    )
    return el.li(
        el.div(el.h3(one.title, class_name="font-medium"), status_badge, class_name=styles.ENTRY_HEAD),
        things(one.things),
        when(
            one.answer,
            el.p(
                el.span(_("We said: "), class_name="text-ink-3"),
                one.answer,
                class_name="text-sm whitespace-pre-line",
            ),
        ),
        el.p(one.next_text, class_name="text-sm text-ink-2"),
        class_name=styles.ENTRY,
        data_testid="order-return",
        data_status=one.status,
    )


def _ways() -> Component:
    view = of(Order).view
    return el.div(
        when(
            view.may_withdraw,
            el.p(
                when(
                    view.withdraw_until,
                    _("Until ")
                    + text(view.withdraw_until)
                    + _(" you can withdraw from the contract without giving a reason."),
                    when(
                        _nothing_left_us(),
                        _("Nothing has left us yet: you can cancel all or a part of it, without a reason."),
                        _("You can withdraw from the contract without giving a reason."),
                    ),
                )
            ),
        ),
        when(
            both(length(view.choices) > 0, view.return_until != ""),
            el.p(_("Until ") + text(view.return_until) + _(" you can ask to return things.")),
        ),
        el.div(
            when(
                length(view.choices) > 0,
                button(
                    _("Return something"),
                    kind="outline",
                    on_click=Returning.open_form,
                    aria_haspopup="dialog",
                    aria_controls=DRAWER,
                    data_testid="return-open",
                ),
            ),
            when(
                view.may_withdraw,
                link_button(
                    when(_nothing_left_us(), _("Cancel order"), _("Withdraw from the contract")),
                    href=f"/withdrawal?order={view.token}",
                    kind="outline",
                    data_testid="withdraw-link",
                ),
            ),
            class_name="mt-4 flex flex-wrap gap-2.5",
        ),
        class_name="max-w-[56ch] text-ink-2",
    )


def return_drawer() -> Component:
    """The form. It is drawn anew with every opening, so that nothing of the last one is left."""
    return drawer(
        _("Return something"),
        el.form(
            form_errors(Returning),
            el.p(
                _("Choose how many of each you would like to send back. We answer within two working days."),
                class_name="text-ink-2",
            ),
            units(of(Order).view.choices, Returning, legend=_("What comes back")),
            select_field(
                _("Reason"),
                el.option(_("Choose"), value=""),
                each(of(Order).view.return_reasons, lambda reason: el.option(reason[1], value=reason[0])),
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
            key=text(of(Returning).opened),
            no_validate=True,
            on_submit=submit(Returning.send),
            class_name="grid gap-6 py-5",
        ),
        id=DRAWER,
        is_open=of(Returning).is_open,
        on_close=Returning.close,
        foot=busy_button(
            _("Ask to return"),
            type="submit",
            form=FORM,
            busy_label=_("Sending"),
            class_name="w-full",
            answer=f"{of(Returning).answers}-{of(Notice).number}",
            data_testid="return-send",
        ),
    )


# --- Shared with the page of withdrawals ----------------------------------------------------------


def units(choices: Any, state: Any, *, legend: str, all_chosen: bool = False) -> Component:
    """A number for each line, up to what can go back; none chosen at first, or all."""
    wrong = error_of(state, "lines")
    return el.fieldset(
        el.legend(legend, class_name=styles.LABEL),
        el.ul(
            each(choices, lambda choice: _choice(choice, all_chosen)),
            class_name="border-b border-line",
        ),
        when(wrong, field_error(wrong, id="field-lines-note")),
        id="field-lines",
        tab_index=-1,
        aria_describedby=when(wrong, "field-lines-note", ""),
        class_name="grid gap-1.5 rounded-r1",
    )


def _choice(choice: Any, all_chosen: bool) -> Component:
    # A Var and no f-string: that would count as one fixed id, and be sent along with the form.
    id = "field-" + choice.field
    return el.li(
        el.span(
            when(
                choice.picture_key,
                el.img(
                    src=address(choice.picture_key, 320),
                    alt="",
                    loading="lazy",
                    class_name=styles.PICTURE_IMG,
                    custom_attrs={"width": 320, "height": 400},
                ),
            ),
            class_name=styles.MINI_PICTURE,
        ),
        el.label(choice.name, html_for=id, class_name="text-md"),
        el.select(
            each(choice.counts, lambda count: el.option(count, value=count)),
            id=id,
            name=choice.field,
            default_value=text(choice.most) if all_chosen else "0",
            class_name=f"{styles.INPUT} {styles.SELECT} w-20!",
            data_testid="return-quantity",
        ),
        class_name=f"{styles.MINI} items-center! border-t border-line",
        key=choice.field,
    )
