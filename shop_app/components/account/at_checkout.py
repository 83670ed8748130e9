"""At checkout, for who is signed in: own addresses to choose from, keeping a typed one, and own credit."""

from __future__ import annotations

from typing import Any

from shop_app.core.i18n import _
from shop_app.state.account.at_checkout import AtCheckout
from shop_app.state.checkout import Checkout

from .. import styles
from ..controls import button
from ..fields import select_field
from ..kit import Component, both, contains, each, el, fragment, length, not_, of, text, when


def own_addresses() -> Component:
    """Nothing for guests, and for accounts without addresses."""
    account = of(AtCheckout)
    return when(
        length(account.addresses) > 0,
        lambda: select_field(
            _("From your addresses"),
            el.option(_("Choose"), value="0", disabled=True),
            each(account.addresses, lambda one: el.option(one.one_line, value=text(one.id))),
            name="own_address",
            value=text(account.chosen),
            on_change=lambda value: AtCheckout.choose(value.to(int)),
            hint=_("It fills the fields below, which you can change."),
            class_name="mb-4",
            data_testid="own-address",
        ),
    )


def keep_address(form: Any) -> Component:
    """Whether the address that stands in the fields is kept; `form` has their values at the click."""
    account = of(AtCheckout)
    change = button(
        _("Change it in my account too"),
        kind="plain",
        size="s",
        on_click=AtCheckout.keep_changed(form),
        data_testid="keep-changed-address",
    )
    new = button(
        _("Keep this address in my account"),
        kind="plain",
        size="s",
        on_click=AtCheckout.keep_new(form),
        data_testid="keep-new-address",
    )
    buttons = fragment(when(account.chosen > 0, change), new)
    return when(account.signed_in, el.div(buttons, class_name="-ms-3.5 mt-3 flex flex-wrap gap-1"))


def own_credit() -> Component:
    """What of the account's credit doesn't pay yet, each with a button; nothing for guests."""

    def one(account: Any) -> Component:
        return when(
            not_(contains(of(Checkout).view.credit_ids, account.id)),
            el.li(
                el.span(account.label, el.span(" ", account.balance, class_name="text-ink-2 tabular-nums")),
                button(
                    _("Use it"),
                    el.span(" ", account.label, class_name=styles.SR),
                    kind="outline",
                    size="s",
                    on_click=AtCheckout.use_credit(account.id),
                    data_testid="use-credit",
                ),
                class_name="flex items-center justify-between gap-3",
            ),
        )

    return when(
        both(of(AtCheckout).signed_in, length(of(AtCheckout).credits) > 0),
        lambda: el.ul(
            each(of(AtCheckout).credits, one),
            aria_label=_("Your credit"),
            class_name="grid gap-2 py-3 text-md empty:hidden",
        ),
    )
