"""One's own account: name, password, passkeys, one-time codes, recovery codes, and the open sessions."""

from __future__ import annotations

from shop_app.components import styles
from shop_app.components.admin import look
from shop_app.components.admin.entrance import passkey_button
from shop_app.components.admin.frame import desk
from shop_app.components.admin.parts import panel, text_field
from shop_app.components.badges import badge, note
from shop_app.components.controls import button
from shop_app.components.forms import browser_form, error_of, submit
from shop_app.components.kit import Component, both, each, el, fragment, length, not_, of, when
from shop_app.core.i18n import _
from shop_app.page import Page
from shop_app.services.accounts.open_sessions import SessionView
from shop_app.services.accounts.passkeys import PasskeyView
from shop_app.state.admin.security import Security

TITLE = _("Your account")
ROW = (
    "flex flex-wrap items-center justify-between gap-x-4 gap-y-2 border-t border-line px-4 py-3 "
    "first:border-t-0"
)
QUIET = "text-xs text-ink-2"


def security() -> Component:
    return desk(_content, title=TITLE, current="/admin/security")


def _content() -> Component:
    account = of(Security).account
    needed = note(
        _(
            "Your role needs a second factor. Until you have added a passkey, or one-time codes, nothing "
            "else can be done."
        ),
        kind="wait",
        role="alert",
        data_testid="factor-needed",
    )
    return el.div(
        when(both(account.needs_factor, not_(account.has_factor)), el.div(needed, class_name="*:mb-0!")),
        el.div(_passkeys(), _codes(), _recovery(), class_name=look.STACK),
        el.div(_name(), _password(), class_name="grid items-start gap-4 lg:grid-cols-2"),
        _sessions(),
        el.button(
            type="button",
            hidden=True,
            data_ask_again="true",
            on_click=Security.prove_again,
            aria_hidden="true",
        ),
        class_name="grid max-w-[880px] gap-4",
    )


def _name() -> Component:
    account = of(Security).account
    form = el.form(
        text_field(
            _("Name"),
            name="name",
            default_value=account.name,
            hint=_("As colleagues see it, and as it stands in the history."),
            auto_complete="name",
            max_length=200,
            key=account.name,
        ),
        el.p(account.email, " · ", account.role, class_name=QUIET),
        button(_("Save"), type="submit", size="s", class_name="justify-self-start"),
        on_submit=submit(Security.save_name),
        class_name=look.FIELDS,
    )
    return panel(_("Name"), form)


def _password() -> Component:
    state = of(Security)
    form = browser_form(
        when(state.problem, note(state.problem, kind="bad", role="alert", data_testid="password-problem")),
        when(state.done, note(state.done, kind="good", role="status", data_testid="password-done")),
        el.input(
            type="text",
            name="username",
            value=state.account.email,
            auto_complete="username",
            read_only=True,
            hidden=True,
        ),
        _secret(_("Present password"), "current", "current-password"),
        _secret(
            _("New password"),
            "password",
            "new-password",
            hint=_("Eight characters or more, whichever you like. All other sessions end."),
        ),
        button(_("Change the password"), type="submit", size="s", class_name="justify-self-start"),
        action="/admin/security/password",
        class_name=f"{look.FIELDS} [&>.note]:mb-0!",
    )
    return panel(_("Password"), form)


def _secret(label: str, name: str, auto_complete: str, hint: str | None = None) -> Component:
    return text_field(
        label,
        name=name,
        type="password",
        auto_complete=auto_complete,
        max_length=1000,
        required=True,
        hint=hint,
    )


# --- Passkeys ---


def _passkeys() -> Component:
    keys = of(Security).account.passkeys
    add = el.div(
        text_field(
            _("Name of the new passkey"),
            name="passkey_name",
            hint=_("Such as the device that has it."),
            max_length=100,
            data_passkey_name="true",
            class_name="max-w-[320px] flex-1",
        ),
        el.div(
            passkey_button(_("Add a passkey"), "add", size="s", data_testid="passkey-add"),
            class_name="pt-[23px]",
        ),
        el.p(class_name=f"{styles.ERROR} w-full empty:hidden", role="alert", data_passkey_says="true"),
        class_name="flex flex-wrap items-start gap-3 border-t border-line px-4 py-4",
    )
    lead = el.p(
        _("A passkey signs you in by your finger, face or PIN. No false page can get it out of you."),
        class_name="px-4 pb-3 text-ink-2",
    )
    return panel(
        _("Passkeys"),
        lead,
        el.ul(each(keys, _passkey)),
        add,
        el.button(
            type="button",
            hidden=True,
            data_passkey_added="true",
            on_click=Security.passkey_added,
            aria_hidden="true",
        ),
        plain=True,
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
            size="xs",
            aria_label=_("Remove ") + key.name,
            on_click=Security.remove_passkey(key.id),
        ),
        class_name=ROW,
        data_testid="passkey-row",
    )


# --- Codes ---


def _codes() -> Component:
    state = of(Security)
    is_on = el.div(
        badge(_("In use"), tone="green"),
        button(_("Remove"), kind="outline", size="xs", on_click=Security.remove_codes),
        class_name="flex flex-wrap items-center justify-between gap-3",
    )
    is_off = el.div(
        el.p(_("An app on your phone shows a new code each half minute."), class_name="text-ink-2"),
        button(
            _("Set up"), kind="outline", size="s", on_click=Security.begin_codes, data_testid="codes-begin"
        ),
        class_name="flex flex-wrap items-center justify-between gap-3",
    )
    return panel(
        _("One-time codes"), when(state.account.has_codes, is_on, when(state.secret, _setting_up, is_off))
    )


def _setting_up() -> Component:
    state = of(Security)
    form = el.form(
        when(state.refused, note(state.refused, kind="bad", role="alert")),
        text_field(
            _("The code that the app shows"),
            name="code",
            error=error_of(Security, "code"),
            input_mode="numeric",
            auto_complete="one-time-code",
            max_length=20,
            required=True,
            data_testid="codes-code",
        ),
        el.div(
            button(_("Confirm"), type="submit", size="s", data_testid="codes-confirm"),
            button(_("Cancel"), kind="plain", size="s", on_click=Security.cancel_codes),
            class_name="flex gap-2",
        ),
        on_submit=submit(Security.confirm_codes),
        no_validate=True,
        class_name=look.FIELDS,
    )
    return el.div(
        el.img(
            src=state.qr,
            alt=_("The same key as a QR code"),
            width="196",
            height="196",
            class_name="rounded-r1",
        ),
        el.div(
            el.p(_("Scan this with an authenticator app, or type the key into it:")),
            el.p(
                state.secret,
                class_name="font-mono text-sm break-words select-all",
                data_testid="codes-secret",
            ),
            form,
            class_name="grid min-w-0 flex-1 basis-64 gap-4",
        ),
        class_name="flex flex-wrap items-start gap-5",
    )


def _recovery() -> Component:
    account = of(Security).account
    left = when(
        account.recovery_left > 0,
        el.p(account.recovery_text, class_name="text-ink-2"),
        el.p(_("You have none. Without them, a lost phone locks you out."), class_name="text-ink-2"),
    )
    make = button(
        when(account.recovery_left > 0, _("Make new ones"), _("Make recovery codes")),
        kind="outline",
        size="s",
        on_click=Security.make_recovery_codes,
        data_testid="recovery-make",
    )
    none = el.div(left, make, class_name="flex flex-wrap items-center justify-between gap-3")
    shown = panel(
        _("Recovery codes"), when(length(of(Security).codes) > 0, _new_codes, none), data_testid="recovery"
    )
    return when(account.has_factor, shown)


def _new_codes() -> Component:
    codes = el.ul(
        each(of(Security).codes, lambda code: el.li(code, data_testid="recovery-code")),
        class_name="grid gap-1.5 font-mono text-sm select-all sm:grid-cols-2",
    )
    return el.div(
        el.p(_("Print them, or keep them in a safe place: they are shown this once, and each works once.")),
        codes,
        button(
            _("I have kept them"),
            size="s",
            class_name="justify-self-start",
            on_click=Security.hide_recovery_codes,
            data_testid="recovery-kept",
        ),
        class_name="grid gap-4",
    )


# --- Sessions ---


def _sessions() -> Component:
    sessions = of(Security).account.sessions
    end = button(
        _("End all others"),
        kind="outline",
        size="xs",
        on_click=Security.end_others,
        data_testid="session-end-others",
    )
    return panel(
        _("Where you are signed in"),
        el.ul(each(sessions, _session)),
        actions=when(length(sessions) > 1, end),
        plain=True,
    )


def _session(session: SessionView) -> Component:
    end = button(
        _("End"),
        kind="outline",
        size="xs",
        aria_label=_("End the session of ") + session.device,
        on_click=Security.end_session(session.id),
        data_testid="session-end",
    )
    return el.li(
        el.div(
            el.p(session.device, class_name="font-medium"),
            el.p(session.network, " · ", _("since "), session.began_at, class_name=QUIET),
            el.p(_("Last used "), session.seen_at, class_name=QUIET),
            class_name="min-w-0",
        ),
        when(session.is_this, badge(_("This browser"), tone="green"), fragment(end)),
        class_name=ROW,
        data_testid="session-row",
    )


PAGE = Page("/admin/security", security, title=TITLE, load=(Security.load,), needs="")
