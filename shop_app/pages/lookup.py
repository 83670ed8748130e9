"""Finding an order by its number and e-mail address."""

from __future__ import annotations

from shop_app.components import layout, styles, texts
from shop_app.components.fields import text_field
from shop_app.components.forms import error_of, form_errors, submit
from shop_app.components.kit import Component, Text, el, length, of, when
from shop_app.components.parts import busy_button
from shop_app.core.email_addresses import MAX_LENGTH
from shop_app.core.i18n import _
from shop_app.core.pages import only
from shop_app.page import Page
from shop_app.state.base import Notice
from shop_app.state.lookup import Lookup

NAME = _("Find my order")


def title() -> Text:
    return texts.titled(when(length(of(Lookup).summary) > 0, _("Error: ") + NAME, NAME))


def page() -> Component:
    return layout.page(
        el.div(
            el.h1(_("Find my order"), class_name=styles.D2),
            el.p(_("The number is in the letter that confirmed the order."), class_name="mt-3 text-ink-2"),
            form_errors(Lookup, class_name="mt-6 rounded-r2 empty:hidden *:mb-0!"),
            el.form(
                text_field(
                    _("Order number"),
                    name="number",
                    error=error_of(Lookup, "number"),
                    input_mode="numeric",
                    auto_complete="off",
                    max_length=20,
                    required=True,
                ),
                text_field(
                    _("Email"),
                    name="email",
                    error=error_of(Lookup, "email"),
                    type="email",
                    auto_complete="email",
                    max_length=MAX_LENGTH,
                    required=True,
                    hint=_("The one you ordered with."),
                ),
                busy_button(
                    _("Find it"),
                    answer=f"{of(Lookup).answers}-{of(Notice).number}",
                    busy_label=_("Looking"),
                    type="submit",
                    class_name="justify-self-start",
                    data_testid="lookup-find",
                ),
                on_submit=submit(Lookup.find),
                no_validate=True,
                class_name="mt-6 grid gap-5",
            ),
            class_name="mx-auto w-full max-w-page px-gutter pt-10 *:max-w-[440px] md:pt-16",
        ),
    )


PAGE = Page("/orders/lookup", page, title=title, shared=only(), private=True)
