"""The steps of checkout, and the first of them, contact and address, which folds once it is done."""

from __future__ import annotations

from typing import Any

import reflex as rx

from shop_app.core.email_addresses import MAX_LENGTH
from shop_app.core.i18n import _
from shop_app.state.base import Notice
from shop_app.state.checkout import Checkout

from . import styles
from .account.at_checkout import keep_address, own_addresses
from .address_fields import address_fields, billing_fields
from .controls import button, here_link, text_link
from .fields import text_field
from .forms import error_of
from .icons import icon
from .kit import Component, each, el, fragment, length, of, when
from .parts import busy_button, focus_box

FORM = "checkout-form"
FORM_VALUES = rx.Var(f'Object.fromEntries(new FormData(document.getElementById("{FORM}")))')
"""What stands in the form at the moment of a click, autofilled fields too."""
STEPS = (("who", _("Contact and address")), ("delivery", _("Delivery")), ("payment", _("Payment")))


def progress() -> Component:
    """The steps of the page, each a link to it; the first is ticked off once it is folded."""

    def step(number: int, name: str, title: str) -> Component:
        mark: Any = f"{number} "
        if name == "who":
            mark = when(of(Checkout).is_folded, icon("check", f"{styles.ICON_S} mr-1.5 text-green"), mark)
            done = when(of(Checkout).is_folded, el.span(_(", done"), class_name=styles.SR))
            title = fragment(title, done)
        return el.li(here_link(mark, title, href=f"#step-{name}", class_name=styles.STEP_LINK))

    return el.nav(
        el.ol(
            *(step(number, name, title) for number, (name, title) in enumerate(STEPS, 1)),
            class_name=styles.STEPS,
        ),
        aria_label=_("Steps of checkout"),
    )


def section(name: str, *children: Any, last: bool = False) -> Component:
    return el.section(
        el.h2(dict(STEPS)[name], class_name=f"{styles.D4} mb-[18px]"),
        *children,
        id=f"step-{name}",
        class_name=styles.STEP_LAST if last else styles.STEP_SECTION,
    )


def who() -> Component:
    """The first step: folded to what is known, once nothing is wrong with it."""
    folded = of(Checkout).is_folded
    return section(
        "who",
        focus_box(
            when(folded, _known),
            news=of(Checkout).turns,
            shown=True,
            class_name="rounded-r2 empty:hidden",
        ),
        el.div(
            el.p(
                when(
                    of(Checkout).account,
                    fragment(_("You are signed in as "), of(Checkout).account, _(". ")),
                    fragment(_("You need no account. "), _sign_in(), _(" if you have one. ")),
                ),
                _("Fields with * are required."),
                class_name="mb-5 text-sm text-ink-2 [overflow-wrap:anywhere]",
            ),
            _contact(),
            el.h3(_("Delivery address"), class_name="mt-7 mb-4 font-medium"),
            own_addresses(),
            address_fields(),
            keep_address(FORM_VALUES),
            billing_fields(),
            busy_button(
                _("Continue"),
                kind="outline",
                size="m",
                class_name="mt-6",
                busy_label=_("One moment"),
                on_click=Checkout.go_on(FORM_VALUES),
                answer=f"{of(Checkout).answers}-{of(Notice).number}",
                data_testid="checkout-continue",
            ),
            hidden=folded,
        ),
    )


def _sign_in() -> Component:
    """The way to the sign-in and back; what is typed is kept first."""
    return text_link(
        _("Sign in"),
        href="/account/login?next=/checkout",
        on_click=Checkout.keep_typed(FORM_VALUES),
        data_testid="checkout-sign-in",
    )


def _known() -> Component:
    checkout = of(Checkout).view
    line = lambda text: el.span(text, class_name="block")  # noqa: E731
    return el.div(
        el.div(
            el.p(checkout.form.email, class_name="mb-2 [overflow-wrap:anywhere]"),
            el.address(each(checkout.address, line), class_name="not-italic text-ink-2"),
            when(
                length(checkout.billing_address) > 0,
                fragment(
                    el.h3(_("Billed to"), class_name="mt-3 text-sm font-medium"),
                    el.address(each(checkout.billing_address, line), class_name="not-italic text-ink-2"),
                ),
            ),
        ),
        button(
            _("Change"),
            el.span(" ", _("contact and address"), class_name=styles.SR),
            kind="outline",
            size="s",
            on_click=Checkout.unfold,
            data_testid="checkout-change",
        ),
        class_name="flex items-start justify-between gap-4",
        data_testid="checkout-known",
    )


def _contact() -> Component:
    return text_field(
        _("Email"),
        name="email",
        hint=_("For the receipt and delivery news."),
        error=error_of(Checkout, "email"),
        type="email",
        input_mode="email",
        auto_complete="email",
        default_value=of(Checkout).view.form.email,
        max_length=MAX_LENGTH,
        required=True,
        on_blur=lambda value: Checkout.typed("email", value),
        auto_capitalize="none",
        spell_check=False,
    )
