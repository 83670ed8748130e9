"""The page of a product: pictures, choice of a variant, what it is made of, reviews, what goes with it."""

from __future__ import annotations

from typing import Any

import reflex as rx

from shop_app.components import layout, reviews, styles, texts
from shop_app.components.badges import accordion, breadcrumbs, section_head
from shop_app.components.buying import buy_bar, buy_box, delivery_day
from shop_app.components.cards import card_grid
from shop_app.components.parts import gallery, recently_viewed
from shop_app.core.i18n import _
from shop_app.pages import not_found
from shop_app.state.product import Product

TITLE = rx.cond(Product.page.title, Product.page.title, _("Product")) + f" · {texts.SHOP}"


def page() -> rx.Component:
    loaded = Product.page.slug != ""
    return layout.page(
        rx.cond(Product.missing, not_found.empty_listing_art(), _product()),
        ready=loaded | Product.missing,
        main_class=f"{styles.MAIN} max-md:pb-18",
    )


def _product() -> rx.Component:
    this = Product.page
    return rx.fragment(
        rx.el.div(
            breadcrumbs(this.crumbs),
            rx.el.div(
                gallery(this.pictures, Product.chosen.picture_index),
                rx.el.div(buy_box(), _accordions(), class_name=styles.BUY_COLUMN),
                class_name=styles.PRODUCT,
            ),
            class_name=styles.WRAP,
        ),
        rx.cond(this.review_count > 0, reviews.section(), rx.fragment()),
        _card_row(_("Goes well with it"), this.related),
        _card_row(_("Looked at before"), Product.recent),
        recently_viewed(this.slug, Product.show_recent),
        buy_bar(),
    )


def _accordions() -> rx.Component:
    this = Product.page

    def detail(one: Any) -> rx.Component:
        return rx.fragment(
            rx.el.dt(one.name, class_name="text-ink-3"), rx.el.dd(one.value, class_name="text-ink")
        )

    return rx.fragment(
        rx.cond(
            this.description_html,
            rx.el.div(rx.html(this.description_html, class_name=styles.DESCRIPTION), class_name="mt-6"),
            rx.fragment(),
        ),
        rx.el.div(
            accordion(
                _("Details"), rx.el.dl(rx.foreach(this.details, detail), class_name=styles.SPEC), is_open=True
            ),
            rx.cond(this.care, accordion(_("Care"), this.care), rx.fragment()),
            accordion(
                _("Delivery and returns"),
                rx.el.p(delivery_day()),
                rx.el.p(Product.chosen.delivery_cost_line),
                rx.el.p(_("30 days to change your mind. The return label is in the box.")),
            ),
            class_name="mt-2",
            id="details",
        ),
    )


def _card_row(title: str, cards: Any) -> rx.Component:
    return rx.cond(
        cards.length() > 0,
        rx.el.section(section_head(title), card_grid(cards, marked=False), class_name=styles.SECTION),
        rx.fragment(),
    )
