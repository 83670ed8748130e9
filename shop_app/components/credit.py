"""Gift cards and credit in cart and checkout: what they pay, and what is left."""

from __future__ import annotations

from typing import Any

import reflex as rx

from shop_app.core.i18n import _
from shop_app.state.cart import Cart

from . import styles


def credit_rows(state: Any = Cart, view: Any = Cart.view) -> rx.Component:
    """Below a total: each card with its amount and a way to take it out, and what is left to pay."""

    def one(card: Any) -> rx.Component:
        out = rx.el.button(
            _("Remove"),
            rx.el.span(" ", card.label, class_name=styles.SR),
            type="button",
            on_click=state.remove_credit(card.account_id),
            class_name=f"{styles.LINK} cursor-pointer text-sm text-ink-2",
            data_testid="remove-credit",
        )
        return rx.el.div(
            rx.el.span(
                rx.el.span(card.label),
                out,
                rx.cond(
                    card.note,
                    rx.el.span(card.note, class_name="w-full text-sm text-ink-3"),
                    rx.fragment(),
                ),
                class_name=styles.CODE_LABEL,
            ),
            rx.el.span(card.amount, class_name="shrink-0 tabular-nums"),
            class_name=styles.SUM_ROW,
            data_testid="credit-row",
            key=card.account_id,
        )

    return rx.cond(
        view.credits.length() > 0,
        rx.el.div(
            rx.foreach(view.credits, one),
            rx.el.p(
                rx.el.span(_("Left to pay")),
                rx.el.span(view.left, class_name="tabular-nums", data_testid="left-to-pay"),
                class_name=styles.SUM_TOTAL,
            ),
            class_name=f"{styles.SUM} mt-2",
        ),
        rx.fragment(),
    )
