"""The page behind an invitation's link: name and password, and who invited is staff."""

from __future__ import annotations

from shop_app.components.admin.entrance import entrance
from shop_app.components.admin.parts import skeleton
from shop_app.components.controls import link_button
from shop_app.components.fields import text_field
from shop_app.components.forms import error_of, form_errors, submit
from shop_app.components.kit import Component, el, fragment, of, when
from shop_app.components.parts import busy_button, needs_scripts
from shop_app.core.i18n import _
from shop_app.page import Page
from shop_app.state.admin.invitation import ROUTE, Invitation

TITLE = _("Invitation")


def page() -> Component:
    shown = of(Invitation)
    title = when(
        shown.is_accepted,
        _("You are on the staff"),
        when(shown.is_gone, _("This invitation can't be used"), _("Welcome")),
    )
    content = when(shown.is_accepted, _accepted, lambda: when(shown.is_gone, _gone, _form))
    return entrance(
        title,
        needs_scripts(_("An invitation is accepted with scripts.")),
        when(shown.loaded, content, lambda: skeleton("h-72")),
    )


def _form() -> Component:
    shown = of(Invitation)
    return fragment(
        el.p(
            _("You are invited to the back office as "),
            el.strong(shown.welcome.role_label, class_name="font-medium"),
            ".",
            class_name="text-ink-2",
        ),
        el.form(
            form_errors(Invitation),
            text_field(
                _("E-mail address"),
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
                hint=_("Eight characters or more, whichever you like: several words are good."),
                auto_complete="new-password",
                required=True,
            ),
            busy_button(
                _("Accept the invitation"),
                answer=shown.answers,
                busy_label=_("Saving"),
                type="submit",
                data_testid="invitation-accept",
            ),
            on_submit=submit(Invitation.accept),
            no_validate=True,
            class_name="mt-6 grid gap-5",
        ),
    )


def _accepted() -> Component:
    return fragment(
        el.p(_("Sign in with your e-mail address and the password that you chose."), class_name="text-ink-2"),
        link_button(_("Sign in"), href="/admin/login", class_name="mt-6", data_testid="invitation-sign-in"),
    )


def _gone() -> Component:
    return el.div(
        el.p(_("It was used, withdrawn, replaced by a later letter, or is older than 72 hours.")),
        el.p(_("Ask whoever invited you for another one.")),
        class_name="grid gap-2 text-ink-2",
        data_testid="invitation-gone",
    )


PAGE = Page(ROUTE, page, TITLE, load=(Invitation.load,), private=True, is_back_office=True)
