"""What was ordered and what it came to: lines, sums, how it was paid, and what went back."""

from __future__ import annotations

from typing import Any

from shop_app.core.i18n import _
from shop_app.state.order import Order

from . import styles
from .badges import badge
from .cart_line import sum_row, tax_rows, thumbnail, variant_and_units
from .kit import Component, each, el, fragment, length, match, of, when


def ordered() -> Component:
    return el.aside(
        el.h2(_("What you ordered"), class_name=f"{styles.D4} mb-2"),
        el.ul(each(of(Order).view.lines, _line)),
        _sums(),
        class_name=styles.ASIDE,
        aria_label=_("What you ordered"),
    )


def _line(line: Any) -> Component:
    return el.li(
        thumbnail(line, styles.MINI_PICTURE),
        el.div(
            el.a(line.title, href=f"/products/{line.slug}", class_name="underline-offset-4 hover:underline"),
            variant_and_units(line),
            when(line.is_gift, badge(_("Gift"), "green")),
            when(line.note, el.p(line.note, class_name="text-sm text-ink-2")),
        ),
        el.span(line.total, class_name="tabular-nums"),
        class_name=styles.MINI,
        key=when(line.is_gift, "gift-", "") + line.sku,
        data_testid="order-line",
        data_sku=line.sku,
    )


def _sums() -> Component:
    view = of(Order).view
    word = match(
        view.phase,
        {
            "paid": _("Paid"),
            "refunded": _("Paid"),
            "disputed": _("Paid"),
            "charged_back": _("Total"),
            "authorized": _("Set aside"),
            "expired": _("Total"),
            "unpaid": _("Total"),
            "needs_review": _("Total"),
            "cancelled": when(length(view.paid_with) > 0, _("Paid"), _("Total")),
            "withdrawn": when(length(view.paid_with) > 0, _("Paid"), _("Total")),
        },
        _("To pay"),
    )
    return el.div(
        sum_row(_("Subtotal"), view.subtotal),
        each(view.discounts, lambda one: sum_row(one.label, one.amount)),
        sum_row(when(view.shipping_label, view.shipping_label, _("Delivery")), view.shipping),
        when(view.tax_on_top, tax_rows(view.tax_lines, on_top=True)),
        el.p(
            el.span(word),
            el.span(view.total, class_name="tabular-nums", data_testid="order-total"),
            class_name=styles.SUM_TOTAL,
        ),
        when(length(view.paid_with) > 1, each(view.paid_with, lambda paid: sum_row(paid[0], paid[1]))),
        when(
            view.refunded,
            el.p(
                el.span(_("Refunded")),
                el.span("−", view.refunded, class_name="tabular-nums", data_testid="order-refunded"),
                class_name=f"{styles.SUM_ROW} font-medium",
            ),
        ),
        when(view.tax_on_top, fragment(), tax_rows(view.tax_lines, on_top=False)),
        when(view.tax_note, el.p(view.tax_note, class_name="text-sm text-ink-3")),
        when(view.vat_number, el.p(_("Your VAT number: "), view.vat_number, class_name="text-sm text-ink-3")),
        class_name=f"{styles.SUM} mt-3.5 border-t border-line pt-4",
    )


def paid_with() -> Component:
    """How it was, or will be, paid: each way with its amount once there are several."""
    view = of(Order).view
    several = each(
        view.paid_with, lambda paid: el.p(paid[0], el.span(" ", paid[1], class_name="tabular-nums"))
    )
    # What was chosen at checkout isn't what paid where a gift card was enough.
    one = each(view.paid_with, lambda paid: el.p(paid[0]))
    chosen = el.p(view.payment_label)
    return fragment(match(length(view.paid_with), {0: chosen, 1: one}, several))


def refunds() -> Component:
    """Nothing at all where no money went back."""
    return when(
        length(of(Order).view.refunds) > 0,
        el.section(
            el.h2(_("Money back"), class_name=styles.ORDER_TITLE),
            el.ul(each(of(Order).view.refunds, _refund), class_name=styles.ENTRIES),
            class_name=styles.ORDER_PART,
        ),
    )


def _refund(refund: Any) -> Component:
    status_badge = match(
        refund.status,
        {"pending": badge(_("On its way"), "blue", "clock"), "succeeded": badge(_("Done"), "green", "check")},
        badge(_("Held up"), "amber", "warning"),
    )
    return el.li(
        el.div(
            el.p(
                el.span(refund.amount, class_name="font-medium tabular-nums"),
                el.span(" ", refund.destination_text, class_name="text-ink-2"),
            ),
            status_badge,
            class_name=styles.ENTRY_HEAD,
        ),
        when(refund.what, el.p(refund.what, class_name="text-sm text-ink-2")),
        el.p(refund.when, ". ", refund.status_text, ".", class_name="text-sm text-ink-3"),
        class_name=styles.ENTRY,
        data_testid="order-refund-line",
        data_status=refund.status,
    )
