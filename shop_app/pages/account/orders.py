"""The customer's orders: searched, filtered by where they stand, each with a way to order it again."""

from __future__ import annotations

from functools import partial
from typing import Any

from shop_app.components import styles, texts
from shop_app.components.account.frame import account_page
from shop_app.components.account.orders import order_rows
from shop_app.components.badges import empty_state
from shop_app.components.controls import button, link_button
from shop_app.components.forms import submit
from shop_app.components.kit import Component, both, each, either, el, fragment, length, of, when
from shop_app.core.i18n import _
from shop_app.page import Page
from shop_app.state.account.frame import Account
from shop_app.state.account.orders import Orders

NAME = _("Your orders")
_GROUP = (
    "inline-flex h-9 items-center whitespace-nowrap rounded-r2 border border-line px-3.5 text-sm text-ink-2 "
    "hover:text-ink aria-[current=true]:border-ink aria-[current=true]:text-ink"
)


def page() -> Component:
    listed = of(Orders).view
    return account_page(
        "orders",
        NAME,
        when(listed.has_any, fragment(_search(), _groups())),
        when(
            length(listed.orders) > 0,
            el.div(order_rows(listed.orders), class_name="mt-6"),
            when(of(Orders).loaded, when(listed.has_any, _nothing_found, _none_yet)),
        ),
        _pages(),
        ready=of(Orders).loaded,
    )


def _search() -> Component:
    return el.form(
        el.label(_("Search your orders"), html_for="order-search", class_name=styles.SR),
        el.input(
            id="order-search",
            name="q",
            type="search",
            placeholder=_("Order number or product"),
            default_value=of(Orders).text,
            max_length=100,
            auto_complete="off",
            class_name=styles.INPUT,
            # Another search brings its own words.
            key=of(Orders).text,
        ),
        button(_("Search"), type="submit", kind="outline", class_name="shrink-0"),
        on_submit=submit(Orders.search),
        role="search",
        class_name="mt-6 flex max-w-[480px] gap-2",
    )


def _groups() -> Component:
    def one(group: Any) -> Component:
        current = when(group.current, "true", "false")
        return el.li(el.a(group.label, href=group.href, aria_current=current, class_name=_GROUP))

    return el.nav(
        el.ul(each(of(Orders).groups, one), class_name="flex flex-wrap gap-2"),
        aria_label=_("Where they stand"),
        class_name="mt-4",
    )


def _nothing_found() -> Component:
    return el.div(
        empty_state(
            _("No order fits"),
            _("Try fewer words, or the number alone."),
            link_button(_("See all orders"), href="/account/orders", kind="outline"),
        ),
        class_name="mt-10",
    )


def _none_yet() -> Component:
    return el.div(
        empty_state(
            _("No orders yet"),
            _("What you order while you are signed in is kept here, and so is what you ordered before with "
              "your email address."),
            link_button(_("See everything"), href="/products"),
            link_button(_("Find an order by its number"), href="/orders/lookup", kind="outline"),
        ),
        class_name="mt-10",
    )  # fmt: skip


def _pages() -> Component:
    older, newer = of(Orders).older, of(Orders).newer
    return when(
        both(of(Orders).loaded, either(older != "", newer != "")),
        el.nav(
            when(newer != "", link_button(_("Newest orders"), href=newer, kind="outline")),
            when(older != "", link_button(_("Older orders"), href=older, kind="outline")),
            aria_label=_("Pages"),
            class_name="mt-8 flex flex-wrap gap-2",
        ),
    )


PAGE = Page(
    "/account/orders",
    page,
    title=partial(texts.titled, NAME),
    load=(Account.load, Orders.load),
    for_customers=True,
)
