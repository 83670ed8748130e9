"""The frame of a customer's own pages: their navigation beside the content; an invitation to sign in
where nobody is."""

from __future__ import annotations

from typing import Any

from shop_app.core.i18n import _
from shop_app.state.account.frame import Account

from .. import layout, styles
from ..controls import button
from ..forms import browser_form
from ..kit import Component, Text, either, el, not_, of, when

LINKS = (
    ("overview", _("Overview"), "/account"),
    ("orders", _("Orders"), "/account/orders"),
    ("addresses", _("Addresses"), "/account/addresses"),
    ("credit", _("Credit and gift cards"), "/account/credit"),
    ("saved", _("Saved"), "/account/saved"),
    ("security", _("Sign-in and security"), "/account/security"),
    ("data", _("Your data"), "/account/data"),
)
"""(the page's own name, label, address)."""
_LINK = (
    "block whitespace-nowrap rounded-r2 px-3 py-2.5 text-md text-ink-2 hover:text-ink "
    "aria-[current=page]:bg-sunken aria-[current=page]:text-ink"
)


def account_page(current: str, title: Text, *body: Any, ready: Any = True) -> Component:
    """A page of the account: `current` is its name in `LINKS`, `ready` whether its own content is there."""
    return layout.page(
        el.div(
            when(
                of(Account).signed_in,
                el.div(_navigation(current), _content(title, *body), _leave(), class_name=_COLUMNS),
                _sign_in(),
            ),
            class_name=f"{styles.WRAP} pt-8 md:pt-12",
        ),
        ready=either(not_(of(Account).signed_in), ready),
    )


def open_account_page(current: str, title: Text, *body: Any, for_guests: Any, ready: Any) -> Component:
    """A page of the account that guests have too: without the navigation for them, and with `for_guests`."""
    signed_in = of(Account).signed_in
    return layout.page(
        el.div(
            when(signed_in, _navigation(current)),
            _content(title, when(not_(signed_in), for_guests), *body),
            when(signed_in, _leave()),
            class_name=when(
                signed_in, f"{styles.WRAP} pt-8 md:pt-12 {_COLUMNS}", f"{styles.WRAP} pt-8 md:pt-12"
            ),
        ),
        ready=ready,
    )


_COLUMNS = (
    "grid grid-cols-[minmax(0,1fr)] gap-y-8 md:grid-cols-[232px_minmax(0,1fr)] md:grid-rows-[auto_1fr] "
    "md:gap-x-12 md:gap-y-6"
)


def _navigation(current: str) -> Component:
    return el.nav(
        el.ul(
            *(
                el.li(
                    el.a(
                        label,
                        href=href,
                        class_name=_LINK,
                        aria_current="page" if name == current else "false",
                    )
                )
                for name, label, href in LINKS
            ),
            class_name="-mx-3 flex gap-1 overflow-x-auto md:mx-0 md:grid",
        ),
        aria_label=_("Your account"),
    )


def _leave() -> Component:
    """Below the navigation; on a phone at the end of the page."""
    return sign_out(class_name="pb-section md:col-start-1 md:row-start-2 md:ps-3")


def sign_out(**props: Any) -> Component:
    """The form that ends this browser's session (`web/customer_sign_in.py`)."""
    leave = button(_("Sign out"), type="submit", kind="outline", size="s", data_testid="account-sign-out")
    return browser_form(leave, action="/account/logout", **props)


def _content(title: Text, *body: Any) -> Component:
    return el.div(
        el.h1(title, class_name=styles.D2),
        *body,
        class_name="min-w-0 md:col-start-2 md:row-span-2 md:row-start-1 md:pb-section",
    )


def _sign_in() -> Component:
    return el.div(
        el.h1(when(of(Account).ended, _("You are signed out"), _("Your account")), class_name=styles.D2),
        el.p(
            when(
                of(Account).ended,
                _("Your session has ended, and this page has been emptied."),
                _("Sign in to see your orders, addresses and saved things."),
            ),
            class_name="mt-3 text-ink-2",
        ),
        browser_form(
            el.input(type="hidden", name="next", value=of(Account).next),
            button(when(of(Account).ended, _("Sign in again"), _("Sign in")), type="submit", size="s"),
            action="/account/login",
            method="get",
            class_name="mt-6",
        ),
        class_name="max-w-[440px] pb-section",
        role="status",
        data_testid=when(of(Account).ended, "signed-out", ""),
    )
