"""The page of the cart: lines, what waits for later, codes, the estimate of delivery, the way to checkout."""

from __future__ import annotations

from functools import partial
from typing import Any

from shop_app.components import layout, styles, texts
from shop_app.components.badges import empty_state, payment_mark
from shop_app.components.cart_line import (
    answered,
    cart_line,
    changes_said,
    discount_rows,
    free_shipping,
    gift_line,
    hints,
    saved_line,
    sum_row,
    tax_rows,
    undo_row,
    units,
)
from shop_app.components.code_fields import code_field, credit_field
from shop_app.components.controls import link_button, text_link
from shop_app.components.credit import credit_rows, payment_notes
from shop_app.components.forms import submit
from shop_app.components.guarantee import guarantee_notice
from shop_app.components.join_note import join_note
from shop_app.components.kit import Component, each, el, fragment, length, of, when
from shop_app.components.parts import busy_button, departure, needs_scripts
from shop_app.core.i18n import _
from shop_app.core.pages import only
from shop_app.page import Page
from shop_app.state.cart import Cart

NAME = _("Cart")


def page() -> Component:
    full = length(of(Cart).view.lines) > 0
    return layout.page(
        el.div(
            el.h1(
                _("Cart"),
                " ",
                # There from the start, so that the line is as high as it will be.
                el.span(when(full, units(of(Cart).view.count), "\u00a0"), class_name=styles.DRAWER_COUNT),
                class_name=styles.D2,
            ),
            class_name="mx-auto w-full max-w-page px-gutter pt-8 md:pt-12",
        ),
        el.div(
            el.div(
                needs_scripts(_("The cart needs scripts to work.")),
                join_note(),
                undo_row(),
                changes_said(),
                when(full, _lines, when(of(Cart).loaded, _empty, _waiting)),
                when(length(of(Cart).view.saved) > 0, _saved),
                class_name="min-w-0",
            ),
            when(full, _sums),
            # So high that the foot of the page is out of sight, and nothing jumps when the lines come.
            class_name=f"{styles.TWO_COLUMNS} min-h-[70svh]",
        ),
        ready=of(Cart).loaded,
    )


def _lines() -> Component:
    return fragment(
        free_shipping(),
        el.h2(_("What is in it"), class_name=styles.SR),
        el.ul(each(of(Cart).view.lines, cart_line), each(of(Cart).view.gifts, gift_line)),
        hints(of(Cart).view),
    )


def _empty() -> Component:
    return empty_state(
        _("Nothing in it yet"),
        _("What you add stays here for weeks, also when you close the browser."),
        link_button(_("See everything"), href="/products"),
        link_button(_("See what is new"), href="/products?new=1", kind="outline"),
    )


def _waiting() -> Component:
    line = el.div(
        el.span(class_name=f"{styles.SKELETON} block h-[95px] w-19 md:h-[110px] md:w-22"),
        el.span(class_name=f"{styles.SKELETON} block h-5 w-40"),
        class_name="flex gap-4 border-b border-line py-5",
    )
    return el.div(line, line, aria_hidden="true")


def _saved() -> Component:
    return el.section(
        el.h2(_("Saved for later"), class_name=styles.D3),
        el.ul(each(of(Cart).view.saved, saved_line), class_name="mt-2"),
        class_name="pt-section",
    )


def _sums() -> Component:
    return el.aside(
        el.h2(_("Your order"), class_name=f"{styles.D4} mb-3"),
        el.div(
            sum_row(_("Subtotal"), of(Cart).view.subtotal, data_testid="cart-subtotal"),
            discount_rows(Cart, of(Cart).view),
            when(
                of(Cart).view.shipping,
                sum_row(_estimate(), of(Cart).view.shipping, data_testid="cart-shipping"),
            ),
            _country(),
            tax_rows(of(Cart).view.tax_lines, on_top=True),
            el.div(
                el.span(_("Total")),
                el.span(of(Cart).view.total, class_name="tabular-nums", data_testid="cart-total"),
                class_name=styles.SUM_TOTAL,
            ),
            el.p(of(Cart).view.tax_note, class_name="text-sm text-ink-3"),
            credit_rows(Cart, of(Cart).view),
            class_name=styles.SUM,
        ),
        el.div(
            code_field("page", Cart, of(Cart).view),
            credit_field("page", Cart, of(Cart).view),
            class_name="mt-4 divide-y divide-line border-y border-line",
        ),
        payment_notes(of(Cart).view),
        when(
            of(Cart).view.can_check_out,
            link_button(
                _("Check out"),
                href="/checkout",
                size="l",
                class_name="mt-5 w-full",
                data_testid="go-to-checkout",
            ),
            el.p(
                _("One of the lines can't be bought as it is. Change or remove it to go on."),
                class_name="mt-5 text-sm text-coral",
                role="status",
            ),
        ),
        when(length(of(Cart).view.wallets) > 0, _at_once),
        guarantee_notice(),
        aria_label=_("Your order"),
        class_name=styles.ASIDE,
    )


def _at_once() -> Component:
    """Paying with a wallet, which knows the address."""
    leaves = of(Cart).departure
    return el.form(
        busy_button(
            _("Pay at once with"),
            each(of(Cart).view.wallets, payment_mark),
            kind="outline",
            class_name="mt-2.5 w-full",
            type="submit",
            busy_label=_("One moment"),
            answer=answered(),
            data_testid="pay-at-once",
        ),
        el.input(type="hidden", name="shown_minor", value=of(Cart).view.total_minor, read_only=True),
        departure(leaves.address, leaves.ticket, leaves.number),
        el.p(
            _("Sent to the address that it knows, in "),
            of(Cart).view.country_name,
            _(". By paying you accept our "),
            text_link(_("terms"), href="/terms"),
            _(" and "),
            text_link(_("right of withdrawal"), href="/returns"),
            ".",
            class_name="mt-2 text-sm text-ink-3",
        ),
        on_submit=submit(Cart.pay_at_once),
    )


def _estimate() -> Any:
    return _("Delivery to ") + of(Cart).view.country_name


def _country() -> Component:
    return when(
        length(of(Cart).countries) > 0,
        el.label(
            el.span(_("Deliver to"), class_name="text-sm text-ink-2"),
            el.select(
                each(of(Cart).countries, lambda country: el.option(country.name, value=country.code)),
                value=of(Cart).view.country,
                on_change=Cart.set_country,
                class_name=f"{styles.INPUT_S} {styles.SELECT} max-w-48",
                data_testid="cart-country",
            ),
            class_name="flex items-center justify-between gap-4",
        ),
        el.div(class_name="h-9"),
    )


PAGE = Page(
    "/cart", page, title=partial(texts.titled, NAME), load=(Cart.load_countries,), shared=only(), private=True
)
