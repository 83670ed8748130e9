"""The items of an order in the back office, how their prices came about, and the form that sends them."""

from __future__ import annotations

from typing import Any

from shop_app.core.i18n import _
from shop_app.state.admin.orders import LINE, OrderAdmin
from shop_app.state.admin.shell import BackOffice

from .. import styles
from ..badges import badge
from ..fields import checkbox
from ..forms import form_errors, submit
from ..icons import icon
from ..kit import Component, Text, both, contains, each, either, el, fragment, length, match, of, text, when
from ..parts import busy_button
from ..pictures import address
from . import look
from .parts import act, panel, text_field

CARRIERS = ("DHL", "DPD", "GLS", "UPS", "Hermes")
TONES = {
    "green": styles.GREEN,
    "amber": styles.AMBER,
    "coral": styles.CORAL,
    "blue": styles.BLUE,
}


def may(permission: str) -> Any:
    """Whether the member of staff has that right; it hides what the server would refuse."""
    return contains(of(BackOffice).rights, permission)


def state_badge(view: Any) -> Component:
    """A status as a word on its tint: a Badge of services/order_desk/words.py."""
    tint = match(view.tone, TONES, styles.CALM)
    icons = {name: icon(name, styles.BADGE_ICON) for name in _ICONS}
    return el.span(
        match(view.icon, icons, fragment()),
        el.span(view.text),
        class_name=f"{styles.BADGE} {tint}",
        data_status=view.key,
    )


_ICONS = ("ring", "done", "clock", "cancelled", "back", "truck", "warning", "error", "dashed", "half")


def thumb(key: Text, alt: Text) -> Component:
    """The small picture of a line."""
    shown = el.img(
        src=address(key, 320), alt=alt, loading="lazy", class_name="size-full object-cover dark:brightness-90"
    )
    return el.span(
        when(key, shown), class_name="block h-[45px] w-9 flex-none overflow-hidden rounded-r1 bg-sunken"
    )


def hidden_fields() -> Component:
    """Which order a form is about, and the key by which a repeat is the same request."""
    state = of(OrderAdmin)
    return fragment(
        el.input(type="hidden", name="order", value=text(state.view.id), read_only=True),
        el.input(type="hidden", name="key", value=state.key, read_only=True),
    )


def items() -> Component:
    """What was ordered; where something is to be sent, the form that sends it."""
    view = of(OrderAdmin).view
    is_open = both(view.to_pack > 0, view.pack_blocked == "", may("orders.fulfil"))
    return el.form(
        hidden_fields(),
        panel(
            when(view.to_pack > 0, _("To pack"), _("Items")),
            el.ul(each(view.lines, lambda line: _line(line, is_open)), class_name="border-t border-line"),
            when(view.to_pack > 0, when(is_open, _pack, lambda: _blocked(view.pack_blocked))),
            note=when(view.to_pack > 0, view.to_pack_text, ""),
            plain=True,
        ),
        on_submit=submit(OrderAdmin.fulfil),
        key=text(of(OrderAdmin).opened),
        class_name="min-w-0",
        id="pack",
    )


def _line(line: Any, is_open: Any) -> Component:
    name = el.span(line.title, class_name="font-medium")
    variant = when(line.variant != "", line.variant + ", ", "")
    return el.li(
        thumb(line.picture_key, ""),
        el.div(
            when(
                line.href, el.a(name, href=line.href, class_name="underline-offset-4 hover:underline"), name
            ),
            el.p(variant, line.sku, class_name="text-xs text-ink-3 [overflow-wrap:anywhere]"),
            when(line.note, el.p(line.note, class_name="text-xs text-ink-2")),
            class_name="min-w-0",
        ),
        when(
            both(is_open, line.to_send > 0),
            lambda: _units(line),
            el.span("× ", text(line.quantity), class_name="text-ink-2 tabular-nums"),
        ),
        _price(line),
        class_name=(
            "grid grid-cols-[36px_minmax(0,1fr)_auto] items-center gap-x-3 gap-y-1 border-b border-line px-4 "
            "py-2.5 last:border-b-0 sm:grid-cols-[36px_minmax(0,1fr)_auto_96px]"
        ),
        data_sku=line.sku,
    )


def _units(line: Any) -> Component:
    return el.label(
        el.span(_("Send of "), line.title, class_name=styles.SR),
        el.input(
            type="number",
            name=LINE + text(line.id),
            default_value=text(line.to_send),
            min=0,
            max=text(line.to_send),
            input_mode="numeric",
            key=text(line.id) + "-" + text(line.to_send),
            class_name=f"{look.INPUT} w-16! text-center tabular-nums",
        ),
        el.span(_(" of "), text(line.to_send), class_name="whitespace-nowrap text-xs text-ink-3"),
        class_name="flex items-center gap-1.5",
    )


def _price(line: Any) -> Component:
    """What the line came to; a click says how."""

    def step(pair: Any) -> Component:
        return el.div(
            el.dt(pair[0], class_name="text-ink-2"),
            el.dd(pair[1], class_name="tabular-nums"),
            class_name="flex justify-between gap-4",
        )

    return el.details(
        el.summary(
            el.span(line.total, class_name="tabular-nums"),
            icon("down", "icon size-3.5 text-ink-3"),
            aria_label=_("Why this price: ") + line.total,
            class_name="flex min-h-6 cursor-pointer list-none items-center justify-end gap-1",
        ),
        el.dl(
            each(line.story, step),
            class_name=(
                "absolute end-0 top-full z-menu mt-1 grid w-72 max-w-[80vw] gap-1.5 rounded-r2 border "
                "border-line bg-surface p-3 text-xs shadow-float"
            ),
        ),
        class_name="relative col-start-3 sm:col-start-auto",
        data_menu="true",
        data_testid="line-price",
    )


def _blocked(why: Text) -> Component:
    words = when(why, why, _("You don't have the right to send anything."))
    return el.p(words, class_name="border-t border-line px-4 py-3 text-ink-2")


def _pack() -> Component:
    state, view = of(OrderAdmin), of(OrderAdmin).view
    has_doubt = either(view.attention != "", length(view.disputes) > 0)
    return el.div(
        when(state.dialog == "", lambda: form_errors(OrderAdmin)),
        el.div(
            text_field(_("Carrier"), name="carrier", list="carriers", auto_complete="off", max_length=100),
            text_field(_("Tracking number or address"), name="tracking", auto_complete="off", max_length=100),
            el.datalist(*(el.option(value=name) for name in CARRIERS), id="carriers"),
            class_name=look.FIELDS_TWO,
        ),
        el.div(
            checkbox(_("Write to the customer"), name="notify", default_checked=True),
            when(has_doubt, checkbox(_("Send it although it needs attention"), name="despite_review")),
            when(view.needs_unpaid, checkbox(_("Send it although nothing is paid"), name="unpaid_too")),
            class_name="grid gap-2",
        ),
        el.div(
            busy_button(
                icon("product", styles.ICON_S),
                _("Fulfil items"),
                type="submit",
                answer=state.answers,
                busy_label=_("Sending"),
                size="s",
                data_testid="order-fulfil",
                **act(_("Fulfil items"), "f f"),
            ),
            el.a(
                icon("print", styles.ICON_S),
                _("Packing slip"),
                href="/admin/orders/" + view.number + "/slip",
                target="_blank",
                class_name=f"{styles.BTN} {styles.PLAIN} {styles.SIZE_S}",
            ),
            class_name="flex flex-wrap gap-2",
        ),
        class_name="grid gap-4 border-t border-line p-4",
    )


def parcels() -> Component:
    """The shipments, each with its own actions."""
    view = of(OrderAdmin).view
    return when(
        length(view.parcels) > 0,
        lambda: panel(
            _("Shipments"), el.ul(each(view.parcels, _parcel), class_name="border-t border-line"), plain=True
        ),
    )


def _parcel(parcel: Any) -> Component:
    way = el.span(
        when(parcel.carrier, parcel.carrier + " ", ""),
        when(
            parcel.tracking_url,
            el.a(
                parcel.tracking,
                href=parcel.tracking_url,
                target="_blank",
                rel="noopener noreferrer",
                class_name=styles.LINK,
            ),
            parcel.tracking,
        ),
        class_name="[overflow-wrap:anywhere]",
    )
    acts = el.div(
        when(
            parcel.is_on_its_way,
            _small(_("Delivered"), on_click=OrderAdmin.delivered(parcel.id)),
        ),
        when(
            parcel.is_on_its_way,
            _small(_("Change tracking"), on_click=OrderAdmin.open_form("tracking", parcel.id)),
        ),
        when(
            parcel.can_recall,
            _small(_("Call back"), on_click=OrderAdmin.open_form("recall", parcel.id)),
        ),
        class_name="flex flex-wrap gap-2",
    )
    return el.li(
        el.div(
            el.span(parcel.name, class_name="font-medium tabular-nums"),
            state_badge(parcel.state),
            class_name="flex flex-wrap items-center gap-2",
        ),
        el.p(each(parcel.things, lambda thing: el.span(thing, class_name="block"))),
        el.p(way),
        el.p(
            parcel.sent,
            ", ",
            parcel.who,
            when(parcel.delivered, el.span(_(". Delivered "), parcel.delivered)),
            class_name="text-xs text-ink-3",
        ),
        when(may("orders.fulfil"), acts),
        class_name="grid gap-1.5 border-b border-line px-4 py-3 last:border-b-0",
        data_testid="order-shipment",
    )


def _small(label: Text, **props: Any) -> Component:
    return el.button(
        label, type="button", class_name=f"{styles.BTN} {styles.OUTLINE} {styles.SIZE_XS}", **props
    )


def attention() -> Component:
    """Why a person has to look at the order, and what to do about it."""
    view = of(OrderAdmin).view
    return when(
        view.attention,
        lambda: el.div(
            badge(_("Needs attention"), "coral", "warning"),
            el.p(view.attention, class_name="font-medium"),
            el.p(view.attention_help, class_name="text-ink-2"),
            when(
                both(view.can_resolve, may("orders.edit")),
                el.div(_small(_("Resolve"), on_click=OrderAdmin.open_form("resolve", 0)), class_name="mt-1"),
            ),
            class_name="grid justify-items-start gap-1.5 rounded-r2 border border-coral bg-surface px-4 py-3",
            role="alert",
            data_testid="order-attention",
        ),
    )
