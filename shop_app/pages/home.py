"""The home page: a still life and what is in it, the categories, what is chosen, reduced and new."""

from __future__ import annotations

from typing import Any

import reflex as rx

from shop_app.components import layout, styles, texts
from shop_app.components.badges import section_head
from shop_app.components.cards import card_grid, product_card
from shop_app.components.controls import link_button
from shop_app.components.fields import ground
from shop_app.components.pictures import picture
from shop_app.core.i18n import _
from shop_app.services.catalog.views import CategoryLink, ProductCard
from shop_app.state.home import Home

VIEW = Home.view


def page() -> rx.Component:
    return layout.page(
        _hero(),
        rx.cond(VIEW.hero_items.length() > 0, _label(), rx.fragment()),
        _categories(),
        rx.cond(VIEW.featured.length() > 0, _featured(), rx.fragment()),
        rx.cond(VIEW.sale.length() > 0, _sale(), rx.fragment()),
        rx.cond(VIEW.new.length() > 0, _new(), rx.fragment()),
        rx.cond(VIEW.hero.length() > 1, _story(), rx.fragment()),
        ready=Home.loaded,
    )


def _hero() -> rx.Component:
    still_life = rx.cond(
        VIEW.hero.length() > 0,
        picture(VIEW.hero[0], sizes=styles.SIZES_HERO, class_name=styles.HERO_IMG, priority=True),
        rx.el.div(class_name=styles.HERO_IMG),
    )
    return rx.el.section(
        still_life,
        rx.el.div(
            rx.el.div(
                rx.el.h1(texts.HERO_TITLE, class_name=styles.HERO_TITLE),
                rx.el.p(texts.HERO_LEAD, class_name=styles.HERO_LEAD),
                rx.el.a(texts.HERO_LINK, href=texts.NEW, class_name=styles.HERO_BUTTON),
                class_name=styles.HERO_INNER,
            ),
            class_name=styles.HERO_TEXT,
        ),
        class_name=styles.HERO,
    )


def _label() -> rx.Component:
    """The products in the picture, with their prices."""

    def one(item: rx.Var[ProductCard]) -> rx.Component:
        return rx.el.li(
            rx.el.a(
                rx.el.span(item.title, class_name=styles.LABEL_NAME),
                rx.el.span(item.price, class_name=styles.LABEL_PRICE),
                href=f"/products/{item.slug}",
                class_name=styles.LABEL_LINK,
            )
        )

    return rx.el.section(
        rx.el.div(
            rx.el.p(texts.HERO_LABEL, class_name=styles.LABEL_TITLE),
            rx.el.ol(rx.foreach(VIEW.hero_items, one), class_name=styles.LABEL_LIST),
            class_name=styles.LABEL_ROW,
        ),
        class_name=styles.LABEL_STRIP,
        aria_label=_("In this picture"),
    )


def _categories() -> rx.Component:
    def tile(category: rx.Var[CategoryLink]) -> rx.Component:
        return rx.el.a(
            rx.el.span(
                picture(category.picture, sizes=styles.SIZES_4, class_name=styles.TILE_IMG, alt=""),
                class_name=styles.TILE_PICTURE,
                **ground(category.picture.colour),
            ),
            rx.el.h3(
                rx.el.span(category.title, class_name=styles.TILE_NAME),
                rx.el.span(
                    category.product_count,
                    rx.el.span(_(" products"), class_name=styles.SR),
                    class_name=styles.TILE_COUNT,
                ),
                class_name=styles.TILE_TITLE,
            ),
            href=f"/products?category={category.slug}",
            class_name=styles.TILE,
        )

    return rx.el.section(
        section_head(_("By room and use"), _("All products"), texts.ALL),
        rx.el.div(rx.foreach(VIEW.categories, tile), class_name=styles.TILES),
        class_name=styles.SECTION,
    )


def _featured() -> rx.Component:
    def small(card: rx.Var[ProductCard]) -> rx.Component:
        return product_card(card, sizes=styles.SIZES_2)

    return rx.el.section(
        section_head(_("Chosen for the season")),
        rx.el.div(
            product_card(VIEW.featured[0], sizes=styles.SIZES_HALF, large=True),
            rx.el.div(rx.foreach(VIEW.featured[1:], small), class_name=styles.GRID_2),
            class_name=styles.FEATURE,
        ),
        class_name=styles.SECTION,
    )


def _sale() -> rx.Component:
    def one(card: rx.Var[ProductCard]) -> rx.Component:
        return product_card(card, sizes=styles.SIZES_SALE)

    count: Any = VIEW.sale_count
    return rx.el.section(
        rx.el.div(
            rx.el.div(
                rx.el.h2(texts.SALE_TITLE, class_name=styles.D3),
                rx.el.p(texts.SALE_TEXT, class_name=styles.SALE_TEXT),
                link_button(_("See all "), count, href=texts.SALE, kind="outline"),
            ),
            rx.el.div(rx.foreach(VIEW.sale[:3], one), class_name=styles.SALE_GRID),
            class_name=styles.SALE_ROW,
        ),
        class_name=styles.SALE,
    )


def _new() -> rx.Component:
    return rx.el.section(
        section_head(_("New this week"), _("All new"), texts.NEW),
        card_grid(VIEW.new[:4]),
        class_name=styles.SECTION,
    )


def _story() -> rx.Component:
    return rx.el.section(
        rx.el.div(
            rx.el.span(
                picture(VIEW.hero[1], sizes=styles.SIZES_HALF, class_name=styles.PICTURE_IMG),
                class_name=styles.STORY_PICTURE,
                **ground(VIEW.hero[1].colour),
            ),
            rx.el.div(
                rx.el.h2(texts.STORY_TITLE, class_name=styles.D2),
                rx.el.p(texts.STORY[0], class_name=styles.STORY_FIRST),
                rx.el.p(texts.STORY[1], class_name=styles.STORY_TEXT),
                rx.el.a(_("About the shop"), href="/about", class_name=styles.STORY_LINK),
            ),
            class_name=styles.STORY,
        ),
        class_name=styles.SECTION,
    )
