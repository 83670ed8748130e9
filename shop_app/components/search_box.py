"""The search box of the header, with suggestions below it; assets/shop.js moves through them by keys."""

from __future__ import annotations

import reflex as rx

from shop_app.core.i18n import _
from shop_app.services.catalog.views import Suggestion
from shop_app.state.search import Search

from . import styles
from .forms import submit
from .icons import icon
from .pictures import picture

PANEL = "suggestions"
WAIT_MS = 120


def search_box() -> rx.Component:
    """Sends to the list of products also without scripts: it is a form."""
    return rx.el.form(
        icon("search", styles.SEARCH_ICON),
        rx.el.input(
            name="q",
            type="text",
            id="search",
            role="combobox",
            placeholder=_("Search mugs, lamps, oak…"),
            auto_complete="off",
            max_length=120,
            enter_key_hint="search",
            class_name=styles.SEARCH_INPUT,
            on_change=Search.typed.debounce(WAIT_MS),
            aria_label=_("Search the shop"),
            # The script keeps these three up to date, so they never change here.
            aria_expanded="false",
            aria_controls=PANEL,
            aria_autocomplete="list",
            data_testid="search-input",
        ),
        rx.el.kbd("/", class_name=styles.SEARCH_KEY, aria_hidden="true"),
        rx.el.button(
            icon("close", styles.ICON_S),
            type="reset",
            aria_label=_("Clear the search"),
            class_name=styles.SEARCH_CLEAR,
        ),
        rx.cond((Search.products.length() + Search.categories.length()) > 0, _panel(), rx.el.div(id=PANEL)),
        rx.el.p(_announced(), role="status", class_name=styles.SR),
        action="/products",
        method="get",
        role="search",
        class_name=styles.SEARCH,
        on_submit=submit(Search.go),
        reset_on_submit=False,
    )


def _announced() -> rx.Var:
    count = Search.products.length() + Search.categories.length()
    return rx.cond(count > 0, count.to(str) + _(" suggestions"), "")


def _panel() -> rx.Component:
    return rx.el.div(
        # Only options are in the list; what stands below them is for everybody's Tab key or the mouse.
        rx.el.div(
            rx.cond(
                Search.categories.length() > 0,
                rx.el.div(
                    _group(_("Categories"), Search.categories),
                    class_name=styles.SUGGEST_GROUP,
                    role="presentation",
                ),
                rx.fragment(),
            ),
            rx.el.div(
                rx.cond(Search.products.length() > 0, _group(_("Products"), Search.products), rx.fragment()),
                class_name=styles.SUGGEST_PRODUCTS,
                role="presentation",
            ),
            id=PANEL,
            role="listbox",
            aria_label=_("Suggestions"),
            class_name="contents",
        ),
        rx.el.div(
            rx.el.button(
                _("All results for “"),
                Search.text,
                "”",
                type="submit",
                tab_index=-1,
                class_name=f"{styles.LINK} text-ink",
            ),
            rx.el.span(
                rx.el.kbd("↑", class_name="kbd"),
                rx.el.kbd("↓", class_name="kbd"),
                _("to move"),
                rx.el.kbd("Enter", class_name="kbd"),
                _("to open"),
                rx.el.kbd("Esc", class_name="kbd"),
                _("to close"),
                class_name=styles.SUGGEST_KEYS,
                aria_hidden="true",
            ),
            class_name=styles.SUGGEST_FOOT,
        ),
        class_name=styles.SUGGESTIONS,
    )


def _group(title: str, rows: rx.Var[list[Suggestion]]) -> rx.Component:
    return rx.el.div(
        rx.el.p(title, class_name=styles.SUGGEST_TITLE, aria_hidden="true"),
        rx.foreach(rows, _row),
        role="group",
        aria_label=title,
    )


def _row(row: rx.Var[Suggestion]) -> rx.Component:
    return rx.el.a(
        rx.cond(
            row.kind == "product",
            rx.el.span(
                picture(row.picture, sizes="48px", widths=(320,), alt=""), class_name=styles.SUGGEST_PICTURE
            ),
            rx.fragment(),
        ),
        rx.el.span(row.before, rx.el.b(row.typed, class_name=styles.SUGGEST_TYPED), row.after),
        rx.cond(row.price, rx.el.span(row.price, class_name=styles.SUGGEST_PRICE), rx.fragment()),
        href=row.href,
        key=row.href,
        role="option",
        tab_index=-1,
        aria_selected="false",
        class_name=styles.SUGGEST_ROW,
        data_testid="search-suggestion",
    )
