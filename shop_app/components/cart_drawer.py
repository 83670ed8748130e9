"""The cart over the page: opens when something was added, or by the cart button in the head."""

from __future__ import annotations

import reflex as rx

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
from .overlays import drawer

ID = "cart-drawer"


def cart_drawer() -> rx.Component:
    """Stands once on every page; its content is only there while it is open."""
    return drawer(
        _("Cart"),
        rx.cond(Cart.drawer_open, _body(), rx.fragment()),
        id=ID,
        count=rx.cond(
            Cart.view.count > 0,
            rx.el.span(" ", units(Cart.view.count), class_name=styles.DRAWER_COUNT),
            rx.fragment(),
        ),
        foot=rx.cond(Cart.drawer_open & (Cart.view.count > 0), _foot(), rx.fragment()),
        is_open=Cart.drawer_open,
        on_close=Cart.close_drawer,
        data_testid="cart-drawer",
    )


def _body() -> rx.Component:
    return rx.fragment(
        rx.cond(Cart.view.count > 0, free_shipping(), rx.fragment()),
        undo_row(),
        rx.cond(
            Cart.view.lines.length() > 0,
            rx.fragment(
                rx.el.ul(rx.foreach(Cart.view.lines, cart_line), rx.foreach(Cart.view.gifts, gift_line)),
                hints(),
                code_field("drawer"),
            ),
            rx.el.div(
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


def _foot() -> rx.Component:
    return rx.fragment(
        rx.el.div(
            discount_rows(),
            sum_row(_("Subtotal"), Cart.view.subtotal, data_testid="cart-subtotal"),
            rx.el.p(Cart.view.price_note, class_name="text-sm text-ink-3"),
            class_name=f"{styles.SUM} mb-3.5",
        ),
        link_button(
            _("Check out"),
            href="/checkout",
            size="l",
            class_name="w-full",
            on_click=Cart.close_drawer,
            data_testid="go-to-checkout",
            aria_disabled=rx.cond(Cart.view.can_check_out, "false", "true"),
        ),
        link_button(
            _("View cart"), href="/cart", kind="plain", class_name="mt-1 w-full", on_click=Cart.close_drawer
        ),
    )
