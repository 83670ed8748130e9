"""The form of one way of delivery: its words, its price, its days."""

from __future__ import annotations

from typing import Any

from shop_app.components.admin import look
from shop_app.components.admin.frame import desk
from shop_app.components.admin.parts import (
    menu,
    menu_item,
    panel,
    save_bar,
    select_field,
    skeleton,
    text_field,
)
from shop_app.components.fields import checkbox
from shop_app.components.forms import error_of, form_errors, submit
from shop_app.components.kit import Component, both, each, el, of, text, when
from shop_app.core.i18n import _
from shop_app.page import Page
from shop_app.state.admin.delivery import (
    HOME,
    METHOD_ROUTE,
    STEP,
    WEIGHT,
    MethodDesk,
)

from .shared import NEEDS, SETTINGS, error_line, hidden, may_edit

_BY_WEIGHT = "in-[form:has(option[value^=by]:checked)]"


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
        hidden("id", method.id),
        hidden("zone_id", method.zone_id),
        hidden("version", method.version),
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
            error_line(error_of(MethodDesk, "steps")),
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


PAGE = Page(METHOD_ROUTE, method_form, _("Way of delivery"), load=(MethodDesk.load,), needs=NEEDS)
