"""The page of the cart: lines, what waits for later, codes, the estimate of delivery, the way to checkout."""

from __future__ import annotations

from typing import Any

import reflex as rx

from shop_app.components import layout, styles, texts
from shop_app.components.badges import empty_state
from shop_app.components.cart_line import (
    cart_line,
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
from shop_app.components.controls import link_button
from shop_app.components.credit import credit_rows
from shop_app.core.i18n import _
from shop_app.state.cart import Cart

NAME = _("Cart")
TITLE = f"{NAME} · {texts.SHOP}"


def page() -> rx.Component:
    full = Cart.view.lines.length() > 0
    return layout.page(
        rx.el.div(
            rx.el.h1(
                _("Cart"),
                " ",
                # There from the start, so that the line is as high as it will be.
                rx.el.span(rx.cond(full, units(Cart.view.count), "\u00a0"), class_name=styles.DRAWER_COUNT),
                class_name=styles.D2,
            ),
            class_name="mx-auto w-full max-w-page px-gutter pt-8 md:pt-12",
        ),
        rx.el.div(
            rx.el.div(
                undo_row(),
                rx.cond(full, _lines(), rx.cond(Cart.loaded, _empty(), _waiting())),
                rx.cond(Cart.view.saved.length() > 0, _saved(), rx.fragment()),
                class_name="min-w-0",
            ),
            rx.cond(full, _sums(), rx.fragment()),
            # So high that the foot of the page is out of sight, and nothing jumps when the lines come.
            class_name=f"{styles.TWO_COLUMNS} min-h-[70svh]",
        ),
        ready=Cart.loaded,
    )


def _lines() -> rx.Component:
    return rx.fragment(
        free_shipping(),
        rx.el.h2(_("What is in it"), class_name=styles.SR),
        rx.el.ul(rx.foreach(Cart.view.lines, cart_line), rx.foreach(Cart.view.gifts, gift_line)),
        hints(),
    )


def _empty() -> rx.Component:
    return empty_state(
        _("Nothing in it yet"),
        _("What you add stays here for weeks, also when you close the browser."),
        link_button(_("See everything"), href="/products"),
        link_button(_("See what is new"), href="/products?new=1", kind="outline"),
    )


def _waiting() -> rx.Component:
    line = rx.el.div(
        rx.el.span(class_name=f"{styles.SKELETON} block h-[95px] w-19 md:h-[110px] md:w-22"),
        rx.el.span(class_name=f"{styles.SKELETON} block h-5 w-40"),
        class_name="flex gap-4 border-b border-line py-5",
    )
    return rx.el.div(line, line, aria_hidden="true")


def _saved() -> rx.Component:
    return rx.el.section(
        rx.el.h2(_("Saved for later"), class_name=styles.D3),
        rx.el.ul(rx.foreach(Cart.view.saved, saved_line), class_name="mt-2"),
        class_name="pt-section",
    )


def _sums() -> rx.Component:
    return rx.el.aside(
        rx.el.h2(_("Your order"), class_name=f"{styles.D4} mb-3"),
        rx.el.div(
            sum_row(_("Subtotal"), Cart.view.subtotal, data_testid="cart-subtotal"),
            discount_rows(),
            rx.cond(
                Cart.view.shipping,
                sum_row(_estimate(), Cart.view.shipping, data_testid="cart-shipping"),
                rx.fragment(),
            ),
            _country(),
            tax_rows(Cart.view.tax_lines, on_top=True),
            rx.el.div(
                rx.el.span(_("Total")),
                rx.el.span(Cart.view.total, class_name="tabular-nums", data_testid="cart-total"),
                class_name=styles.SUM_TOTAL,
            ),
            rx.el.p(Cart.view.tax_note, class_name="text-sm text-ink-3"),
            credit_rows(),
            class_name=styles.SUM,
        ),
        rx.el.div(
            code_field("page", expanded=True),
            credit_field("page"),
            class_name="mt-4 divide-y divide-line border-y border-line",
        ),
        rx.cond(
            Cart.view.can_check_out,
            link_button(
                _("Check out"),
                href="/checkout",
                size="l",
                class_name="mt-5 w-full",
                data_testid="go-to-checkout",
            ),
            rx.el.p(
                _("One of the lines can't be bought as it is. Change or remove it to go on."),
                class_name="mt-5 text-sm text-coral",
                role="status",
            ),
        ),
        aria_label=_("Your order"),
        class_name=styles.ASIDE,
    )


def _estimate() -> Any:
    return rx.Var.create(_("Delivery to ")) + Cart.view.country_name


def _country() -> rx.Component:
    return rx.cond(
        Cart.countries.length() > 0,
        rx.el.label(
            rx.el.span(_("Deliver to"), class_name="text-sm text-ink-2"),
            rx.el.select(
                rx.foreach(Cart.countries, lambda country: rx.el.option(country.name, value=country.code)),
                value=Cart.view.country,
                on_change=Cart.set_country,
                class_name=f"{styles.INPUT_S} {styles.SELECT} max-w-48",
                data_testid="cart-country",
            ),
            class_name="flex items-center justify-between gap-4",
        ),
        rx.el.div(class_name="h-9"),
    )
