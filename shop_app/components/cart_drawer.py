"""The cart over the page: opens when something was added, or by the cart button in the head."""

from __future__ import annotations

from shop_app.core.i18n import _
from shop_app.state.cart import Cart

from . import styles
from .badges import empty_state
from .cart_line import (
    cart_line,
    discount_rows,
    free_shipping,
    gift_line,
    hints,
    sum_row,
    undo_row,
    units,
)
from .code_fields import code_field
from .controls import link_button
from .credit import payment_notes
from .join_note import join_note
from .kit import Component, both, each, el, fragment, length, of, when
from .overlays import drawer

ID = "cart-drawer"


def cart_drawer() -> Component:
    """Stands once on every page; its content is only there while it is open."""
    return drawer(
        _("Cart"),
        when(of(Cart).drawer_open, _body),
        id=ID,
        count=when(
            of(Cart).view.count > 0, el.span(" ", units(of(Cart).view.count), class_name=styles.DRAWER_COUNT)
        ),
        foot=when(both(of(Cart).drawer_open, of(Cart).view.count > 0), _foot),
        is_open=of(Cart).drawer_open,
        on_close=Cart.close_drawer,
        data_testid="cart-drawer",
    )


def _body() -> Component:
    return fragment(
        when(of(Cart).view.count > 0, free_shipping()),
        join_note(),
        undo_row(),
        when(
            length(of(Cart).view.lines) > 0,
            fragment(
                el.ul(each(of(Cart).view.lines, cart_line), each(of(Cart).view.gifts, gift_line)),
                hints(of(Cart).view),
                code_field("drawer", Cart, of(Cart).view),
            ),
            el.div(
                empty_state(
                    _("Your cart is empty"),
                    _("What you add stays here, also when you close the browser."),
                    link_button(
                        _("See everything"), href="/products", kind="outline", on_click=Cart.close_drawer
                    ),
                ),
                class_name="py-8",
            ),
        ),
    )


def _foot() -> Component:
    return fragment(
        el.div(
            discount_rows(Cart, of(Cart).view),
            sum_row(_("Subtotal"), of(Cart).view.subtotal, data_testid="cart-subtotal"),
            el.p(of(Cart).view.price_note, class_name="text-sm text-ink-3"),
            payment_notes(of(Cart).view),
            class_name=f"{styles.SUM} mb-3.5",
        ),
        link_button(
            _("Check out"),
            href="/checkout",
            size="l",
            class_name="w-full",
            on_click=Cart.close_drawer,
            data_testid="go-to-checkout",
            aria_disabled=when(of(Cart).view.can_check_out, "false", "true"),
        ),
        link_button(
            _("View cart"), href="/cart", kind="plain", class_name="mt-1 w-full", on_click=Cart.close_drawer
        ),
    )
