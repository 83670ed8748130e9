"""The search box of the header, with suggestions below it; assets/shop.js moves through them by keys."""

from __future__ import annotations

from typing import Any

from shop_app.core.i18n import _
from shop_app.services.catalog.views import Suggestion, Suggestions
from shop_app.state.search import Search

from . import styles
from .forms import submit
from .icons import icon
from .kit import Component, Text, each, el, length, of, when
from .pictures import picture

PANEL = "suggestions"
WAIT_MS = 120


def search_box(query: Text = "") -> Component:
    """A form, which sends to the list of products also without scripts.

    `query` is what the page shows the results of.
    """
    found = of(Search).found
    return el.form(
        icon("search", styles.SEARCH_ICON),
        el.input(
            name="q",
            type="text",
            id="search",
            role="combobox",
            default_value=query,
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
            data_query=query,
        ),
        el.kbd("/", class_name=styles.SEARCH_KEY, aria_hidden="true"),
        el.button(
            icon("close", styles.ICON_S),
            type="reset",
            aria_label=_("Clear the search"),
            class_name=styles.SEARCH_CLEAR,
        ),
        when(
            found.all_text != "",
            lambda: _panel(found),
            lambda: when(found.text != "", lambda: _nothing(found), el.div(id=PANEL)),
        ),
        el.p(found.said, role="status", class_name=styles.SR),
        action="/products",
        method="get",
        role="search",
        class_name=styles.SEARCH,
        on_submit=submit(Search.go),
        reset_on_submit=False,
    )


def _panel(found: Suggestions) -> Component:
    beside = length(found.searches) + length(found.categories)
    return el.div(
        # Only options are in the list; what stands below them is for everybody's Tab key or the mouse.
        el.div(
            when(
                beside > 0,
                lambda: el.div(
                    when(length(found.searches) > 0, lambda: _group(_("Searches"), found.searches, _search)),
                    when(
                        length(found.categories) > 0,
                        lambda: _group(_("Categories"), found.categories, _category),
                    ),
                    class_name=styles.SUGGEST_GROUP,
                    role="presentation",
                ),
            ),
            el.div(
                _group(_("Products"), found.products, _product),
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
                found.all_text, type="submit", tab_index=-1, class_name=f"{styles.LINK} text-left text-ink"
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


def _nothing(found: Suggestions) -> Component:
    return el.div(
        el.div(id=PANEL, role="listbox", aria_label=_("Suggestions"), class_name="hidden"),
        el.div(
            el.p(_("Nothing matches “"), found.text, "”."),
            el.p(
                _("Check the spelling, try a shorter word, or a SKU. "),
                el.a(_("See all products"), href="/products", class_name=f"{styles.LINK} text-ink"),
                class_name="mt-1 text-sm text-ink-2",
            ),
            class_name=styles.SUGGEST_NOTHING,
            data_testid="search-nothing",
        ),
        class_name=styles.SUGGESTIONS,
    )


def _group(title: str, rows: Any, row: Any) -> Component:
    return el.div(
        el.p(title, class_name=styles.SUGGEST_TITLE, aria_hidden="true"),
        each(rows, row),
        role="group",
        aria_label=title,
        class_name="not-first:pt-4",
    )


def _search(row: Suggestion) -> Component:
    return _row(row, icon("search", styles.SUGGEST_ICON), _label(row), shown=styles.SUGGEST_ROW_FEW)


def _category(row: Suggestion) -> Component:
    count = el.span(row.note, class_name=styles.SUGGEST_COUNT)
    return _row(row, _label(row), count, shown=styles.SUGGEST_ROW_FEW)


def _product(row: Suggestion) -> Component:
    return _row(
        row,
        el.span(picture(row.picture, sizes="48px", widths=(320,), alt=""), class_name=styles.SUGGEST_PICTURE),
        el.span(_label(row), el.span(row.note, class_name=styles.SUGGEST_NOTE), class_name="min-w-0"),
        el.span(row.price, class_name=styles.SUGGEST_PRICE),
        shown=styles.SUGGEST_ROW_MANY,
    )


def _label(row: Suggestion) -> Component:
    return el.span(row.before, el.b(row.typed, class_name=styles.SUGGEST_TYPED), row.after)


def _row(row: Suggestion, *content: Component, shown: str) -> Component:
    return el.a(
        *content,
        href=row.href,
        key=row.href,
        role="option",
        tab_index=-1,
        aria_selected="false",
        class_name=f"{styles.SUGGEST_ROW} {shown}",
        data_testid="search-suggestion",
    )
