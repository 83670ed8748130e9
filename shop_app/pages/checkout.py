"""Checkout, on one page and without an account: contact, address, delivery, payment, and the sums."""

from __future__ import annotations

from typing import Any

import reflex as rx

from shop_app.components import layout, styles, texts
from shop_app.components.address_fields import address_fields
from shop_app.components.badges import empty_state, note
from shop_app.components.controls import button, link_button, text_link
from shop_app.components.credit import credit_rows
from shop_app.components.fields import options, radio_card, text_field
from shop_app.components.forms import error_of, form_errors, submit
from shop_app.components.hold_timer import hold_news, hold_timer
from shop_app.components.icons import icon
from shop_app.components.order_summary import order_summary
from shop_app.components.parts import busy_button, departure
from shop_app.core.i18n import _
from shop_app.state.base import Notice
from shop_app.state.checkout import Checkout

NAME = _("Checkout")
TITLE = rx.cond(Checkout.summary.length() > 0, _("Error: Checkout"), NAME) + f" · {texts.SHOP}"
FORM = "checkout-form"


def page() -> rx.Component:
    return layout.page(
        rx.cond(
            # An empty cart that this tab remembers may have been filled since: first it is loaded.
            Checkout.loaded & (rx.State.is_hydrated | ~Checkout.empty),
            rx.cond(Checkout.empty, _empty(), _checkout()),
            _waiting(),
        ),
        ready=Checkout.loaded,
        plain=True,
        end=hold_timer(layout.back_to_cart()),
    )


def _waiting() -> rx.Component:
    """The same boxes as the page, as high as the window: nothing in sight jumps when the form comes."""
    return rx.el.div(
        rx.el.div(rx.el.h1(_("Checkout"), class_name=f"{styles.D2} mb-7"), class_name="min-w-0"),
        rx.el.div(class_name=f"{styles.CHECKOUT_ASIDE} h-[181px]", aria_hidden="true"),
        class_name=f"{styles.CHECKOUT} min-h-[100svh] content-start",
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
        class_name="mx-auto min-h-[90svh] w-full max-w-page px-gutter py-16",
    )


def _checkout() -> rx.Component:
    return rx.el.div(
        rx.el.div(
            rx.el.h1(_("Checkout"), class_name=f"{styles.D2} mb-7"),
            _problems(),
            hold_news(),
            rx.el.form(
                _contact(),
                _section(_("Delivery address"), address_fields()),
                _delivery(),
                _payment(),
                rx.el.input(
                    type="hidden", name="shown_minor", value=Checkout.view.total_minor, read_only=True
                ),
                rx.el.input(
                    type="hidden",
                    name="shown_credit_minor",
                    value=Checkout.view.credit_minor,
                    read_only=True,
                ),
                rx.el.input(
                    type="hidden", name="shown_parts", value=Checkout.view.shown_parts, read_only=True
                ),
                departure(Checkout.departure.address, Checkout.departure.ticket, Checkout.departure.number),
                id=FORM,
                no_validate=True,
                on_submit=submit(Checkout.pay),
            ),
            class_name="min-w-0",
        ),
        order_summary(),
        class_name=styles.CHECKOUT,
    )


def _problems() -> rx.Component:
    confirmation = note(Checkout.confirmation, kind="good", data_testid="checkout-confirmation")
    return form_errors(
        Checkout,
        rx.cond(Checkout.confirmation, rx.el.div(confirmation, class_name="mb-8"), rx.fragment()),
        refused=rx.el.div(_refused(), class_name="mb-8"),
        more_shown=Checkout.confirmation != "",
        class_name="rounded-r2",
    )


def _refused() -> rx.Component:
    """Why the order wasn't placed, and the one click that mends it, where there is one."""
    take = button(_("Take what is left"), kind="outline", size="s", on_click=Checkout.take_what_is_left)
    accept = _pay_button(kind="outline", size="s", testid="accept-total", class_name="")
    return note(
        rx.cond(
            Checkout.refused_lines.length() > 1,
            rx.el.ul(rx.foreach(Checkout.refused_lines, rx.el.li)),
            rx.el.p(Checkout.refused),
        ),
        rx.cond(
            Checkout.changes.length() > 0,
            rx.el.ul(rx.foreach(Checkout.changes, _change), class_name=styles.CHANGES),
            rx.fragment(),
        ),
        rx.match(
            Checkout.refused_kind,
            (
                "stock",
                rx.el.div(
                    take, text_link(_("Change the cart"), href="/cart"), class_name=styles.REFUSED_ACTS
                ),
            ),
            (
                "price",
                rx.el.div(accept, text_link(_("Back to cart"), href="/cart"), class_name=styles.REFUSED_ACTS),
            ),
            rx.fragment(),
        ),
        kind="bad",
        role="alert",
        data_testid="checkout-refused",
    )


def _change(change: Any) -> rx.Component:
    """A part of the total that isn't what it was."""
    return rx.el.li(
        rx.el.span(change.label),
        rx.el.span(
            rx.cond(
                change.before,
                rx.el.s(rx.el.span(_("was "), class_name=styles.SR), change.before, class_name="text-ink-3"),
                rx.fragment(),
            ),
            rx.cond(change.before & change.now, " ", ""),
            rx.cond(change.now, change.now, rx.el.span(_("fell away"))),
            class_name="tabular-nums",
        ),
        rx.el.span(change.difference, class_name="text-right font-medium tabular-nums"),
        class_name=styles.CHANGE,
        data_testid="price-change",
    )


def _section(title: str, *children: Any, last: bool = False) -> rx.Component:
    return rx.el.section(
        rx.el.h2(title, class_name=f"{styles.D4} mb-[18px]"),
        *children,
        class_name=styles.STEP_LAST if last else styles.STEP_SECTION,
    )


def _contact() -> rx.Component:
    return _section(
        _("Contact"),
        text_field(
            _("Email"),
            name="email",
            hint=_("For the receipt and delivery news."),
            error=error_of(Checkout, "email"),
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


def _delivery() -> rx.Component:
    def card(way: Any) -> rx.Component:
        return radio_card(
            way.label,
            rx.fragment(
                way.dates,
                rx.cond(way.note, rx.fragment(rx.cond(way.dates, ". ", ""), way.note), rx.fragment()),
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
    wrong = error_of(Checkout, name)
    return rx.cond(
        wrong,
        rx.el.p(icon("error", styles.ERROR_ICON), wrong, class_name=f"{styles.ERROR} mt-2"),
        rx.fragment(),
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
        rx.cond(
            Checkout.view.is_covered,
            rx.el.p(_("Your gift card or credit pays for all of it."), data_testid="is-covered"),
            options(
                rx.foreach(Checkout.view.payments, card),
                legend=_("Way to pay"),
                id="field-payment_provider",
                tab_index=-1,
            ),
        ),
        _wrong("payment_provider"),
        rx.el.p(
            rx.el.span(
                rx.cond(
                    Checkout.view.tax_note != "",
                    _("Total, without VAT"),
                    rx.cond(Checkout.view.tax_on_top, _("Total, tax included"), _("Total, VAT included")),
                )
            ),
            rx.el.span(Checkout.view.total, class_name="tabular-nums", data_testid="order-total"),
            class_name=f"{styles.SUM_TOTAL} mt-6 mb-4",
            aria_live="polite",
        ),
        rx.el.div(credit_rows(Checkout, Checkout.view), class_name="mb-4 empty:hidden", aria_live="polite"),
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
        icon("lock", styles.ICON_S),
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
