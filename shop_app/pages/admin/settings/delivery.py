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
    select_field,
    skeleton,
    text_field,
)
from shop_app.components.badges import badge, note
from shop_app.components.controls import button, link_button
from shop_app.components.forms import error_of, submit
from shop_app.components.kit import Component, each, el, length, not_, of, text, when
from shop_app.core.i18n import _
from shop_app.page import Page
from shop_app.state.admin.delivery import (
    HOME,
    DeliveryDesk,
)

from .shared import NEEDS, SETTINGS, may_edit


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


PAGE = Page(HOME, delivery, _("Delivery"), load=(DeliveryDesk.load,), needs=NEEDS)
