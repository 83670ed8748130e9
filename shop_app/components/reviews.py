"""What buyers wrote about a product: the average, the spread of stars as filters, the reviews."""

from __future__ import annotations

from typing import Any

import reflex as rx

from shop_app.core.i18n import _
from shop_app.state.product import Product

from . import styles
from .badges import stars
from .controls import button


def section() -> rx.Component:
    this = Product.page
    return rx.el.section(
        rx.el.div(
            rx.el.div(
                rx.el.h2(this.review_text, id="reviews-title", class_name=styles.D3),
                rx.el.div(
                    rx.el.span(this.rating, class_name=f"{styles.D2} tabular-nums"),
                    rx.el.p(_("of 5, from buyers only"), class_name="text-sm text-ink-2"),
                    class_name="mt-3 mb-5 flex items-center gap-3",
                ),
                rx.el.div(
                    rx.foreach(this.stars, _row),
                    class_name="grid gap-0.5",
                    role="group",
                    aria_label=_("Show only reviews of"),
                ),
            ),
            rx.el.div(
                rx.foreach(Product.reviews, _review),
                rx.cond(
                    Product.reviews_left > 0,
                    rx.el.div(
                        button(
                            _("Show more reviews"),
                            rx.el.span(f"({Product.reviews_left})", class_name="tabular-nums text-ink-3"),
                            kind="outline",
                            on_click=Product.show_more_reviews,
                        ),
                        class_name="border-t border-line pt-5",
                    ),
                    rx.fragment(),
                ),
                class_name="min-w-0",
            ),
            class_name=styles.REVIEWS,
        ),
        id="reviews",
        aria_labelledby="reviews-title",
        class_name=styles.SECTION,
    )


def _row(row: Any) -> rx.Component:
    """One line of the spread: press it to see only those."""
    words = rx.cond(row.stars == 1, _("1 star"), row.stars.to(str) + _(" stars"))
    return rx.el.button(
        rx.el.span(words, class_name="w-13 text-left"),
        rx.el.span(
            rx.el.span(
                class_name="block h-full rounded-[1px] bg-ink-2",
                custom_attrs={"style": rx.Var.create({"width": f"{row.percent}%"})},
            ),
            class_name="h-1.5 overflow-hidden rounded-[1px] bg-line",
        ),
        rx.el.span(row.count, class_name="min-w-6 text-right tabular-nums"),
        type="button",
        aria_pressed=rx.cond(Product.stars == row.stars, "true", "false"),
        disabled=row.count == 0,
        on_click=Product.filter_reviews(row.stars),
        class_name=styles.STAR_ROW,
        data_testid="star-filter",
        data_value=row.stars.to(str),
    )


def _review(review: Any) -> rx.Component:
    return rx.el.article(
        rx.el.div(
            stars(review.stars),
            rx.cond(review.title, rx.el.h3(review.title, class_name="text-base font-medium"), rx.fragment()),
            class_name="flex flex-wrap items-center gap-2.5",
        ),
        rx.el.p(review.body, class_name="mt-2 mb-2.5 max-w-[62ch] whitespace-pre-line"),
        rx.el.p(
            review.author,
            ", ",
            review.date,
            rx.cond(review.bought, rx.fragment(". ", review.bought), rx.fragment()),
            class_name="text-sm text-ink-3",
        ),
        rx.cond(
            review.reply,
            rx.el.p(
                rx.el.span(_("Reply from the shop. "), class_name="font-medium"),
                rx.el.span(review.reply, class_name="text-ink-2"),
                class_name="mt-3.5 max-w-[62ch] border-l-2 border-line pl-4 text-sm",
            ),
            rx.fragment(),
        ),
        class_name="border-t border-line py-6",
    )
