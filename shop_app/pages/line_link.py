"""The page behind the link of a letter about a place in line: confirming it, taking what is kept, leaving."""

from __future__ import annotations

from typing import Any

from shop_app.components import layout, styles, texts
from shop_app.components.badges import empty_state
from shop_app.components.controls import button, link_button, text_link
from shop_app.components.forms import browser_form
from shop_app.components.kit import Component, el, when
from shop_app.core.i18n import _
from shop_app.core.pages import Head
from shop_app.page import Page
from shop_app.state import line_link

TITLE = _("Your place in line")


def page(view: Any) -> Component:
    return layout.page(
        el.div(
            when(view.state != "", lambda: _place(view), _gone),
            class_name="mx-auto min-h-[75svh] w-full max-w-page px-gutter pt-10 *:max-w-[480px] md:pt-16",
        )
    )


def _place(view: Any) -> Component:
    waits = when(view.state == "unconfirmed", _("Do you want to be told when it is back?"), view.sentence)
    return el.div(
        el.h1(view.product, class_name=styles.D2),
        el.p(waits, class_name="mt-3 text-ink-2", role="status", data_testid="line-place"),
        el.div(
            when(view.state == "unconfirmed", lambda: _form(view, "confirm", _("Put me in line"))),
            when(view.state == "kept", lambda: _form(view, "take", _("Put it into the cart"))),
            when(view.state == "ordered", "", lambda: _leave(view)),
            class_name="mt-6 grid justify-items-start gap-3.5",
        ),
        el.p(text_link(_("See it in the shop"), href=view.address), class_name="mt-6 text-sm"),
    )


def _leave(view: Any) -> Component:
    """Doing nothing is as good where nothing was confirmed, so the address is all that goes."""
    words = when(view.state == "kept", _("Leave it to the next"), _("Delete my request"))
    return _form(view, "leave", words, kind="outline")


def _form(view: Any, action: str, words: Any, kind: Any = "primary") -> Component:
    return browser_form(
        button(words, type="submit", kind=kind, size="l", data_testid=f"line-{action}"),
        action=view.link + "/" + action,
    )


def _gone() -> Component:
    """The same for a link that never was one, for what is over, and after leaving."""
    return empty_state(
        _("Nothing waits for you here"),
        _("You have left the line, or the time is over. If it is sold out again, you can ask again."),
        link_button(_("Go to the shop"), href="/products"),
        level=1,
    )


PAGE = Page(
    line_link.ROUTE,
    page,
    title=lambda _view: texts.titled(TITLE),
    view=line_link.view,
    head=Head(robots="noindex"),
)
