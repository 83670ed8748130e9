"""The settings of letters: whether mail works, which letters go out, and how each reads."""

from __future__ import annotations

from typing import Any

from shop_app.components.admin import look
from shop_app.components.admin.frame import desk
from shop_app.components.admin.parts import act, facts, panel, text_field
from shop_app.components.badges import note
from shop_app.components.controls import button, text_link
from shop_app.components.fields import checkbox
from shop_app.components.forms import error_of, form_errors, submit
from shop_app.components.kit import Component, contains, each, el, of, text, when
from shop_app.core.i18n import _
from shop_app.page import Page
from shop_app.state.admin.letter_settings import LetterSettings
from shop_app.state.admin.shell import BackOffice

from .index import ROUTE
from .shared import hidden


def page() -> Component:
    test = button(
        _("Send me a test letter"),
        size="s",
        on_click=LetterSettings.send_test,
        data_testid="letter-test",
        **act(_("Send me a test letter")),
    )
    return desk(
        lambda: el.div(
            el.div(_mail(), _beside_orders(), _kinds(), class_name=look.STACK),
            _sample(),
            class_name="grid items-start gap-4 lg:grid-cols-[minmax(0,420px)_minmax(0,1fr)]",
        ),
        title=_("Letters"),
        current=ROUTE,
        ready=of(LetterSettings).loaded,
        back=(_("Settings"), ROUTE),
        actions=when(contains(of(BackOffice).rights, "settings.edit"), test),
    )


def _mail() -> Component:
    mail = of(LetterSettings).mail
    way = when(mail.is_sent, mail.where, _("Written to files: nobody receives them"))
    return panel(
        _("Mail"),
        facts(
            (_("Mail server"), way),
            (_("Sender"), el.span(mail.sender, class_name="break-all")),
            (_("Last letter sent"), when(mail.last_sent != "", mail.last_sent, _("none yet"))),
        ),
        when(
            mail.problem,
            el.div(
                note(
                    el.div(
                        el.p(mail.problem),
                        text_link(
                            _("See the letters that wait"), href="/admin/settings/letters-sent?tab=waits"
                        ),
                    ),
                    kind="bad",
                ),
                class_name="mt-3 *:mb-0!",
            ),
        ),
        el.p(
            _(
                "The server is set where the shop is started (SHOP_SMTP_URL), the sender in the settings of "
                "the shop."
            ),
            class_name=f"mt-3 {look.PANEL_NOTE}",
        ),
    )


def _beside_orders() -> Component:
    beside = of(LetterSettings).beside
    form = el.form(
        form_errors(LetterSettings, class_name="mb-4 rounded-r2 empty:hidden *:mb-0!"),
        text_field(
            _("Hours until a cart is reminded of"),
            name="cart_reminder_hours",
            default_value=beside.cart_reminder_hours,
            hint=_("0: never. Once a cart, and only to customers who agreed."),
            error=error_of(LetterSettings, "cart_reminder_hours"),
            input_mode="numeric",
            max_length=5,
        ),
        text_field(
            _("Days from delivery until a review is asked for"),
            name="review_request_days",
            default_value=beside.review_request_days,
            hint=_("0: never. Once an order, and not for what goes back."),
            error=error_of(LetterSettings, "review_request_days"),
            input_mode="numeric",
            max_length=5,
        ),
        checkbox(
            _("Ask for reviews only where the buyer agreed"),
            name="review_requests_need_consent",
            value="1",
            default_checked=beside.review_requests_need_consent,
        ),
        el.p(
            _(
                "Without it, every buyer is asked who hasn't objected, and checkout says so. Whether the law "
                "allows that depends on your country."
            ),
            class_name=look.PANEL_NOTE,
        ),
        hidden("version", beside.version),
        when(
            contains(of(BackOffice).rights, "settings.edit"),
            button(_("Save"), type="submit", size="s", class_name="justify-self-start"),
        ),
        on_submit=submit(LetterSettings.save),
        reset_on_submit=False,
        no_validate=True,
        key=text(of(LetterSettings).saved),
        class_name="grid gap-4",
    )
    return panel(_("Letters about no order"), form)


def _kinds() -> Component:
    shown = of(LetterSettings).sample.kind

    def row(one: Any) -> Component:
        return el.li(
            el.button(
                el.span(one.label),
                type="button",
                on_click=LetterSettings.show(one.kind),
                aria_pressed=when(one.kind == shown, "true", "false"),
                class_name=(
                    "flex min-h-11 w-full cursor-pointer items-center gap-3 border-t border-line px-4 "
                    "text-start hover:bg-paper aria-pressed:bg-sunken aria-pressed:font-medium md:min-h-10"
                ),
                data_testid="letter-kind",
                data_kind=one.kind,
            )
        )

    return panel(_("Letters"), el.ul(each(of(LetterSettings).kinds, row)), plain=True)


def _sample() -> Component:
    sample = of(LetterSettings).sample
    return panel(
        sample.label,
        el.p(
            _("As it would read about your newest order, first as mail programs show it, then as text."),
            class_name=look.PANEL_NOTE,
        ),
        when(sample.subject, el.h3(sample.subject, class_name="mt-4 text-md font-medium")),
        when(
            sample.html,
            # Without any right: nothing in it runs, and no link leads away.
            el.iframe(
                src_doc=sample.html,
                sandbox="",
                title=_("The letter as mail programs show it"),
                class_name="mt-3 h-160 w-full rounded-r2 border border-line",
                data_testid="letter-html",
            ),
        ),
        el.pre(
            sample.text,
            class_name="mt-4 border-t border-line pt-4 font-sans text-sm whitespace-pre-wrap break-words",
            data_testid="letter-text",
        ),
        aria_live="polite",
    )


PAGE = Page(f"{ROUTE}/letters", page, _("Letters"), load=(LetterSettings.load,), needs="settings.view")
