"""The fields of an address, which follow its country: labels, what is required, what can be chosen."""

from __future__ import annotations

from typing import Any

import reflex as rx

from shop_app.core.i18n import _
from shop_app.state.checkout import Checkout

from . import styles
from .fields import field_error, select_field
from .forms import error_of
from .icons import icon

COLLAPSED = ("company", "vat_number", "line2")


def address_fields() -> rx.Component:
    """The address as its country asks for it, the country first because the rest follows from it."""
    typed = Checkout.view.form
    return rx.el.div(
        _country(),
        rx.foreach(
            Checkout.view.fields,
            lambda one: rx.cond(_is_collapsed(one) | (one.name == "country"), rx.fragment(), _input(one)),
        ),
        rx.el.details(
            rx.el.summary(
                icon("plus", styles.ICON_S),
                rx.cond(
                    Checkout.view.asks_for_vat_number,
                    _("Company, VAT number or second address line"),
                    _("Company or second address line"),
                ),
                class_name=styles.MORE_FIELDS,
            ),
            rx.el.div(
                rx.foreach(
                    Checkout.view.fields,
                    lambda one: rx.cond(_is_collapsed(one), _input(one), rx.fragment()),
                ),
                class_name=f"{styles.FIELDS} mt-4",
            ),
            open=(typed.company != "") | (typed.line2 != "") | (typed.vat_number != ""),
            class_name="col-span-6",
        ),
        class_name=styles.FIELDS,
    )


def _is_collapsed(one: Any) -> rx.Var[bool]:
    return (one.name == COLLAPSED[0]) | (one.name == COLLAPSED[1]) | (one.name == COLLAPSED[2])


def _country() -> rx.Component:
    return select_field(
        _("Country"),
        rx.foreach(Checkout.view.countries, lambda country: rx.el.option(country.name, value=country.code)),
        name="country",
        auto_complete="country",
        default_value=Checkout.view.form.country,
        error=error_of(Checkout, "country"),
        class_name="col-span-6",
        on_change=lambda value: Checkout.typed("country", value),
    )


def _input(one: Any) -> rx.Component:
    """An input as the country asks for it; its value is its own, so that typing never waits for anything."""
    # A Var and no f-string: that would count as one fixed id, and be sent along with the form.
    id = rx.Var.create("field-") + one.name
    value = Checkout.view.form.to(dict[str, str])[one.name]
    wrong = error_of(Checkout, one.name)
    described = {
        "aria_invalid": rx.cond(wrong, "true", "false"),
        "aria_describedby": rx.cond(wrong, id + "-note", ""),
    }
    choices = rx.el.select(
        rx.el.option(_("Choose"), value=""),
        rx.foreach(one.choices, lambda choice: rx.el.option(choice[1], value=choice[0])),
        id=id,
        name=one.name,
        auto_complete=one.autocomplete,
        default_value=value,
        required=one.required,
        class_name=f"{styles.INPUT} {styles.SELECT}",
        on_change=lambda typed: Checkout.typed(one.name, typed),
        **described,
    )
    text = rx.el.input(
        id=id,
        name=one.name,
        type=rx.cond(one.name == "phone", "tel", "text"),
        auto_complete=one.autocomplete,
        input_mode=rx.cond(one.inputmode, one.inputmode, "text"),
        default_value=value,
        max_length=200,
        required=one.required,
        class_name=styles.INPUT,
        on_blur=lambda typed: Checkout.typed(one.name, typed),
        **described,
    )
    label = rx.fragment(
        one.label,
        rx.cond(one.required, rx.fragment(), rx.el.span(" ", _("optional"), class_name=styles.OPTIONAL)),
    )
    return rx.el.div(
        rx.el.label(label, html_for=id, class_name=styles.LABEL),
        rx.cond(one.choices.length() > 0, choices, text),
        rx.cond(wrong, field_error(wrong, id=id + "-note"), rx.fragment()),
        class_name=rx.match(
            one.name,
            ("given_name", f"{styles.FIELD} {styles.HALF_WIDE}"),
            ("family_name", f"{styles.FIELD} {styles.HALF_WIDE}"),
            ("postal_code", f"{styles.FIELD} {styles.POSTCODE}"),
            ("locality", f"{styles.FIELD} {styles.CITY}"),
            f"{styles.FIELD} {styles.FULL}",
        ),
        key=one.name,
    )
