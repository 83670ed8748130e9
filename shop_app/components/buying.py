"""Choosing a variant and putting it into the cart; price and stock are always those of the newest push."""

from __future__ import annotations

from typing import Any

import reflex as rx

from shop_app.core.i18n import _
from shop_app.state.account.saved import Saved
from shop_app.state.base import Notice
from shop_app.state.cart import Cart
from shop_app.state.live import live_var
from shop_app.state.product import Product
from shop_app.state.shell import Shell

from . import styles, texts
from .badges import note, payment_marks, price, stars, stock_badge
from .controls import button, here_link, text_link
from .fields import size_radio, swatch_radio
from .forms import submit
from .guarantee import guarantee_notice
from .icons import icon
from .kit import (
    Component,
    Text,
    both,
    contains,
    each,
    either,
    el,
    fragment,
    in_address,
    length,
    not_,
    of,
    when,
    without_scripts,
)
from .parts import busy_button, most_text, quantity
from .waiting import is_kept, stock_line, waits

BUTTON = "add-to-cart"
FORM = "buy"
ADDRESS = rx.vars.FunctionStringVar.create(
    '((sku) => window.history.replaceState(window.history.state, "", "?variant=" + encodeURIComponent(sku)))'
)


def _now(product: type[Product]) -> Any:
    """Price and stock of every variant by SKU, as they are now."""
    return live_var(product.availability, product.page.slug).variants


def _chosen(product: type[Product]) -> Any:
    """Price and stock of the chosen variant, as they are now."""
    return _now(product)[product.chosen.sku]


def buy_box(product: type[Product]) -> Component:
    this, chosen = product.page, _chosen(product)
    return fragment(
        el.h1(this.title, class_name=styles.D2, data_testid="product-title"),
        when(this.subtitle, el.p(this.subtitle, class_name="mt-2 text-ink-2")),
        el.div(
            _price(product, chosen),
            _rating(product),
            class_name="mt-5 flex flex-wrap items-end justify-between gap-x-4 gap-y-2",
        ),
        el.form(
            each(product.chosen.options, lambda option: _picker(product, option)),
            # `assets/shop.js` writes a choice into it at once; the answer to the choice makes it anew.
            el.input(type="hidden", name="sku", default_value=product.chosen.sku, key=product.chosen.sku),
            _buy(product, chosen),
            id=FORM,
            class_name="mt-7 grid gap-6",
            on_submit=submit(Cart.add_form),
            no_validate=True,
        ),
        when(
            both(product.chosen.sku != "", either(not_(chosen.available), waits(product.chosen.sku))),
            lambda: stock_line(product.chosen.sku),
        ),
        _promises(product),
        guarantee_notice(),
    )


def _price(product: type[Product], chosen: Any) -> Component:
    return el.div(
        price(chosen.price, chosen.compare_at, class_name="text-[22px] leading-7", testid="product-price"),
        when(chosen.unit_price, el.p(chosen.unit_price, class_name="text-sm text-ink-2")),
        el.p(
            of(Shell).shop.price_note,
            text_link(_("delivery"), href="/delivery"),
            class_name="text-sm text-ink-3",
        ),
        when(chosen.saving, el.p(chosen.saving, class_name="mt-1 text-sm text-coral")),
        when(
            chosen.lowest_30_days,
            el.p(chosen.lowest_30_days, class_name="text-sm text-ink-3"),
        ),
    )


def _rating(product: type[Product]) -> Component:
    this = product.page
    return when(
        this.review_count > 0,
        here_link(
            stars(this.rating_percent, _("Rated ") + this.rating + _(" of 5 stars")),
            el.span(this.rating, aria_hidden="true"),
            el.span(this.review_text, class_name=f"{styles.LINK} text-ink-3"),
            href="#reviews",
            class_name=f"{styles.RATE} py-1",
        ),
    )


def _picker(product: type[Product], option: Any) -> Component:
    """The radios of one option. A choice that is sold out stays within reach, and says so."""
    coloured = option.choices[0].swatch != ""

    def swatch(choice: Any) -> Component:
        return swatch_radio(choice.value, choice.swatch, out=_out(product, choice), **_radio(option, choice))

    def size(choice: Any) -> Component:
        return size_radio(choice.value, out=_out(product, choice), **_radio(option, choice))

    return el.fieldset(
        el.legend(
            el.span(option.name, class_name="font-medium"),
            " ",
            when(coloured, el.span(option.chosen, class_name="text-ink-2")),
            class_name="mb-2.5 text-sm",
        ),
        when(
            coloured,
            el.div(each(option.choices, swatch), class_name=styles.CHOICES),
            el.div(each(option.choices, size), class_name=styles.CHOICES),
        ),
        without_scripts(lambda: _links(product, option)),
        key=option.name,
    )


def _links(product: type[Product], option: Any) -> Component:
    """The choices as links to the page with that variant."""
    link = lambda choice: text_link(  # noqa: E731
        choice.value, " ", href=f"/products/{product.page.slug}?variant={in_address(choice.sku)}"
    )
    return el.p(each(option.choices, link), class_name="mt-2 flex flex-wrap gap-3 text-sm")


def _out(product: type[Product], choice: Any) -> Any:
    now = _now(product)
    return not_(when(contains(now, choice.sku), lambda: now[choice.sku].available, choice.available))


def _radio(option: Any, choice: Any) -> dict[str, Any]:
    return {
        "name": option.name,
        "value": choice.value,
        "checked": choice.chosen,
        "data_testid": "variant-option",
        "data_value": choice.value,
        "data_sku": choice.sku,
        "on_change": lambda _value: [Product.choose(choice.sku), ADDRESS.partial(choice.sku)],
    }


def _buy(product: type[Product], chosen: Any) -> Component:
    refused = both(of(Cart).refusal != "", of(Cart).refused_sku == product.chosen.sku)
    return el.div(
        stock_badge(chosen.stock_line, chosen.availability, live=True, class_name=styles.STOCK_LIVE),
        when(
            product.kept,
            el.p(
                product.kept,
                ". ",
                text_link(_("To the checkout"), href="/checkout"),
                class_name=styles.STOCK_KEPT,
                data_testid="kept-for-you",
            ),
        ),
        el.div(
            quantity(
                1,
                name="quantity",
                most=_most(product, chosen),
                answer=f"{product.page.slug}-{of(Cart).answers}",
                limit=most_text(_most(product, chosen)),
                testid="quantity",
            ),
            _add(product, chosen, id=BUTTON, data_testid=BUTTON),
            class_name="grid grid-cols-[124px_minmax(0,1fr)] items-start gap-2.5",
        ),
        _save(product.chosen.sku),
        without_scripts(
            lambda: el.p(
                _("The cart needs JavaScript. You can also "),
                text_link(_("write to us"), href="/contact"),
                _(" to order."),
                class_name="mt-3 text-sm text-ink-2",
            )
        ),
        when(refused, el.div(note(of(Cart).refusal, kind="bad", role="alert"), class_name="mt-3")),
    )


def _save(sku: Any) -> Component:
    saved = contains(of(Saved).marked, sku)
    return button(
        when(saved, icon("check", styles.ICON_S), icon("bookmark", styles.ICON_S)),
        when(saved, _("Saved to your list"), _("Save to your list")),
        kind="plain",
        size="s",
        class_name="-ms-2.5 mt-2 px-2.5!",
        on_click=Saved.mark(sku, not_(saved)),
        aria_pressed=when(saved, "true", "false"),
        data_testid="save-for-list",
    )


def _can_buy(product: type[Product], chosen: Any) -> Any:
    """Whether there is one for this visitor: for sale, or kept for whoever waited for it."""
    return either(chosen.available, is_kept(product.chosen.sku))


def _most(product: type[Product], chosen: Any) -> Any:
    return when(both(not_(chosen.available), is_kept(product.chosen.sku)), 1, chosen.max_quantity)


def _add(product: type[Product], chosen: Any, **props: Any) -> Component:
    can_buy = _can_buy(product, chosen)
    return busy_button(
        when(can_buy, _("Add to cart"), _("Sold out")),
        answer=f"{of(Cart).answers}-{of(Notice).number}",
        busy_label=_("Adding"),
        off=not_(can_buy),
        type="submit",
        **props,
    )


def _promises(product: type[Product]) -> Component:
    """What delivery and a return cost, next to the button."""

    def promise(name: str, text: Any, more: Any) -> Component:
        return el.li(
            icon(name, f"{styles.ICON} mt-px text-ink-2"),
            el.div(text, el.div(more, class_name="text-sm text-ink-3")),
            class_name="flex gap-3.5 border-b border-line py-[13px]",
        )

    day, cost = delivery_day(product), product.chosen.delivery_cost_line
    return el.ul(
        promise("truck", when(day != "", day, cost), when(day != "", cost, "")),
        promise("back", text_link(texts.RETURN_PROMISE, href="/returns"), texts.RETURN_COST),
        when(
            length(of(Shell).marks) > 0,
            lambda: promise(
                "lock",
                texts.PAYMENT_PROMISE,
                payment_marks(of(Shell).marks, class_name="mt-1.5 flex flex-wrap gap-1"),
            ),
        ),
        class_name="mt-6 grid border-t border-line text-md",
    )


def delivery_day(product: type[Product]) -> Text:
    """When the chosen variant would arrive, "" while none of it is there."""
    kind = _chosen(product).availability
    return when(either(kind == "in", kind == "low"), product.chosen.delivery_line, "")


def buy_bar(product: type[Product]) -> Component:
    """On a phone, price and button stay at hand while the button itself is out of sight."""
    chosen = _chosen(product)
    return el.div(
        el.div(
            el.p(chosen.price, class_name="font-medium tabular-nums"),
            el.p(product.chosen.title, class_name="truncate text-xs text-ink-2"),
            class_name="min-w-0",
        ),
        _add(product, chosen, form=FORM),
        data_watches=BUTTON,
        class_name=styles.BUY_BAR,
    )
