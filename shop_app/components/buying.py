"""Choosing a variant and putting it into the cart; price and stock are always those of the newest push."""

from __future__ import annotations

from typing import Any

import reflex as rx

from shop_app.core.i18n import _
from shop_app.state.base import Notice
from shop_app.state.cart import Cart
from shop_app.state.live import live_var
from shop_app.state.product import Product

from . import styles, texts
from .badges import note, price, stars, stock_badge
from .controls import text_link
from .fields import size_radio, swatch_radio
from .forms import submit
from .icons import icon
from .parts import busy_button, most_text, quantity

BUTTON = "add-to-cart"
FORM = "buy"
ADDRESS = rx.vars.FunctionStringVar.create(
    '((sku) => window.history.replaceState(window.history.state, "", "?variant=" + encodeURIComponent(sku)))'
)


def _now() -> Any:
    """Price and stock of every variant by SKU, as they are now."""
    return live_var(Product.availability, Product.page.slug).variants


def _chosen() -> Any:
    """Price and stock of the chosen variant, as they are now."""
    return _now()[Product.chosen.sku]


def buy_box() -> rx.Component:
    this, chosen = Product.page, _chosen()
    return rx.fragment(
        rx.el.h1(this.title, class_name=styles.D2, data_testid="product-title"),
        rx.cond(this.subtitle, rx.el.p(this.subtitle, class_name="mt-2 text-ink-2"), rx.fragment()),
        rx.el.div(
            _price(chosen),
            _rating(),
            class_name="mt-5 flex flex-wrap items-end justify-between gap-x-4 gap-y-2",
        ),
        rx.el.form(
            rx.foreach(Product.chosen.options, _picker),
            # `assets/shop.js` writes a choice into it at once; the answer to the choice makes it anew.
            rx.el.input(type="hidden", name="sku", default_value=Product.chosen.sku, key=Product.chosen.sku),
            _buy(chosen),
            id=FORM,
            class_name="mt-7 grid gap-6",
            on_submit=submit(Cart.add_form),
            no_validate=True,
        ),
        _promises(),
    )


def _price(chosen: Any) -> rx.Component:
    return rx.el.div(
        price(chosen.price, chosen.compare_at, class_name="text-[22px] leading-7", testid="product-price"),
        rx.el.p(
            texts.PRICE_NOTE, text_link(_("delivery"), href="/delivery"), class_name="text-sm text-ink-3"
        ),
        rx.cond(chosen.saving, rx.el.p(chosen.saving, class_name="mt-1 text-sm text-coral"), rx.fragment()),
        rx.cond(
            chosen.lowest_30_days,
            rx.el.p(chosen.lowest_30_days, class_name="text-sm text-ink-3"),
            rx.fragment(),
        ),
    )


def _rating() -> rx.Component:
    this = Product.page
    return rx.cond(
        this.review_count > 0,
        rx.el.a(
            stars(5),
            rx.el.span(_("Rated "), class_name=styles.SR),
            rx.el.span(this.rating),
            rx.el.span(this.review_text, class_name=f"{styles.LINK} text-ink-3"),
            href="#reviews",
            class_name=f"{styles.RATE} py-1",
        ),
        rx.fragment(),
    )


def _picker(option: Any) -> rx.Component:
    """The radios of one option. A choice that is sold out stays within reach, and says so."""
    coloured = option.choices[0].swatch != ""

    def swatch(choice: Any) -> rx.Component:
        return swatch_radio(choice.value, choice.swatch, out=_out(choice), **_radio(option, choice))

    def size(choice: Any) -> rx.Component:
        return size_radio(choice.value, out=_out(choice), **_radio(option, choice))

    return rx.el.fieldset(
        rx.el.legend(
            rx.el.span(option.name, class_name="font-medium"),
            " ",
            rx.cond(coloured, rx.el.span(option.chosen, class_name="text-ink-2"), rx.fragment()),
            class_name="mb-2.5 text-sm",
        ),
        rx.cond(
            coloured,
            rx.el.div(rx.foreach(option.choices, swatch), class_name=styles.SWATCHES),
            rx.el.div(rx.foreach(option.choices, size), class_name=styles.SIZES),
        ),
        key=option.name,
    )


def _out(choice: Any) -> Any:
    now = _now()
    return ~rx.cond(now.contains(choice.sku), now[choice.sku].available, choice.available)


def _radio(option: Any, choice: Any) -> dict[str, Any]:
    return {
        "name": option.name,
        "value": choice.value,
        "checked": choice.chosen,
        "data_testid": "variant-option",
        "data_value": choice.value,
        "data_sku": choice.sku,
        "on_change": [Product.choose(choice.sku), ADDRESS.partial(choice.sku)],
    }


def _buy(chosen: Any) -> rx.Component:
    refused = (Cart.refusal != "") & (Cart.refused_sku == Product.chosen.sku)
    return rx.el.div(
        stock_badge(chosen.stock_line, chosen.availability, live=True, class_name=styles.STOCK_LIVE),
        rx.cond(
            Product.kept,
            rx.el.p(
                Product.kept,
                ". ",
                text_link(_("To the checkout"), href="/checkout"),
                class_name=styles.STOCK_KEPT,
                data_testid="kept-for-you",
            ),
            rx.fragment(),
        ),
        rx.el.div(
            quantity(
                1,
                name="quantity",
                most=chosen.max_quantity,
                answer=Product.chosen.sku,
                limit=most_text(chosen.max_quantity),
                key=Product.chosen.sku,
                testid="quantity",
            ),
            _add(chosen, id=BUTTON, testid=BUTTON),
            class_name="grid grid-cols-[124px_minmax(0,1fr)] items-start gap-2.5",
        ),
        rx.cond(
            refused, rx.el.div(note(Cart.refusal, kind="bad", role="alert"), class_name="mt-3"), rx.fragment()
        ),
    )


def _add(chosen: Any, *, testid: str, **props: Any) -> rx.Component:
    return busy_button(
        rx.cond(chosen.available, _("Add to cart"), _("Sold out")),
        answer=f"{Cart.answers}-{Notice.number}",
        busy_label=_("Adding"),
        off=~chosen.available,
        data_testid=testid,
        type="submit",
        **props,
    )


def _promises() -> rx.Component:
    """What delivery and a return cost, next to the button."""

    def promise(name: str, text: Any, more: Any) -> rx.Component:
        return rx.el.li(
            icon(name, f"{styles.ICON} mt-px text-ink-2"),
            rx.el.span(text, rx.el.span(more, class_name="block text-sm text-ink-3")),
            class_name="flex gap-3.5 border-b border-line py-[13px]",
        )

    return rx.el.ul(
        promise("truck", delivery_day(), Product.chosen.delivery_cost_line),
        promise("back", _("30 days to change your mind"), _("Return label in the box")),
        class_name="mt-6 grid border-t border-line text-md",
    )


def delivery_day() -> Any:
    """When the chosen variant would arrive, "" while none of it is there."""
    kind = _chosen().availability
    return rx.cond((kind == "in") | (kind == "low"), Product.chosen.delivery_line, "")


def buy_bar() -> rx.Component:
    """On a phone, price and button stay at hand while the button itself is out of sight."""
    chosen = _chosen()
    return rx.el.div(
        rx.el.div(
            rx.el.p(chosen.price, class_name="font-medium tabular-nums"),
            rx.el.p(Product.chosen.title, class_name="truncate text-xs text-ink-2"),
            class_name="min-w-0",
        ),
        busy_button(
            rx.cond(chosen.available, _("Add to cart"), _("Sold out")),
            answer=f"{Cart.answers}-{Notice.number}",
            busy_label=_("Adding"),
            off=~chosen.available,
            type="submit",
            form=FORM,
        ),
        data_watches=BUTTON,
        class_name=styles.BUY_BAR,
    )
