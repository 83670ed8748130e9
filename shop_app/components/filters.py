"""The filters of the list: a column on wide screens, the same element as a sheet on a phone; and the sort."""

from __future__ import annotations

from typing import Any

from shop_app.core.i18n import _
from shop_app.services.catalog.views import SHOWN_VALUES, Facet, FacetValue, Listing, SortChoice
from shop_app.state.listing import Browse

from . import styles
from .controls import button, classes
from .fields import field_error, ground
from .forms import submit
from .icons import icon
from .kit import Component, both, each, el, fragment, length, not_, when, without_scripts
from .overlays import CLOSES, modal, opens

PANEL = "filters"
PRICE_ERROR = "filter-price-error"


def filter_panel(browse: type[Browse]) -> Component:
    """A native dialog, so that the phone's sheet keeps the focus; on wide screens it just stands there."""
    view = browse.view
    return modal(
        el.div(
            el.h2(
                _("Filter"),
                class_name=f"{styles.D4} outline-none",
                tab_index=-1,
                custom_attrs={"autoFocus": True},
            ),
            el.button(
                icon("close"), type="button", aria_label=_("Close"), class_name=styles.ICON_BUTTON, **CLOSES
            ),
            class_name=styles.FILTERS_HEAD,
        ),
        el.div(
            each(view.facets[:1], _facet),
            _price(browse),
            each(view.facets[1:], _facet),
            _availability(view),
            class_name=styles.FILTERS_BODY,
        ),
        el.div(
            el.a(
                _("Clear all"),
                href=view.clear_href,
                class_name=classes("plain", "l", "px-4!"),
                data_stays="true",
            ),
            button(
                when(view.total == 0, _("No products"), _("Show ") + view.count_text),
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


def _box(title: Any, *content: Any) -> Component:
    return el.details(
        el.summary(title, icon("down", styles.FACET_ICON), class_name=styles.FACET_HEAD),
        *content,
        class_name=styles.FACET,
        open=True,
    )


def _facet(facet: Facet) -> Component:
    values = facet.choices

    def one(value: FacetValue) -> Component:
        return el.li(
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

    rest = length(values) - SHOWN_VALUES
    more = el.details(
        el.summary(
            el.span(_("Show "), rest, _(" more"), class_name="group-open/more:hidden"),
            el.span(_("Show fewer"), class_name="not-group-open/more:hidden"),
            class_name=styles.FACET_MORE,
        ),
        el.ul(each(values[SHOWN_VALUES:], one), class_name=styles.FACET_REST),
        class_name="group/more",
    )
    return _box(
        facet.label,
        el.ul(each(values[:SHOWN_VALUES], one), class_name=styles.FACET_LIST),
        when(rest > 0, more),
    )


def _row(
    label: Any, count: Any, chosen: Any, href: Any, *, name: Any, value: Any, swatch: Any = ""
) -> Component:
    """A link to the list with this value switched, that reads and looks like a check box."""
    dead = both(count == 0, not_(chosen))
    content = (
        el.span(class_name=styles.FACET_MARK, aria_hidden="true"),
        when(swatch, el.span(class_name=styles.FACET_SWATCH, **ground(swatch))),
        el.span(label),
        el.span(count, class_name=styles.FACET_COUNT),
    )
    marks: dict[str, Any] = {
        "role": "checkbox",
        "class_name": styles.FACET_ROW,
        "data_testid": "facet",
        "data_name": name,
        "data_value": value,
    }
    return when(
        dead,
        el.span(*content, aria_checked="false", aria_disabled="true", **marks),
        el.a(
            *content,
            href=href,
            aria_checked=when(chosen, "true", "false"),
            data_stays="true",
            prevent_scroll_reset=True,
            **marks,
        ),
    )


def _availability(view: Listing) -> Component:
    return _box(
        _("Availability"),
        el.ul(
            el.li(
                _row(
                    _("In stock"),
                    view.in_stock_count,
                    view.in_stock,
                    view.in_stock_href,
                    name="in_stock",
                    value="1",
                )
            ),
            el.li(
                _row(
                    _("On sale"),
                    view.on_sale_count,
                    view.on_sale,
                    view.on_sale_href,
                    name="on_sale",
                    value="1",
                )
            ),
            class_name=styles.FACET_LIST,
        ),
    )


def _price(browse: type[Browse]) -> Component:
    view = browse.view
    wrong = view.price_error != ""

    def field(label: str, name: str, value: Any, placeholder: Any) -> Component:
        return el.div(
            el.label(label, html_for=f"filter-{name}", class_name=styles.HINT),
            el.input(
                id=f"filter-{name}",
                name=name,
                default_value=value,
                key=value,
                placeholder=placeholder,
                input_mode="decimal",
                auto_complete="off",
                max_length=12,
                class_name=f"{styles.INPUT_S} tabular-nums",
                aria_invalid=when(wrong, "true", "false"),
                aria_describedby=when(wrong, PRICE_ERROR, ""),
            ),
            class_name=styles.FIELD,
        )

    return _box(
        _("Price"),
        el.form(
            field(_("From"), "price_min", view.price_min, view.price_floor),
            field(_("To"), "price_max", view.price_max, view.price_ceiling),
            when(
                wrong,
                lambda: el.div(
                    field_error(view.price_error, id=PRICE_ERROR), role="alert", class_name="col-span-full"
                ),
            ),
            el.button(_("Set the price"), type="submit", class_name=styles.RANGE_BUTTON),
            without_scripts(lambda: _kept(browse.without_price)),
            action="/products",
            method="get",
            on_submit=submit(Browse.limit_price),
            class_name=styles.RANGE,
        ),
    )


def _kept(fields: list[tuple[str, str]]) -> Component:
    """What else the address says, so that a form which is sent without scripts keeps it."""
    return fragment(*(el.input(type="hidden", name=name, value=value) for name, value in fields))


def toolbar(browse: type[Browse]) -> Component:
    """How many there are, and the sort; on a phone a bar that sticks to the top, with the filters' button."""
    view = browse.view

    def one(choice: SortChoice) -> Component:
        return el.option(choice.label, value=choice.value)

    chips = length(view.chips)
    return el.div(
        el.div(
            el.button(
                icon("filter"),
                _("Filter"),
                when(
                    chips > 0,
                    el.span(chips, el.span(_(" in force"), class_name=styles.SR), class_name=styles.COUNT),
                ),
                type="button",
                class_name=styles.FILTER_BUTTON,
                **opens(PANEL),
            ),
            el.form(
                el.label(
                    icon("sort", styles.SORT_ICON),
                    el.span(_("Sort by"), class_name=styles.SORT_WORDS),
                    el.select(
                        each(view.sorts, one),
                        name="sort",
                        value=view.sort,
                        on_change=Browse.sort_by,
                        class_name=styles.SORT_SELECT,
                        data_testid="sort",
                    ),
                    class_name=styles.SORT_LABEL,
                ),
                without_scripts(lambda: (_kept(browse.without_sort), el.button(_("Sort"), type="submit"))),
                action="/products",
                method="get",
                class_name="contents",
            ),
            class_name=styles.TOOLBAR_BAR,
        ),
        el.p(view.count_text, role="status", class_name=styles.RESULT_COUNT, data_testid="result-count"),
        class_name=styles.TOOLBAR,
    )
