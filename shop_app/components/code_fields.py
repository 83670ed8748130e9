"""Where codes are entered in cart, drawer and checkout: a discount's, a gift card's, one of credit."""

from __future__ import annotations

from typing import Any

from shop_app.core.i18n import _

from . import styles
from .controls import button
from .fields import field_error
from .forms import error_of, submit
from .icons import icon
from .kit import Component, each, either, el, length, when


def code_field(prefix: str, state: Any, view: Any) -> Component:
    """The discount code; `prefix` keeps ids apart, `state` is the State that takes the code."""
    return _disclosure(
        _("Have a code?"),
        _("Discount code"),
        each(view.reasons, lambda reason: _reason(reason, state)),
        prefix=prefix,
        name="code",
        mark="discount",
        testid="code-disclosure",
        most=40,
        refusal=error_of(state, "code"),
        applied=view.discounts,
        expanded=either(length(view.reasons) > 0, error_of(state, "code") != ""),
        on_submit=state.apply_code,
        placeholder=_("Discount code"),
    )


def credit_field(prefix: str, state: Any, view: Any) -> Component:
    """The code of a gift card or of credit; the same arguments."""
    return _disclosure(
        _("Gift card or credit?"),
        _("Code of the gift card or credit"),
        prefix=prefix,
        name="credit",
        mark="credit",
        testid="credit-disclosure",
        most=60,
        refusal=error_of(state, "credit"),
        applied=view.credits,
        expanded=error_of(state, "credit") != "",
        on_submit=state.apply_credit,
        placeholder="7KQ2-…",
        spell_check=False,
    )


def _disclosure(
    title: str,
    label: str,
    *reasons: Any,
    prefix: str,
    name: str,
    mark: str,
    testid: str,
    most: int,
    refusal: Any,
    applied: Any,
    expanded: Any,
    on_submit: Any,
    **props: Any,
) -> Component:
    """A field with its button below a title that unfolds it, and why a code wasn't taken.

    What is typed goes when the number of `applied` codes changes; `props` go to the input.
    """
    input_id = f"{prefix}-{name}"
    note_id = f"{input_id}-note"
    return el.details(
        el.summary(el.span(title), icon("down", styles.FACET_ICON), class_name=styles.CODE_HEAD),
        el.form(
            el.label(label, html_for=input_id, class_name=styles.SR),
            el.input(
                id=input_id,
                name=name,
                max_length=most,
                auto_complete="off",
                auto_capitalize="characters",
                class_name=styles.INPUT,
                data_testid=f"{mark}-code",
                aria_describedby=note_id,
                aria_invalid=when(refusal, "true", "false"),
                **props,
            ),
            button(_("Apply"), kind="outline", type="submit", data_testid=f"apply-{mark}"),
            on_submit=submit(on_submit),
            key=f"{prefix}-{length(applied)}",
            class_name="mt-2 flex gap-2",
        ),
        el.div(
            when(refusal, field_error(refusal, id=f"{input_id}-refusal")),
            *reasons,
            id=note_id,
            role="status",
            class_name="grid gap-2 not-empty:mt-2",
        ),
        open=expanded,
        class_name=styles.CODE,
        data_testid=testid,
    )


def _reason(reason: Any, state: Any) -> Component:
    """Why a code that was entered takes nothing off, and the way to take it out."""
    out = el.button(
        _("Remove"),
        el.span(" ", reason.code, class_name=styles.SR),
        type="button",
        on_click=state.remove_code(reason.code),
        class_name=f"{styles.LINK} cursor-pointer text-ink-2",
    )
    return el.p(
        icon("info", f"{styles.ICON_S} self-start mt-0.5"),
        el.span(reason.reason),
        out,
        class_name=styles.CODE_REASON,
    )
