"""Forms: where they are sent, and what is wrong with them, below the fields and on top of all."""

from __future__ import annotations

from typing import Any

from reflex_components_core.el.elements.base import BaseHTML

from . import styles
from .badges import note
from .kit import Component, contains, each, either, el, is_html, length, of, when
from .parts import focus_box


def submit(handler: Any) -> Any:
    """What a form's `on_submit` takes, for a handler whose argument is a Form.

    Reflex itself lets only a dict be declared; the guard has made a Form of it when the handler runs.
    """
    return lambda form: handler(form)


class _BrowserForm(BaseHTML):
    """A bare form: el.form keeps the browser from sending it."""

    tag = "form"
    action: Any
    method: Any


def browser_form(*children: Any, action: str, method: str = "post", **props: Any) -> Component:
    """A form that the browser itself sends to a route of the shop, with or without scripts."""
    if is_html():
        return el.form(*children, action=action, method=method, **props)
    return _BrowserForm.create(*children, action=action, method=method, **props)


def error_of(state: Any, field: Any) -> Any:
    """What is wrong with a field of that FormState, "" where nothing is."""
    return when(contains(of(state).errors, field), lambda: of(state).errors[field], "")


def form_errors(
    state: Any,
    *more: Component,
    refused: Component | None = None,
    more_shown: Any = False,
    **props: Any,
) -> Component:
    """What stands in the way; it takes the focus with every answer, and each line leads to its field.

    `refused` is drawn in place of the sentence for the whole form, `more` below, where `more_shown`.
    """
    form = of(state)
    return focus_box(
        when(
            length(form.summary) > 0,
            el.div(
                el.h2(form.summary_title, class_name="mb-2 text-base font-medium"),
                el.ul(each(form.summary, _line)),
                class_name=styles.PROBLEMS,
                role="alert",
            ),
        ),
        when(
            form.refused,
            refused or note(form.refused, kind="bad", role="alert", data_testid="form-refused"),
        ),
        *more,
        news=form.answers,
        shown=either(length(form.summary) > 0, form.refused != "", more_shown),
        **{"class_name": "rounded-r2 empty:hidden *:mb-0!", **props},
    )


def _line(error: Any) -> Component:
    """A field and what is wrong with it."""
    return el.li(el.a(error[1], href=f"#field-{error[0]}", class_name=styles.PROBLEM_LINK, data_stays="true"))
