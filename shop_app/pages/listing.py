"""The list of products: filters, sort, the cards, and the way on to more of them."""

from __future__ import annotations

import reflex as rx

from shop_app.components import layout, styles, texts
from shop_app.components.badges import breadcrumbs, chip, empty_state, progress
from shop_app.components.cards import card_grid, card_skeletons
from shop_app.components.controls import link_button
from shop_app.components.filters import filter_panel, toolbar
from shop_app.core.i18n import _
from shop_app.services.catalog.views import CategoryLink, Chip
from shop_app.state.listing import Browse

from .not_found import empty_listing_art

VIEW = Browse.view
TITLE = rx.cond(Browse.missing, _("Page not found"), VIEW.title) + f" · {texts.SHOP}"


def page() -> rx.Component:
    return layout.page(
        rx.cond(Browse.missing, empty_listing_art(), _list()), ready=Browse.loaded, current=Browse.current
    )


def _list() -> rx.Component:
    return rx.fragment(
        rx.el.div(
            breadcrumbs(VIEW.crumbs),
            rx.el.h1(VIEW.title, class_name=styles.LIST_TITLE),
            rx.cond(VIEW.intro, rx.el.p(VIEW.intro, class_name=styles.LIST_INTRO), rx.fragment()),
            rx.cond(VIEW.corrected_text, _corrected(), rx.fragment()),
            class_name=styles.LIST_HEAD,
        ),
        rx.el.div(
            filter_panel(),
            rx.el.div(
                toolbar(),
                rx.el.div(
                    rx.cond(VIEW.chips.length() > 0, _chips(), rx.fragment()), class_name=styles.CHIP_ROW
                ),
                rx.cond(Browse.loaded, rx.fragment(), card_skeletons(12, columns=3)),
                rx.cond(Browse.previous_href, _previous(), rx.fragment()),
                rx.el.h2(_("Products"), class_name=styles.SR),
                card_grid(Browse.cards, columns=3),
                rx.cond(Browse.loaded & (Browse.cards.length() == 0), _nothing(), rx.fragment()),
                rx.cond(Browse.cards.length() > 0, _more(), rx.fragment()),
            ),
            class_name=styles.LIST,
        ),
    )


def _corrected() -> rx.Component:
    return rx.el.p(
        _("Nothing was found for “"),
        Browse.text,
        _("”. These are the results for “"),
        VIEW.corrected_text,
        "”.",
        class_name=styles.LIST_INTRO,
    )


def _chips() -> rx.Component:
    def one(row: rx.Var[Chip]) -> rx.Component:
        return rx.el.li(chip(row.label, row.href))

    return rx.el.ul(
        rx.foreach(VIEW.chips, one),
        rx.el.li(link_button(_("Clear all"), href=VIEW.clear_href, kind="plain", size="s")),
        class_name=styles.CHIPS,
        aria_label=_("Filters in force"),
    )


def _previous() -> rx.Component:
    return rx.el.p(
        link_button(_("Show the page before"), href=Browse.previous_href, kind="outline"),
        class_name=styles.PREVIOUS,
    )


def _more() -> rx.Component:
    """The link is a real one, to the next page; followed here, its products join those that are shown."""
    return rx.el.div(
        rx.el.p(VIEW.shown_text, class_name=styles.MORE_COUNT),
        progress(VIEW.shown_percent, _("Products shown"), class_name=styles.MORE_BAR),
        rx.cond(
            VIEW.next_href,
            link_button(
                VIEW.more_text,
                href=VIEW.next_href,
                kind="outline",
                size="l",
                rel="next",
                replace=True,
                prevent_scroll_reset=True,
            ),
            rx.fragment(),
        ),
        class_name=styles.MORE,
    )


def _nothing() -> rx.Component:
    def way_out(row: rx.Var[Chip]) -> rx.Component:
        return link_button(_("Remove “"), row.label, "”", href=row.href, kind="outline")

    def category(link: rx.Var[CategoryLink]) -> rx.Component:
        return link_button(link.title, href=f"/products?category={link.slug}", kind="outline")

    filtered = VIEW.chips.length() > 0
    return empty_state(
        rx.cond(
            Browse.text, _("Nothing matches “") + Browse.text + "”", _("No products with all these filters")
        ),
        rx.cond(
            filtered,
            _("Each filter leaves something, together they leave nothing. Remove one of them."),
            _("Check the spelling, try fewer words, or look around in one of these."),
        ),
        rx.cond(
            filtered,
            rx.fragment(
                rx.foreach(VIEW.chips, way_out),
                link_button(_("Clear all"), href=VIEW.clear_href, kind="primary"),
            ),
            rx.foreach(VIEW.suggestions, category),
        ),
    )
