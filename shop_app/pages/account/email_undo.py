"""Taking an account's e-mail address back, by the link in the letter to the old address.

Opening it changes nothing: scanners of mail open links too.
"""

from __future__ import annotations

from typing import Any

from sqlmodel import Session

from shop_app.components import layout, styles, texts
from shop_app.components.badges import note
from shop_app.components.controls import button, link_button
from shop_app.components.forms import browser_form
from shop_app.components.kit import Component, el, match, when
from shop_app.core.i18n import _
from shop_app.core.pages import Address, Head
from shop_app.page import Page
from shop_app.services.accounts import email_changes, tickets
from shop_app.services.accounts.email_changes import UndoView

TITLE = _("Take the account back")


def view(session: Session, address: Address) -> UndoView:
    return email_changes.undo_view(session, address.parameter("ticket", tickets.MAX_CHARS))


def page(shown: Any) -> Component:
    return layout.page(
        el.div(
            match(shown.state, {"open": _open(shown), "done": _done()}, _over()),
            class_name="mx-auto w-full max-w-page px-gutter pt-10 pb-section *:max-w-[560px] md:pt-16",
        )
    )


def _open(shown: Any) -> Component:
    return el.div(
        el.h1(TITLE, class_name=styles.D2),
        when(shown.problem, el.div(note(shown.problem, kind="bad", role="alert"), class_name="mt-5")),
        el.p(
            _(
                "Your account gets its old address back. All sessions end, and its password and passkeys are "
                "removed: whoever changed the address may have set them."
            ),
            class_name="mt-3 text-ink-2",
        ),
        browser_form(
            el.input(type="hidden", name="ticket", value=shown.ticket),
            button(_("Take the account back"), type="submit", size="l", data_testid="email-undo"),
            action=email_changes.PATH,
            class_name="mt-6",
        ),
    )


def _done() -> Component:
    return el.div(
        el.h1(_("The account has its old address again"), class_name=styles.D2, data_testid="email-undone"),
        el.p(
            _("All sessions have ended. Sign in with a code, which comes to that address by letter."),
            class_name="mt-3 mb-6 text-ink-2",
        ),
        link_button(_("Sign in"), href="/account/login"),
    )


def _over() -> Component:
    return el.div(
        el.h1(_("This link doesn't work any more"), class_name=styles.D2),
        el.p(
            _("It works for 72 hours after the change. Write to us if your account was taken from you."),
            class_name="mt-3 mb-6 text-ink-2",
        ),
        link_button(_("Write to us"), href="/contact"),
    )


PAGE = Page(
    f"{email_changes.PATH}/[ticket]",
    page,
    title=lambda _view: texts.titled(TITLE),
    view=view,
    head=Head(robots="noindex"),
)
