"""Gift cards and credit in cart and checkout: what they pay, and what is left."""

from __future__ import annotations

from typing import Any

from shop_app.core.i18n import _

from . import styles
from .kit import Component, each, el, length, when


def payment_notes(view: Any) -> Component:
    """Which ways to pay don't take what is left to pay, and what can be done; nothing where all do."""
    return when(
        length(view.payment_notes) > 0,
        el.div(
            each(view.payment_notes, lambda note: el.p(note, key=note)),
            class_name="mt-3 space-y-1 text-sm text-ink-2",
            role="status",
            data_testid="payment-notes",
        ),
    )


def credit_rows(state: Any, view: Any) -> Component:
    """Below a total: each card with its amount and a way to take it out, and what is left to pay."""

    def one(card: Any) -> Component:
        out = el.button(
            _("Remove"),
            el.span(" ", card.label, class_name=styles.SR),
            type="button",
            on_click=state.remove_credit(card.account_id),
            class_name=f"{styles.LINK} cursor-pointer text-sm text-ink-2",
            data_testid="remove-credit",
        )
        return el.div(
            el.span(
                el.span(card.label),
                out,
                when(card.note, el.span(card.note, class_name="w-full text-sm text-ink-3")),
                class_name=styles.CODE_LABEL,
            ),
            el.span(card.amount, class_name="shrink-0 tabular-nums"),
            class_name=styles.SUM_ROW,
            data_testid="credit-row",
            key=card.account_id,
        )

    return when(
        length(view.credits) > 0,
        el.div(
            each(view.credits, one),
            el.p(
                el.span(_("Left to pay")),
                el.span(view.left, class_name="tabular-nums", data_testid="left-to-pay"),
                class_name=styles.SUM_TOTAL,
            ),
            class_name=f"{styles.SUM} mt-2",
        ),
    )
