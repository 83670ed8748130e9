"""A line of the cart, in the drawer and on the page alike, and the sums that go with the lines."""

from __future__ import annotations

from typing import Any

from shop_app.core.i18n import _
from shop_app.state.account.saved import Saved
from shop_app.state.base import Notice
from shop_app.state.cart import Cart

from . import styles
from .badges import badge, note, progress
from .controls import button
from .icons import icon
from .kit import Component, Text, both, each, either, el, fragment, in_address, of, text, when
from .parts import focus_box, most_text, quantity
from .pictures import address


def answered() -> Text:
    """Changes with every answer to something the shopper did in the cart, also with a refusal."""
    return f"{of(Cart).answers}-{of(Notice).number}"


def units(count: Any) -> Any:
    """ "1 item", "3 items"."""
    before, after = _("{count} items").split("{count}")
    return when(count == 1, _("1 item"), before + text(count) + after)


def variant_and_units(line: Any) -> Component:
    """ "Moss × 2", "Moss", "× 2"; nothing for one unit without a variant."""
    several = line.quantity > 1
    return when(
        either(line.variant != "", several),
        el.p(
            line.variant,
            when(both(line.variant != "", several), " ", ""),
            when(several, f"× {line.quantity}", ""),
            class_name="text-sm text-ink-3",
        ),
    )


def thumbnail(line: Any, class_name: str) -> Component:
    """The small picture of a line; the name beside it says what it shows."""
    return el.span(
        when(
            line.picture_key,
            el.picture(
                el.source(type="image/avif", src_set=f"{address(line.picture_key, 320, 'avif')}"),
                el.img(
                    src=address(line.picture_key, 320),
                    alt="",
                    loading="lazy",
                    decoding="async",
                    class_name=styles.PICTURE_IMG,
                    custom_attrs={"width": 320, "height": 400},
                ),
                class_name="contents",
            ),
        ),
        class_name=class_name,
    )


def _address(line: Any) -> Any:
    return f"/products/{line.slug}?variant={in_address(line.sku)}"


def cart_line(line: Any) -> Component:
    """A CartLineView in the cart."""
    limit = most_text(line.max_quantity)
    return el.li(
        thumbnail(line, styles.LINE_PICTURE),
        el.h3(
            el.a(line.title, href=_address(line)),
            class_name=styles.LINE_TITLE,
        ),
        el.p(_line_price(line), class_name=styles.LINE_PRICE),
        el.p(
            line.variant,
            when(line.quantity > 1, el.span(when(line.variant, ", ", ""), line.unit, _(" each"))),
            when(line.promise, el.span(line.promise, class_name="block")),
            class_name=styles.LINE_VARIANT,
        ),
        el.div(
            quantity(
                line.quantity,
                most=line.max_quantity,
                limit=limit,
                answer=answered(),
                small=True,
                name="quantity",
                testid="line-quantity",
                label=_("Quantity of ") + line.title,
                on_commit=lambda count: Cart.set_quantity(line.sku, count),
            ),
            el.div(
                _act(_("Save for later"), line, Cart.save_for_later(line.sku)),
                _act(_("Save to list"), line, Saved.save(line.sku), data_testid="save-for-list"),
                _act(_("Remove"), line, Cart.remove(line.sku), data_testid="line-remove"),
                class_name=styles.LINE_ACTS,
            ),
            class_name=styles.LINE_CONTROLS,
        ),
        when(both(line.notice, of(Cart).refused_sku != line.sku), _notice(line)),
        when(
            of(Cart).refused_sku == line.sku,
            el.div(note(of(Cart).refusal, kind="bad", role="alert"), class_name=styles.LINE_NOTE),
        ),
        key=line.sku,
        class_name=styles.LINE,
        data_testid="cart-line",
        data_sku=line.sku,
    )


def gift_line(line: Any) -> Component:
    """What a promotion adds: a CartLineView without a stepper."""
    return el.li(
        thumbnail(line, styles.LINE_PICTURE),
        el.h3(el.a(line.title, href=f"/products/{line.slug}"), class_name=styles.LINE_TITLE),
        el.p(gift_price(line), class_name=styles.LINE_PRICE),
        el.p(line.variant, class_name=styles.LINE_VARIANT),
        el.div(badge(_("Gift"), "green"), class_name=styles.LINE_CONTROLS),
        key=f"gift-{line.sku}",
        class_name=styles.LINE,
        data_testid="gift-line",
        data_sku=line.sku,
    )


def gift_price(line: Any) -> Component:
    return fragment(
        el.span(line.total, class_name="text-green"),
        el.s(el.span(_("instead of "), class_name=styles.SR), line.compare_at, class_name=styles.LINE_WAS),
    )


def hints(view: Any, class_name: str = styles.HINTS) -> Component:
    """What the cart is short of for offers that need no code."""
    one = lambda text: el.p(  # noqa: E731
        icon("info", f"{styles.ICON_S} mt-0.5 text-ink-3"), el.span(text), class_name=styles.OFFER_HINT
    )
    return el.div(each(view.hints, one), class_name=class_name, role="status", data_testid="offer-hints")


def _line_price(line: Any) -> Component:
    return when(
        line.compare_at,
        fragment(
            el.span(_("Now "), class_name=styles.SR),
            el.span(line.total, class_name="text-coral"),
            el.s(el.span(_("was "), class_name=styles.SR), line.compare_at, class_name=styles.LINE_WAS),
        ),
        fragment(line.total),
    )


def _act(label: str, line: Any, on_click: Any, **props: Any) -> Component:
    return button(
        label,
        el.span(" ", line.title, class_name=styles.SR),
        kind="plain",
        size="s",
        class_name="px-2.5!",
        on_click=on_click,
        **props,
    )


def _notice(line: Any) -> Component:
    return el.div(
        when(
            line.notice_kind == "problem",
            note(line.notice, kind="bad"),
            note(
                line.notice,
                " ",
                el.button(
                    _("Understood"),
                    type="button",
                    on_click=Cart.accept_changes,
                    class_name=f"{styles.LINK} cursor-pointer",
                ),
                kind="good",
            ),
        ),
        class_name=styles.LINE_NOTE,
    )


def changes_said() -> Component:
    """What changed about each line since it was added, for who doesn't see it; there before it is filled."""
    return el.div(
        each(
            of(Cart).view.lines,
            lambda line: when(line.notice, el.p(line.title + ": " + line.notice)),
        ),
        role="status",
        class_name=styles.SR,
        data_testid="cart-changes",
    )


def saved_line(line: Any) -> Component:
    """A line that waits below the cart."""
    return el.li(
        thumbnail(line, styles.LINE_PICTURE),
        el.h3(
            el.a(line.title, href=_address(line)),
            class_name=styles.LINE_TITLE,
        ),
        el.p(line.unit, class_name=styles.LINE_PRICE),
        el.p(line.variant, class_name=styles.LINE_VARIANT),
        el.div(
            button(_("Move to cart"), kind="outline", size="s", on_click=Cart.move_to_cart(line.sku)),
            _act(_("Remove"), line, Cart.remove(line.sku)),
            class_name=styles.LINE_CONTROLS,
        ),
        when(
            of(Cart).refused_sku == line.sku,
            el.div(note(of(Cart).refusal, kind="bad", role="alert"), class_name=styles.LINE_NOTE),
        ),
        key=line.sku,
        class_name=styles.LINE,
        data_testid="saved-line",
        data_sku=line.sku,
    )


def undo_row() -> Component:
    """What was taken out, and the way back. It takes over the focus of the line that went."""
    gone = of(Cart).removed.sku != ""
    return focus_box(
        when(
            gone,
            el.div(
                el.span(of(Cart).removed.title, _(" removed")),
                button(
                    _("Undo"),
                    kind="plain",
                    size="s",
                    class_name="text-ink! underline underline-offset-4",
                    on_click=Cart.undo,
                ),
                class_name=styles.UNDO,
            ),
        ),
        news=of(Cart).removed.sku,
        shown=gone,
        role="status",
        class_name="rounded-r2",
    )


def free_shipping() -> Component:
    """How far it is to free delivery."""
    return when(
        of(Cart).view.free_shipping_line,
        el.div(
            el.p(of(Cart).view.free_shipping_line, class_name="mb-2 text-sm"),
            progress(of(Cart).view.free_shipping_percent, _("Towards free delivery")),
            class_name=styles.FREE_SHIPPING,
        ),
    )


def sum_row(label: Any, amount: Any, **props: Any) -> Component:
    """A line of the sums: what it is for, and how much."""
    return el.div(
        el.span(label, class_name="text-ink-2"),
        el.span(amount, class_name="tabular-nums", **props),
        class_name=styles.SUM_ROW,
    )


def tax_rows(rows: Any, *, on_top: bool) -> Component:
    """Taxes: as addends of the total where they come on top, else small below it."""
    small = "" if on_top else "text-sm text-ink-3"

    def one(tax: Any) -> Component:
        return el.p(
            el.span(tax[0], class_name="text-ink-2" if on_top else ""),
            el.span(tax[1], class_name="tabular-nums"),
            class_name=f"{styles.SUM_ROW} {small}",
        )

    return each(rows, one)


def discount_rows(state: Any, view: Any) -> Component:
    """Each discount with its amount; one of a code has that as a chip, which takes it off again."""

    def one(discount: Any) -> Component:
        chip = el.button(
            el.span(_("Remove "), class_name=styles.SR),
            discount.code,
            icon("close", styles.CODE_CHIP_ICON),
            type="button",
            on_click=state.remove_code(discount.code),
            class_name=styles.CODE_CHIP,
            data_testid="applied-code",
        )
        return el.div(
            el.span(
                el.span(discount.label),
                when(discount.code, chip),
                class_name=styles.CODE_LABEL,
            ),
            el.span(discount.amount, class_name="tabular-nums"),
            class_name=f"{styles.SUM_ROW} text-green",
            key=f"{discount.code}-{discount.label}",
        )

    return each(view.discounts, one)
