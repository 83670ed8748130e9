"""The filters of the list: a column on wide screens, the same element as a sheet on a phone; and the sort."""

from __future__ import annotations

from typing import Any

import reflex as rx

from shop_app.core.i18n import _
from shop_app.services.catalog.views import Facet, FacetValue, SortChoice
from shop_app.state.listing import Browse

from . import styles
from .controls import button, classes
from .fields import ground
from .forms import submit
from .icons import icon
from .overlays import CLOSES, modal, opens

PANEL = "filters"
SHOWN_VALUES = 6
VIEW = Browse.view


def filter_panel() -> rx.Component:
    """A native dialog, so that the phone's sheet keeps the focus; on wide screens it just stands there."""
    return modal(
        rx.el.div(
            rx.el.h2(
                _("Filter"),
                class_name=f"{styles.D4} outline-none",
                tab_index=-1,
                custom_attrs={"autoFocus": True},
            ),
            rx.el.button(
                icon("close"), type="button", aria_label=_("Close"), class_name=styles.ICON_BUTTON, **CLOSES
            ),
            class_name=styles.FILTERS_HEAD,
        ),
        rx.el.div(
            rx.foreach(VIEW.facets[:1], _facet),
            _price(),
            rx.foreach(VIEW.facets[1:], _facet),
            _availability(),
            class_name=styles.FILTERS_BODY,
        ),
        rx.el.div(
            rx.el.a(
                _("Clear all"),
                href=VIEW.clear_href,
                class_name=classes("plain", "l", "px-4!"),
                data_stays="true",
            ),
            button(
                rx.cond(VIEW.total == 0, _("No products"), _("Show ") + VIEW.count_text),
                size="l",
                class_name="flex-1",
                **CLOSES,
            ),
            class_name=styles.FILTERS_FOOT,
        ),
        id=PANEL,
        label=_("Filters"),
        class_name=styles.FILTERS,
    )


def _box(title: Any, *content: Any) -> rx.Component:
    return rx.el.details(
        rx.el.summary(title, icon("down", styles.FACET_ICON), class_name=styles.FACET_HEAD),
        *content,
        class_name=styles.FACET,
        open=True,
    )


def _facet(facet: rx.Var[Facet]) -> rx.Component:
    # `facet.values` would be the method of a dictionary.
    values = facet["values"].to(list[FacetValue])  # pyright: ignore[reportIndexIssue]

    def one(value: rx.Var[FacetValue]) -> rx.Component:
        return rx.el.li(
            _row(
                value.label,
                value.count,
                value.chosen,
                value.href,
                name=facet.name,
                value=value.value,
                swatch=value.swatch,
            )
        )

    rest = values.length() - SHOWN_VALUES
    more = rx.el.details(
        rx.el.summary(_("Show "), rest, _(" more"), class_name=styles.FACET_MORE),
        rx.el.ul(rx.foreach(values[SHOWN_VALUES:], one), class_name=styles.FACET_REST),
    )
    return _box(
        facet.label,
        rx.el.ul(rx.foreach(values[:SHOWN_VALUES], one), class_name=styles.FACET_LIST),
        rx.cond(rest > 0, more, rx.fragment()),
    )


def _row(
    label: Any, count: Any, chosen: Any, href: Any, *, name: Any, value: Any, swatch: Any = ""
) -> rx.Component:
    """A link to the list with this value switched, that reads and looks like a check box."""
    dead = (count == 0) & ~chosen
    content = (
        rx.el.span(class_name=styles.FACET_MARK, aria_hidden="true"),
        rx.cond(swatch, rx.el.span(class_name=styles.FACET_SWATCH, **ground(swatch)), rx.fragment()),
        rx.el.span(label),
        rx.el.span(count, class_name=styles.FACET_COUNT),
    )
    marks: dict[str, Any] = {
        "role": "checkbox",
        "class_name": styles.FACET_ROW,
        "data_testid": "facet",
        "data_name": name,
        "data_value": value,
    }
    return rx.cond(
        dead,
        rx.el.span(*content, aria_checked="false", aria_disabled="true", **marks),
        rx.el.a(
            *content,
            href=href,
            aria_checked=rx.cond(chosen, "true", "false"),
            data_stays="true",
            prevent_scroll_reset=True,
            **marks,
        ),
    )


def _availability() -> rx.Component:
    return _box(
        _("Availability"),
        rx.el.ul(
            rx.el.li(
                _row(
                    _("In stock"),
                    VIEW.in_stock_count,
                    VIEW.in_stock,
                    VIEW.in_stock_href,
                    name="in_stock",
                    value="1",
                )
            ),
            rx.el.li(
                _row(
                    _("On sale"),
                    VIEW.on_sale_count,
                    VIEW.on_sale,
                    VIEW.on_sale_href,
                    name="on_sale",
                    value="1",
                )
            ),
            class_name=styles.FACET_LIST,
        ),
    )


def _price() -> rx.Component:
    def field(label: str, name: str, value: Any, placeholder: Any) -> rx.Component:
        return rx.el.div(
            rx.el.label(label, html_for=f"filter-{name}", class_name=styles.HINT),
            rx.el.input(
                id=f"filter-{name}",
                name=name,
                default_value=value,
                key=value,
                placeholder=placeholder,
                input_mode="decimal",
                auto_complete="off",
                max_length=12,
                class_name=f"{styles.INPUT_S} tabular-nums",
            ),
            class_name=styles.FIELD,
        )

    return _box(
        _("Price"),
        rx.el.form(
            field(_("From"), "price_min", VIEW.price_min, VIEW.price_floor),
            field(_("To"), "price_max", VIEW.price_max, VIEW.price_ceiling),
            rx.el.button(_("Set the price"), type="submit", class_name=styles.RANGE_BUTTON),
            on_submit=submit(Browse.limit_price),
            class_name=styles.RANGE,
        ),
    )


def toolbar() -> rx.Component:
    """How many there are, and the sort; on a phone a bar that sticks to the top, with the filters' button."""

    def one(choice: rx.Var[SortChoice]) -> rx.Component:
        return rx.el.option(choice.label, value=choice.value)

    chips = VIEW.chips.length()
    return rx.el.div(
        rx.el.div(
            rx.el.button(
                icon("filter"),
                _("Filter"),
                rx.cond(
                    chips > 0,
                    rx.el.span(
                        chips, rx.el.span(_(" in force"), class_name=styles.SR), class_name=styles.COUNT
                    ),
                    rx.fragment(),
                ),
                type="button",
                class_name=styles.FILTER_BUTTON,
                **opens(PANEL),
            ),
            rx.el.label(
                icon("sort", styles.SORT_ICON),
                rx.el.span(_("Sort by"), class_name=styles.SORT_WORDS),
                rx.el.select(
                    rx.foreach(VIEW.sorts, one),
                    value=VIEW.sort,
                    on_change=Browse.sort_by,
                    class_name=styles.SORT_SELECT,
                    data_testid="sort",
                ),
                class_name=styles.SORT_LABEL,
            ),
            class_name=styles.TOOLBAR_BAR,
        ),
        rx.el.p(VIEW.count_text, role="status", class_name=styles.RESULT_COUNT, data_testid="result-count"),
        class_name=styles.TOOLBAR,
    )
