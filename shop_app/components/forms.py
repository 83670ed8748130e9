"""Forms: where they are sent, and what is wrong with them, below the fields and on top of all."""

from __future__ import annotations

from typing import Any

import reflex as rx

from . import styles
from .badges import note
from .parts import focus_box


def submit(handler: Any) -> Any:
    """What a form's `on_submit` takes, for a handler whose argument is a Form.

    Reflex itself lets only a dict be declared; the guard has made a Form of it when the handler runs.
    """
    return lambda form: handler(form)


def error_of(state: Any, field: Any) -> Any:
    """What is wrong with a field of that FormState, "" where nothing is."""
    return rx.cond(state.errors.contains(field), state.errors[field], "")


def form_errors(
    state: Any,
    *more: rx.Component,
    refused: rx.Component | None = None,
    more_shown: Any = False,
    **props: Any,
) -> rx.Component:
    """What stands in the way; it takes the focus with every answer, and each line leads to its field.

    `refused` is drawn in place of the sentence for the whole form, `more` below, where `more_shown`.
    """
    return focus_box(
        rx.cond(
            state.summary.length() > 0,
            rx.el.div(
                rx.el.h2(state.summary_title, class_name="mb-2 text-base font-medium"),
                rx.el.ul(rx.foreach(state.summary, _line)),
                class_name=styles.PROBLEMS,
                role="alert",
            ),
            rx.fragment(),
        ),
        rx.cond(
            state.refused,
            refused or note(state.refused, kind="bad", role="alert", data_testid="form-refused"),
            rx.fragment(),
        ),
        *more,
        news=state.answers,
        shown=(state.summary.length() > 0) | (state.refused != "") | more_shown,
        **{"class_name": "rounded-r2 empty:hidden *:mb-0!", **props},
    )


def _line(error: Any) -> rx.Component:
    """A field and what is wrong with it."""
    return rx.el.li(
        rx.el.a(error[1], href=f"#field-{error[0]}", class_name=styles.PROBLEM_LINK, data_stays="true")
    )
