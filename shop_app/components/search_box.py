"""The search box of the header, with suggestions below it; assets/shop.js moves through them by keys."""

from __future__ import annotations

from typing import Any

from shop_app.core.i18n import _
from shop_app.services.catalog.views import Suggestion
from shop_app.state.search import Search

from . import styles
from .forms import submit
from .icons import icon
from .kit import Component, Text, each, el, length, of, text, when
from .pictures import picture

PANEL = "suggestions"
WAIT_MS = 120


def search_box() -> Component:
    """Sends to the list of products also without scripts: it is a form."""
    return el.form(
        icon("search", styles.SEARCH_ICON),
        el.input(
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
        el.kbd("/", class_name=styles.SEARCH_KEY, aria_hidden="true"),
        el.button(
            icon("close", styles.ICON_S),
            type="reset",
            aria_label=_("Clear the search"),
            class_name=styles.SEARCH_CLEAR,
        ),
        when((length(of(Search).products) + length(of(Search).categories)) > 0, _panel, el.div(id=PANEL)),
        el.p(_announced(), role="status", class_name=styles.SR),
        action="/products",
        method="get",
        role="search",
        class_name=styles.SEARCH,
        on_submit=submit(Search.go),
        reset_on_submit=False,
    )


def _announced() -> Text:
    count = length(of(Search).products) + length(of(Search).categories)
    return when(count > 0, text(count) + _(" suggestions"), "")


def _panel() -> Component:
    return el.div(
        # Only options are in the list; what stands below them is for everybody's Tab key or the mouse.
        el.div(
            when(
                length(of(Search).categories) > 0,
                el.div(
                    _group(_("Categories"), of(Search).categories),
                    class_name=styles.SUGGEST_GROUP,
                    role="presentation",
                ),
            ),
            el.div(
                when(length(of(Search).products) > 0, _group(_("Products"), of(Search).products)),
                class_name=styles.SUGGEST_PRODUCTS,
                role="presentation",
            ),
            id=PANEL,
            role="listbox",
            aria_label=_("Suggestions"),
            class_name="contents",
        ),
        el.div(
            el.button(
                _("All results for “"),
                of(Search).text,
                "”",
                type="submit",
                tab_index=-1,
                class_name=f"{styles.LINK} text-ink",
            ),
            el.span(
                el.kbd("↑", class_name="kbd"),
                el.kbd("↓", class_name="kbd"),
                _("to move"),
                el.kbd("Enter", class_name="kbd"),
                _("to open"),
                el.kbd("Esc", class_name="kbd"),
                _("to close"),
                class_name=styles.SUGGEST_KEYS,
                aria_hidden="true",
            ),
            class_name=styles.SUGGEST_FOOT,
        ),
        class_name=styles.SUGGESTIONS,
    )


def _group(title: str, rows: Any) -> Component:
    return el.div(
        el.p(title, class_name=styles.SUGGEST_TITLE, aria_hidden="true"),
        each(rows, _row),
        role="group",
        aria_label=title,
    )


def _row(row: Suggestion) -> Component:
    return el.a(
        when(
            row.kind == "product",
            el.span(
                picture(row.picture, sizes="48px", widths=(320,), alt=""), class_name=styles.SUGGEST_PICTURE
            ),
        ),
        el.span(row.before, el.b(row.typed, class_name=styles.SUGGEST_TYPED), row.after),
        when(row.price, el.span(row.price, class_name=styles.SUGGEST_PRICE)),
        href=row.href,
        key=row.href,
        role="option",
        tab_index=-1,
        aria_selected="false",
        class_name=styles.SUGGEST_ROW,
        data_testid="search-suggestion",
    )
