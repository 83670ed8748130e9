"""The list of products: filters, sort, the cards, and the way on to more of them."""

from __future__ import annotations

from shop_app.components import layout, structured_data, styles, texts
from shop_app.components.badges import breadcrumbs, chip, empty_state, progress
from shop_app.components.cards import card_grid, card_skeletons
from shop_app.components.controls import link_button
from shop_app.components.filters import filter_panel, toolbar
from shop_app.components.kit import Component, Text, both, each, el, fragment, length, when
from shop_app.core.i18n import _
from shop_app.core.pages import Head
from shop_app.page import Page
from shop_app.services.catalog.views import CategoryLink, Chip
from shop_app.services.storefront.home import list_addresses
from shop_app.state import listing as listing_state
from shop_app.state.listing import Browse, BrowseShown

from .not_found import empty_listing_art


def title(browse: type[Browse]) -> Text:
    return texts.titled(when(browse.missing, _("Page not found"), browse.view.title))


def page(browse: type[Browse]) -> Component:
    return layout.page(
        when(browse.missing, empty_listing_art, lambda: _list(browse)),
        ready=browse.loaded,
        current=browse.current,
        search=browse.text,
    )


def _list(browse: type[Browse]) -> Component:
    return fragment(
        el.div(
            breadcrumbs(browse.view.crumbs),
            el.h1(browse.view.title, class_name=styles.LIST_TITLE),
            when(browse.view.intro, el.p(browse.view.intro, class_name=styles.LIST_INTRO)),
            when(browse.view.corrected_text, lambda: _corrected(browse)),
            class_name=styles.LIST_HEAD,
        ),
        el.div(
            filter_panel(browse),
            el.div(
                toolbar(browse),
                el.div(
                    when(length(browse.view.chips) > 0, lambda: _chips(browse)), class_name=styles.CHIP_ROW
                ),
                when(browse.loaded, fragment(), lambda: card_skeletons(12, columns=3)),
                when(browse.previous_href, lambda: _previous(browse)),
                el.h2(_("Products"), class_name=styles.SR),
                card_grid(browse.cards, columns=3),
                when(both(browse.loaded, length(browse.cards) == 0), lambda: _nothing(browse)),
                when(length(browse.cards) > 0, lambda: _more(browse)),
            ),
            class_name=styles.LIST,
        ),
    )


def _corrected(browse: type[Browse]) -> Component:
    return el.p(
        _("Nothing was found for “"),
        browse.text,
        _("”, so these are the results for “"),
        browse.view.corrected_text,
        "”.",
        class_name=styles.LIST_INTRO,
    )


def _chips(browse: type[Browse]) -> Component:
    def one(row: Chip) -> Component:
        return el.li(chip(row.label, row.href))

    return el.ul(
        each(browse.view.chips, one),
        el.li(link_button(_("Clear all"), href=browse.view.clear_href, kind="plain", size="s")),
        class_name=styles.CHIPS,
        aria_label=_("Filters in force"),
    )


def _previous(browse: type[Browse]) -> Component:
    return el.p(
        link_button(_("Show the page before"), href=browse.previous_href, kind="outline"),
        class_name=styles.PREVIOUS,
    )


def _more(browse: type[Browse]) -> Component:
    """The link is a real one, to the next page; followed here, its products join those that are shown."""
    return el.div(
        el.p(browse.view.shown_text, class_name=styles.MORE_COUNT),
        progress(browse.view.shown_percent, _("Products shown"), class_name=styles.MORE_BAR),
        when(
            browse.view.next_href,
            link_button(
                browse.view.more_text,
                href=browse.view.next_href,
                kind="outline",
                size="l",
                rel="next",
                replace=True,
                prevent_scroll_reset=True,
            ),
        ),
        class_name=styles.MORE,
    )


def _nothing(browse: type[Browse]) -> Component:
    def way_out(row: Chip) -> Component:
        return link_button(_("Remove “"), row.label, "”", href=row.href, kind="outline")

    def nearest(row: Chip) -> Component:
        return link_button(_("Search for “"), row.label, "”", href=row.href, kind="primary")

    def other_search(row: Chip) -> Component:
        return link_button(_("Search for “"), row.label, "”", href=row.href, kind="outline")

    def category(link: CategoryLink) -> Component:
        return link_button(link.title, href=f"/products?category={link.slug}", kind="outline")

    filtered = length(browse.view.chips) > 0
    return empty_state(
        when(
            browse.text,
            _("Nothing matches “") + browse.text + "”",
            _("No products with all these filters"),
        ),
        when(
            filtered,
            _("Each filter leaves something, together they leave nothing. Remove one of them."),
            _("Try one of these, check the spelling, or write to us: we know the range."),
        ),
        when(
            filtered,
            fragment(
                each(browse.view.chips, way_out),
                link_button(_("Clear all"), href=browse.view.clear_href, kind="primary"),
            ),
            fragment(
                each(browse.view.searches[:1], nearest),
                each(browse.view.searches[1:], other_search),
                each(browse.view.suggestions, category),
                link_button(_("Write to us"), href="/contact", kind="plain"),
            ),
        ),
    )


def head(shown: BrowseShown) -> Head:
    view = shown.view
    first = shown.cards[0].picture.key if shown.cards else ""
    return Head(
        description=view.intro or _("{count} from small workshops.").format(count=view.count_text),
        canonical=view.canonical,
        image=f"/media/{first}/960.jpg" if first else "",
        preload=(first, styles.SIZES_3) if first else None,
        # Search engines index the whole list and its categories, not every way to narrow them.
        robots="noindex, follow" if shown.text or view.chips else "",
        json_ld=[
            structured_data.breadcrumbs(view.crumbs),
            structured_data.item_list(view.title, shown.cards),
        ],
    )


PAGE = Page(
    "/products",
    page,
    title=title,
    view=listing_state.view,
    shared=listing_state.shared,
    state=Browse,
    load=(Browse.load,),
    head=head,
    sitemap=list_addresses,
)
