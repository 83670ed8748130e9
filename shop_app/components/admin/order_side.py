"""Beside an order in the back office: customer, addresses, letters; below it, all that happened."""

from __future__ import annotations

from typing import Any

from shop_app.core.i18n import _
from shop_app.state.admin.order_address import OrderAddress
from shop_app.state.admin.orders import OrderAdmin

from .. import styles
from ..badges import note
from ..controls import button
from ..fields import field_error
from ..forms import error_of, form_errors, submit
from ..icons import icon
from ..kit import Component, both, each, el, fragment, length, match, of, text, when
from ..overlays import CLOSES, dialog
from ..parts import busy_button
from . import look
from .order_items import hidden_fields, may
from .parts import panel

HAPPENING_ICONS = {
    "note": "edit",
    "money": "done",
    "goods": "truck",
    "letter": "mail",
    "warning": "warning",
    "order": "order",
}


def customer() -> Component:
    view = of(OrderAdmin).view
    mail = el.a(view.email, href="mailto:" + view.email, class_name=f"{styles.LINK} [overflow-wrap:anywhere]")
    return panel(
        _("Customer"),
        el.p(view.customer, class_name="font-medium"),
        when(view.email, el.p(mail)),
        when(view.phone, el.p(view.phone)),
        when(view.vat_number, el.p(_("VAT number "), view.vat_number, class_name="text-ink-2")),
        when(
            view.theirs,
            el.p(
                el.a(view.theirs, href=view.theirs_href, class_name=f"{styles.LINK} text-ink-2"),
                class_name="mt-1",
            ),
        ),
    )


def addresses() -> Component:
    view = of(OrderAdmin).view
    edit = el.button(
        _("Edit"),
        type="button",
        on_click=OrderAddress.open_form(view.id),
        class_name=f"{styles.BTN} {styles.PLAIN} {styles.SIZE_XS}",
        data_testid="address-edit",
    )
    map_link = el.a(
        icon("pin", styles.ICON_S),
        _("On the map"),
        href=view.map_url,
        target="_blank",
        rel="noopener noreferrer",
        class_name=f"{styles.LINK} mt-2 inline-flex items-center gap-1.5 text-ink-2",
    )
    return fragment(
        panel(
            when(view.is_collected, _("Collected by"), _("Delivery address")),
            _lines(view.address),
            el.p(view.method, class_name="mt-2 text-ink-2"),
            when(view.map_url, map_link),
            actions=when(both(view.can_edit_address, may("orders.edit")), edit),
        ),
        when(length(view.billing) > 0, lambda: panel(_("Billed to"), _lines(view.billing))),
        when(
            view.note,
            lambda: panel(
                _("The customer's note"),
                el.p(view.note, class_name="whitespace-pre-line [overflow-wrap:anywhere]"),
            ),
        ),
    )


def _lines(address: Any) -> Component:
    return el.address(
        each(address, lambda line: el.span(line, class_name="block [overflow-wrap:anywhere]")),
        class_name="not-italic",
    )


def letters() -> Component:
    """Every letter about the order, to be sent once more."""
    view = of(OrderAdmin).view
    return when(
        length(view.letters) > 0,
        lambda: panel(
            _("Letters"), el.ul(each(view.letters, _letter), class_name="border-t border-line"), plain=True
        ),
    )


def _letter(letter: Any) -> Component:
    again = el.button(
        _("Send again"),
        el.span(": ", letter.name, class_name=styles.SR),
        type="button",
        on_click=OrderAdmin.send_letter_again(of(OrderAdmin).view.id, letter.id),
        class_name=f"{styles.BTN} {styles.PLAIN} {styles.SIZE_XS}",
    )
    return el.li(
        el.div(
            el.p(letter.name),
            el.p(letter.state, class_name="text-xs text-ink-3 [overflow-wrap:anywhere]"),
            class_name="min-w-0",
        ),
        when(both(letter.can_send, may("orders.fulfil")), again),
        class_name="flex items-start justify-between gap-2 border-b border-line px-4 py-2.5 last:border-b-0",
    )


def history() -> Component:
    """All that happened, the newest first, and the field for a note."""
    state = of(OrderAdmin)
    write = el.form(
        hidden_fields(),
        el.label(
            el.span(_("Note for staff"), class_name=styles.SR),
            el.textarea(
                name="note",
                id="order-note",
                placeholder=_("Leave a note for the team"),
                rows=1,
                max_length=2000,
                required=True,
                class_name=f"{look.TEXTAREA} min-h-11! md:min-h-9!",
            ),
            class_name="min-w-0 flex-1",
        ),
        busy_button(
            _("Add"),
            type="submit",
            answer=state.answers,
            busy_label=_("Adding"),
            kind="outline",
            size="s",
            data_testid="note-add",
        ),
        on_submit=submit(OrderAdmin.add_note),
        key=text(state.opened),
        class_name="mb-4 flex items-start gap-2",
    )
    return panel(
        _("What happened"),
        when(may("orders.fulfil"), write),
        el.ol(each(state.view.happenings, _happening), class_name="grid gap-4"),
    )


def _happening(one: Any) -> Component:
    icons = {kind: icon(name, "icon size-3.5") for kind, name in HAPPENING_ICONS.items()}
    return el.li(
        el.span(
            match(one.kind, icons, icon("order", "icon size-3.5")),
            class_name=match(
                one.kind,
                {
                    "warning": "grid size-6 place-items-center rounded-full bg-coral-tint text-coral",
                    "note": "grid size-6 place-items-center rounded-full bg-amber-tint text-amber",
                    "money": "grid size-6 place-items-center rounded-full bg-green-tint text-green",
                },
                "grid size-6 place-items-center rounded-full bg-sunken text-ink-2",
            ),
            aria_hidden="true",
        ),
        el.div(
            el.p(one.text),
            when(
                one.detail,
                el.p(one.detail, class_name="whitespace-pre-line text-ink-2 [overflow-wrap:anywhere]"),
            ),
            el.p(one.when, ", ", one.who, class_name="text-xs text-ink-3"),
            class_name="min-w-0",
        ),
        class_name="grid grid-cols-[24px_minmax(0,1fr)] gap-3",
        data_testid="order-event",
    )


def address_dialog() -> Component:
    """The form of the delivery address; it shows what somebody else has saved meanwhile."""
    state = of(OrderAddress)
    theirs = note(
        el.p(_("It is now:"), class_name="font-medium"),
        _lines(state.theirs),
        el.p(_("Save again to replace it with what you have typed."), class_name="mt-1"),
        kind="wait",
        data_testid="address-theirs",
    )
    return dialog(
        _("Delivery address"),
        el.form(
            el.input(type="hidden", name="order", value=text(of(OrderAdmin).view.id), read_only=True),
            el.input(type="hidden", name="seen", value=state.seen, read_only=True),
            form_errors(OrderAddress),
            when(length(state.theirs) > 0, theirs),
            el.div(each(state.form.fields, _input), class_name="grid gap-4"),
            el.p(
                _("The country stays "),
                state.form.country,
                _(": prices and taxes are for it."),
                class_name=styles.HINT,
            ),
            on_submit=submit(OrderAddress.save),
            id="address-form",
            key=text(state.opened),
            class_name="grid gap-4 text-sm text-ink",
        ),
        id="order-address",
        is_open=state.is_open,
        on_close=OrderAddress.close,
        actions=fragment(
            button(_("Back"), kind="outline", size="s", **CLOSES),
            busy_button(
                _("Save"),
                type="submit",
                form="address-form",
                answer=f"{state.answers}-{state.opened}",
                busy_label=_("Saving"),
                size="s",
                data_testid="address-save",
            ),
        ),
    )


def _input(one: Any) -> Component:
    # Vars and no f-strings: those would count as one fixed id.
    id = "field-" + one.name
    wrong = error_of(OrderAddress, one.name)
    described = {
        "aria_invalid": when(wrong, "true", "false"),
        "aria_describedby": when(wrong, id + "-note", ""),
    }
    choose = el.select(
        el.option(_("Choose"), value=""),
        each(one.choices, lambda pair: el.option(pair[1], value=pair[0])),
        id=id,
        name=one.name,
        default_value=one.value,
        class_name=f"{look.INPUT} {styles.SELECT}",
        **described,
    )
    typed = el.input(
        id=id,
        name=one.name,
        type="text",
        default_value=one.value,
        max_length=200,
        auto_complete="off",
        class_name=look.INPUT,
        **described,
    )
    return el.div(
        el.label(one.label, html_for=id, class_name=styles.LABEL),
        when(length(one.choices) > 0, choose, typed),
        when(wrong, field_error(wrong, id=id + "-note")),
        class_name=styles.FIELD,
        key=one.name,
    )
