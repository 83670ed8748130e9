"""What buyers wrote about a product: the average, the spread of stars as filters, the reviews."""

from __future__ import annotations

from typing import Any

from shop_app.core.i18n import _
from shop_app.state.product import Product

from . import styles
from .badges import stars
from .controls import button
from .icons import icon
from .kit import Component, each, el, fragment, painted, text, when


def section(product: type[Product]) -> Component:
    this = product.page
    return el.section(
        el.div(
            el.div(
                el.h2(this.review_text, id="reviews-title", class_name=styles.D3),
                el.div(
                    el.span(this.rating, class_name=f"{styles.D2} tabular-nums", aria_hidden="true"),
                    el.div(
                        stars(this.rating_percent, this.rating + _(" of 5 stars")),
                        el.p(_("of 5"), class_name="text-sm text-ink-2", aria_hidden="true"),
                    ),
                    class_name="mt-3 mb-5 flex items-center gap-3",
                ),
                el.div(
                    each(this.stars, lambda row: _row(product, row)),
                    class_name="grid gap-0.5",
                    role="group",
                    aria_label=_("Show only reviews of"),
                ),
                el.p(
                    _(
                        "“Bought” marks what somebody wrote who bought it here, after it had arrived. "
                        "We read each review before it shows."
                    ),
                    class_name="mt-5 text-sm text-ink-3",
                ),
            ),
            el.div(
                _order(product),
                each(product.reviews, _review),
                when(
                    product.reviews_left > 0,
                    el.div(
                        button(
                            _("Show more reviews"),
                            el.span(f"({product.reviews_left})", class_name="tabular-nums text-ink-3"),
                            kind="outline",
                            on_click=Product.show_more_reviews,
                        ),
                        class_name="border-t border-line pt-5",
                    ),
                ),
                class_name="min-w-0",
            ),
            class_name=styles.REVIEWS,
        ),
        id="reviews",
        aria_labelledby="reviews-title",
        class_name=styles.SECTION,
    )


def _order(product: type[Product]) -> Component:
    def option(value: str, label: str) -> Component:
        return el.option(label, value=value)

    return el.div(
        el.label(_("Sort reviews by"), html_for="review-order", class_name="text-ink-2"),
        el.select(
            option("", _("Newest")),
            option("best", _("Most stars")),
            option("worst", _("Fewest stars")),
            id="review-order",
            value=product.sort,
            on_change=Product.sort_reviews,
            class_name=styles.REVIEW_SELECT,
        ),
        class_name=styles.REVIEW_SORT,
    )


def _row(product: type[Product], row: Any) -> Component:
    """One line of the spread: press it to see only those."""
    words = when(row.stars == 1, _("1 star"), text(row.stars) + _(" stars"))
    return el.button(
        el.span(words, class_name="w-13 text-start"),
        el.span(
            el.span(
                class_name="block h-full rounded-[1px] bg-ink-2",
                **painted(width=f"{row.percent}%"),
            ),
            class_name="h-1.5 overflow-hidden rounded-[1px] bg-line",
        ),
        el.span(row.count, class_name="min-w-6 text-end tabular-nums"),
        type="button",
        aria_pressed=when(product.stars == row.stars, "true", "false"),
        disabled=row.count == 0,
        on_click=Product.filter_reviews(row.stars),
        class_name=styles.STAR_ROW,
        data_testid="star-filter",
        data_value=text(row.stars),
    )


def _review(review: Any) -> Component:
    return el.article(
        el.div(
            stars(review.stars * 20, text(review.stars) + _(" of 5 stars")),
            when(review.title, el.h3(review.title, class_name="text-base font-medium")),
            class_name="flex flex-wrap items-center gap-2.5",
        ),
        el.p(review.body, class_name="mt-2 mb-2.5 max-w-[62ch] whitespace-pre-line"),
        el.p(
            review.author,
            ", ",
            review.date,
            when(
                review.bought,
                lambda: fragment(
                    ". ",
                    el.span(
                        icon("done", styles.REVIEW_BOUGHT_ICON),
                        " ",
                        review.bought,
                        class_name=styles.REVIEW_BOUGHT,
                    ),
                ),
            ),
            class_name="text-sm text-ink-3",
        ),
        when(
            review.reply,
            el.p(
                el.span(_("Reply from the shop. "), class_name="font-medium"),
                el.span(review.reply, class_name="text-ink-2"),
                class_name="mt-3.5 max-w-[62ch] border-s-2 border-line ps-4 text-sm",
            ),
        ),
        class_name="border-t border-line py-6",
    )
