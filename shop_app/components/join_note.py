"""What changed when the cart of this browser joined the account's, on the cart's page and in the drawer."""

from __future__ import annotations

from typing import Any

from shop_app.core.i18n import _
from shop_app.state.cart import Cart

from . import styles
from .badges import note
from .controls import button
from .kit import Component, each, el, length, of, when


def join_note() -> Component:
    """There before it is filled, so that it is said to who doesn't see it."""
    return el.div(when(length(of(Cart).view.joined) > 0, _note()), role="status")


def _note() -> Component:
    understood = button(
        _("Understood"),
        kind="outline",
        size="s",
        class_name="mt-3",
        on_click=Cart.read_joined,
        data_testid="merge-note-read",
    )
    lines = el.ul(each(of(Cart).view.joined, _line), class_name="grid gap-2")
    return el.div(note(lines, understood, data_testid="merge-note"), class_name="mb-4")


def _line(one: Any) -> Component:
    return el.li(
        el.span(one.text),
        when(
            one.offer > 0,
            el.button(
                one.label,
                type="button",
                on_click=Cart.set_quantity(one.sku, one.offer),
                class_name=f"{styles.LINK} ml-2 cursor-pointer",
                data_testid="merge-note-sum",
            ),
        ),
    )
