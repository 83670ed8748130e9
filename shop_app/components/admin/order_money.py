"""The money of an order in the back office: sums, attempts to pay, disputes, refunds."""

from __future__ import annotations

from typing import Any

from shop_app.core.i18n import _
from shop_app.state.admin.orders import OrderAdmin

from .. import styles
from ..badges import note
from ..kit import Component, Text, both, each, el, length, of, when
from .order_items import may, state_badge
from .parts import panel

ROW = "flex flex-wrap justify-between gap-x-4 gap-y-0.5"
ENTRY = "grid gap-1 border-t border-line px-4 py-3"


def money() -> Component:
    """What it comes to, what was paid, and what went back."""
    view = of(OrderAdmin).view
    return panel(
        _("Payment"),
        el.dl(
            each(view.sums, _row),
            el.div(
                el.dt(view.paid_label, class_name="font-medium"),
                el.dd(view.total, class_name="font-medium tabular-nums", data_testid="order-total"),
                class_name=f"{ROW} border-t border-line pt-2.5",
            ),
            class_name="grid gap-2 px-4 pb-4",
        ),
        el.ul(each(view.payments, _payment)),
        el.ul(each(view.disputes, _dispute)),
        when(length(view.refunds) > 0, lambda: el.ul(each(view.refunds, _refund), aria_label=_("Refunds"))),
        when(
            view.refund_blocked,
            el.p(view.refund_blocked, class_name="border-t border-line px-4 py-3 text-ink-2", role="status"),
        ),
        plain=True,
    )


def _row(pair: Any) -> Component:
    return el.div(
        el.dt(pair[0], class_name="text-ink-2"), el.dd(pair[1], class_name="tabular-nums"), class_name=ROW
    )


def _outside(url: Text, label: Text) -> Component:
    return el.a(label, href=url, target="_blank", rel="noopener noreferrer", class_name=styles.LINK)


def _payment(payment: Any) -> Component:
    acts = el.div(
        el.button(
            _("Capture"),
            type="button",
            on_click=OrderAdmin.capture(of(OrderAdmin).view.id),
            class_name=f"{styles.BTN} {styles.PRIMARY} {styles.SIZE_XS}",
        ),
        el.button(
            _("Void"),
            type="button",
            on_click=OrderAdmin.open_form("void", 0),
            class_name=f"{styles.BTN} {styles.OUTLINE} {styles.SIZE_XS}",
        ),
        class_name="flex gap-2 pt-1",
    )
    return el.li(
        el.div(
            el.span(payment.label, " ", state_badge(payment.state), class_name="flex items-center gap-2"),
            el.span(when(payment.captured, payment.captured, payment.amount), class_name="tabular-nums"),
            class_name=ROW,
        ),
        when(payment.message, el.p(payment.message, class_name="text-coral")),
        when(payment.until, el.p(payment.until, class_name="text-amber")),
        el.p(
            when(
                payment.url,
                _outside(payment.url, payment.reference),
                el.span(payment.reference, class_name="[overflow-wrap:anywhere]"),
            ),
            class_name="text-xs text-ink-3",
        ),
        when(both(payment.is_authorised, may("orders.edit")), acts),
        class_name=ENTRY,
    )


def _dispute(dispute: Any) -> Component:
    return el.li(
        note(
            el.p(
                _("Dispute about "),
                dispute.amount,
                when(dispute.reason, ", " + dispute.reason, ""),
                class_name="font-medium",
            ),
            when(dispute.due, el.p(dispute.due)),
            when(dispute.url, el.p(_outside(dispute.url, _("Answer it there")))),
            el.p(state_badge(dispute.state)),
            kind="bad",
        ),
        class_name="px-4 pb-3",
    )


def _refund(refund: Any) -> Component:
    return el.li(
        el.div(
            el.span(_("Refund"), " ", state_badge(refund.state), class_name="flex items-center gap-2"),
            el.span("−", refund.amount, class_name="tabular-nums"),
            class_name=ROW,
        ),
        when(refund.what, el.p(refund.what)),
        when(refund.reason, el.p(refund.reason, class_name="text-ink-2")),
        when(refund.note, el.p(refund.note, class_name="text-ink-2 whitespace-pre-line")),
        el.p(refund.destination, ", ", refund.when, ", ", refund.who, class_name="text-xs text-ink-3"),
        class_name=ENTRY,
        data_testid="order-refunded",
    )
