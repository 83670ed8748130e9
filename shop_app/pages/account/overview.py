"""The first page of the account: the latest orders, the default addresses, and credit."""

from __future__ import annotations

from functools import partial
from typing import Any

from shop_app.components import styles, texts
from shop_app.components.account.frame import account_page
from shop_app.components.account.orders import order_rows
from shop_app.components.badges import empty_state
from shop_app.components.controls import link_button, text_link
from shop_app.components.kit import Component, both, each, el, length, of, when
from shop_app.core.i18n import _
from shop_app.page import Page
from shop_app.state.account.frame import Account
from shop_app.state.account.overview import Overview

NAME = _("Your account")


def page() -> Component:
    return account_page(
        "overview",
        NAME,
        el.p(
            when(of(Account).name, of(Account).name + ", ", ""),
            of(Account).email,
            class_name="mt-2 text-ink-2 [overflow-wrap:anywhere]",
        ),
        when(of(Overview).loaded, _content),
        ready=of(Overview).loaded,
    )


def _content() -> Component:
    return el.div(
        _part(_("Latest orders"), _orders(), more=_("All orders"), href="/account/orders"),
        el.div(
            _part(_("Addresses"), _addresses(), more=_("Your addresses"), href="/account/addresses"),
            _part(_("Credit"), _credit(), more=_("Credit and gift cards"), href="/account/credit"),
            class_name="grid gap-10 md:grid-cols-2",
        ),
        class_name="mt-9 grid gap-12",
    )


def _part(title: str, *body: Any, more: str, href: str) -> Component:
    return el.section(
        el.div(
            el.h2(title, class_name=styles.D4),
            text_link(more, href=href, class_name="text-sm text-ink-2"),
            class_name="mb-4 flex flex-wrap items-baseline justify-between gap-x-4",
        ),
        *body,
    )


def _orders() -> Component:
    orders = of(Overview).orders.orders
    return when(
        length(orders) > 0,
        order_rows(orders),
        empty_state(
            _("No orders yet"),
            _("Once you have ordered, you follow your parcel here, send things back, and order them again."),
            link_button(_("See everything"), href="/products"),
            level=3,
        ),
    )


def _addresses() -> Component:
    def one(address: Any) -> Component:
        uses = when(
            both(address.is_default, address.is_default_billing),
            _("For deliveries and bills"),
            when(address.is_default, _("For deliveries"), _("For bills")),
        )
        return el.div(
            el.p(uses, class_name=styles.EYEBROW),
            el.address(
                each(address.lines, lambda line: el.span(line, class_name="block")),
                class_name="mt-1 text-md not-italic",
            ),
        )

    empty = when(
        of(Overview).has_addresses,
        _("None of your addresses is chosen for deliveries yet."),
        _("Keep an address, and checkout is filled in for you."),
    )
    return when(
        length(of(Overview).addresses) > 0,
        el.div(each(of(Overview).addresses, one), class_name="grid gap-5"),
        el.p(empty, class_name="max-w-[40ch] text-md text-ink-2"),
    )


def _credit() -> Component:
    return when(
        of(Overview).credit,
        el.p(
            el.span(of(Overview).credit, class_name="font-medium tabular-nums"),
            _(" to spend. Checkout offers it to you."),
            class_name="text-md text-ink-2",
            data_testid="account-credit",
        ),
        el.p(
            _("You have no credit at the moment. A gift card can be kept here."),
            class_name="max-w-[40ch] text-md text-ink-2",
        ),
    )


PAGE = Page(
    "/account",
    page,
    title=partial(texts.titled, NAME),
    load=(Account.load, Overview.load),
    for_customers=True,
)
