"""Taxes: classes, where tax is charged, and the rates of a country or state with their first days."""

from __future__ import annotations

from typing import Any

from shop_app.components import styles
from shop_app.components.admin import look
from shop_app.components.admin.frame import desk
from shop_app.components.admin.parts import (
    empty_state,
    menu,
    menu_item,
    panel,
    select_field,
    skeleton,
    text_field,
)
from shop_app.components.badges import badge, note
from shop_app.components.controls import button
from shop_app.components.forms import error_of, form_errors, submit
from shop_app.components.kit import Component, each, el, fragment, length, match, of, text, when
from shop_app.core.i18n import _
from shop_app.page import Page
from shop_app.state.admin.taxes import HOME, PLACE_ROUTE, PlaceDesk, TaxDesk

from .shared import NEEDS, SETTINGS, may_edit

# --- All places -------------------------------------------------------------------------------------


def taxes() -> Component:
    return desk(
        _taxes,
        title=_("Taxes"),
        current=SETTINGS,
        ready=of(TaxDesk).loaded,
        back=(_("Settings"), SETTINGS),
        waiting=skeleton("h-96"),
    )


def _taxes() -> Component:
    view = of(TaxDesk).view
    return el.div(
        el.div(
            when(view.missing != "", note(view.missing, kind="bad", role="status")),
            panel(
                _("Tax is charged in"),
                _places(view.charged, charged=True),
                note=text(length(view.charged)),
                plain=True,
            ),
            panel(
                _("No tax is charged in"),
                el.p(
                    _("There are rates for these. Switch one on once you have to charge tax there."),
                    class_name="px-4 pb-3 text-ink-2",
                ),
                _places(view.others, charged=False),
                note=text(length(view.others)),
                plain=True,
            ),
            class_name=look.STACK,
        ),
        el.div(_classes(), _another(), class_name=look.STACK),
        class_name=look.TWO,
    )


def _places(places: Any, *, charged: bool) -> Component:
    def place(one: Any) -> Component:
        return _place(one, charged)

    none = el.p(_("Nowhere"), class_name="border-t border-line px-4 py-3 text-ink-2")
    some = el.ul(each(places, place), class_name="relative max-h-[36rem] overflow-y-auto", tab_index=0)
    return when(length(places) > 0, some, none)


def _place(place: Any, charged: bool) -> Component:
    label = _("Switch off") if charged else _("Switch on")
    switch = button(
        label,
        el.span(": ", place.name, class_name=styles.SR),
        kind="outline",
        size="xs",
        on_click=TaxDesk.charge(place.key, not charged),
    )
    return el.li(
        el.div(
            el.a(
                place.name,
                href=f"{HOME}/" + place.key,
                class_name="font-medium underline-offset-4 hover:underline",
            ),
            el.p(place.summary, class_name="text-ink-2"),
            class_name="grid min-w-0 gap-0.5",
        ),
        when(may_edit(), switch),
        class_name="flex items-start justify-between gap-3 border-t border-line px-4 py-3",
        data_testid="taxed-place" if charged else "untaxed-place",
        data_value=place.key,
    )


def _classes() -> Component:
    own = of(TaxDesk)

    def one(tax_class: Any) -> Component:
        count = when(
            tax_class.products > 0,
            text(tax_class.products) + when(tax_class.products == 1, _(" product"), _(" products")),
            tax_class.note,
        )
        return el.li(
            el.span(tax_class.label, class_name="font-medium"),
            el.span(count, class_name="text-end text-xs text-ink-2"),
            class_name="flex items-baseline justify-between gap-3 border-t border-line py-2",
        )

    add = el.form(
        text_field(
            _("New class"),
            name="label",
            max_length=100,
            auto_complete="off",
            error=error_of(TaxDesk, "label"),
        ),
        select_field(
            _("Rates to begin with, like"),
            each(own.view.classes, lambda one: el.option(one.label, value=one.code)),
            name="like",
            error=error_of(TaxDesk, "like"),
        ),
        button(_("Add class"), type="submit", kind="outline", size="s", class_name="justify-self-start"),
        on_submit=submit(TaxDesk.add_class),
        no_validate=True,
        key=text(own.answers),
        class_name="mt-3 grid gap-3 border-t border-line pt-4",
    )
    return panel(
        _("Classes"),
        el.p(_("A product has one of them, and with it its rate in every country."), class_name="text-ink-2"),
        el.ul(each(own.view.classes, one), class_name="mt-3"),
        when(may_edit(), add),
    )


def _another() -> Component:
    return panel(
        _("Another country"),
        el.form(
            select_field(
                _("Country"),
                each(of(TaxDesk).view.without, lambda country: el.option(country.name, value=country.key)),
                name="place",
            ),
            button(
                _("Enter rates"), type="submit", kind="outline", size="s", class_name="justify-self-start"
            ),
            on_submit=submit(TaxDesk.look_at),
            no_validate=True,
            class_name="grid gap-3",
        ),
    )


# --- One place --------------------------------------------------------------------------------------


def place_page() -> Component:
    own = of(PlaceDesk)
    return desk(
        _place_page,
        title=own.place.name,
        current=SETTINGS,
        ready=own.loaded,
        back=(_("Taxes"), HOME),
        beside=when(
            own.loaded,
            when(
                own.place.charged, badge(_("Tax is charged"), "green"), badge(_("No tax is charged"), "calm")
            ),
        ),
        actions=when(may_edit(), _charge),
        waiting=skeleton("h-96"),
    )


def _charge() -> Component:
    place = of(PlaceDesk).place
    return when(
        place.charged,
        button(_("Charge no tax here"), kind="outline", size="s", on_click=PlaceDesk.charge(False)),
        button(_("Charge tax here"), size="s", on_click=PlaceDesk.charge(True)),
    )


def _place_page() -> Component:
    own = of(PlaceDesk)
    some = el.ul(each(own.place.rates, _rate))
    none = empty_state(_("No rates yet"), _("Without a rate no tax is charged. Add the first one."))
    return el.div(
        panel(_("Rates"), when(length(own.place.rates) > 0, some, none), plain=True),
        when(may_edit(), _add_rate),
        class_name=look.TWO,
    )


def _rate(rate: Any) -> Component:
    phase = match(
        rate.phase,
        {"later": badge(_("Later"), "blue"), "before": badge(_("Before"), "calm")},
        fragment(),
    )
    since = when(rate.since != "", el.span(_("from "), rate.since), el.span(_("in force")))
    remove = menu(
        _("Change this rate"),
        menu_item(_("Remove"), danger=True, on_click=PlaceDesk.remove(rate.id, rate.version)),
    )
    used = el.span(_("used by orders: it stays"), class_name="text-xs text-ink-3")
    return el.li(
        el.div(
            el.div(
                el.span(rate.class_label, class_name="font-medium"),
                phase,
                class_name="flex flex-wrap items-center gap-2",
            ),
            el.p(rate.label, " · ", since, class_name="text-ink-2"),
            when(rate.can_change, fragment(), used),
            class_name="grid min-w-0 gap-0.5",
        ),
        el.span(rate.percent, " %", class_name="ms-auto text-md tabular-nums"),
        when(may_edit(), when(rate.can_change, remove)),
        class_name="flex items-start gap-3 border-t border-line px-4 py-3",
        data_testid="tax-rate",
        data_value=rate.tax_class,
    )


def _add_rate() -> Component:
    own = of(PlaceDesk)
    return panel(
        _("New rate"),
        el.form(
            form_errors(PlaceDesk),
            select_field(
                _("Class"),
                each(own.classes, lambda one: el.option(one.label, value=one.code)),
                name="tax_class",
                error=error_of(PlaceDesk, "tax_class"),
            ),
            text_field(
                _("Rate in percent"),
                name="percent",
                input_mode="decimal",
                auto_complete="off",
                max_length=20,
                error=error_of(PlaceDesk, "percent"),
            ),
            text_field(
                _("First day"),
                name="first_day",
                type="date",
                hint=_("It takes the place of the one before from that day on."),
                error=error_of(PlaceDesk, "first_day"),
            ),
            text_field(
                _("Name on orders"),
                name="label",
                auto_complete="off",
                max_length=100,
                hint=_("Empty: the tax with its rate, such as VAT 19 %."),
                error=error_of(PlaceDesk, "label"),
            ),
            button(_("Add rate"), type="submit", size="s", class_name="justify-self-start"),
            on_submit=submit(PlaceDesk.add),
            reset_on_submit=False,
            no_validate=True,
            key=own.place.key + text(length(own.place.rates)),
            class_name="grid gap-3",
        ),
    )


PAGES = (
    Page(HOME, taxes, _("Taxes"), load=(TaxDesk.load,), needs=NEEDS),
    Page(PLACE_ROUTE, place_page, _("Tax rates"), load=(PlaceDesk.load,), needs=NEEDS),
)
