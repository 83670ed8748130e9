"""The dialog in which somebody proves again who they are, in the back office and in a customer's account.

Its form is sent by assets/passkeys.js, as it brings a new cookie: what is typed there never reaches a State.
"""

from __future__ import annotations

from typing import Any

from shop_app.components import styles
from shop_app.components.controls import button
from shop_app.components.fields import text_field
from shop_app.components.forms import browser_form
from shop_app.components.kit import Component, Text, el, fragment, of, when
from shop_app.components.overlays import CLOSES, dialog
from shop_app.core.i18n import _
from shop_app.state.reauth import Reauth

FORM = "confirm-form"


def staff_reauth() -> Component:
    """To be placed once on every page of the back office; an empty element until it is asked for."""
    return _reauth("/admin/confirm", _password(), _code(_("Or a code from your app"), max_length=40))


def customer_reauth(*, has_password: Any, email: Text, on_proven: Any) -> Component:
    """The same for a page of a customer's account; a code comes by letter."""
    by_letter = el.div(
        _code(_("Code"), max_length=20, input_mode="numeric"),
        button(
            _("Send me a code"),
            kind="outline",
            size="s",
            class_name="justify-self-start",
            data_confirm_send="true",
            data_testid="confirm-send",
        ),
        el.p(
            _("It is on its way to ") + email + _(" and works for ten minutes, in this browser."),
            class_name="text-sm text-ink-2",
            role="status",
            hidden=True,
            data_confirm_sent="true",
        ),
        class_name="grid gap-3",
    )
    return _reauth("/account/confirm", when(has_password, _password), by_letter, on_proven=on_proven)


def _reauth(action: str, *ways: Any, on_proven: Any = None) -> Component:
    proven = [Reauth.proven] if on_proven is None else [Reauth.proven, on_proven]
    return fragment(
        dialog(
            _("Confirm that it is you"),
            browser_form(
                el.p(
                    _("Some things need a fresh proof. It counts for a while; then repeat what you did."),
                    class_name="text-ink-2",
                ),
                el.p(class_name=f"{styles.ERROR} empty:hidden", role="alert", data_confirm_says="true"),
                *ways,
                id=FORM,
                action=action,
                class_name="grid gap-4",
                data_confirm="true",
            ),
            id="confirm",
            actions=fragment(
                button(_("Cancel"), kind="plain", size="s", **CLOSES),
                button(_("Use a passkey"), kind="outline", size="s", data_passkey="confirm", hidden=True),
                button(_("Confirm"), size="s", type="submit", form=FORM, data_testid="confirm-submit"),
            ),
            is_open=of(Reauth).is_open,
            on_close=Reauth.close,
        ),
        el.button(type="button", hidden=True, data_proven="true", on_click=proven, aria_hidden="true"),
    )


def _password() -> Component:
    return text_field(
        _("Password"),
        name="password",
        id="confirm-password",
        type="password",
        auto_complete="current-password",
        max_length=1000,
        data_testid="confirm-password",
    )


def _code(label: str, **props: Any) -> Component:
    return text_field(
        label,
        name="code",
        id="confirm-code",
        auto_complete="one-time-code",
        auto_capitalize="none",
        spell_check=False,
        data_testid="confirm-code",
        **props,
    )
