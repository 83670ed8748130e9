"""The fields of an address, which follow its country: labels, what is required, what can be chosen."""

from __future__ import annotations

from typing import Any

from shop_app.core.i18n import _
from shop_app.state.account.at_checkout import AtCheckout
from shop_app.state.checkout import Checkout

from . import styles
from .fields import checkbox, field_error, optional_mark, required_mark, select_field
from .forms import error_of
from .icons import icon
from .kit import Component, each, either, el, field_of, fragment, length, match, of, when

COLLAPSED = ("company", "vat_number", "line2")
_WIDTHS = {
    "given_name": styles.HALF_WIDE,
    "family_name": styles.HALF_WIDE,
    "postal_code": styles.POSTCODE,
    "locality": styles.CITY,
}
"""What isn't as wide as the form."""


def address_fields() -> Component:
    """The address as its country asks for it, the country first because the rest follows from it."""
    typed = of(Checkout).view.form
    return el.div(
        _country(),
        each(
            of(Checkout).view.fields,
            lambda one: when(
                either(_is_collapsed(one), one.name == "country"), fragment(), lambda: _input(one)
            ),
        ),
        el.details(
            el.summary(
                icon("plus", styles.ICON_S),
                when(
                    of(Checkout).view.asks_for_vat_number,
                    _("Company, VAT number or second address line"),
                    _("Company or second address line"),
                ),
                class_name=styles.MORE_FIELDS,
            ),
            el.div(
                each(
                    of(Checkout).view.fields,
                    lambda one: when(_is_collapsed(one), _input(one)),
                ),
                class_name=f"{styles.FIELDS} mt-4",
            ),
            open=either(typed.company != "", typed.line2 != "", typed.vat_number != ""),
            class_name="col-span-6",
        ),
        class_name=styles.FIELDS,
        # An address that is chosen brings its values with new inputs.
        key=of(AtCheckout).turns,
    )


def billing_fields() -> Component:
    """Whether the bill goes to the same address, and the fields of another one."""
    return el.div(
        checkbox(
            _("The billing address is the delivery address"),
            name="billing_same",
            value="on",
            default_checked=of(Checkout).view.form.billing == "",
            on_change=lambda same: Checkout.typed("billing", when(same, "", "other")),
            data_testid="billing-same",
        ),
        # A box that isn't ticked sends nothing: this says that there was one.
        el.input(type="hidden", name="billing_asked", value="yes", read_only=True),
        when(
            length(of(Checkout).view.billing_fields) > 0,
            el.fieldset(
                el.legend(_("Billing address"), class_name="mb-4 font-medium"),
                el.div(each(of(Checkout).view.billing_fields, _input), class_name=styles.FIELDS),
                class_name="mt-7",
                data_testid="billing-fields",
            ),
        ),
        class_name="mt-6",
    )


def _is_collapsed(one: Any) -> Any:
    return either(*(one.name == name for name in COLLAPSED))


def _country() -> Component:
    return select_field(
        _("Country"),
        each(of(Checkout).view.countries, lambda country: el.option(country.name, value=country.code)),
        name="country",
        auto_complete="shipping country",
        required=True,
        default_value=of(Checkout).view.form.country,
        error=error_of(Checkout, "country"),
        class_name="col-span-6",
        on_change=lambda value: Checkout.typed("country", value),
    )


def _input(one: Any) -> Component:
    return address_input(
        one,
        form=of(Checkout).view.form,
        wrong=error_of(Checkout, one.name),
        left=lambda typed: Checkout.typed(one.name, typed),
    )


def address_input(one: Any, *, form: Any, wrong: Any, left: Any = None) -> Component:
    """An input as the country asks for it; its value is its own, so that typing never waits for anything.

    one    an AddressField
    form   has the value that it begins with
    wrong  the sentence below it, "" for none
    left   what happens when it is left with a value
    """
    # A Var and no f-string: that would count as one fixed id, and be sent along with the form.
    id = "field-" + one.name
    value = field_of(form, one.name)
    described = {
        "aria_invalid": when(wrong, "true", "false"),
        "aria_describedby": when(either(wrong != "", one.hint != ""), id + "-note", ""),
    }
    choices = el.select(
        el.option(_("Choose"), value=""),
        each(one.choices, lambda choice: el.option(choice[1], value=choice[0])),
        id=id,
        name=one.name,
        auto_complete=one.autocomplete,
        default_value=value,
        required=one.required,
        class_name=f"{styles.INPUT} {styles.SELECT}",
        **({"on_change": left} if left else {}),
        **described,
    )
    text = el.input(
        id=id,
        name=one.name,
        type=when(one.name == "phone", "tel", "text"),
        auto_complete=one.autocomplete,
        input_mode=when(one.inputmode, one.inputmode, "text"),
        default_value=value,
        max_length=200,
        required=one.required,
        class_name=styles.INPUT,
        **({"on_blur": left} if left else {}),
        **described,
    )
    mark = when(one.required, required_mark(), when(one.hint, fragment(), optional_mark()))
    label = fragment(one.label, mark)
    hint = when(one.hint, el.p(one.hint, id=id + "-note", class_name=styles.HINT))
    return el.div(
        el.label(label, html_for=id, class_name=styles.LABEL),
        when(length(one.choices) > 0, choices, text),
        when(wrong, field_error(wrong, id=id + "-note"), hint),
        class_name=match(
            one.name,
            {
                f"{address}{name}": f"{styles.FIELD} {width}"
                for address in ("", "billing_")
                for name, width in _WIDTHS.items()
            },
            f"{styles.FIELD} {styles.FULL}",
        ),
        key=one.name,
    )
