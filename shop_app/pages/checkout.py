"""Checkout, on one page and without an account: contact, address, delivery, payment, and the sums."""

from __future__ import annotations

from typing import Any

import reflex as rx

from shop_app.components import layout, styles, texts
from shop_app.components.badges import empty_state, note, payment_mark
from shop_app.components.checkout_steps import FORM, progress, section, who
from shop_app.components.controls import button, link_button, text_link
from shop_app.components.credit import credit_rows, payment_notes
from shop_app.components.fields import options, radio_card
from shop_app.components.forms import error_of, form_errors, submit
from shop_app.components.guarantee import guarantee_notice
from shop_app.components.hold_timer import hold_news, hold_timer
from shop_app.components.icons import icon
from shop_app.components.kit import (
    Component,
    Text,
    both,
    each,
    either,
    el,
    fragment,
    length,
    match,
    not_,
    of,
    when,
)
from shop_app.components.letter_consents import letter_consents
from shop_app.components.order_summary import order_summary
from shop_app.components.parts import busy_button, departure, needs_scripts
from shop_app.core.i18n import _
from shop_app.core.pages import only
from shop_app.page import Page
from shop_app.state.account.at_checkout import AtCheckout
from shop_app.state.base import Notice
from shop_app.state.checkout import Checkout
from shop_app.state.letter_consents import LetterConsents

NAME = _("Checkout")


def title() -> Text:
    return texts.titled(when(length(of(Checkout).summary) > 0, _("Error: Checkout"), NAME))


def page() -> Component:
    return layout.page(
        el.div(needs_scripts(_("Checkout needs scripts to work.")), class_name=styles.WRAP),
        when(
            # An empty cart that this tab remembers may have been filled since: first it is loaded.
            both(of(Checkout).loaded, either(of(rx.State).is_hydrated, not_(of(Checkout).empty))),
            when(of(Checkout).empty, _empty, _checkout),
            _waiting,
        ),
        ready=of(Checkout).loaded,
        plain=True,
        end=hold_timer(layout.back_to_cart()),
    )


def _waiting() -> Component:
    """The same boxes as the page, as high as the window: nothing in sight jumps when the form comes."""
    return el.div(
        el.div(class_name=f"{styles.CHECKOUT_ASIDE} h-[181px]", aria_hidden="true"),
        el.div(el.h1(_("Checkout"), class_name=f"{styles.D2} mb-7"), class_name=styles.CHECKOUT_MAIN),
        class_name=f"{styles.CHECKOUT} min-h-[100svh] content-start",
    )


def _empty() -> Component:
    said = of(Checkout).confirmation
    return el.div(
        when(
            said,
            el.div(
                note(
                    el.p(said),
                    text_link(_("See what is saved"), href="/cart"),
                    kind="info",
                    role="status",
                    data_testid="checkout-emptied",
                ),
                class_name="mb-8",
            ),
        ),
        empty_state(
            _("There is nothing to check out"),
            _("Your cart is empty. Orders that you have placed are found by their number."),
            link_button(_("See everything"), href="/products"),
            link_button(_("Find my order"), href="/orders/lookup", kind="outline"),
            level=1,
        ),
        class_name="mx-auto min-h-[90svh] w-full max-w-page px-gutter py-16",
    )


def _checkout() -> Component:
    return el.div(
        order_summary(),
        el.div(
            el.h1(_("Checkout"), class_name=f"{styles.D2} mb-3"),
            progress(),
            _problems(),
            hold_news(),
            el.form(
                who(),
                _delivery(),
                _payment(),
                el.input(
                    type="hidden", name="shown_minor", value=of(Checkout).view.total_minor, read_only=True
                ),
                el.input(
                    type="hidden",
                    name="shown_credit_minor",
                    value=of(Checkout).view.credit_minor,
                    read_only=True,
                ),
                el.input(
                    type="hidden", name="shown_parts", value=of(Checkout).view.shown_parts, read_only=True
                ),
                departure(
                    of(Checkout).departure.address,
                    of(Checkout).departure.ticket,
                    of(Checkout).departure.number,
                ),
                id=FORM,
                no_validate=True,
                on_submit=submit(Checkout.pay),
            ),
            class_name=styles.CHECKOUT_MAIN,
        ),
        class_name=styles.CHECKOUT,
    )


def _problems() -> Component:
    confirmation = note(of(Checkout).confirmation, kind="good", data_testid="checkout-confirmation")
    return form_errors(
        Checkout,
        when(of(Checkout).confirmation, el.div(confirmation, class_name="mb-8")),
        refused=el.div(_refused(), class_name="mb-8"),
        more_shown=of(Checkout).confirmation != "",
        class_name="rounded-r2",
    )


def _refused() -> Component:
    """Why the order wasn't placed, and the one click that mends it, where there is one."""
    take = button(_("Take what is left"), kind="outline", size="s", on_click=Checkout.take_what_is_left)
    accept = _pay_button(kind="outline", size="s", testid="accept-total", class_name="")
    return note(
        when(
            length(of(Checkout).refused_lines) > 1,
            el.ul(each(of(Checkout).refused_lines, el.li)),
            el.p(of(Checkout).refused),
        ),
        when(
            length(of(Checkout).changes) > 0,
            el.ul(each(of(Checkout).changes, _change), class_name=styles.CHANGES),
        ),
        match(
            of(Checkout).refused_kind,
            {
                "stock": el.div(
                    take, text_link(_("Change the cart"), href="/cart"), class_name=styles.REFUSED_ACTS
                ),
                "price": el.div(
                    accept, text_link(_("Back to cart"), href="/cart"), class_name=styles.REFUSED_ACTS
                ),
            },
        ),
        kind="bad",
        role="alert",
        data_testid="checkout-refused",
    )


def _change(change: Any) -> Component:
    """A part of the total that isn't what it was."""
    return el.li(
        el.span(change.label),
        el.span(
            when(
                change.before,
                el.s(el.span(_("was "), class_name=styles.SR), change.before, class_name="text-ink-3"),
            ),
            when(both(change.before, change.now), " ", ""),
            when(change.now, change.now, el.span(_("fell away"))),
            class_name="tabular-nums",
        ),
        el.span(change.difference, class_name="text-end font-medium tabular-nums"),
        class_name=styles.CHANGE,
        data_testid="price-change",
    )


def _delivery() -> Component:
    def card(way: Any) -> Component:
        return radio_card(
            way.label,
            fragment(
                way.dates,
                when(way.note, fragment(when(way.dates, ". ", ""), way.note)),
            ),
            way.price,
            name="shipping_method",
            value=way.code,
            checked=way.chosen,
            on_change=Checkout.typed("shipping_method", way.code),
            data_testid="shipping-method",
            data_value=way.code,
        )

    return section(
        "delivery",
        when(
            length(of(Checkout).view.deliveries) > 0,
            options(
                each(of(Checkout).view.deliveries, card),
                legend=_("Delivery method"),
                id="field-shipping_method",
                tab_index=-1,
            ),
            el.p(
                _("We can't deliver this to the country above. Choose another one, or write to us."),
                id="field-shipping_method",
                tab_index=-1,
                class_name="text-coral",
            ),
        ),
        _wrong("shipping_method"),
    )


def _wrong(name: str) -> Component:
    wrong = error_of(Checkout, name)
    return when(wrong, el.p(icon("error", styles.ERROR_ICON), wrong, class_name=f"{styles.ERROR} mt-2"))


def _payment() -> Component:
    def card(way: Any) -> Component:
        return radio_card(
            way.label,
            fragment(way.note, el.span(each(way.marks, payment_mark), class_name=styles.MARKS)),
            name="payment_provider",
            value=way.code,
            checked=way.chosen,
            on_change=Checkout.typed("payment_provider", way.code),
            data_testid="payment-method",
            data_value=way.code,
        )

    return section(
        "payment",
        when(
            of(Checkout).view.is_covered,
            el.p(_("Your gift card or credit pays for all of it."), data_testid="is-covered"),
            options(
                each(of(Checkout).view.payments, card),
                legend=_("Way to pay"),
                id="field-payment_provider",
                tab_index=-1,
            ),
        ),
        payment_notes(of(Checkout).view.cart),
        _wrong("payment_provider"),
        el.p(
            el.span(
                when(
                    of(Checkout).view.tax_note != "",
                    _("Total, without VAT"),
                    when(of(Checkout).view.tax_on_top, _("Total, tax included"), _("Total, VAT included")),
                )
            ),
            el.span(of(Checkout).view.total, class_name="tabular-nums", data_testid="order-total"),
            class_name=f"{styles.SUM_TOTAL} mt-6 mb-4",
            aria_live="polite",
        ),
        el.div(credit_rows(Checkout, of(Checkout).view), class_name="mb-4 empty:hidden", aria_live="polite"),
        guarantee_notice("mb-4"),
        letter_consents("mb-4"),
        _pay_button(),
        el.p(
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
) -> Component:
    return busy_button(
        icon("lock", styles.ICON_S),
        of(Checkout).view.pay_label,
        type="submit",
        form=FORM,
        kind=kind,
        size=size,
        class_name=class_name,
        busy_label=_("One moment"),
        answer=f"{of(Checkout).answers}-{of(Notice).number}",
        data_testid=testid,
    )


PAGE = Page(
    "/checkout",
    page,
    title=title,
    load=(
        AtCheckout.load,
        Checkout.load,
        LetterConsents.load,
    ),
    shared=only(),
    private=True,
)
