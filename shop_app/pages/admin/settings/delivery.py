"""Delivery: the zones with their countries and ways of delivery, and what a shopper somewhere is offered."""

from __future__ import annotations

from typing import Any

from shop_app.components import styles
from shop_app.components.admin import look
from shop_app.components.admin.frame import desk
from shop_app.components.admin.parts import (
    act,
    menu,
    menu_item,
    panel,
    save_bar,
    select_field,
    skeleton,
    text_field,
)
from shop_app.components.badges import badge, note
from shop_app.components.controls import button, link_button
from shop_app.components.fields import checkbox
from shop_app.components.forms import error_of, form_errors, submit
from shop_app.components.kit import Component, both, contains, each, el, length, not_, of, text, when
from shop_app.core.i18n import _
from shop_app.page import Page
from shop_app.state.admin.delivery import (
    COUNTRY,
    HOME,
    METHOD_ROUTE,
    STEP,
    WEIGHT,
    ZONE_ROUTE,
    DeliveryDesk,
    MethodDesk,
    ZoneDesk,
)
from shop_app.state.admin.shell import BackOffice

SETTINGS = "/admin/settings"
NEEDS = "settings.view"
_BY_WEIGHT = "in-[form:has(option[value=by_weight]:checked)]"


def may_edit() -> Any:
    return contains(of(BackOffice).rights, "settings.edit")


# --- All zones --------------------------------------------------------------------------------------


def delivery() -> Component:
    add = link_button(
        _("Add zone"), href=f"{HOME}/zone/new", size="s", kind="outline", **act(_("Add zone"), "n")
    )
    return desk(
        _zones,
        title=_("Delivery"),
        current=SETTINGS,
        ready=of(DeliveryDesk).loaded,
        back=(_("Settings"), SETTINGS),
        actions=when(may_edit(), add),
        waiting=skeleton("h-96"),
    )


def _zones() -> Component:
    view = of(DeliveryDesk).view
    return el.div(
        el.div(
            when(view.missing != "", note(view.missing, kind="bad", role="status")),
            each(view.zones, _zone),
            class_name=look.STACK,
        ),
        _preview(),
        class_name=look.TWO,
    )


def _zone(zone: Any) -> Component:
    edit = link_button(
        _("Change"),
        el.span(" ", zone.name, class_name=styles.SR),
        href=f"{HOME}/zone/{text(zone.id)}",
        kind="outline",
        size="xs",
    )
    methods = el.ul(each(zone.methods, _method))
    nothing = el.p(
        _("No way of delivery yet: nothing is sent to these countries."),
        class_name="border-t border-line px-4 py-3 text-ink-2",
    )
    add = el.a(
        _("Add a way of delivery"),
        el.span(_(" to "), zone.name, class_name=styles.SR),
        href=f"{HOME}/method/new?zone={text(zone.id)}",
        class_name=styles.LINK,
    )
    return panel(
        zone.name,
        el.p(zone.countries_text, class_name="px-4 pb-3 text-ink-2"),
        when(length(zone.methods) > 0, methods, nothing),
        when(may_edit(), el.div(add, class_name="border-t border-line px-4 py-3")),
        note=when(zone.is_offered, "", _("· nothing is sent there")),
        actions=when(may_edit(), edit),
        plain=True,
        data_testid="zone",
        data_value=zone.name,
    )


def _method(method: Any) -> Component:
    name = el.a(
        method.label,
        href=f"{HOME}/method/{text(method.id)}",
        class_name="font-medium underline-offset-4 hover:underline",
    )
    return el.li(
        el.div(
            el.div(
                name,
                when(not_(method.active), badge(_("Off"), "calm")),
                class_name="flex flex-wrap items-center gap-2",
            ),
            el.p(method.summary, class_name="text-ink-2"),
            when(method.note != "", el.p(method.note, class_name="text-xs text-ink-3")),
            class_name="grid min-w-0 gap-0.5",
        ),
        when(may_edit(), lambda: _method_menu(method)),
        class_name="flex items-start justify-between gap-3 border-t border-line px-4 py-3",
        data_testid="delivery-method",
        data_value=method.label,
    )


def _method_menu(method: Any) -> Component:
    def switch(label: str, active: bool) -> Component:
        return menu_item(label, on_click=DeliveryDesk.switch(method.id, method.version, active))

    return menu(
        _("Change ") + method.label,
        when(method.active, switch(_("Switch off"), False), switch(_("Switch on"), True)),
        when(not_(method.is_first), menu_item(_("Move up"), on_click=DeliveryDesk.move(method.id, -1))),
        when(not_(method.is_last), menu_item(_("Move down"), on_click=DeliveryDesk.move(method.id, 1))),
    )


def _preview() -> Component:
    view = of(DeliveryDesk).view
    return panel(
        _("What a shopper sees"),
        el.form(
            select_field(
                _("Country"),
                each(view.delivered, lambda country: el.option(country.name, value=country.code)),
                name="country",
            ),
            el.div(
                text_field(
                    _("Goods, ") + view.currency,
                    name="goods",
                    default_value="50",
                    input_mode="decimal",
                    error=error_of(DeliveryDesk, "goods"),
                ),
                text_field(
                    _("Weight, kg"),
                    name="weight",
                    default_value="1",
                    input_mode="decimal",
                    error=error_of(DeliveryDesk, "weight"),
                ),
                class_name="grid grid-cols-2 gap-3",
            ),
            button(_("Show"), type="submit", kind="outline", size="s", class_name="justify-self-start"),
            on_submit=submit(DeliveryDesk.preview),
            reset_on_submit=False,
            no_validate=True,
            class_name="grid gap-3",
        ),
        el.div(_offers(), role="status", class_name="mt-3"),
    )


def _offers() -> Component:
    own = of(DeliveryDesk)
    some = el.ul(each(own.offers, _offer))
    none = el.p(_("Nothing: these goods can't be sent there."), class_name="text-coral")
    return when(own.was_asked, when(length(own.offers) > 0, some, none))


def _offer(offer: Any) -> Component:
    return el.li(
        el.div(
            el.span(offer.label, class_name="font-medium"),
            el.span(offer.price, class_name="tabular-nums"),
            class_name="flex justify-between gap-3",
        ),
        el.p(offer.arrives, class_name="text-xs text-ink-2"),
        class_name="border-t border-line py-2.5",
        data_testid="offer",
    )


# --- One zone ---------------------------------------------------------------------------------------


def zone_form() -> Component:
    own = of(ZoneDesk)
    return desk(
        _zone_form,
        title=when(own.zone.id > 0, own.zone.name, _("New zone")),
        current=SETTINGS,
        ready=own.loaded,
        back=(_("Delivery"), HOME),
        actions=when(both(may_edit(), own.zone.id > 0), _remove_zone),
        waiting=skeleton("h-96"),
    )


def _remove_zone() -> Component:
    zone = of(ZoneDesk).zone
    return menu(
        _("More"),
        menu_item(_("Remove this zone"), danger=True, on_click=ZoneDesk.remove(zone.id, zone.version)),
    )


def _zone_form() -> Component:
    own = of(ZoneDesk)
    countries = el.fieldset(
        el.legend(_("Countries"), class_name=styles.SR),
        each(own.choices, _country),
        class_name="grid max-h-[32rem] gap-x-6 gap-y-1 overflow-y-auto sm:grid-cols-2 lg:grid-cols-3",
        tab_index=0,
    )
    return el.form(
        save_bar(),
        form_errors(ZoneDesk, class_name="mb-4 rounded-r2 empty:hidden *:mb-0!"),
        el.div(
            panel(
                _("Zone"),
                text_field(
                    _("Name"),
                    name="name",
                    default_value=own.zone.name,
                    hint=_("Only you see it."),
                    error=error_of(ZoneDesk, "name"),
                    max_length=100,
                    auto_complete="off",
                    class_name="max-w-[420px]",
                ),
            ),
            panel(
                _("Countries"),
                countries,
                _error_line(error_of(ZoneDesk, "countries")),
                note=_("A country is in one zone alone."),
                id="field-countries",
            ),
            class_name=look.STACK,
        ),
        _hidden("id", own.zone.id),
        _hidden("version", own.zone.version),
        on_submit=submit(ZoneDesk.save),
        reset_on_submit=False,
        no_validate=True,
        key=f"{text(own.zone.id)}-{text(own.zone.version)}",
        data_saves="true",
    )


def _country(country: Any) -> Component:
    return el.label(
        el.input(
            type="checkbox",
            name=f"{COUNTRY}" + country.code,
            value="1",
            default_checked=country.chosen,
            disabled=country.taken_by != "",
            class_name=styles.CHECK_BOX,
            data_group=_("Countries"),
        ),
        el.span(
            country.name,
            when(country.taken_by != "", el.span(" · ", country.taken_by, class_name="text-ink-3")),
            class_name="min-w-0",
        ),
        class_name="flex min-h-8 cursor-pointer items-start gap-2.5 py-1 text-sm",
        key=country.code,
    )


def _hidden(name: str, value: Any) -> Component:
    return el.input(type="hidden", name=name, value=text(value))


def _error_line(sentence: Any) -> Component:
    return when(sentence != "", el.p(sentence, class_name="mt-2 text-sm text-coral", role="alert"))


# --- One way of delivery ----------------------------------------------------------------------------


def method_form() -> Component:
    own = of(MethodDesk)
    return desk(
        _method_form,
        title=when(own.method.id > 0, own.method.label, _("New way of delivery")),
        current=SETTINGS,
        ready=own.loaded,
        back=(_("Delivery"), HOME),
        beside=when(own.loaded, el.span(own.zone_name, class_name="text-ink-2")),
        actions=when(both(may_edit(), own.method.id > 0), _remove_method),
        waiting=skeleton("h-96"),
    )


def _remove_method() -> Component:
    method = of(MethodDesk).method
    return menu(
        _("More"),
        menu_item(
            _("Remove this way of delivery"),
            danger=True,
            on_click=MethodDesk.remove(method.id, method.version),
        ),
    )


def _method_form() -> Component:
    method = of(MethodDesk).method
    return el.form(
        save_bar(),
        form_errors(MethodDesk, class_name="mb-4 rounded-r2 empty:hidden *:mb-0!"),
        el.div(
            _what(method), _price(method), _steps(), _days(method), class_name=f"{look.STACK} max-w-[760px]"
        ),
        _hidden("id", method.id),
        _hidden("zone_id", method.zone_id),
        _hidden("version", method.version),
        on_submit=submit(MethodDesk.save),
        reset_on_submit=False,
        no_validate=True,
        key=f"{text(method.id)}-{text(method.version)}",
        data_saves="true",
    )


def _field(label: str, name: str, value: Any, **more: Any) -> Component:
    return text_field(
        label,
        name=name,
        default_value=value,
        error=error_of(MethodDesk, name),
        **{"auto_complete": "off", "max_length": 200, **more},
    )


def _what(method: Any) -> Component:
    return panel(
        _("What shoppers read"),
        el.div(
            _field(_("Name"), "label", method.label, max_length=100, placeholder=_("Standard delivery")),
            _field(
                _("Note"),
                "note",
                method.note,
                hint=_("A line below it, such as the carrier."),
                max_length=300,
            ),
            checkbox(_("Offered to shoppers"), name="active", value="1", default_checked=method.active),
            class_name=look.FIELDS,
        ),
    )


def _price(method: Any) -> Component:
    currency = of(MethodDesk).currency
    kinds = (("flat", _("One price")), ("by_weight", _("By weight")), ("pick_up", _("Pick-up at the shop")))
    return panel(
        _("Price"),
        el.div(
            select_field(
                _("Kind"),
                *(el.option(label, value=kind) for kind, label in kinds),
                name="kind",
                default_value=method.kind,
                error=error_of(MethodDesk, "kind"),
            ),
            el.div(
                _field(_("Price, ") + currency, "price", method.price, input_mode="decimal"),
                class_name=f"{_BY_WEIGHT}:hidden",
            ),
            _field(
                _("Free from, ") + currency,
                "free_above",
                method.free_above,
                input_mode="decimal",
                hint=_("From this much of goods on it costs nothing. Empty: never."),
            ),
            class_name=look.FIELDS_TWO,
        ),
    )


def _steps() -> Component:
    own = of(MethodDesk)
    head = el.div(
        el.span(_("Up to, kg")),
        el.span(_("Price, ") + own.currency),
        class_name="grid grid-cols-2 gap-3 text-xs",
    )
    return el.div(
        panel(
            _("Prices by weight"),
            head,
            el.div(each(own.rows, _step), class_name="mt-1.5 grid gap-2"),
            _error_line(error_of(MethodDesk, "steps")),
            note=_("Heavier than the last: not offered."),
            id="field-steps",
        ),
        class_name=f"hidden {_BY_WEIGHT}:block",
    )


def _step(row: Any) -> Component:
    number = text(row.number + 1)

    def cell(name: Any, value: Any, label: Any) -> Component:
        return el.input(
            name=name,
            default_value=value,
            aria_label=label,
            input_mode="decimal",
            auto_complete="off",
            max_length=40,
            class_name=look.INPUT,
            data_group=_("Prices by weight"),
        )

    return el.div(
        cell(WEIGHT + text(row.number), row.weight, _("Weight in row ") + number),
        cell(STEP + text(row.number), row.price, _("Price in row ") + number),
        class_name="grid grid-cols-2 gap-3",
        key=text(row.number),
    )


def _days(method: Any) -> Component:
    return panel(
        _("How long it takes"),
        el.div(
            _field(_("Working days at least"), "min_days", method.min_days, input_mode="numeric"),
            _field(_("Working days at most"), "max_days", method.max_days, input_mode="numeric"),
            class_name=look.FIELDS_TWO,
        ),
        note=_("From the order to the door. Holidays are left out."),
    )


PAGES = (
    Page(HOME, delivery, _("Delivery"), load=(DeliveryDesk.load,), needs=NEEDS),
    Page(ZONE_ROUTE, zone_form, _("Delivery zone"), load=(ZoneDesk.load,), needs=NEEDS),
    Page(METHOD_ROUTE, method_form, _("Way of delivery"), load=(MethodDesk.load,), needs=NEEDS),
)
