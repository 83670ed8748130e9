"""What checkout is about: the lines, what they come to, and the discount code."""

from __future__ import annotations

from typing import Any

import reflex as rx

from shop_app.state.cart import Cart
from shop_app.state.checkout import Checkout
from shop_app.words import _

from . import look
from .cart_line import code_field, discount_rows, sum_row, thumbnail, units
from .controls import text_link
from .icons import icon
from .marks import note


def order_summary() -> rx.Component:
    """Folded to one line on a phone, at the side of the form elsewhere."""
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
                rx.cond(line.notice, rx.el.p(line.notice, class_name="text-sm text-amber"), rx.fragment()),
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
