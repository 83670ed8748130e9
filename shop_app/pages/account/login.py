"""Signing in as a customer: the address first, then a code from a letter, a password or a passkey.

Plain forms, which are sent to `web/customer_sign_in.py` and work without scripts. The second step is the same
for every address, whether it has an account or not.
"""

from __future__ import annotations

from functools import partial
from typing import Any

from shop_app.components import styles, texts
from shop_app.components.account.frame import sign_out
from shop_app.components.account.sign_in import FORM, divider, passkey_button, password_field, sign_in_page
from shop_app.components.controls import button, link_button, text_link
from shop_app.components.fields import text_field
from shop_app.components.forms import browser_form
from shop_app.components.kit import Component, Text, either, el, of, when
from shop_app.core.email_addresses import MAX_LENGTH
from shop_app.core.i18n import _
from shop_app.core.pages import Head
from shop_app.page import Page
from shop_app.services.accounts import sign_in_codes
from shop_app.state.account import sign_in
from shop_app.state.account.frame import Account

LOGIN = "/account/login"
BODY = "grid gap-6"
LEAD = _("See your orders, keep your addresses, and check out in one step.")
NEW_HERE = _(
    "There is no form to fill in: enter your e-mail address and type the code from our letter. "
    "That makes your account, without a password."
)


def login(view: Any) -> Component:
    body = when(of(Account).signed_in, _signed_in, lambda: el.div(*_address(view), _foot(), class_name=BODY))
    return sign_in_page(_("Sign in"), LEAD, body, problem=view.problem, done=view.done)


def _signed_in() -> Component:
    return el.div(
        el.p(_("You are signed in in this browser.")),
        link_button(_("Go to your account"), href="/account", size="l"),
        sign_out(),
        class_name=BODY,
    )


def register(view: Any) -> Component:
    return sign_in_page(
        _("Make an account"), NEW_HERE, *_address(view), _foot(), problem=view.problem, done=view.done
    )


def _address(view: Any) -> tuple[Component, ...]:
    """The one field, and the passkey that needs none."""
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
            error=view.email_error,
            data_testid="account-email",
        ),
        button(_("Continue"), type="submit", size="l", data_testid="account-continue"),
        action=LOGIN,
        class_name=FORM,
        data_login="true",
    )
    return form, passkey_button(_("Sign in with a passkey"), "sign-in", data_testid="account-passkey")


def _foot() -> Component:
    new_here = el.p(
        _("New here? Continue with your e-mail address: the code that we send makes your account. "),
        _("You can also buy without one."),
    )
    order = el.p(
        text_link(_("Find my order"), href="/orders/lookup"), _(" by its number, without an account.")
    )
    return el.div(new_here, order, class_name="grid gap-2 border-t border-line pt-5 text-sm text-ink-2")


def code(view: Any) -> Component:
    email = of(Account).email
    return sign_in_page(
        _("Look into your mail"),
        when(
            email,
            el.span(_("We have sent six digits to "), el.strong(email, class_name="text-ink"), "."),
            _("We have sent six digits to your e-mail address."),
        ),
        _code_form(view),
        _again(),
        divider(),
        _password_form(view),
        passkey_button(_("Use a passkey"), "sign-in", data_testid="account-passkey"),
        el.p(text_link(_("Use another e-mail address"), href=LOGIN), class_name="text-sm text-ink-2"),
        problem=view.problem,
        done=view.done,
    )


def _code_form(view: Any) -> Component:
    hint = _("It works for {count} minutes, in this browser.").format(count=sign_in_codes.MINUTES)
    return browser_form(
        text_field(
            _("Code"),
            name="code",
            input_mode="numeric",
            auto_complete="one-time-code",
            auto_capitalize="none",
            spell_check=False,
            max_length=20,
            required=True,
            hint=hint,
            error=view.code_error,
            data_code="true",
            data_testid="account-code",
        ),
        button(_("Sign in"), type="submit", size="l", data_testid="account-code-submit"),
        action=f"{LOGIN}/code",
        class_name=FORM,
    )


def _again() -> Component:
    return browser_form(
        _("Nothing there? Look into the spam folder, or "),
        el.button(_("send another code"), type="submit", class_name=f"{styles.LINK} cursor-pointer"),
        ".",
        action=f"{LOGIN}/again",
        class_name="text-sm text-ink-2",
    )


def _password_form(view: Any) -> Component:
    return browser_form(
        # Whose password it is, for what keeps passwords.
        el.input(
            name="email",
            type="text",
            auto_complete="username",
            value=of(Account).email,
            read_only=True,
            tab_index=-1,
            aria_hidden="true",
            class_name=styles.SR,
        ),
        password_field(
            _("Password, if you have set one"),
            error=view.password_error,
            auto_complete="current-password",
            required=True,
            data_testid="account-password",
        ),
        button(
            _("Sign in with the password"),
            type="submit",
            kind="outline",
            size="l",
            data_testid="account-password-submit",
        ),
        action=f"{LOGIN}/password",
        class_name=FORM,
    )


def link(view: Any) -> Component:
    return sign_in_page(
        when(view.digits, _("Sign in"), _("This letter is over")),
        when(
            view.digits,
            _("One of these finishes the sign-in."),
            _("Its code was used, replaced by a newer one, or is older than ten minutes."),
        ),
        when(
            view.digits,
            lambda: _finish(view),
            lambda: el.div(link_button(_("Begin again"), href=LOGIN, size="l"), class_name="grid"),
        ),
        problem=view.problem,
    )


def _finish(view: Any) -> Component:
    here = browser_form(
        el.input(type="hidden", name="token", value=view.token),
        el.p(_("You asked for the letter in this browser:")),
        button(_("Sign in here"), type="submit", size="l", data_testid="account-link-finish"),
        action=f"{LOGIN}/link",
        class_name="grid gap-3",
    )
    elsewhere = el.div(
        el.p(_("You asked elsewhere: type this code there, and tell it to nobody.")),
        el.p(
            view.digits,
            class_name="font-serif text-d2 tracking-[.12em] tabular-nums",
            data_testid="account-digits",
        ),
        class_name="grid gap-2",
    )
    return el.div(here, divider(), elsewhere, class_name="grid gap-6")


def _title(name: Text, view: Any) -> Text:
    wrong = either(view.email_error != "", view.code_error != "", view.password_error != "")
    return texts.titled(when(wrong, _("Error: ") + name, name))


def _page(path: str, component: Any, name: str) -> Page:
    return Page(
        path,
        component,
        title=partial(_title, name),
        view=sign_in.view,
        load=(Account.typed,),
        head=Head(robots="noindex"),
    )


PAGES = (
    _page(LOGIN, login, _("Sign in")),
    _page("/account/register", register, _("Make an account")),
    _page(f"{LOGIN}/code", code, _("Look into your mail")),
    Page(
        f"{LOGIN}/link/[token]",
        link,
        title=lambda _view: texts.titled(_("Sign in")),
        view=sign_in.link,
        head=Head(robots="noindex"),
    ),
)
