"""The product card, its grids, and the grey boxes that stand in for cards while they load."""

from __future__ import annotations

from typing import Any

from shop_app.core.i18n import _
from shop_app.state.live import live_var

from . import styles
from .badges import price, rating, stock_badge
from .fields import ground
from .kit import Component, each, el, fragment, kept, when
from .pictures import picture

GRIDS = {
    2: (styles.GRID_2, styles.SIZES_2),
    3: (styles.GRID_3, styles.SIZES_3),
    4: (styles.GRID_4, styles.SIZES_4),
}


@kept
def product_card(
    card: Any,
    *,
    sizes: str = styles.SIZES_4,
    priority: bool = False,
    marked: bool = True,
    large: bool = False,
    text: Any = "",
) -> Component:
    """A ProductCard's Var: one link over the whole, price and stock as the newest push says.

    `marked` gives title, price and stock their test marks: not beside the product that a page is about.
    """
    # A card about one variant keeps what the list said of it: pushes are about the whole product.
    now = live_var(card, card.slug + card.variant_query)
    return el.article(
        _picture(card, now, sizes, priority),
        el.div(
            el.h3(
                el.a(
                    card.title,
                    href=f"/products/{card.slug}{card.variant_query}",
                    class_name=styles.CARD_LINK,
                    **_mark("product-title", marked),
                ),
                class_name=styles.CARD_TITLE_LARGE if large else styles.CARD_TITLE,
            ),
            el.p(text, class_name=styles.CARD_TEXT) if not isinstance(text, str) or text else fragment(),
            price(now.price, now.compare_at, class_name="text-md", testid="product-price" if marked else ""),
            el.div(
                _swatches(card),
                when(card.rating, rating(card.rating, card.review_count), el.span()),
                class_name=styles.CARD_FOOT,
            ),
            _stock(now, marked),
        ),
        class_name=styles.CARD,
        data_testid="product-card",
        data_slug=card.slug,
    )


def _picture(card: Any, now: Any, sizes: str, priority: bool) -> Component:
    image = when(now.in_stock, styles.CARD_IMG, f"{styles.CARD_IMG} {styles.CARD_IMG_OUT}")
    second = el.span(
        picture(card.second, sizes=sizes, class_name=styles.PICTURE_IMG, alt=""),
        class_name=styles.CARD_SECOND,
        aria_hidden="true",
    )
    return el.span(
        picture(card.picture, sizes=sizes, class_name=image, priority=priority),
        when(card.second.key, second),
        _tag(now),
        class_name=styles.CARD_PICTURE,
        **ground(card.picture.colour),
    )


def _stock(now: Any, marked: bool) -> Component:
    kind = when(now.in_stock, "low", "out")
    testid = "stock-signal" if marked else ""
    line = stock_badge(now.stock_line, kind, class_name=styles.CARD_STOCK, testid=testid)
    return when(now.stock_line, line)


def _mark(testid: str, marked: bool) -> dict[str, str]:
    return {"data_testid": testid} if marked else {}


def _tag(card: Any) -> Component:
    return when(
        card.saving,
        el.span(card.saving, class_name=styles.TAG_SALE),
        when(card.is_new, el.span(_("New"), class_name=styles.TAG)),
    )


def _swatches(card: Any) -> Component:
    def dot(swatch: Any) -> Component:
        return el.span(
            el.span(swatch.label, " ", class_name=styles.SR),
            class_name=styles.CARD_DOT,
            title=swatch.label,
            **ground(swatch.colour),
        )

    return el.span(each(card.swatches, dot), class_name=styles.CARD_DOTS)


def card_grid(cards: Any, *, columns: int = 4, marked: bool = True, **props: Any) -> Component:
    """A grid of a list of ProductCard (its Var)."""
    classes, sizes = GRIDS[columns]

    def one(card: Any) -> Component:
        return product_card(card, sizes=sizes, marked=marked)

    return el.div(each(cards, one), class_name=classes, **props)


def card_skeletons(count: int, *, columns: int = 4) -> Component:
    """Boxes of the same size as cards; they fade in after 150 ms, so a quick answer never shows them."""
    one = el.div(
        el.span(class_name=f"{styles.SKELETON} block aspect-[4/5]"),
        el.div(
            el.span(class_name=f"{styles.SKELETON} block h-4 w-3/4"),
            el.span(class_name=f"{styles.SKELETON} mt-2 block h-4 w-1/3"),
        ),
        class_name="grid gap-3",
    )
    return el.div(*([one] * count), class_name=GRIDS[columns][0], aria_hidden="true")
