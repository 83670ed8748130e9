"""The form of one delivery zone: its name and its countries."""

from __future__ import annotations

from typing import Any

from shop_app.components import styles
from shop_app.components.admin import look
from shop_app.components.admin.frame import desk
from shop_app.components.admin.parts import (
    menu,
    menu_item,
    panel,
    save_bar,
    skeleton,
    text_field,
)
from shop_app.components.forms import error_of, form_errors, submit
from shop_app.components.kit import Component, both, each, el, of, text, when
from shop_app.core.i18n import _
from shop_app.page import Page
from shop_app.state.admin.delivery import (
    COUNTRY,
    HOME,
    ZONE_ROUTE,
    ZoneDesk,
)

from .shared import NEEDS, SETTINGS, error_line, hidden, may_edit

_GRID = "relative grid max-h-[32rem] gap-x-6 gap-y-1 overflow-y-auto sm:grid-cols-2 lg:grid-cols-3"


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
        class_name=_GRID,
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
                error_line(error_of(ZoneDesk, "countries")),
                note=_("A country is in one zone alone."),
                id="field-countries",
            ),
            class_name=look.STACK,
        ),
        hidden("id", own.zone.id),
        hidden("version", own.zone.version),
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


PAGE = Page(ZONE_ROUTE, zone_form, _("Delivery zone"), load=(ZoneDesk.load,), needs=NEEDS)
