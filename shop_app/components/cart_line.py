"""A line of the cart, in the drawer and on the page alike, and the sums that go with the lines."""

from __future__ import annotations

from typing import Any

import reflex as rx

from shop_app.core.i18n import _
from shop_app.state.base import Notice
from shop_app.state.cart import Cart

from . import styles
from .badges import badge, note, progress
from .controls import button
from .icons import icon
from .parts import focus_box, most_text, quantity
from .pictures import address

ANSWERED = f"{Cart.answers}-{Notice.number}"
"""Changes with every answer to something the shopper did in the cart, also with a refusal."""


def units(count: rx.Var[int]) -> rx.Var[str]:
    """ "1 item", "3 items"."""
    before, after = _("{count} items").split("{count}")
    return rx.cond(count == 1, _("1 item"), before + count.to(str) + after)


def thumbnail(line: Any, class_name: str) -> rx.Component:
    """The small picture of a line; the name beside it says what it shows."""
    return rx.el.span(
        rx.cond(
            line.picture_key,
            rx.el.picture(
                rx.el.source(type="image/avif", src_set=f"{address(line.picture_key, 320, 'avif')}"),
                rx.el.img(
                    src=address(line.picture_key, 320),
                    alt="",
                    loading="lazy",
                    decoding="async",
                    class_name=styles.PICTURE_IMG,
                    custom_attrs={"width": 320, "height": 400},
                ),
                class_name="contents",
            ),
            rx.fragment(),
        ),
        class_name=class_name,
    )


def cart_line(line: Any) -> rx.Component:
    """A CartLineView in the cart."""
    limit = most_text(line.max_quantity)
    return rx.el.li(
        thumbnail(line, styles.LINE_PICTURE),
        rx.el.h3(
            rx.el.a(line.title, href=f"/products/{line.slug}?variant={line.sku}"),
            class_name=styles.LINE_TITLE,
        ),
        rx.el.p(_line_price(line), class_name=styles.LINE_PRICE),
        rx.el.p(
            line.variant,
            rx.cond(
                line.quantity > 1,
                rx.el.span(rx.cond(line.variant, ", ", ""), line.unit, _(" each")),
                rx.fragment(),
            ),
            rx.cond(line.promise, rx.el.span(line.promise, class_name="block"), rx.fragment()),
            class_name=styles.LINE_VARIANT,
        ),
        rx.el.div(
            quantity(
                line.quantity,
                most=line.max_quantity,
                limit=limit,
                answer=ANSWERED,
                small=True,
                name="quantity",
                testid="line-quantity",
                label=rx.Var.create(_("Quantity of ")) + line.title,
                on_commit=lambda count: Cart.set_quantity(line.sku, count),
            ),
            rx.el.div(
                _act(_("Save for later"), line, Cart.save_for_later(line.sku)),
                _act(_("Remove"), line, Cart.remove(line.sku), data_testid="line-remove"),
                class_name=styles.LINE_ACTS,
            ),
            class_name=styles.LINE_CONTROLS,
        ),
        rx.cond(line.notice & (Cart.refused_sku != line.sku), _notice(line), rx.fragment()),
        rx.cond(
            Cart.refused_sku == line.sku,
            rx.el.div(note(Cart.refusal, kind="bad", role="alert"), class_name=styles.LINE_NOTE),
            rx.fragment(),
        ),
        key=line.sku,
        class_name=styles.LINE,
        data_testid="cart-line",
        data_sku=line.sku,
    )


def gift_line(line: Any) -> rx.Component:
    """What a promotion adds: a CartLineView without a stepper."""
    return rx.el.li(
        thumbnail(line, styles.LINE_PICTURE),
        rx.el.h3(rx.el.a(line.title, href=f"/products/{line.slug}"), class_name=styles.LINE_TITLE),
        rx.el.p(gift_price(line), class_name=styles.LINE_PRICE),
        rx.el.p(line.variant, class_name=styles.LINE_VARIANT),
        rx.el.div(badge(_("Gift"), "green"), class_name=styles.LINE_CONTROLS),
        key=f"gift-{line.sku}",
        class_name=styles.LINE,
        data_testid="gift-line",
        data_sku=line.sku,
    )


def gift_price(line: Any) -> rx.Component:
    return rx.fragment(
        rx.el.span(line.total, class_name="text-green"),
        rx.el.s(
            rx.el.span(_("instead of "), class_name=styles.SR), line.compare_at, class_name=styles.LINE_WAS
        ),
    )


def hints(view: Any = Cart.view, class_name: str = styles.HINTS) -> rx.Component:
    """What the cart is short of for offers that need no code."""
    one = lambda text: rx.el.p(  # noqa: E731
        icon("info", f"{styles.ICON_S} mt-0.5 text-ink-3"), rx.el.span(text), class_name=styles.HINT
    )
    return rx.el.div(
        rx.foreach(view.hints, one), class_name=class_name, role="status", data_testid="offer-hints"
    )


def _line_price(line: Any) -> rx.Component:
    return rx.cond(
        line.compare_at,
        rx.fragment(
            rx.el.span(_("Now "), class_name=styles.SR),
            rx.el.span(line.total, class_name="text-coral"),
            rx.el.s(rx.el.span(_("was "), class_name=styles.SR), line.compare_at, class_name=styles.LINE_WAS),
        ),
        rx.fragment(line.total),
    )


def _act(label: str, line: Any, on_click: Any, **props: Any) -> rx.Component:
    return button(
        label,
        rx.el.span(" ", line.title, class_name=styles.SR),
        kind="plain",
        size="s",
        class_name="px-2.5!",
        on_click=on_click,
        **props,
    )


def _notice(line: Any) -> rx.Component:
    return rx.el.div(
        rx.cond(
            line.notice_kind == "problem",
            note(line.notice, kind="bad"),
            note(
                line.notice,
                " ",
                rx.el.button(
                    _("Understood"),
                    type="button",
                    on_click=Cart.accept_changes,
                    class_name=f"{styles.LINK} cursor-pointer",
                ),
                kind="good",
            ),
        ),
        class_name=styles.LINE_NOTE,
        role="status",
    )


def saved_line(line: Any) -> rx.Component:
    """A line that waits below the cart."""
    return rx.el.li(
        thumbnail(line, styles.LINE_PICTURE),
        rx.el.h3(
            rx.el.a(line.title, href=f"/products/{line.slug}?variant={line.sku}"),
            class_name=styles.LINE_TITLE,
        ),
        rx.el.p(line.unit, class_name=styles.LINE_PRICE),
        rx.el.p(line.variant, class_name=styles.LINE_VARIANT),
        rx.el.div(
            button(_("Move to cart"), kind="outline", size="s", on_click=Cart.move_to_cart(line.sku)),
            _act(_("Remove"), line, Cart.remove(line.sku)),
            class_name=styles.LINE_CONTROLS,
        ),
        rx.cond(
            Cart.refused_sku == line.sku,
            rx.el.div(note(Cart.refusal, kind="bad", role="alert"), class_name=styles.LINE_NOTE),
            rx.fragment(),
        ),
        key=line.sku,
        class_name=styles.LINE,
        data_testid="saved-line",
        data_sku=line.sku,
    )


def undo_row() -> rx.Component:
    """What was taken out, and the way back. It takes over the focus of the line that went."""
    gone = Cart.removed.sku != ""
    return focus_box(
        rx.cond(
            gone,
            rx.el.div(
                rx.el.span(Cart.removed.title, _(" removed")),
                button(
                    _("Undo"),
                    kind="plain",
                    size="s",
                    class_name="text-ink! underline underline-offset-4",
                    on_click=Cart.undo,
                ),
                class_name=styles.UNDO,
            ),
            rx.fragment(),
        ),
        news=Cart.removed.sku,
        shown=gone,
        role="status",
        class_name="rounded-r2",
    )


def free_shipping() -> rx.Component:
    """How far it is to free delivery."""
    return rx.cond(
        Cart.view.free_shipping_line,
        rx.el.div(
            rx.el.p(Cart.view.free_shipping_line, class_name="mb-2 text-sm"),
            progress(Cart.view.free_shipping_percent, _("Towards free delivery")),
            class_name=styles.FREE_SHIPPING,
        ),
        rx.fragment(),
    )


def sum_row(label: Any, amount: Any, **props: Any) -> rx.Component:
    """A line of the sums: what it is for, and how much."""
    return rx.el.div(
        rx.el.span(label, class_name="text-ink-2"),
        rx.el.span(amount, class_name="tabular-nums", **props),
        class_name=styles.SUM_ROW,
    )


def tax_rows(rows: Any, *, on_top: bool) -> rx.Component:
    """Taxes: as addends of the total where they come on top, else small below it."""
    small = "" if on_top else "text-sm text-ink-3"

    def one(tax: Any) -> rx.Component:
        return rx.el.p(
            rx.el.span(tax[0], class_name="text-ink-2" if on_top else ""),
            rx.el.span(tax[1], class_name="tabular-nums"),
            class_name=f"{styles.SUM_ROW} {small}",
        )

    return rx.foreach(rows, one)


def discount_rows(state: Any = Cart, view: Any = Cart.view) -> rx.Component:
    """Each discount with its amount; one of a code has that as a chip, which takes it off again."""

    def one(discount: Any) -> rx.Component:
        chip = rx.el.button(
            rx.el.span(_("Remove "), class_name=styles.SR),
            discount.code,
            icon("close", styles.CODE_CHIP_ICON),
            type="button",
            on_click=state.remove_code(discount.code),
            class_name=styles.CODE_CHIP,
            data_testid="applied-code",
        )
        return rx.el.div(
            rx.el.span(
                rx.el.span(discount.label),
                rx.cond(discount.code, chip, rx.fragment()),
                class_name=styles.CODE_LABEL,
            ),
            rx.el.span(discount.amount, class_name="tabular-nums"),
            class_name=f"{styles.SUM_ROW} text-green",
            key=f"{discount.code}-{discount.label}",
        )

    return rx.foreach(view.discounts, one)
