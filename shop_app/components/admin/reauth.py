"""The dialogs about the session: staff prove again who they are, or read that they are signed out.

The form of the first is sent by assets/passkeys.js, as it brings a new cookie: what is typed there never
reaches a State.
"""

from __future__ import annotations

from shop_app.components import styles
from shop_app.components.controls import button
from shop_app.components.fields import text_field
from shop_app.components.forms import browser_form
from shop_app.components.kit import Component, el, fragment, of
from shop_app.components.overlays import CLOSES, dialog, modal
from shop_app.core.i18n import _
from shop_app.state.admin.reauth import Reauth
from shop_app.state.admin.sign_in import SignedOut

FORM = "confirm-form"


def reauth_dialog() -> Component:
    """To be placed once on every page of the back office; an empty element until it is asked for."""
    return fragment(
        dialog(
            _("Confirm that it is you"),
            browser_form(
                el.p(
                    _("Some things need a fresh proof. It counts for a while; then repeat what you did."),
                    class_name="text-ink-2",
                ),
                el.p(class_name=f"{styles.ERROR} empty:hidden", role="alert", data_confirm_says="true"),
                text_field(
                    _("Password"),
                    name="password",
                    id="confirm-password",
                    type="password",
                    auto_complete="current-password",
                    max_length=1000,
                    data_testid="confirm-password",
                ),
                text_field(
                    _("Or a code from your app"),
                    name="code",
                    id="confirm-code",
                    auto_complete="one-time-code",
                    auto_capitalize="none",
                    spell_check=False,
                    max_length=40,
                    data_testid="confirm-code",
                ),
                id=FORM,
                action="/admin/confirm",
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
        el.button(type="button", hidden=True, data_proven="true", on_click=Reauth.proven, aria_hidden="true"),
    )


def signed_out() -> Component:
    """To be placed once on every page of the back office: says that the tab's session has ended."""
    return modal(
        el.div(
            el.h2(_("You are signed out"), class_name="text-lg font-medium"),
            el.p(_("Your session has ended, and this page has been emptied."), class_name="mt-2 text-ink-2"),
            browser_form(
                el.input(type="hidden", name="next", value=of(SignedOut).next),
                button(_("Sign in again"), type="submit", size="s"),
                action="/admin/login",
                method="get",
                class_name="mt-5",
            ),
            class_name="p-5",
            data_testid="signed-out",
        ),
        id="signed-out",
        label=_("You are signed out"),
        class_name=styles.DIALOG,
        is_open=of(SignedOut).shown,
    )
