"""What checkout is about: the lines, what they come to, and the discount code."""

from __future__ import annotations

from typing import Any

from shop_app.core.i18n import _
from shop_app.state.checkout import Checkout

from . import styles
from .account.at_checkout import own_credit
from .badges import badge
from .cart_line import (
    discount_rows,
    gift_price,
    hints,
    sum_row,
    tax_rows,
    thumbnail,
    units,
    variant_and_units,
)
from .code_fields import code_field, credit_field
from .controls import text_link
from .credit import credit_rows
from .icons import icon
from .kit import Component, each, el, fragment, of, when


def order_summary() -> Component:
    """Folded to one line on a phone, at the side of the form elsewhere."""
    return el.aside(
        el.details(
            el.summary(
                el.span(
                    units(of(Checkout).view.cart.count),
                    icon("down", styles.FACET_ICON),
                    class_name="flex items-center gap-1.5",
                ),
                el.span(
                    when(of(Checkout).view.left, of(Checkout).view.left, of(Checkout).view.total),
                    class_name="font-medium tabular-nums",
                ),
                class_name="flex min-h-7 cursor-pointer items-center justify-between",
            ),
            _lines(),
            _sums(),
            text_link(_("Change"), href="/cart", class_name="text-sm text-ink-2"),
            class_name="group md:hidden",
        ),
        el.div(
            el.div(
                el.h2(_("Your order"), class_name=styles.D4),
                text_link(_("Change"), href="/cart", class_name="text-sm text-ink-2"),
                class_name="mb-2 flex items-baseline justify-between",
            ),
            _lines(),
            _sums(),
            class_name="hidden md:block",
        ),
        el.div(
            code_field("checkout", Checkout, of(Checkout).view.cart),
            credit_field("checkout", Checkout, of(Checkout).view),
            own_credit(),
            class_name="mt-2 divide-y divide-line md:border-t md:border-line",
        ),
        aria_label=_("Your order"),
        class_name=styles.CHECKOUT_ASIDE,
    )


def _lines() -> Component:
    def one(line: Any) -> Component:
        return el.li(
            thumbnail(line, styles.MINI_PICTURE),
            el.div(
                line.title,
                variant_and_units(line),
                when(line.promise, el.p(line.promise, class_name="text-sm text-ink-3")),
                when(line.notice, el.p(line.notice, class_name="text-sm text-amber")),
            ),
            el.span(line.total, class_name="tabular-nums"),
            class_name=styles.MINI,
            key=line.sku,
        )

    return fragment(
        el.ul(each(of(Checkout).view.cart.lines, one), each(of(Checkout).view.gifts, _gift)),
        hints(of(Checkout).view.cart, "grid gap-1.5 py-2 empty:hidden"),
    )


def _gift(line: Any) -> Component:
    return el.li(
        thumbnail(line, styles.MINI_PICTURE),
        el.div(
            line.title,
            el.p(line.variant, class_name="text-sm text-ink-3 empty:hidden"),
            badge(_("Gift"), "green"),
        ),
        el.span(gift_price(line), class_name="text-end tabular-nums"),
        class_name=styles.MINI,
        key=f"gift-{line.sku}",
        data_testid="gift-line",
    )


def _sums() -> Component:
    return el.div(
        sum_row(_("Subtotal"), of(Checkout).view.subtotal),
        discount_rows(Checkout, of(Checkout).view),
        when(of(Checkout).view.shipping, sum_row(_("Delivery"), of(Checkout).view.shipping)),
        when(of(Checkout).view.tax_on_top, fragment(tax_rows(of(Checkout).view.tax_lines, on_top=True))),
        el.p(
            el.span(_("Total")),
            el.span(of(Checkout).view.total, class_name="tabular-nums"),
            class_name=styles.SUM_TOTAL,
        ),
        when(
            of(Checkout).view.tax_on_top,
            fragment(),
            fragment(tax_rows(of(Checkout).view.tax_lines, on_top=False)),
        ),
        when(
            of(Checkout).view.tax_note,
            el.p(of(Checkout).view.tax_note, class_name="text-sm text-ink-3", data_testid="tax-note"),
        ),
        credit_rows(Checkout, of(Checkout).view),
        class_name=f"{styles.SUM} mt-3.5 border-t border-line pt-4",
    )
