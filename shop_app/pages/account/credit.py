"""Credit and gift cards: what there is to spend, how it came and went, and redeeming a card."""

from __future__ import annotations

from typing import Any

from shop_app.components import styles, texts
from shop_app.components.account.frame import account_page
from shop_app.components.fields import text_field
from shop_app.components.forms import error_of, submit
from shop_app.components.kit import Component, Text, each, el, fragment, length, of, when
from shop_app.components.parts import busy_button
from shop_app.core.i18n import _
from shop_app.page import Page
from shop_app.state.account.credit import Credit
from shop_app.state.account.frame import Account
from shop_app.state.base import Notice

NAME = _("Credit and gift cards")


def title() -> Text:
    return texts.titled(when(length(of(Credit).summary) > 0, _("Error: ") + NAME, NAME))


def page() -> Component:
    view = of(Credit).view
    return account_page(
        "credit",
        NAME,
        when(
            of(Credit).loaded,
            el.div(
                el.p(
                    when(
                        view.total,
                        fragment(
                            el.span(view.total, class_name="font-medium tabular-nums"),
                            _(" to spend. Checkout offers it to you."),
                        ),
                        _("There is nothing to spend at the moment."),
                    ),
                    data_testid="account-credit",
                ),
                when(length(view.accounts) > 0, el.ul(each(view.accounts, _account), class_name=_ROWS)),
                _redeem(),
                when(length(view.history) > 0, _entries),
                class_name="mt-3 grid max-w-[640px] gap-9",
            ),
        ),
        ready=of(Credit).loaded,
    )


_ROWS = "divide-y divide-line border-y border-line"
_ROW = "flex items-baseline justify-between gap-4 py-3.5 text-md"


def _account(one: Any) -> Component:
    return el.li(
        el.span(one.label, when(one.note, el.span(one.note, class_name="block text-sm text-ink-3"))),
        el.span(one.balance, class_name="tabular-nums"),
        class_name=_ROW,
        data_testid="credit-account",
        key=one.id,
    )


def _redeem() -> Component:
    return el.form(
        el.h2(_("Redeem a gift card"), class_name=styles.D4),
        text_field(
            _("Code of the gift card"),
            name="credit",
            error=error_of(Credit, "credit"),
            hint=_("It is kept in your account, and its code alone spends nothing any more."),
            auto_complete="off",
            auto_capitalize="characters",
            spell_check=False,
            max_length=60,
            required=True,
        ),
        busy_button(
            _("Redeem"),
            type="submit",
            size="m",
            kind="outline",
            answer=f"{of(Credit).answers}-{of(Notice).number}",
            busy_label=_("Looking"),
            class_name="justify-self-start",
            data_testid="credit-redeem",
        ),
        on_submit=submit(Credit.redeem),
        no_validate=True,
        class_name="grid max-w-[440px] gap-4",
    )


def _entries() -> Component:
    def one(entry: Any) -> Component:
        return el.li(
            el.span(
                entry.what,
                when(entry.order_number, _(", order ") + entry.order_number, ""),
                el.span(entry.account, " · ", entry.on, class_name="block text-sm text-ink-3"),
            ),
            el.span(entry.amount, class_name="tabular-nums"),
            class_name=_ROW,
            data_testid="credit-entry",
        )

    return el.section(
        el.h2(_("What came and went"), class_name=f"{styles.D4} mb-4"),
        el.ul(each(of(Credit).view.history, one), class_name=_ROWS),
    )


PAGE = Page(
    "/account/credit",
    page,
    title=title,
    load=(Account.load, Credit.load),
    for_customers=True,
)
