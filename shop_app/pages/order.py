"""The page of one order: what happens next, where it is, what was ordered; it changes by itself."""

from __future__ import annotations

from typing import Any

import reflex as rx

from shop_app.components import layout, styles, texts
from shop_app.components.badges import empty_state, note
from shop_app.components.controls import button, link_button, text_link
from shop_app.components.icons import icon
from shop_app.components.order_money import ordered, paid_with, refunds
from shop_app.components.order_returns import return_drawer, returns
from shop_app.components.order_steps import shipments, stations
from shop_app.core.i18n import _
from shop_app.state.order import Order

TITLE = (
    rx.cond(Order.view.number, rx.Var.create(_("Order ")) + Order.view.number, _("Order"))
    + f" · {texts.SHOP}"
)
PRINT = rx.vars.FunctionStringVar.create("(() => window.print())")


def page() -> rx.Component:
    loaded = Order.view.number != ""
    return layout.page(
        rx.cond(
            loaded,
            rx.fragment(_head(), _rest()),
            rx.cond(Order.missing, _missing(), rx.el.div(class_name="min-h-[100svh]")),
        ),
        ready=loaded | Order.missing,
    )


def _missing() -> rx.Component:
    """The same for a wrong link as for no order at all."""
    return rx.el.div(
        empty_state(
            _("There is no order here"),
            _("The link may be incomplete. You can find an order by its number and your email address."),
            link_button(_("Find my order"), href="/orders/lookup"),
            link_button(_("Go to the shop"), href="/", kind="outline"),
            level=1,
        ),
        class_name="mx-auto min-h-[75svh] w-full max-w-page px-gutter pt-12 pb-10",
    )


def _head() -> rx.Component:
    return rx.el.div(
        rx.el.div(
            rx.el.p(
                _("Order "),
                rx.el.span(Order.view.number, data_testid="order-number"),
                class_name=styles.EYEBROW,
            ),
            rx.el.div(
                rx.el.h1(Order.view.headline, class_name=f"{styles.D2} mt-1.5 mb-3"),
                rx.el.p(Order.view.explanation, class_name="max-w-[52ch] text-ink-2"),
                _status(),
                role="status",
                data_testid="order-status",
                data_phase=Order.view.phase,
            ),
            rx.el.div(
                rx.cond(
                    Order.view.can_pay_again,
                    rx.fragment(
                        link_button(_("Try the payment again"), href="/checkout", data_testid="pay-again"),
                        link_button(_("Back to cart"), href="/cart", kind="outline"),
                    ),
                    rx.fragment(),
                ),
                button(
                    icon("print", styles.ICON_S),
                    _("Print"),
                    kind="outline",
                    on_click=PRINT,
                    class_name="max-md:hidden",
                ),
                class_name="mt-6 flex flex-wrap gap-2.5 empty:hidden print:hidden",
            ),
            class_name="border-b border-line pt-8 pb-9 md:pt-14 md:pb-12",
        ),
        class_name=styles.WRAP,
    )


def _status() -> rx.Component:
    """What is going on right now, where something is."""
    waiting = rx.el.div(
        rx.el.span(class_name=f"{styles.SPIN} m-0.5 text-blue", aria_hidden="true"),
        rx.el.p(_("Waiting for the payment company. Your things stay reserved.")),
        class_name=f"{styles.NOTE} {styles.NOTE_KINDS['info']}",
    )
    return rx.el.div(
        rx.match(
            Order.view.phase,
            ("confirming", waiting),
            (
                "awaiting_transfer",
                rx.cond(Order.view.transfer_details.length() > 0, _transfer(), rx.fragment()),
            ),
            (
                "needs_review",
                note(
                    _("We look into this ourselves and write to you. There is nothing you need to do."),
                    kind="wait",
                ),
            ),
            rx.fragment(),
        ),
        class_name="mt-6 max-w-[560px] empty:hidden",
    )


def _transfer() -> rx.Component:
    def row(detail: Any) -> rx.Component:
        return rx.fragment(
            rx.el.dt(detail[0], class_name="text-ink-3"),
            rx.el.dd(detail[1], class_name="tabular-nums select-all"),
        )

    return rx.el.dl(
        rx.foreach(Order.view.transfer_details, row),
        class_name=f"{styles.SPEC} rounded-r2 bg-sunken px-5 py-4 text-md",
        data_testid="transfer-details",
    )


def _rest() -> rx.Component:
    ended = (Order.view.status == "cancelled") | (Order.view.status == "expired")
    coming = ~ended & (Order.view.phase != "withdrawn")
    return rx.el.div(
        rx.el.div(
            rx.el.h2(_("Where it is"), class_name=f"{styles.D4} mb-[18px]"),
            stations(),
            shipments(),
            refunds(),
            returns(),
            rx.el.div(
                _part(
                    rx.cond(Order.view.shipping_label, Order.view.shipping_label, _("Delivery")),
                    rx.el.address(
                        rx.foreach(Order.view.address, lambda line: rx.el.span(line, class_name="block")),
                        class_name="not-italic",
                    ),
                    rx.cond(
                        coming & (Order.view.delivery_dates != ""),
                        rx.el.p(Order.view.delivery_dates, class_name="mt-1 text-ink-2"),
                        rx.fragment(),
                    ),
                ),
                _part(
                    _("Payment"),
                    paid_with(),
                    rx.el.p(Order.view.placed, class_name="text-ink-2"),
                ),
                _part(
                    _("A question?"),
                    text_link(_("Write to us"), href="/contact"),
                    rx.el.p(
                        rx.Var.create(_("Name order ")) + Order.view.number + _(", we answer within a day."),
                        class_name="text-ink-2",
                    ),
                ),
                class_name="mt-7 grid gap-6 border-t border-line pt-7 sm:grid-cols-2",
            ),
            class_name="min-w-0",
        ),
        ordered(),
        return_drawer(),
        class_name=styles.TWO_COLUMNS,
    )


def _part(title: Any, *children: Any) -> rx.Component:
    return rx.el.div(rx.el.h3(title, class_name=f"{styles.EYEBROW} mb-1.5 font-normal"), *children)
