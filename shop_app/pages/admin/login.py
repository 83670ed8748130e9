"""Signing in to the back office: password or passkey, the code after the password, and a forgotten password.

Plain forms, which are sent to `web/staff_sign_in.py` and work without scripts.
"""

from __future__ import annotations

from typing import Any

from shop_app.components.admin.entrance import entrance, passkey_button
from shop_app.components.controls import button, text_link
from shop_app.components.fields import text_field
from shop_app.components.forms import browser_form
from shop_app.components.kit import Component, el, when
from shop_app.core.email_addresses import MAX_LENGTH
from shop_app.core.i18n import _
from shop_app.core.pages import Head
from shop_app.page import Page
from shop_app.state.admin import sign_in

LOGIN = "/admin/login"
FORM = "mt-6 grid gap-5"
MAX_PASSWORD = 1000
"""What is longer than a password may be is refused with a sentence, never cut."""


def login(view: Any) -> Component:
    form = browser_form(
        el.input(type="hidden", name="next", value=view.next),
        text_field(
            _("E-mail address"),
            name="email",
            type="email",
            auto_complete="username webauthn",
            auto_capitalize="none",
            spell_check=False,
            max_length=MAX_LENGTH,
            required=True,
            data_testid="login-email",
        ),
        text_field(
            _("Password"),
            name="password",
            type="password",
            auto_complete="current-password",
            max_length=MAX_PASSWORD,
            required=True,
            data_testid="login-password",
        ),
        button(_("Sign in"), type="submit", size="l", data_testid="login-submit"),
        action=LOGIN,
        class_name=FORM,
        data_login="true",
    )
    return entrance(
        _("Sign in"),
        form,
        el.div(
            passkey_button(_("Sign in with a passkey"), "sign-in", data_testid="login-passkey"),
            class_name="mt-3 grid",
        ),
        problem=view.problem,
        done=view.done,
        foot=text_link(_("Forgotten your password?"), href=f"{LOGIN}/reset"),
    )


def code(view: Any) -> Component:
    form = browser_form(
        text_field(
            _("Code"),
            name="code",
            auto_complete="one-time-code",
            auto_capitalize="none",
            spell_check=False,
            max_length=60,
            required=True,
            hint=_("The six digits that your app shows, or one of your recovery codes."),
            data_testid="login-code",
        ),
        button(_("Go on"), type="submit", size="l", data_testid="login-code-submit"),
        action=f"{LOGIN}/code",
        class_name=FORM,
    )
    return entrance(
        _("Confirm that it is you"),
        form,
        el.div(passkey_button(_("Use a passkey"), "sign-in"), class_name="mt-3 grid"),
        problem=view.problem,
        foot=text_link(_("Back to the sign-in"), href=LOGIN),
    )


def reset(view: Any) -> Component:
    form = browser_form(
        text_field(
            _("E-mail address"),
            name="email",
            type="email",
            auto_complete="username",
            auto_capitalize="none",
            spell_check=False,
            max_length=MAX_LENGTH,
            required=True,
            hint=_("We send a link that works for ten minutes, in this browser."),
        ),
        button(_("Send the link"), type="submit", size="l"),
        action=f"{LOGIN}/reset",
        class_name=FORM,
    )
    return entrance(
        _("Forgotten your password?"),
        form,
        problem=view.problem,
        done=view.done,
        foot=text_link(_("Back to the sign-in"), href=LOGIN),
    )


def new_password(view: Any) -> Component:
    form = browser_form(
        el.input(type="hidden", name="ticket", value=view.ticket),
        text_field(
            _("New password"),
            name="password",
            type="password",
            auto_complete="new-password",
            max_length=MAX_PASSWORD,
            required=True,
            hint=_("Eight characters or more, whichever you like: several words are good."),
        ),
        button(_("Set the password"), type="submit", size="l"),
        action=f"{LOGIN}/new-password",
        class_name=FORM,
    )
    lost = el.p(_("This isn't the whole link. Open the one in the letter."), class_name="mt-6")
    return entrance(
        _("Choose a new password"),
        when(view.ticket, form, lost),
        problem=view.problem,
        foot=text_link(_("Back to the sign-in"), href=LOGIN),
    )


def _page(path: str, component: Any, title: str) -> Page:
    return Page(
        path,
        component,
        title=title,
        view=sign_in.view,
        head=Head(robots="noindex"),
        is_back_office=True,
    )


PAGES = (
    _page(LOGIN, login, _("Sign in")),
    _page(f"{LOGIN}/code", code, _("Confirm that it is you")),
    _page(f"{LOGIN}/reset", reset, _("Forgotten your password?")),
    _page(f"{LOGIN}/new-password", new_password, _("Choose a new password")),
)
