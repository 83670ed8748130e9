"""What was ordered and what it came to: lines, sums, how it was paid, and what went back."""

from __future__ import annotations

from typing import Any

import reflex as rx

from shop_app.core.i18n import _
from shop_app.state.order import Order

from . import styles
from .badges import badge
from .cart_line import sum_row, tax_rows, thumbnail


def ordered() -> rx.Component:
    return rx.el.aside(
        rx.el.h2(_("What you ordered"), class_name=f"{styles.D4} mb-2"),
        rx.el.ul(rx.foreach(Order.view.lines, _line)),
        _sums(),
        class_name=styles.ASIDE,
        aria_label=_("What you ordered"),
    )


def _line(line: Any) -> rx.Component:
    return rx.el.li(
        thumbnail(line, styles.MINI_PICTURE),
        rx.el.div(
            rx.el.a(
                line.title, href=f"/products/{line.slug}", class_name="underline-offset-4 hover:underline"
            ),
            rx.el.p(
                line.variant,
                rx.cond(line.variant, " ", ""),
                f"× {line.quantity}",
                class_name="text-sm text-ink-3",
            ),
            rx.cond(line.is_gift, badge(_("Gift"), "green"), rx.fragment()),
            rx.cond(line.note, rx.el.p(line.note, class_name="text-sm text-ink-2"), rx.fragment()),
        ),
        rx.el.span(line.total, class_name="tabular-nums"),
        class_name=styles.MINI,
        key=rx.cond(line.is_gift, "gift-", "") + line.sku,
        data_testid="order-line",
        data_sku=line.sku,
    )


def _sums() -> rx.Component:
    view = Order.view
    word = rx.match(
        view.phase,
        ("paid", _("Paid")),
        ("refunded", _("Paid")),
        ("authorized", _("Set aside")),
        ("expired", _("Total")),
        ("unpaid", _("Total")),
        ("needs_review", _("Total")),
        ("cancelled", rx.cond(view.paid_with.length() > 0, _("Paid"), _("Total"))),
        ("withdrawn", rx.cond(view.paid_with.length() > 0, _("Paid"), _("Total"))),
        _("To pay"),
    )
    return rx.el.div(
        sum_row(_("Subtotal"), view.subtotal),
        rx.foreach(view.discounts, lambda one: sum_row(one.label, one.amount)),
        sum_row(rx.cond(view.shipping_label, view.shipping_label, _("Delivery")), view.shipping),
        rx.cond(view.tax_on_top, tax_rows(view.tax_lines, on_top=True), rx.fragment()),
        rx.el.p(
            rx.el.span(word),
            rx.el.span(view.total, class_name="tabular-nums", data_testid="order-total"),
            class_name=styles.SUM_TOTAL,
        ),
        rx.cond(
            view.paid_with.length() > 1,
            rx.foreach(view.paid_with, lambda paid: sum_row(paid[0], paid[1])),
            rx.fragment(),
        ),
        rx.cond(
            view.refunded,
            rx.el.p(
                rx.el.span(_("Refunded")),
                rx.el.span("−", view.refunded, class_name="tabular-nums", data_testid="order-refunded"),
                class_name=f"{styles.SUM_ROW} font-medium",
            ),
            rx.fragment(),
        ),
        rx.cond(view.tax_on_top, rx.fragment(), tax_rows(view.tax_lines, on_top=False)),
        rx.cond(view.tax_note, rx.el.p(view.tax_note, class_name="text-sm text-ink-3"), rx.fragment()),
        rx.cond(
            view.vat_number,
            rx.el.p(_("Your VAT number: "), view.vat_number, class_name="text-sm text-ink-3"),
            rx.fragment(),
        ),
        class_name=f"{styles.SUM} mt-3.5 border-t border-line pt-4",
    )


def paid_with() -> rx.Component:
    """How it was, or will be, paid: each way with its amount once there are several."""
    view = Order.view
    several = rx.foreach(
        view.paid_with, lambda paid: rx.el.p(paid[0], rx.el.span(" ", paid[1], class_name="tabular-nums"))
    )
    # What was chosen at checkout isn't what paid where a gift card was enough.
    one = rx.foreach(view.paid_with, lambda paid: rx.el.p(paid[0]))
    chosen = rx.el.p(view.payment_label)
    return rx.fragment(rx.match(view.paid_with.length(), (0, chosen), (1, one), several))


def refunds() -> rx.Component:
    """Nothing at all where no money went back."""
    return rx.cond(
        Order.view.refunds.length() > 0,
        rx.el.section(
            rx.el.h2(_("Money back"), class_name=styles.ORDER_TITLE),
            rx.el.ul(rx.foreach(Order.view.refunds, _refund), class_name=styles.ENTRIES),
            class_name=styles.ORDER_PART,
        ),
        rx.fragment(),
    )


def _refund(refund: Any) -> rx.Component:
    status_badge = rx.match(
        refund.status,
        ("pending", badge(_("On its way"), "blue", "clock")),
        ("succeeded", badge(_("Done"), "green", "check")),
        badge(_("Held up"), "amber", "warning"),
    )
    return rx.el.li(
        rx.el.div(
            rx.el.p(
                rx.el.span(refund.amount, class_name="font-medium tabular-nums"),
                rx.el.span(" ", refund.destination_text, class_name="text-ink-2"),
            ),
            status_badge,
            class_name=styles.ENTRY_HEAD,
        ),
        rx.cond(refund.what, rx.el.p(refund.what, class_name="text-sm text-ink-2"), rx.fragment()),
        rx.el.p(refund.when, ". ", refund.status_text, ".", class_name="text-sm text-ink-3"),
        class_name=styles.ENTRY,
        data_testid="order-refund-line",
        data_status=refund.status,
    )
