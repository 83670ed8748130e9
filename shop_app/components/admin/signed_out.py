"""What a tab of the back office says once its session has ended."""

from __future__ import annotations

from shop_app.components import styles
from shop_app.components.controls import button
from shop_app.components.forms import browser_form
from shop_app.components.kit import Component, el, of
from shop_app.components.overlays import modal
from shop_app.core.i18n import _
from shop_app.state.admin.sign_in import SignedOut


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
