"""What arrived with an order, each with the form to review it, or what was written about it."""

from __future__ import annotations

from typing import Any

from shop_app.core.i18n import _
from shop_app.services.reviews import MAX_BODY, MAX_NAME, MAX_TITLE
from shop_app.state.base import Notice
from shop_app.state.order_reviews import OrderReviews

from . import styles
from .badges import badge, stars
from .controls import button
from .fields import field_error, size_radio, text_field
from .forms import error_of, form_errors, submit
from .kit import Component, each, el, fragment, length, match, of, text, when
from .parts import busy_button


def reviews() -> Component:
    """Nothing while nothing has arrived."""
    products = of(OrderReviews).products
    return when(
        length(products) > 0,
        el.section(
            el.h2(_("What do you think of it?"), class_name=styles.ORDER_TITLE),
            el.p(
                _("We read each review before it shows, and mark it as written by somebody who bought here."),
                class_name="mb-4 max-w-[56ch] text-ink-2",
            ),
            el.ul(each(products, _product), class_name=styles.ENTRIES),
            class_name=f"{styles.ORDER_PART} print:hidden",
        ),
    )


def _product(one: Any) -> Component:
    return el.li(
        el.div(
            el.h3(one.title, class_name="font-medium"),
            match(
                one.status,
                {
                    "pending": badge(_("We still have to read it"), "amber", "clock"),
                    "published": badge(_("On the product's page"), "green", "check"),
                    "rejected": badge(_("Not shown"), "calm"),
                },
            ),
            class_name=styles.ENTRY_HEAD,
        ),
        when(
            of(OrderReviews).open_slug == one.slug,
            lambda: _form(one),
            lambda: when(one.status, lambda: _written(one), lambda: _write(one)),
        ),
        key=one.slug,
        class_name=styles.ENTRY,
        data_testid="order-review",
        data_slug=one.slug,
        data_status=one.status,
    )


def _write(one: Any) -> Component:
    return el.div(
        button(
            _("Write a review"),
            el.span(_(" of "), one.title, class_name=styles.SR),
            kind="outline",
            size="s",
            on_click=OrderReviews.open_form(one.slug),
            data_testid="review-open",
        )
    )


def _written(one: Any) -> Component:
    return fragment(
        el.div(
            stars(one.stars * 20, text(one.stars) + _(" of 5 stars")),
            el.span(one.headline, class_name="font-medium"),
            class_name="flex flex-wrap items-center gap-2.5",
        ),
        el.p(one.body, class_name="max-w-[62ch] whitespace-pre-line"),
        el.p(one.author, class_name="text-sm text-ink-3"),
        el.div(
            _act(_("Change"), one, OrderReviews.open_form(one.slug), "review-open"),
            _act(_("Take back"), one, OrderReviews.take_back(one.slug), "review-take-back"),
            class_name="-ms-2.5 flex flex-wrap",
        ),
    )


def _act(label: str, one: Any, on_click: Any, mark: str) -> Component:
    return button(
        label,
        el.span(_(" the review of "), one.title, class_name=styles.SR),
        kind="plain",
        size="s",
        class_name="px-2.5!",
        on_click=on_click,
        data_testid=mark,
    )


def _form(one: Any) -> Component:
    return el.form(
        form_errors(OrderReviews),
        el.input(type="hidden", name="slug", default_value=one.slug),
        _stars(one),
        text_field(
            _("Headline"),
            name="headline",
            default_value=one.headline,
            optional=True,
            max_length=MAX_TITLE,
            error=error_of(OrderReviews, "headline"),
        ),
        text_field(
            _("Your review"),
            name="body",
            lines=True,
            rows=5,
            default_value=one.body,
            max_length=MAX_BODY,
            error=error_of(OrderReviews, "body"),
            required=True,
        ),
        text_field(
            _("Name that it shows"),
            name="author",
            default_value=one.author,
            max_length=MAX_NAME,
            error=error_of(OrderReviews, "author"),
            required=True,
        ),
        el.div(
            busy_button(
                _("Send the review"),
                type="submit",
                size="m",
                busy_label=_("Sending"),
                answer=f"{of(OrderReviews).answers}-{of(Notice).number}",
                data_testid="review-send",
            ),
            button(_("Leave it"), kind="outline", on_click=OrderReviews.close),
            class_name="flex flex-wrap gap-2.5",
        ),
        no_validate=True,
        reset_on_submit=False,
        on_submit=submit(OrderReviews.send),
        class_name="grid gap-5 py-3",
        data_testid="review-form",
    )


def _stars(one: Any) -> Component:
    wrong = error_of(OrderReviews, "stars")

    def choice(number: int) -> Component:
        return size_radio(
            _("1 star") if number == 1 else _("{count} stars").format(count=number),
            name="stars",
            value=str(number),
            default_checked=one.stars == number,
            data_testid="review-stars",
            data_value=str(number),
        )

    return el.fieldset(
        el.legend(_("Stars"), class_name=f"{styles.LABEL} mb-2"),
        el.div(*(choice(number) for number in (5, 4, 3, 2, 1)), class_name=styles.CHOICES),
        when(wrong, field_error(wrong, id="field-stars-note")),
        id="field-stars",
        tab_index=-1,
        aria_describedby=when(wrong, "field-stars-note", ""),
        class_name="grid gap-1.5 rounded-r1",
    )
