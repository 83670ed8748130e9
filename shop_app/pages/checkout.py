"""Checkout, on one page and without an account: contact, address, delivery, payment, and the sums."""

from __future__ import annotations

from typing import Any

import reflex as rx

from shop_app.components import layout, look
from shop_app.components.cart_line import code_field, discount_rows, sum_row, thumbnail, units
from shop_app.components.controls import button, link_button, text_link
from shop_app.components.fields import field, options, radio_card, select_field, text_field
from shop_app.components.icons import icon
from shop_app.components.marks import empty_state, note
from shop_app.components.parts import busy_button, focus_box
from shop_app.state.base import Notice
from shop_app.state.cart import Cart
from shop_app.state.checkout import Checkout
from shop_app.words import _

TITLE = rx.cond(Checkout.summary.length() > 0, _("Error: Checkout"), _("Checkout"))
LOAD = [Checkout.load]
FORM = "checkout-form"
FOLDED = ("company", "line2")


def page() -> rx.Component:
    return layout.page(
        rx.cond(
            Checkout.loaded,
            rx.cond(Checkout.empty, _empty(), _checkout()),
            rx.el.div(
                rx.el.h1(_("Checkout"), class_name=look.D2),
                class_name="mx-auto w-full max-w-page px-gutter pt-10 pb-40",
            ),
        ),
        ready=Checkout.loaded,
        plain=True,
    )


def _empty() -> rx.Component:
    return rx.el.div(
        empty_state(
            _("There is nothing to check out"),
            _("Your cart is empty. Orders that you have placed are found by their number."),
            link_button(_("See everything"), href="/products"),
            link_button(_("Find my order"), href="/orders/lookup", kind="outline"),
            level=1,
        ),
        class_name="mx-auto w-full max-w-page px-gutter py-16",
    )


def _checkout() -> rx.Component:
    return rx.el.div(
        rx.el.div(
            rx.el.h1(_("Checkout"), class_name=f"{look.D2} mb-7"),
            _problems(),
            rx.el.form(
                _contact(),
                _address(),
                _delivery(),
                _payment(),
                id=FORM,
                no_validate=True,
                on_submit=Checkout.pay,
            ),
            class_name="min-w-0",
        ),
        _summary(),
        class_name=look.CHECKOUT,
    )


def _problems() -> rx.Component:
    def one(problem: Any) -> rx.Component:
        return rx.el.li(
            rx.el.a(problem.message, href=f"#field-{problem.field}", class_name=look.PROBLEM_LINK)
        )

    return focus_box(
        rx.cond(
            Checkout.summary.length() > 0,
            rx.el.div(
                rx.el.h2(Checkout.summary_title, class_name="mb-2 text-base font-medium"),
                rx.el.ul(rx.foreach(Checkout.summary, one)),
                class_name=look.PROBLEMS,
                role="alert",
            ),
            rx.fragment(),
        ),
        rx.cond(Checkout.refused, rx.el.div(_refused(), class_name="mb-8"), rx.fragment()),
        news=Checkout.answers,
        shown=(Checkout.summary.length() > 0) | (Checkout.refused != ""),
        class_name="rounded-r2",
    )


def _refused() -> rx.Component:
    """Why the order wasn't placed, and the one click that mends it, where there is one."""
    take = button(_("Take what is left"), kind="outline", size="s", on_click=Checkout.take_what_is_left)
    accept = _pay_button(kind="outline", size="s", testid="accept-total", class_name="")
    return note(
        rx.el.p(Checkout.refused),
        rx.match(
            Checkout.refused_kind,
            (
                "stock",
                rx.el.div(take, text_link(_("Change the cart"), href="/cart"), class_name=look.REFUSED_ACTS),
            ),
            (
                "price",
                rx.el.div(accept, text_link(_("Back to cart"), href="/cart"), class_name=look.REFUSED_ACTS),
            ),
            rx.fragment(),
        ),
        kind="bad",
        role="alert",
        data_testid="checkout-refused",
    )


def _section(title: str, *children: Any, last: bool = False) -> rx.Component:
    return rx.el.section(
        rx.el.h2(title, class_name=f"{look.D4} mb-[18px]"),
        *children,
        class_name=look.STEP_LAST if last else look.STEP_SECTION,
    )


def _contact() -> rx.Component:
    return _section(
        _("Contact"),
        text_field(
            _("Email"),
            name="email",
            hint=_("For the receipt and delivery news."),
            error=Checkout.wrong["email"],
            type="email",
            input_mode="email",
            auto_complete="email",
            default_value=Checkout.view.form.email,
            max_length=200,
            required=True,
            on_blur=lambda value: Checkout.typed("email", value),
            auto_capitalize="none",
            spell_check=False,
        ),
    )


def _address() -> rx.Component:
    folded = [Checkout.view.form.company, Checkout.view.form.line2]
    return _section(
        _("Delivery address"),
        rx.el.div(
            _country(),
            rx.foreach(
                Checkout.view.fields,
                lambda one: rx.cond(_is_folded(one) | (one.name == "country"), rx.fragment(), _input(one)),
            ),
            rx.el.details(
                rx.el.summary(
                    icon("plus", look.ICON_S),
                    _("Company or second address line"),
                    class_name=look.MORE_FIELDS,
                ),
                rx.el.div(
                    rx.foreach(
                        Checkout.view.fields, lambda one: rx.cond(_is_folded(one), _input(one), rx.fragment())
                    ),
                    class_name=f"{look.FIELDS} mt-4",
                ),
                open=(folded[0] != "") | (folded[1] != ""),
                class_name="col-span-6",
            ),
            class_name=look.FIELDS,
        ),
    )


def _is_folded(one: Any) -> rx.Var[bool]:
    return (one.name == FOLDED[0]) | (one.name == FOLDED[1])


def _country() -> rx.Component:
    return select_field(
        _("Country"),
        rx.foreach(Checkout.view.countries, lambda country: rx.el.option(country.name, value=country.code)),
        name="country",
        auto_complete="country",
        default_value=Checkout.view.form.country,
        error=Checkout.wrong["country"],
        class_name="col-span-6",
        on_change=lambda value: Checkout.typed("country", value),
    )


def _input(one: Any) -> rx.Component:
    """An input as the country asks for it; its value is its own, so that typing never waits for anything."""
    id = f"field-{one.name}"
    value = Checkout.view.form.to(dict[str, str])[one.name]
    wrong = Checkout.wrong[one.name]
    described = {
        "aria_invalid": rx.cond(wrong, "true", "false"),
        "aria_describedby": rx.cond(wrong, f"{id}-note", ""),
    }
    choices = rx.el.select(
        rx.el.option(_("Choose"), value=""),
        rx.foreach(one.choices, lambda choice: rx.el.option(choice[1], value=choice[0])),
        id=id,
        name=one.name,
        auto_complete=one.autocomplete,
        default_value=value,
        required=one.required,
        class_name=f"{look.INPUT} {look.SELECT}",
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
        class_name=look.INPUT,
        on_blur=lambda typed: Checkout.typed(one.name, typed),
        **described,
    )
    label = rx.fragment(
        one.label,
        rx.cond(one.required, rx.fragment(), rx.el.span(" ", _("optional"), class_name=look.OPTIONAL)),
    )
    return rx.el.div(
        field(label, rx.cond(one.choices.length() > 0, choices, text), id=id, error=wrong),
        class_name=rx.match(
            one.name,
            ("given_name", look.HALF_WIDE),
            ("family_name", look.HALF_WIDE),
            ("postal_code", look.POSTCODE),
            ("locality", look.CITY),
            look.FULL,
        ),
        key=one.name,
    )


def _delivery() -> rx.Component:
    def card(way: Any) -> rx.Component:
        return radio_card(
            way.label,
            rx.fragment(
                way.dates,
                rx.cond(way.note, rx.fragment(rx.cond(way.dates, ", ", ""), way.note), rx.fragment()),
            ),
            way.price,
            name="shipping_method",
            value=way.code,
            checked=way.chosen,
            on_change=Checkout.typed("shipping_method", way.code),
            data_testid="shipping-method",
            data_value=way.code,
        )

    return _section(
        _("Delivery"),
        rx.cond(
            Checkout.view.deliveries.length() > 0,
            options(
                rx.foreach(Checkout.view.deliveries, card),
                legend=_("Delivery method"),
                id="field-shipping_method",
                tab_index=-1,
            ),
            rx.el.p(
                _("We can't deliver this to the country above. Choose another one, or write to us."),
                id="field-shipping_method",
                tab_index=-1,
                class_name="text-coral",
            ),
        ),
        _wrong("shipping_method"),
    )


def _wrong(name: str) -> rx.Component:
    wrong = Checkout.wrong[name]
    return rx.cond(
        wrong, rx.el.p(icon("error", look.ERROR_ICON), wrong, class_name=f"{look.ERROR} mt-2"), rx.fragment()
    )


def _payment() -> rx.Component:
    def card(way: Any) -> rx.Component:
        return radio_card(
            way.label,
            way.note,
            name="payment_provider",
            value=way.code,
            checked=way.chosen,
            on_change=Checkout.typed("payment_provider", way.code),
            data_testid="payment-method",
            data_value=way.code,
        )

    return _section(
        _("Payment"),
        options(
            rx.foreach(Checkout.view.payments, card),
            legend=_("Way to pay"),
            id="field-payment_provider",
            tab_index=-1,
        ),
        _wrong("payment_provider"),
        rx.el.p(
            rx.el.span(_("Total, VAT included")),
            rx.el.span(Checkout.view.total, class_name="tabular-nums", data_testid="order-total"),
            class_name=f"{look.SUM_TOTAL} mt-6 mb-4",
            aria_live="polite",
        ),
        _pay_button(),
        rx.el.p(
            _("By paying you accept our "),
            text_link(_("terms"), href="/terms"),
            _(" and "),
            text_link(_("right of withdrawal"), href="/returns"),
            ".",
            class_name="mt-3 text-sm text-ink-3",
        ),
        last=True,
    )


def _pay_button(
    *, kind: Any = "primary", size: Any = "l", testid: str = "pay", class_name: str = "w-full"
) -> rx.Component:
    return busy_button(
        icon("lock", look.ICON_S),
        Checkout.view.pay_label,
        type="submit",
        form=FORM,
        kind=kind,
        size=size,
        class_name=class_name,
        busy_label=_("One moment"),
        answer=f"{Checkout.answers}-{Notice.number}",
        data_testid=testid,
    )


def _summary() -> rx.Component:
    return rx.el.aside(
        rx.el.details(
            rx.el.summary(
                rx.el.span(
                    units(Checkout.view.cart.count),
                    icon("down", look.FACET_ICON),
                    class_name="flex items-center gap-1.5",
                ),
                rx.el.span(Checkout.view.total, class_name="font-medium tabular-nums"),
                class_name="flex min-h-7 cursor-pointer items-center justify-between",
            ),
            _lines(),
            _sums(),
            class_name="group md:hidden",
        ),
        rx.el.div(
            rx.el.div(
                rx.el.h2(_("Your order"), class_name=look.D4),
                text_link(_("Change"), href="/cart", class_name="text-sm text-ink-2"),
                class_name="mb-2 flex items-baseline justify-between",
            ),
            _lines(),
            _sums(),
            class_name="hidden md:block",
        ),
        rx.el.div(
            code_field("checkout", Checkout, Checkout.view.cart), class_name="mt-2 md:border-t md:border-line"
        ),
        rx.cond(Cart.view.version > Checkout.view.cart.version, _changed(), rx.fragment()),
        aria_label=_("Your order"),
        class_name=look.CHECKOUT_ASIDE,
    )


def _changed() -> rx.Component:
    again = rx.el.button(
        _("Show it as it is now"),
        type="button",
        on_click=Checkout.load,
        class_name=f"{look.LINK} cursor-pointer",
    )
    return rx.el.div(
        note(_("Your cart was changed in another tab. "), again, kind="wait", role="status"),
        class_name="mt-3",
    )


def _lines() -> rx.Component:
    def one(line: Any) -> rx.Component:
        return rx.el.li(
            thumbnail(line, look.MINI_PICTURE),
            rx.el.div(
                line.title,
                rx.el.p(
                    line.variant,
                    rx.cond(line.variant, " ", ""),
                    f"× {line.quantity}",
                    class_name="text-sm text-ink-3",
                ),
            ),
            rx.el.span(line.total, class_name="tabular-nums"),
            class_name=look.MINI,
            key=line.sku,
        )

    return rx.el.ul(rx.foreach(Checkout.view.cart.lines, one))


def _sums() -> rx.Component:
    return rx.el.div(
        sum_row(_("Subtotal"), Checkout.view.subtotal),
        discount_rows(Checkout, Checkout.view),
        rx.cond(Checkout.view.shipping, sum_row(_("Delivery"), Checkout.view.shipping), rx.fragment()),
        rx.el.p(
            rx.el.span(_("Total")),
            rx.el.span(Checkout.view.total, class_name="tabular-nums"),
            class_name=look.SUM_TOTAL,
        ),
        rx.foreach(
            Checkout.view.tax_lines,
            lambda tax: rx.el.p(
                rx.el.span(tax[0]),
                rx.el.span(tax[1], class_name="tabular-nums"),
                class_name=f"{look.SUM_ROW} text-sm text-ink-3",
            ),
        ),
        class_name=f"{look.SUM} mt-3.5 border-t border-line pt-4",
    )
