"""The page of saved things, for guests and customers alike."""

from __future__ import annotations

from functools import partial

from shop_app.components import styles, texts
from shop_app.components.account.frame import open_account_page
from shop_app.components.badges import empty_state
from shop_app.components.controls import button, link_button, text_link
from shop_app.components.kit import Component, el, fragment, length, of, text, when
from shop_app.components.parts import needs_scripts
from shop_app.components.saved import list_links, list_settings, own_thing, things, undo_row
from shop_app.components.waiting import all_places
from shop_app.core.i18n import _
from shop_app.page import Page
from shop_app.state.account.saved import ROUTE, Saved
from shop_app.state.stock_line import StockLine

NAME = _("Saved")


def page() -> Component:
    return open_account_page(
        "saved",
        NAME,
        needs_scripts(_("Saved things need scripts to work.")),
        when(of(Saved).loaded, _lists, el.div(class_name="min-h-[60svh]")),
        for_guests=el.p(
            _("Kept in this browser. "),
            text_link(_("Sign in"), href=f"/account/login?next={ROUTE}"),
            _(" to have them on your other devices too."),
            class_name="mt-3 text-ink-2",
        ),
        ready=of(Saved).loaded,
    )


def _lists() -> Component:
    view = of(Saved).view
    return fragment(
        list_links(),
        when(
            length(view.lists) > 1,
            el.h2(view.current.name, class_name=f"{styles.D3} mt-6"),
        ),
        undo_row(),
        when(
            length(view.things) > 0,
            el.div(things(view.things, own_thing), class_name="mt-2 max-w-[760px]"),
            _nothing,
        ),
        when(
            view.left > 0,
            button(
                _("Show more"),
                el.span("(" + text(view.left) + ")", class_name="tabular-nums text-ink-3"),
                kind="outline",
                class_name="mt-6",
                on_click=Saved.show_more,
            ),
        ),
        all_places(),
        when(length(view.lists) > 0, list_settings),
    )


def _nothing() -> Component:
    return el.div(
        empty_state(
            _("Nothing saved yet"),
            _("“Save to your list” on a product keeps it here, with the price of that day."),
            link_button(_("See everything"), href="/products"),
            link_button(_("See what is new"), href="/products?new=1", kind="outline"),
        ),
        class_name="mt-6",
    )


PAGE = Page(
    ROUTE, page, title=partial(texts.titled, NAME), load=(Saved.load, StockLine.show_all), private=True
)
