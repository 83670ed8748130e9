"""What checkout is about: the lines, what they come to, and the discount code."""

from __future__ import annotations

from typing import Any

import reflex as rx

from shop_app.core.i18n import _
from shop_app.state.checkout import Checkout

from . import styles
from .badges import badge
from .cart_line import (
    discount_rows,
    gift_price,
    hints,
    sum_row,
    tax_rows,
    thumbnail,
    units,
)
from .code_fields import code_field, credit_field
from .controls import text_link
from .credit import credit_rows
from .icons import icon


def order_summary() -> rx.Component:
    """Folded to one line on a phone, at the side of the form elsewhere."""
    return rx.el.aside(
        rx.el.details(
            rx.el.summary(
                rx.el.span(
                    units(Checkout.view.cart.count),
                    icon("down", styles.FACET_ICON),
                    class_name="flex items-center gap-1.5",
                ),
                rx.el.span(
                    rx.cond(Checkout.view.left, Checkout.view.left, Checkout.view.total),
                    class_name="font-medium tabular-nums",
                ),
                class_name="flex min-h-7 cursor-pointer items-center justify-between",
            ),
            _lines(),
            _sums(),
            text_link(_("Change"), href="/cart", class_name="text-sm text-ink-2"),
            class_name="group md:hidden",
        ),
        rx.el.div(
            rx.el.div(
                rx.el.h2(_("Your order"), class_name=styles.D4),
                text_link(_("Change"), href="/cart", class_name="text-sm text-ink-2"),
                class_name="mb-2 flex items-baseline justify-between",
            ),
            _lines(),
            _sums(),
            class_name="hidden md:block",
        ),
        rx.el.div(
            code_field("checkout", Checkout, Checkout.view.cart),
            credit_field("checkout", Checkout, Checkout.view),
            class_name="mt-2 divide-y divide-line md:border-t md:border-line",
        ),
        aria_label=_("Your order"),
        class_name=styles.CHECKOUT_ASIDE,
    )


def _lines() -> rx.Component:
    def one(line: Any) -> rx.Component:
        return rx.el.li(
            thumbnail(line, styles.MINI_PICTURE),
            rx.el.div(
                line.title,
                rx.el.p(
                    line.variant,
                    rx.cond(line.variant, " ", ""),
                    f"× {line.quantity}",
                    class_name="text-sm text-ink-3",
                ),
                rx.cond(line.promise, rx.el.p(line.promise, class_name="text-sm text-ink-3"), rx.fragment()),
                rx.cond(line.notice, rx.el.p(line.notice, class_name="text-sm text-amber"), rx.fragment()),
            ),
            rx.el.span(line.total, class_name="tabular-nums"),
            class_name=styles.MINI,
            key=line.sku,
        )

    return rx.fragment(
        rx.el.ul(rx.foreach(Checkout.view.cart.lines, one), rx.foreach(Checkout.view.gifts, _gift)),
        hints(Checkout.view.cart, "grid gap-1.5 py-2 empty:hidden"),
    )


def _gift(line: Any) -> rx.Component:
    return rx.el.li(
        thumbnail(line, styles.MINI_PICTURE),
        rx.el.div(
            line.title,
            rx.el.p(line.variant, rx.cond(line.variant, " ", ""), class_name="text-sm text-ink-3"),
            badge(_("Gift"), "green"),
        ),
        rx.el.span(gift_price(line), class_name="text-right tabular-nums"),
        class_name=styles.MINI,
        key=f"gift-{line.sku}",
        data_testid="gift-line",
    )


def _sums() -> rx.Component:
    return rx.el.div(
        sum_row(_("Subtotal"), Checkout.view.subtotal),
        discount_rows(Checkout, Checkout.view),
        rx.cond(Checkout.view.shipping, sum_row(_("Delivery"), Checkout.view.shipping), rx.fragment()),
        rx.cond(
            Checkout.view.tax_on_top,
            rx.fragment(tax_rows(Checkout.view.tax_lines, on_top=True)),
            rx.fragment(),
        ),
        rx.el.p(
            rx.el.span(_("Total")),
            rx.el.span(Checkout.view.total, class_name="tabular-nums"),
            class_name=styles.SUM_TOTAL,
        ),
        rx.cond(
            Checkout.view.tax_on_top,
            rx.fragment(),
            rx.fragment(tax_rows(Checkout.view.tax_lines, on_top=False)),
        ),
        rx.cond(
            Checkout.view.tax_note,
            rx.el.p(Checkout.view.tax_note, class_name="text-sm text-ink-3", data_testid="tax-note"),
            rx.fragment(),
        ),
        credit_rows(Checkout, Checkout.view),
        class_name=f"{styles.SUM} mt-3.5 border-t border-line pt-4",
    )
