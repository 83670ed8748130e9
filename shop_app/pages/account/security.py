"""How a customer signs in: address, password, passkeys, and where they are signed in."""

from __future__ import annotations

from typing import Any

from shop_app.components import styles
from shop_app.components.account.frame import account_page
from shop_app.components.account.sign_in import passkey_button, password_field, sign_in_scripts
from shop_app.components.badges import badge, note
from shop_app.components.controls import button
from shop_app.components.fields import text_field
from shop_app.components.forms import browser_form, error_of, submit
from shop_app.components.kit import Component, each, el, fragment, length, of, when
from shop_app.components.parts import busy_button
from shop_app.components.reauth import customer_reauth
from shop_app.core.email_addresses import MAX_LENGTH
from shop_app.core.i18n import _
from shop_app.page import Page
from shop_app.services.accounts.open_sessions import SessionView
from shop_app.services.accounts.passkeys import PasskeyView
from shop_app.state.account.frame import Account
from shop_app.state.account.security import AccountSecurity

TITLE = _("Sign-in and security")
PART = "grid gap-4 border-t border-line py-8 first:border-t-0"
ROW = "flex flex-wrap items-center justify-between gap-x-4 gap-y-2 border-t border-line py-3.5"
FORM = "grid max-w-[400px] gap-4"
QUIET = "text-sm text-ink-2"
START = "justify-self-start"
PLAIN_START = f"{START} -ms-5"
"""Its words begin where the fields above do."""


def page() -> Component:
    account = of(AccountSecurity).account
    return account_page(
        "security",
        TITLE,
        el.div(_sessions(), _email(), _password(), _passkeys()),
        customer_reauth(
            has_password=account.has_password, email=account.email, on_proven=AccountSecurity.look_again
        ),
        el.button(
            type="button",
            hidden=True,
            data_ask_again="true",
            on_click=AccountSecurity.prove_again,
            aria_hidden="true",
        ),
        sign_in_scripts(),
        ready=of(AccountSecurity).loaded,
    )


def _part(title: str, lead: Any, *body: Any, **props: Any) -> Component:
    return el.section(
        el.div(el.h2(title, class_name=styles.D4), el.p(lead, class_name="mt-1.5 max-w-[62ch] text-ink-2")),
        *body,
        class_name=PART,
        **props,
    )


# --- Sessions ---


def _sessions() -> Component:
    sessions = of(AccountSecurity).account.sessions
    end = button(
        _("End all others"),
        kind="outline",
        size="s",
        class_name=START,
        on_click=AccountSecurity.end_others,
        data_testid="session-end-others",
    )
    return _part(
        _("Where you are signed in"),
        _("A browser whose session you end is signed out at once, and what it shows is emptied."),
        el.ul(each(sessions, _session)),
        when(length(sessions) > 1, end),
    )


def _session(session: SessionView) -> Component:
    end = button(
        _("End"),
        kind="outline",
        size="s",
        aria_label=_("End the session of ") + session.device,
        on_click=AccountSecurity.end_session(session.id),
        data_testid="session-end",
    )
    return el.li(
        el.div(
            el.p(session.device, class_name="font-medium"),
            el.p(
                when(session.network, session.network + " · ", ""),
                _("since "),
                session.began_at,
                class_name=QUIET,
            ),
            el.p(_("Last used "), session.seen_at, class_name=QUIET),
            class_name="min-w-0",
        ),
        when(session.is_this, badge(_("This browser"), tone="green", icon_name="done"), fragment(end)),
        class_name=ROW,
        data_testid="session-row",
    )


# --- The address ---


def _email() -> Component:
    state = of(AccountSecurity)
    return _part(
        _("E-mail address"),
        fragment(_("You sign in with "), el.b(state.account.email, class_name="font-medium"), "."),
        when(state.refused, note(state.refused, kind="bad", role="alert")),
        when(state.account.new_email, _email_code, _new_email),
    )


def _new_email() -> Component:
    return el.form(
        text_field(
            _("New address"),
            name="email",
            id="new-email",
            type="email",
            auto_complete="email",
            auto_capitalize="none",
            spell_check=False,
            max_length=MAX_LENGTH,
            required=True,
            hint=_("A code goes there. The address you have now can take it back for 72 hours."),
            error=error_of(AccountSecurity, "email"),
            data_testid="new-email",
        ),
        busy_button(
            _("Send a code"),
            answer=of(AccountSecurity).answers,
            busy_label=_("Sending"),
            kind="outline",
            size="m",
            class_name=START,
            data_testid="new-email-send",
        ),
        on_submit=submit(AccountSecurity.ask_email),
        no_validate=True,
        class_name=FORM,
    )


def _email_code() -> Component:
    account = of(AccountSecurity).account
    return el.form(
        el.p(
            _("A letter is on its way to "),
            el.b(account.new_email, class_name="font-medium"),
            _(". Until its code is here, nothing has changed."),
            role="status",
        ),
        text_field(
            _("Code"),
            name="code",
            id="new-email-code",
            input_mode="numeric",
            auto_complete="one-time-code",
            max_length=20,
            required=True,
            hint=_("Six digits, for ten minutes."),
            error=error_of(AccountSecurity, "code"),
            data_testid="new-email-code",
        ),
        el.div(
            busy_button(
                _("Use this address"),
                answer=of(AccountSecurity).answers,
                busy_label=_("Checking"),
                size="m",
                data_testid="new-email-confirm",
            ),
            button(_("Keep the old one"), kind="plain", on_click=AccountSecurity.drop_email),
            class_name="flex flex-wrap gap-2",
        ),
        on_submit=submit(AccountSecurity.confirm_email),
        no_validate=True,
        class_name=FORM,
    )


# --- The password ---


def _password() -> Component:
    state = of(AccountSecurity)
    has = state.account.has_password
    ask = button(
        when(has, _("Change the password"), _("Set a password")),
        kind="outline",
        class_name=START,
        on_click=AccountSecurity.prove_again,
        data_testid="password-ask",
    )
    remove = button(
        _("Remove the password"),
        kind="plain",
        class_name=PLAIN_START,
        on_click=AccountSecurity.remove_password,
        data_testid="password-remove",
    )
    return _part(
        _("Password"),
        when(
            has,
            _("You have one. A code by letter signs you in as well."),
            _("You have none, and need none: a code by letter signs you in."),
        ),
        when(state.problem, note(state.problem, kind="bad", role="alert", data_testid="password-problem")),
        when(state.done, note(state.done, kind="good", role="status", data_testid="password-done")),
        when(state.account.is_fresh, _password_form, ask),
        when(has, remove),
    )


def _password_form() -> Component:
    account = of(AccountSecurity).account
    return browser_form(
        el.input(
            type="text",
            name="username",
            value=account.email,
            auto_complete="username",
            read_only=True,
            hidden=True,
        ),
        password_field(
            _("New password"),
            auto_complete="new-password",
            required=True,
            hint=_("Eight characters or more, whichever you like: several words are good."),
            data_testid="new-password",
        ),
        button(
            when(account.has_password, _("Change the password"), _("Set the password")),
            type="submit",
            kind="outline",
            class_name=START,
            data_testid="new-password-save",
        ),
        action="/account/security/password",
        class_name=FORM,
    )


# --- Passkeys ---


def _passkeys() -> Component:
    return _part(
        _("Passkeys"),
        _("A passkey signs you in by your finger, face or PIN. No false page can get it out of you."),
        el.ul(each(of(AccountSecurity).account.passkeys, _passkey)),
        el.div(
            text_field(
                _("Name of the new passkey"),
                name="passkey_name",
                id="passkey-name",
                hint=_("Such as the device that has it."),
                max_length=100,
                data_passkey_name="true",
            ),
            passkey_button(_("Add a passkey"), "add", class_name=START, data_testid="passkey-add"),
            el.p(class_name=f"{styles.ERROR} empty:hidden", role="alert", data_passkey_says="true"),
            class_name=FORM,
        ),
        el.button(
            type="button",
            hidden=True,
            data_passkey_added="true",
            on_click=AccountSecurity.passkey_added,
            aria_hidden="true",
        ),
    )


def _passkey(key: PasskeyView) -> Component:
    used = when(key.used_at, _("used ") + key.used_at, _("never used"))
    return el.li(
        el.div(
            el.p(key.name, class_name="font-medium break-words"),
            el.p(_("Added "), key.added_at, ", ", used, class_name=QUIET),
            class_name="min-w-0",
        ),
        button(
            _("Remove"),
            kind="outline",
            size="s",
            aria_label=_("Remove ") + key.name,
            on_click=AccountSecurity.remove_passkey(key.id),
        ),
        class_name=ROW,
        data_testid="passkey-row",
    )


PAGE = Page(
    "/account/security", page, title=TITLE, load=(Account.load, AccountSecurity.load), for_customers=True
)
