"""The home page: a still life and what is in it, the categories, what is chosen, reduced and new."""

from __future__ import annotations

from shop_app.components import layout, structured_data, styles, texts
from shop_app.components.badges import all_of, section_head
from shop_app.components.cards import card_grid, product_card
from shop_app.components.controls import link_button
from shop_app.components.fields import ground
from shop_app.components.kit import Component, Text, both, each, el, length, when
from shop_app.components.pictures import picture
from shop_app.core.i18n import _
from shop_app.core.pages import Head
from shop_app.core.shop import shop
from shop_app.page import Page
from shop_app.services.catalog.views import CategoryLink, HomeView, ProductCard
from shop_app.services.shop.shown import HomeWords, structured
from shop_app.state import home as home_state
from shop_app.state.home import Home, HomeShown


def page(home: type[Home]) -> Component:
    view, words = home.view, home.words
    return layout.page(
        _hero(view, words),
        when(length(view.hero_items) > 0, lambda: _label(view)),
        _categories(view),
        when(length(view.featured) > 0, lambda: _featured(view)),
        when(length(view.sale) > 0, lambda: _sale(view, words)),
        when(length(view.new) > 0, lambda: _new(view)),
        when(both(length(view.hero) > 1, length(words.story) > 0), lambda: _story(view, words)),
        ready=home.loaded,
    )


def _hero(view: HomeView, words: HomeWords) -> Component:
    still_life = when(
        length(view.hero) > 0,
        lambda: picture(view.hero[0], sizes=styles.SIZES_HERO, class_name=styles.HERO_IMG, priority=True),
        el.div(class_name=styles.HERO_IMG),
    )
    return el.section(
        # First what stands on top on a phone: a page that is still coming in doesn't move what is read.
        el.div(
            el.div(
                el.h1(words.hero_title, class_name=styles.HERO_TITLE),
                el.p(words.hero_lead, class_name=styles.HERO_LEAD),
                el.a(texts.HERO_LINK, href=texts.NEW, class_name=styles.HERO_BUTTON),
                # Where the header has no room for them.
                el.nav(
                    each(view.categories, _category_link),
                    aria_label=_("What we sell"),
                    class_name=styles.HERO_CATEGORIES,
                ),
                class_name=styles.HERO_INNER,
            ),
            class_name=styles.HERO_TEXT,
        ),
        still_life,
        class_name=styles.HERO,
    )


def _category_link(category: CategoryLink) -> Component:
    return el.a(category.title, href=f"/products?category={category.slug}", class_name=styles.HERO_CATEGORY)


def _label(view: HomeView) -> Component:
    """The products in the picture, with their prices."""

    def one(item: ProductCard) -> Component:
        return el.li(
            el.a(
                el.span(item.title, class_name=styles.LABEL_NAME),
                el.span(item.price, class_name=styles.LABEL_PRICE),
                href=f"/products/{item.slug}",
                class_name=styles.LABEL_LINK,
            )
        )

    return el.section(
        el.div(
            el.p(texts.HERO_LABEL, class_name=styles.LABEL_TITLE),
            el.ol(each(view.hero_items, one), class_name=styles.LABEL_LIST),
            class_name=styles.LABEL_ROW,
        ),
        class_name=styles.LABEL_STRIP,
        aria_label=_("In this picture"),
    )


def _categories(view: HomeView) -> Component:
    def tile(category: CategoryLink) -> Component:
        return el.a(
            el.span(
                picture(category.picture, sizes=styles.SIZES_4, class_name=styles.TILE_IMG, alt=""),
                class_name=styles.TILE_PICTURE,
                **ground(category.picture.colour),
            ),
            el.h3(
                el.span(category.title, class_name=styles.TILE_NAME),
                el.span(
                    category.product_count,
                    el.span(_(" products"), class_name=styles.SR),
                    class_name=styles.TILE_COUNT,
                ),
                class_name=styles.TILE_TITLE,
            ),
            href=f"/products?category={category.slug}",
            class_name=styles.TILE,
        )

    return el.section(
        section_head(_("By room and use"), all_of(_("All products"), view.product_count), texts.ALL),
        el.div(each(view.categories, tile), class_name=styles.TILES),
        class_name=styles.SECTION,
    )


def _featured(view: HomeView) -> Component:
    def small(card: ProductCard) -> Component:
        return product_card(card, sizes=styles.SIZES_2)

    return el.section(
        section_head(_("Chosen for the season"), all_of(_("All products"), view.product_count), texts.ALL),
        el.div(
            product_card(view.featured[0], sizes=styles.SIZES_HALF, large=True),
            el.div(each(view.featured[1:], small), class_name=styles.GRID_2),
            class_name=styles.FEATURE,
        ),
        class_name=styles.SECTION,
    )


def _sale(view: HomeView, words: HomeWords) -> Component:
    def one(card: ProductCard) -> Component:
        return product_card(card, sizes=styles.SIZES_SALE)

    return el.section(
        el.div(
            el.div(
                el.h2(words.sale_title, class_name=styles.D3),
                el.p(words.sale_text, class_name=styles.SALE_TEXT),
                link_button(all_of(_("View all"), view.sale_count), href=texts.SALE, kind="outline"),
            ),
            el.div(each(view.sale[:3], one), class_name=styles.SALE_GRID),
            class_name=styles.SALE_ROW,
        ),
        class_name=styles.SALE,
    )


def _new(view: HomeView) -> Component:
    return el.section(
        section_head(texts.NEW_TITLE, all_of(_("View all"), view.new_count), texts.NEW),
        card_grid(view.new[:4]),
        class_name=styles.SECTION,
    )


def _story(view: HomeView, words: HomeWords) -> Component:
    return el.section(
        el.div(
            el.span(
                picture(view.hero[1], sizes=styles.SIZES_HALF, class_name=styles.PICTURE_IMG),
                class_name=styles.STORY_PICTURE,
                **ground(view.hero[1].colour),
            ),
            el.div(
                el.h2(words.story_title, class_name=styles.D2),
                el.div(each(words.story, el.p), class_name=styles.STORY_TEXT),
                el.a(_("About the shop"), href="/about", class_name=styles.STORY_LINK),
            ),
            class_name=styles.STORY,
        ),
        class_name=styles.SECTION,
    )


def title(home: type[Home]) -> Text:
    return home.words.title


def head(shown: HomeShown) -> Head:
    hero = shown.view.hero[0] if shown.view.hero else None
    return Head(
        description=shop().lead,
        image=f"/media/{hero.key}/960.jpg" if hero else "",
        preload=(hero.key, styles.SIZES_HERO) if hero else None,
        json_ld=[structured(), structured_data.search()],
    )


PAGE = Page(
    "/",
    page,
    title=title,
    view=home_state.view,
    shared=home_state.shared,
    state=Home,
    load=(Home.load,),
    head=head,
    sitemap=True,
)
