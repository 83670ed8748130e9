"""The page of one order: what happens next, where it is, what was ordered; it changes by itself."""

from __future__ import annotations

from typing import Any

import reflex as rx

from shop_app.components import layout, styles, texts
from shop_app.components.badges import empty_state, note
from shop_app.components.controls import button, link_button, text_link
from shop_app.components.forms import browser_form
from shop_app.components.icons import icon
from shop_app.components.kit import (
    Component,
    Text,
    both,
    each,
    either,
    el,
    fragment,
    length,
    match,
    not_,
    of,
    when,
)
from shop_app.components.order_again import again_button, again_note
from shop_app.components.order_money import ordered, paid_with, refunds
from shop_app.components.order_returns import return_drawer, returns
from shop_app.components.order_reviews import reviews
from shop_app.components.order_steps import shipments, stations
from shop_app.core.i18n import _
from shop_app.page import Page
from shop_app.state import order as order_state
from shop_app.state.again import Again
from shop_app.state.order import Order
from shop_app.state.order_reviews import OrderReviews


def title() -> Text:
    order = of(Order).view
    return texts.titled(when(order.number, _("Order ") + order.number, _("Order")))


PRINT = rx.vars.FunctionStringVar.create("(() => window.print())")


def page() -> Component:
    loaded = of(Order).view.number != ""
    return layout.page(
        when(
            loaded,
            fragment(_head(), _rest()),
            when(of(Order).missing, _missing, el.div(class_name="min-h-[100svh]")),
        ),
        ready=either(loaded, of(Order).missing),
    )


def _missing() -> Component:
    """The same for a wrong link as for no order at all."""
    return el.div(
        empty_state(
            _("There is no order here"),
            _("The link may be incomplete. You can find an order by its number and your email address."),
            link_button(_("Find my order"), href="/orders/lookup"),
            link_button(_("Go to the shop"), href="/", kind="outline"),
            level=1,
        ),
        class_name="mx-auto min-h-[75svh] w-full max-w-page px-gutter pt-12 pb-10",
    )


def _head() -> Component:
    return el.div(
        el.div(
            el.p(
                _("Order "),
                el.span(of(Order).view.number, data_testid="order-number"),
                class_name=styles.EYEBROW,
            ),
            el.div(
                el.h1(of(Order).view.headline, class_name=f"{styles.D2} mt-1.5 mb-3"),
                el.p(of(Order).view.explanation, class_name="max-w-[52ch] text-ink-2"),
                _status(),
                role="status",
                data_testid="order-status",
                data_phase=of(Order).view.phase,
            ),
            el.div(
                when(
                    of(Order).view.can_pay_again,
                    fragment(
                        link_button(_("Try the payment again"), href="/checkout", data_testid="pay-again"),
                        link_button(_("Back to cart"), href="/cart", kind="outline"),
                    ),
                ),
                when(
                    both(of(Order).view.phase != "confirming", not_(of(Order).view.can_pay_again)),
                    lambda: again_button(of(Order).view.number, Again.of_page, size="m"),
                ),
                when(of(Order).can_keep, _keep),
                button(
                    icon("print", styles.ICON_S),
                    _("Print"),
                    kind="outline",
                    on_click=PRINT,
                    class_name="max-md:hidden",
                ),
                class_name="mt-6 flex flex-wrap gap-2.5 empty:hidden print:hidden",
            ),
            again_note(of(Order).view.number),
            class_name="border-b border-line pt-8 pb-9 md:pt-14 md:pb-12",
        ),
        class_name=styles.WRAP,
    )


def _keep() -> Component:
    """One button: a code goes to the order's address, and typing it leads back here."""
    order = of(Order).view
    return browser_form(
        el.input(type="hidden", name="email", value=order.email),
        el.input(type="hidden", name="next", value="/orders/" + order.token),
        button(_("Keep this order in an account"), type="submit", kind="outline", data_testid="keep-order"),
        action="/account/login",
    )


def _status() -> Component:
    """What is going on right now, where something is."""
    waiting = el.div(
        el.span(class_name=f"{styles.SPIN} m-0.5 text-blue", aria_hidden="true"),
        el.p(_("Waiting for the payment company. Your things stay reserved.")),
        class_name=f"{styles.NOTE} {styles.NOTE_KINDS['info']}",
    )
    return el.div(
        match(
            of(Order).view.phase,
            {
                "confirming": waiting,
                "awaiting_transfer": when(length(of(Order).view.transfer_details) > 0, _transfer),
                "needs_review": note(
                    _("We look into this ourselves and write to you. There is nothing you need to do."),
                    kind="wait",
                ),
            },
        ),
        class_name="mt-6 max-w-[560px] empty:hidden",
    )


def _transfer() -> Component:
    def row(detail: Any) -> Component:
        return fragment(
            el.dt(detail[0], class_name="text-ink-3"),
            el.dd(detail[1], class_name="tabular-nums select-all"),
        )

    return el.dl(
        each(of(Order).view.transfer_details, row),
        class_name=f"{styles.SPEC} rounded-r2 bg-sunken px-5 py-4 text-md",
        data_testid="transfer-details",
    )


def _rest() -> Component:
    ended = either(of(Order).view.status == "cancelled", of(Order).view.status == "expired")
    coming = both(not_(ended), of(Order).view.phase != "withdrawn")
    return el.div(
        el.div(
            el.h2(_("Where it is"), class_name=f"{styles.D4} mb-[18px]"),
            stations(),
            shipments(),
            refunds(),
            returns(),
            reviews(),
            el.div(
                _part(
                    when(of(Order).view.shipping_label, of(Order).view.shipping_label, _("Delivery")),
                    el.address(
                        each(of(Order).view.address, lambda line: el.span(line, class_name="block")),
                        class_name="not-italic",
                    ),
                    when(
                        both(coming, of(Order).view.delivery_dates != ""),
                        el.p(of(Order).view.delivery_dates, class_name="mt-1 text-ink-2"),
                    ),
                ),
                _part(
                    _("Payment"),
                    paid_with(),
                    el.p(of(Order).view.placed, class_name="text-ink-2"),
                ),
                when(length(of(Order).view.billing) > 0, _billing),
                when(
                    of(Order).view.email,
                    _part(
                        _("Letters go to"), el.p(of(Order).view.email, class_name="[overflow-wrap:anywhere]")
                    ),
                ),
                _part(
                    _("A question?"),
                    text_link(_("Write to us"), href="/contact"),
                    el.p(
                        _("Name order ") + of(Order).view.number + _(", we answer within a day."),
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


def _billing() -> Component:
    return _part(
        _("Billed to"),
        el.address(
            each(of(Order).view.billing, lambda line: el.span(line, class_name="block")),
            class_name="not-italic",
        ),
    )


def _part(title: Any, *children: Any) -> Component:
    return el.div(el.h3(title, class_name=f"{styles.EYEBROW} mb-1.5 font-normal"), *children)


PAGE = Page(
    "/orders/[token]",
    page,
    title=title,
    view=order_state.exists,
    load=(Order.load, OrderReviews.load),
    private=True,
)
