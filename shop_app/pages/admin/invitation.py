"""The page behind an invitation's link: name and password, and who invited is staff."""

from __future__ import annotations

from shop_app.components import styles
from shop_app.components.admin import look
from shop_app.components.admin.parts import skeleton, text_field
from shop_app.components.controls import link_button
from shop_app.components.forms import error_of, form_errors, submit
from shop_app.components.kit import Component, el, fragment, of, when
from shop_app.components.parts import busy_button, needs_scripts
from shop_app.core.i18n import _
from shop_app.page import Page
from shop_app.state.admin.invitation import ROUTE, Invitation

TITLE = _("Invitation")


def page() -> Component:
    shown = of(Invitation)
    content = when(shown.is_accepted, _accepted, lambda: when(shown.is_gone, _gone, _form))
    return el.main(
        needs_scripts(_("An invitation is accepted with scripts.")),
        when(shown.loaded, content, lambda: skeleton("h-72")),
        id="main",
        class_name="mx-auto grid min-h-dvh w-full max-w-[400px] content-center gap-5 px-4 py-10",
        data_ready=when(shown.loaded, "true", "false"),
    )


def _form() -> Component:
    shown = of(Invitation)
    return fragment(
        el.h1(_("Welcome"), class_name=styles.D2),
        el.p(
            _("You are invited to the back office as "),
            el.strong(shown.welcome.role_label, class_name="font-medium"),
            ".",
            class_name="text-ink-2",
        ),
        el.form(
            form_errors(Invitation),
            text_field(
                _("Email"),
                name="username",
                value=shown.welcome.email,
                read_only=True,
                auto_complete="username",
            ),
            text_field(
                _("Your name"),
                name="name",
                error=error_of(Invitation, "name"),
                hint=_("Colleagues see it beside what you do."),
                auto_complete="name",
                max_length=200,
                required=True,
            ),
            text_field(
                _("Password"),
                name="password",
                type="password",
                error=error_of(Invitation, "password"),
                hint=_("8 characters at least, none that many people have."),
                auto_complete="new-password",
                max_length=200,
                required=True,
            ),
            busy_button(
                _("Accept the invitation"),
                answer=shown.answers,
                busy_label=_("Saving"),
                size="m",
                type="submit",
                class_name="justify-self-start",
                data_testid="invitation-accept",
            ),
            on_submit=submit(Invitation.accept),
            no_validate=True,
            class_name=look.FIELDS,
        ),
    )


def _accepted() -> Component:
    return fragment(
        el.h1(_("You are on the staff"), class_name=styles.D2),
        el.p(_("Sign in with your email address and the password that you chose."), class_name="text-ink-2"),
        link_button(
            _("Sign in"), href="/admin/login", class_name="justify-self-start", data_testid="sign-in"
        ),
    )


def _gone() -> Component:
    return fragment(
        el.h1(_("This invitation can't be used"), class_name=styles.D2),
        el.p(
            _("It was used, withdrawn, replaced by a later letter, or is older than 72 hours."),
            class_name="text-ink-2",
        ),
        el.p(_("Ask whoever invited you for another one."), class_name="text-ink-2"),
    )


PAGE = Page(ROUTE, page, TITLE, load=(Invitation.load,), private=True, is_back_office=True)
