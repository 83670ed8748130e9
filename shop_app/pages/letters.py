"""What an address is written to about: for whoever has the link of a letter, without signing in.

A plain form, which is sent to `web/letters.py`. Opening the page changes nothing: mail scanners do.
"""

from __future__ import annotations

from typing import Any

from shop_app.components import layout, styles, texts
from shop_app.components.badges import note
from shop_app.components.controls import button
from shop_app.components.fields import checkbox
from shop_app.components.forms import browser_form
from shop_app.components.kit import Component, each, el, length, when
from shop_app.core.i18n import _
from shop_app.core.pages import Head
from shop_app.page import Page
from shop_app.services.storefront.preferences import preferences

NAME = _("What we write to you about")
BEFORE, AFTER = _(
    "This is for {address}. Letters about your orders and your account come in any case."
).split("{address}")


def page(view: Any) -> Component:
    return layout.page(
        el.div(
            el.h1(NAME, class_name=styles.D2),
            el.p(
                BEFORE,
                el.strong(view.address, class_name="font-medium"),
                AFTER,
                class_name="mt-3 text-ink-2",
            ),
            el.div(
                when(view.is_saved, note(_("Saved. It counts from now on."), kind="good", role="status")),
                class_name="mt-5 empty:hidden *:mb-0!",
            ),
            browser_form(
                el.fieldset(
                    el.legend(NAME, class_name=styles.SR),
                    each(
                        view.choices,
                        lambda choice: checkbox(
                            choice.text,
                            name=choice.purpose,
                            value="1",
                            default_checked=choice.is_on,
                            data_testid="letter-choice",
                        ),
                    ),
                    class_name="grid gap-4",
                ),
                el.div(
                    button(_("Save"), type="submit", data_testid="letter-save"),
                    button(
                        _("None of these"),
                        type="submit",
                        kind="outline",
                        name="none",
                        value="1",
                        data_testid="letter-none",
                    ),
                    class_name="mt-6 flex flex-wrap gap-3",
                ),
                action=view.action,
                class_name="mt-6",
            ),
            when(length(view.record) > 0, lambda: _record(view)),
            class_name="mx-auto w-full max-w-page px-gutter pt-10 *:max-w-[560px] md:pt-16",
        ),
        ready=view.loaded,
    )


def _record(view: Any) -> Component:
    """What was said before, and when."""
    return el.section(
        el.h2(_("What you have told us"), class_name="text-base font-medium"),
        el.ul(
            each(
                view.record,
                lambda said: el.li(
                    el.span(said.at, class_name="block text-xs text-ink-3"),
                    said.what,
                    class_name="border-t border-line py-3 text-sm text-ink-2",
                ),
            ),
            class_name="mt-3",
        ),
        class_name="mt-12",
    )


PAGE = Page(
    "/letters/[token]",
    page,
    title=lambda _view: texts.titled(NAME),
    view=preferences,
    head=Head(robots="noindex"),
)
