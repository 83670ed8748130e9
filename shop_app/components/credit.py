"""Gift cards and credit in cart and checkout: where their code is entered, and what they pay."""

from __future__ import annotations

from typing import Any

import reflex as rx

from shop_app.state.cart import Cart
from shop_app.words import _

from . import look
from .controls import button
from .fields import field_error
from .icons import icon


def credit_field(prefix: str, desk: Any = Cart, view: Any = Cart.view) -> rx.Component:
    """The code of a gift card or of credit, folded; `prefix` keeps ids apart, `desk` takes the code."""
    input_id, note_id = f"{prefix}-credit", f"{prefix}-credit-note"
    return rx.el.details(
        rx.el.summary(
            rx.el.span(_("Gift card or credit?")), icon("down", look.FACET_ICON), class_name=look.CODE_HEAD
        ),
        rx.el.form(
            rx.el.label(_("Code of the gift card or credit"), html_for=input_id, class_name=look.SR),
            rx.el.input(
                id=input_id,
                name="credit",
                max_length=60,
                auto_complete="off",
                auto_capitalize="characters",
                spell_check=False,
                class_name=look.INPUT,
                placeholder="7KQ2-…",
                data_testid="credit-code",
                aria_describedby=note_id,
                aria_invalid=rx.cond(desk.credit_refusal, "true", "false"),
            ),
            button(_("Apply"), kind="outline", type="submit", data_testid="apply-credit"),
            on_submit=desk.apply_credit,
            key=f"{prefix}-{view.credits.length()}",
            class_name="mt-2 flex gap-2",
        ),
        rx.el.div(
            rx.cond(
                desk.credit_refusal,
                field_error(desk.credit_refusal, id=f"{prefix}-credit-refusal"),
                rx.fragment(),
            ),
            id=note_id,
            role="status",
            class_name="not-empty:mt-2",
        ),
        open=desk.credit_refusal != "",
        class_name=look.CODE,
        data_testid="credit-fold",
    )


def credit_rows(desk: Any = Cart, view: Any = Cart.view) -> rx.Component:
    """Below a total: each card with its amount and a way to take it out, and what is left to pay."""

    def one(card: Any) -> rx.Component:
        out = rx.el.button(
            _("Remove"),
            rx.el.span(" ", card.label, class_name=look.SR),
            type="button",
            on_click=desk.remove_credit(card.account_id),
            class_name=f"{look.LINK} cursor-pointer text-sm text-ink-2",
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
                class_name=look.CODE_LABEL,
            ),
            rx.el.span(card.amount, class_name="shrink-0 tabular-nums"),
            class_name=look.SUM_ROW,
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
                class_name=look.SUM_TOTAL,
            ),
            class_name=f"{look.SUM} mt-2",
        ),
        rx.fragment(),
    )
