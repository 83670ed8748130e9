"""The page of one order: what happens next, where it is, what was ordered; it changes by itself."""

from __future__ import annotations

from typing import Any

import reflex as rx

from shop_app.components import layout, look, texts
from shop_app.components.cart_line import sum_row, thumbnail
from shop_app.components.controls import button, link_button, text_link
from shop_app.components.icons import icon
from shop_app.components.marks import empty_state, note
from shop_app.state.order import Order
from shop_app.words import _

TITLE = (
    rx.cond(Order.view.number, rx.Var.create(_("Order ")) + Order.view.number, _("Order"))
    + f" · {texts.SHOP}"
)
LOAD = [Order.load]
META = [{"name": "robots", "content": "noindex"}]
PRINT = rx.vars.FunctionStringVar.create("(() => window.print())")


def page() -> rx.Component:
    here = Order.view.number != ""
    return layout.page(
        rx.cond(
            here,
            rx.fragment(_head(), _rest()),
            rx.cond(Order.missing, _missing(), rx.el.div(class_name="min-h-[60vh]")),
        ),
        ready=here | Order.missing,
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
        class_name="mx-auto w-full max-w-page px-gutter pt-12 pb-10",
    )


def _head() -> rx.Component:
    return rx.el.div(
        rx.el.div(
            rx.el.p(
                _("Order "),
                rx.el.span(Order.view.number, data_testid="order-number"),
                class_name=look.EYEBROW,
            ),
            rx.el.div(
                rx.el.h1(Order.view.headline, class_name=f"{look.D2} mt-1.5 mb-3"),
                rx.el.p(Order.view.explanation, class_name="max-w-[52ch] text-ink-2"),
                _standing(),
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
                    icon("print", look.ICON_S),
                    _("Print"),
                    kind="outline",
                    on_click=PRINT,
                    class_name="max-md:hidden",
                ),
                class_name="mt-6 flex flex-wrap gap-2.5 empty:hidden print:hidden",
            ),
            class_name="border-b border-line pt-8 pb-9 md:pt-14 md:pb-12",
        ),
        class_name=look.WRAP,
    )


def _standing() -> rx.Component:
    """What is going on right now, where something is."""
    waiting = rx.el.div(
        rx.el.span(class_name=f"{look.SPIN} m-0.5 text-blue", aria_hidden="true"),
        rx.el.p(_("Waiting for the payment company. Your things stay reserved.")),
        class_name=f"{look.NOTE} {look.NOTE_KINDS['info']}",
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
                "attention",
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
        class_name=f"{look.SPEC} rounded-r2 bg-sunken px-5 py-4 text-md",
        data_testid="transfer-details",
    )


def _rest() -> rx.Component:
    return rx.el.div(
        rx.el.div(
            rx.el.h2(_("Where it is"), class_name=f"{look.D4} mb-[18px]"),
            rx.el.ol(rx.foreach(Order.view.steps, _station)),
            rx.el.div(
                _part(
                    rx.cond(Order.view.shipping_label, Order.view.shipping_label, _("Delivery")),
                    rx.el.address(
                        rx.foreach(Order.view.address, lambda line: rx.el.span(line, class_name="block")),
                        class_name="not-italic",
                    ),
                    rx.cond(
                        Order.view.delivery_dates,
                        rx.el.p(Order.view.delivery_dates, class_name="mt-1 text-ink-2"),
                        rx.fragment(),
                    ),
                ),
                _part(
                    _("Payment"),
                    rx.el.p(Order.view.payment_label),
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
        rx.el.aside(
            rx.el.h2(_("What you ordered"), class_name=f"{look.D4} mb-2"),
            rx.el.ul(rx.foreach(Order.view.lines, _line)),
            _sums(),
            class_name=look.ASIDE,
            aria_label=_("What you ordered"),
        ),
        class_name=look.TWO_COLUMNS,
    )


def _part(title: Any, *children: Any) -> rx.Component:
    return rx.el.div(rx.el.h3(title, class_name=f"{look.EYEBROW} mb-1.5 font-normal"), *children)


def _station(step: Any) -> rx.Component:
    state = step.state
    return rx.el.li(
        rx.match(
            state,
            (
                "done",
                rx.el.span(icon("check", "icon size-3 stroke-[2.25]"), class_name=look.STATION_MARK["done"]),
            ),
            (
                "now",
                rx.el.span(
                    rx.el.span(class_name="size-1.5 rounded-full bg-current"),
                    class_name=look.STATION_MARK["now"],
                ),
            ),
            rx.el.span(class_name=look.STATION_MARK["next"]),
        ),
        rx.el.div(
            step.label,
            rx.match(
                state,
                ("done", rx.el.span(_(", done"), class_name=look.SR)),
                ("now", rx.el.span(_(", now"), class_name=look.SR)),
                rx.fragment(),
            ),
            rx.el.span(step.detail, class_name=look.STATION_NOTE),
        ),
        aria_current=rx.cond(state == "now", "step", "false"),
        class_name=rx.cond(
            state == "done",
            f"{look.STATION} {look.STATION_LINE['done']}",
            f"{look.STATION} {look.STATION_LINE['next']}",
        ),
    )


def _line(line: Any) -> rx.Component:
    return rx.el.li(
        thumbnail(line, look.MINI_PICTURE),
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
        ),
        rx.el.span(line.total, class_name="tabular-nums"),
        class_name=look.MINI,
        key=line.sku,
        data_testid="order-line",
        data_sku=line.sku,
    )


def _sums() -> rx.Component:
    view = Order.view
    word = rx.match(view.phase, ("paid", _("Paid")), ("refunded", _("Refunded")), _("To pay"))
    return rx.el.div(
        sum_row(_("Subtotal"), view.subtotal),
        rx.foreach(view.discounts, lambda one: sum_row(one.label, one.amount)),
        sum_row(rx.cond(view.shipping_label, view.shipping_label, _("Delivery")), view.shipping),
        rx.el.p(
            rx.el.span(
                rx.cond(
                    (view.phase == "expired") | (view.phase == "cancelled") | (view.phase == "unpaid"),
                    _("Total"),
                    word,
                )
            ),
            rx.el.span(view.total, class_name="tabular-nums", data_testid="order-total"),
            class_name=look.SUM_TOTAL,
        ),
        rx.foreach(
            view.tax_lines,
            lambda tax: rx.el.p(
                rx.el.span(tax[0]),
                rx.el.span(tax[1], class_name="tabular-nums"),
                class_name=f"{look.SUM_ROW} text-sm text-ink-3",
            ),
        ),
        class_name=f"{look.SUM} mt-3.5 border-t border-line pt-4",
    )
