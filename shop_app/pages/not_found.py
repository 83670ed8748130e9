"""The page for an address where nothing is."""

from __future__ import annotations

from functools import partial

from shop_app.components import layout, styles, texts
from shop_app.components.controls import button
from shop_app.components.forms import submit
from shop_app.components.kit import Component, each, el, of
from shop_app.core.i18n import _
from shop_app.core.pages import Head
from shop_app.page import Page
from shop_app.state.search import Search
from shop_app.state.shell import NavLink, Shell


def page() -> Component:
    return layout.page(empty_listing_art())


def empty_listing_art() -> Component:
    """What is so, why, and where to go on; also for lists and products that aren't there."""

    def category(link: NavLink) -> Component:
        return el.li(
            el.a(link.title, href=f"/products?category={link.slug}", class_name=styles.NOT_FOUND_LINK)
        )

    return el.div(
        el.div(
            el.p(texts.NOT_FOUND_EYEBROW, class_name=styles.EYEBROW),
            el.h1(texts.NOT_FOUND_TITLE, class_name=styles.D2),
            el.p(texts.NOT_FOUND_TEXT, class_name="text-ink-2"),
            el.form(
                el.label(_("Search the shop"), html_for="lost-search", class_name=styles.SR),
                el.input(
                    id="lost-search",
                    name="q",
                    type="search",
                    max_length=120,
                    enter_key_hint="search",
                    placeholder=_("Search mugs, lamps, oak…"),
                    class_name=styles.INPUT,
                ),
                button(_("Search"), type="submit", kind="outline"),
                action="/products",
                method="get",
                role="search",
                aria_label=_("Search from here"),
                class_name=styles.NOT_FOUND_SEARCH,
                on_submit=submit(Search.go),
            ),
            el.ul(
                *(
                    el.li(el.a(label, href=href, class_name=styles.NOT_FOUND_LINK))
                    for label, href in texts.NOT_FOUND_LINKS
                ),
                each(of(Shell).categories, category),
                class_name=styles.NOT_FOUND_LIST,
                aria_label=_("Where to go on"),
            ),
            class_name=styles.EMPTY,
        ),
        el.span(
            el.img(
                src="/shelf.webp",
                alt="",
                class_name=styles.PICTURE_IMG,
                custom_attrs={"width": 960, "height": 1200},
            ),
            class_name=styles.CARD_PICTURE,
        ),
        class_name=styles.LOST,
    )


PAGE = Page("404", page, title=partial(texts.titled, texts.NOT_FOUND_TITLE), head=Head(robots="noindex"))
