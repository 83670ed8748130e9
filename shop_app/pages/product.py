"""The page of a product: pictures, choice of a variant, what it is made of, reviews, what goes with it."""

from __future__ import annotations

import json
from typing import Any

from shop_app.components import layout, reviews, styles, texts
from shop_app.components.badges import accordion, breadcrumbs, section_head
from shop_app.components.buying import buy_bar, buy_box, delivery_day
from shop_app.components.cards import card_grid
from shop_app.components.kit import Component, Text, each, either, el, fragment, length, raw_html, when
from shop_app.components.parts import gallery, recently_viewed
from shop_app.core.i18n import _
from shop_app.core.pages import Head
from shop_app.page import Page
from shop_app.pages import not_found
from shop_app.services.storefront.home import product_addresses
from shop_app.state import product as product_state
from shop_app.state.account.saved import Saved
from shop_app.state.product import Product, ProductShown


def title(product: type[Product]) -> Text:
    name = when(product.page.title, product.page.title, _("Product"))
    return texts.titled(when(product.page.seo_title, product.page.seo_title, name))


def page(product: type[Product]) -> Component:
    loaded = product.page.slug != ""
    return layout.page(
        when(product.missing, not_found.empty_listing_art, lambda: _product(product)),
        ready=either(loaded, product.missing),
    )


def _product(product: type[Product]) -> Component:
    this = product.page
    return fragment(
        el.div(
            breadcrumbs(this.crumbs),
            el.div(
                gallery(this.pictures, product.chosen.picture_index),
                el.div(buy_box(product), _accordions(product), class_name=styles.BUY_COLUMN),
                class_name=styles.PRODUCT,
            ),
            class_name=styles.WRAP,
        ),
        when(this.review_count > 0, lambda: reviews.section(product)),
        _card_row(_("Goes well with it"), this.related),
        _card_row(_("Looked at before"), product.recent),
        recently_viewed(this.slug, Product.show_recent),
        buy_bar(product),
    )


def _accordions(product: type[Product]) -> Component:
    this = product.page

    def detail(one: Any) -> Component:
        return fragment(el.dt(one.name, class_name="text-ink-3"), el.dd(one.value, class_name="text-ink"))

    return fragment(
        when(
            this.description_html,
            el.div(raw_html(this.description_html, class_name=styles.DESCRIPTION), class_name="mt-6"),
        ),
        el.div(
            accordion(_("Details"), el.dl(each(this.details, detail), class_name=styles.SPEC), is_open=True),
            when(this.care, accordion(_("Care"), this.care)),
            accordion(
                _("Delivery and returns"),
                el.p(delivery_day(product)),
                el.p(product.chosen.delivery_cost_line),
                el.p(f"{texts.RETURN_PROMISE}. {texts.RETURN_COST}"),
            ),
            class_name="mt-2",
            id="details",
        ),
    )


def _card_row(title: str, cards: Any) -> Component:
    return when(
        length(cards) > 0,
        el.section(section_head(title), card_grid(cards, marked=False), class_name=styles.SECTION),
    )


def head(shown: ProductShown) -> Head:
    pictures = shown.page.pictures
    first = pictures[min(shown.chosen.picture_index, len(pictures) - 1)].key if pictures else ""
    return Head(
        description=shown.meta_description,
        canonical=f"/products/{shown.page.slug}",
        image=f"/media/{first}/960.jpg" if first else "",
        preload=(first, styles.SIZES_PRODUCT) if first else None,
        robots="" if shown.page.listed else "noindex",
        json_ld=_structured(shown.json_ld),
    )


def _structured(text: str) -> list[Any]:
    data = json.loads(text) if text else []
    return data if isinstance(data, list) else [data]


PAGE = Page(
    product_state.ROUTE,
    page,
    title=title,
    view=product_state.view,
    shared=product_state.shared,
    state=Product,
    load=(Product.load, Saved.load_marks),
    head=head,
    sitemap=product_addresses,
)
