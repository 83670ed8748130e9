"""The forms of an order's page that open over it: refund, cancel, mark as paid, resolve, void, shipments."""

from __future__ import annotations

from typing import Any

from shop_app.core.i18n import _
from shop_app.state.admin.orders import LINE, OrderAdmin

from .. import styles
from ..controls import button
from ..fields import checkbox
from ..forms import error_of, form_errors, submit
from ..kit import Component, Text, each, el, fragment, of, text, when
from ..overlays import CLOSES, dialog
from ..parts import busy_button
from . import look
from .order_items import hidden_fields, thumb
from .parts import select_field, text_field


def dialogs() -> Component:
    return fragment(
        _refund_form(), _cancel_form(), _paid_form(), _resolve_form(), _void(), _tracking_form(), _recall()
    )


def _form_dialog(
    name: str, title: Text, *body: Any, handler: Any, done: Any, danger: bool = False, **marks: Any
) -> Component:
    """A dialog around a form; `done` is what its button says."""
    state = of(OrderAdmin)
    form_id = f"{name}-form"
    return dialog(
        title,
        el.form(
            hidden_fields(),
            when(state.dialog == name, lambda: form_errors(OrderAdmin)),
            *body,
            on_submit=submit(handler),
            id=form_id,
            key=text(state.opened),
            class_name="grid gap-4 text-sm text-ink",
        ),
        id=f"order-{name}",
        is_open=state.dialog == name,
        on_close=OrderAdmin.close,
        actions=fragment(
            button(_("Back"), kind="outline", size="s", **CLOSES),
            busy_button(
                done,
                type="submit",
                form=form_id,
                answer=f"{state.answers}-{state.opened}",
                busy_label=_("Working"),
                kind="danger" if danger else "primary",
                size="s",
                **marks,
            ),
        ),
    )


def _refund_form() -> Component:
    offer, view = of(OrderAdmin).offer, of(OrderAdmin).view
    return _form_dialog(
        "refund",
        _("Refund order ") + view.number,
        el.ul(each(view.lines, _refund_line), class_name="grid gap-3"),
        when(
            view.delivery_left,
            checkbox(
                el.span(_("Delivery, "), view.delivery_left),
                name="delivery",
                on_change=OrderAdmin.choose_delivery,
            ),
        ),
        _amount_and_reason(),
        el.div(
            select_field(
                _("The chosen items"),
                el.option(_("Put back in stock"), value="restock"),
                el.option(_("Written off"), value="write_off"),
                el.option(_("Stay as they are"), value="stay"),
                name="goods",
                id="refund-goods",
            ),
            select_field(
                _("Money goes"),
                el.option(_("Back the way it came"), value="original"),
                el.option(_("Into store credit"), value="credit"),
                name="destination",
            ),
            class_name=look.FIELDS_TWO,
        ),
        text_field(
            _("Note for staff"), name="note", id="refund-note", optional=True, lines=True, max_length=2000
        ),
        handler=OrderAdmin.refund,
        done=fragment(_("Refund"), when(offer.shown, " " + offer.shown, "")),
        danger=True,
        data_testid="refund-confirm",
    )


def _amount_and_reason() -> Component:
    state, view = of(OrderAdmin), of(OrderAdmin).view
    return el.div(
        text_field(
            _("Amount"),
            name="amount",
            id="refund-amount-field",
            affix=el.span(view.currency_sign),
            default_value=state.offer.typed,
            key="amount-" + text(state.proposed),
            on_change=OrderAdmin.type_amount.debounce(250),
            input_mode="decimal",
            auto_complete="off",
            hint=_("Up to ") + view.left,
            error=error_of(OrderAdmin, "amount"),
            max_length=40,
            data_testid="refund-amount",
        ),
        select_field(
            _("Reason"),
            el.option(_("None"), value=""),
            each(view.refund_reasons, lambda reason: el.option(reason, value=reason)),
            name="reason",
        ),
        class_name=look.FIELDS_TWO,
    )


def _refund_line(line: Any) -> Component:
    about = when(line.variant != "", line.variant + ", " + line.share, line.share)
    row = el.li(
        thumb(line.picture_key, ""),
        el.div(
            el.p(line.title),
            el.p(about, class_name="text-xs text-ink-3"),
            class_name="min-w-0",
        ),
        el.label(
            el.span(_("Refund of "), line.title, class_name=styles.SR),
            el.input(
                type="number",
                name=LINE + text(line.id),
                default_value="0",
                min=0,
                max=text(line.refundable),
                input_mode="numeric",
                on_change=lambda units: OrderAdmin.choose(line.id, units),
                class_name=f"{look.INPUT} w-16! text-center tabular-nums",
            ),
            el.span(_("of "), text(line.refundable), class_name="whitespace-nowrap text-ink-3"),
            class_name="flex items-center gap-2",
        ),
        class_name="grid grid-cols-[36px_minmax(0,1fr)_auto] items-center gap-3",
        data_sku=line.sku,
    )
    return when(line.refundable > 0, row)


def _cancel_form() -> Component:
    view = of(OrderAdmin).view
    return _form_dialog(
        "cancel",
        _("Cancel order ") + view.number,
        el.p(
            _("What hasn't been sent won't be sent any more. This can't be taken back, and the customer gets "
              "a letter."),
            class_name="text-ink-2",
        ),
        select_field(
            _("The items"),
            el.option(_("Put back in stock"), value="restock"),
            el.option(_("Written off"), value="write_off"),
            name="restock",
        ),
        select_field(
            _("The money"),
            el.option(_("Refund what was paid for them"), value="refund"),
            el.option(_("Keep it, as agreed with the customer"), value="keep"),
            name="money",
        ),
        select_field(
            _("Reason"),
            el.option(_("None"), value=""),
            each(view.cancel_reasons, lambda reason: el.option(reason, value=reason)),
            name="reason",
            id="cancel-reason",
        ),
        handler=OrderAdmin.cancel,
        done=_("Cancel the order"),
        danger=True,
        data_testid="cancel-confirm",
    )  # fmt: skip


def _paid_form() -> Component:
    view = of(OrderAdmin).view
    return _form_dialog(
        "paid",
        _("Mark as paid"),
        el.input(type="hidden", name="number", value=view.number, read_only=True),
        el.p(
            _("For a transfer, or cash. All that is owed counts as paid, and the customer gets a receipt."),
            class_name="text-ink-2",
        ),
        text_field(
            _("Reference of the transfer, or number of the receipt"),
            name="reference",
            error=error_of(OrderAdmin, "reference"),
            max_length=100,
            required=True,
            auto_complete="off",
        ),
        handler=OrderAdmin.mark_paid,
        done=_("Mark as paid"),
        data_testid="paid-confirm",
    )


def _resolve_form() -> Component:
    view = of(OrderAdmin).view
    return _form_dialog(
        "resolve",
        _("Resolve"),
        el.p(view.attention, class_name="text-ink-2"),
        text_field(
            _("What you found, for whoever reads this later"),
            name="note",
            id="resolve-note",
            lines=True,
            error=error_of(OrderAdmin, "note"),
            max_length=2000,
            required=True,
        ),
        handler=OrderAdmin.resolve,
        done=_("Resolve"),
        data_testid="resolve-confirm",
    )


def _question(name: str, title: Text, sentence: Text, done: Text, on_click: Any) -> Component:
    """A dialog that asks before something is done that nobody can take back."""
    state = of(OrderAdmin)
    return dialog(
        title,
        el.p(sentence),
        id=f"order-{name}",
        is_open=state.dialog == name,
        on_close=OrderAdmin.close,
        actions=fragment(
            button(_("Back"), kind="outline", size="s", **CLOSES),
            busy_button(
                done,
                answer=f"{state.answers}-{state.opened}",
                busy_label=_("Working"),
                kind="danger",
                size="s",
                on_click=on_click,
                data_testid=f"{name}-confirm",
            ),
        ),
    )


def _void() -> Component:
    return _question(
        "void",
        _("Void the payment"),
        _("The bank lets go of the money, and the order stays unpaid. Cancel it to end it too."),
        _("Void it"),
        OrderAdmin.void(of(OrderAdmin).view.id),
    )


def _recall() -> Component:
    return _question(
        "recall",
        _("Call the shipment back"),
        _("For a parcel that hasn't left after all: its items are to be packed again."),
        _("Call it back"),
        OrderAdmin.cancel_shipment(of(OrderAdmin).target),
    )


def _tracking_form() -> Component:
    return _form_dialog(
        "tracking",
        _("Change tracking"),
        el.input(type="hidden", name="shipment", value=text(of(OrderAdmin).target), read_only=True),
        text_field(
            _("Carrier"),
            name="carrier",
            id="tracking-carrier",
            list="carriers",
            default_value=of(OrderAdmin).carrier,
            max_length=100,
        ),
        text_field(
            _("Tracking number or address"),
            name="tracking",
            id="tracking-number",
            default_value=of(OrderAdmin).tracking,
            error=error_of(OrderAdmin, "tracking"),
            max_length=100,
        ),
        handler=OrderAdmin.track,
        done=_("Save"),
        data_testid="tracking-confirm",
    )
