"""What is filled in: labelled fields with their hint or error, selects, check boxes, radio cards."""

from __future__ import annotations

from typing import Any

import reflex as rx

from shop_app.core.i18n import _

from . import styles
from .icons import icon

Text = str | rx.Var[str]


def field(
    label: Text,
    control: Any,
    *,
    id: str,
    hint: Text = "",
    error: Text = "",
    optional: bool = False,
    class_name: str = "",
) -> rx.Component:
    """A label above `control`, and below it the error, or else the hint, never both.

    `control` must have the id `id`, and point at "{id}-note" with `aria_describedby`.
    """
    note = f"{id}-note"
    extra = rx.el.span(" ", _("optional"), class_name=styles.OPTIONAL) if optional else None
    below_hint = rx.el.p(hint, id=note, class_name=styles.HINT) if _given(hint) else rx.fragment()
    below = below_hint if not _given(error) else rx.cond(error, field_error(error, id=note), below_hint)
    return rx.el.div(
        rx.el.label(label, extra, html_for=id, class_name=styles.LABEL)
        if extra
        else rx.el.label(label, html_for=id, class_name=styles.LABEL),
        control,
        below,
        class_name=f"{styles.FIELD} {class_name}".strip(),
    )


def field_error(text: Text, *, id: str) -> rx.Component:
    return rx.el.p(icon("error", styles.ERROR_ICON), rx.el.span(text), id=id, class_name=styles.ERROR)


def text_field(
    label: Text,
    *,
    name: str,
    id: str = "",
    hint: Text = "",
    error: Text = "",
    optional: bool = False,
    class_name: str = "",
    lines: bool = False,
    **props: Any,
) -> rx.Component:
    """A field for a line of text (or several, with `lines`); `props` go to the input."""
    id = id or f"field-{name}"
    make = rx.el.textarea if lines else rx.el.input
    control = make(
        id=id,
        name=name,
        class_name=styles.TEXTAREA if lines else styles.INPUT,
        **({} if lines else {"type": props.pop("type", "text")}),
        **_describe(id, hint, error),
        **props,
    )
    return field(label, control, id=id, hint=hint, error=error, optional=optional, class_name=class_name)


def select_field(
    label: Text,
    *options: Any,
    name: str,
    id: str = "",
    hint: Text = "",
    error: Text = "",
    optional: bool = False,
    class_name: str = "",
    **props: Any,
) -> rx.Component:
    """A labelled select; `options` are rx.el.option(…) or an rx.foreach of them."""
    id = id or f"field-{name}"
    control = rx.el.select(
        *options,
        id=id,
        name=name,
        class_name=f"{styles.INPUT} {styles.SELECT}",
        **_describe(id, hint, error),
        **props,
    )
    return field(label, control, id=id, hint=hint, error=error, optional=optional, class_name=class_name)


def checkbox(label: Any, **props: Any) -> rx.Component:
    """A check box with its label beside it."""
    return rx.el.label(
        rx.el.input(type="checkbox", class_name=styles.CHECK_BOX, **props),
        rx.el.span(label),
        class_name=styles.CHECK,
    )


def options(*cards: Any, legend: Text, **props: Any) -> rx.Component:
    """A group of `radio_card`s, one of which is chosen."""
    return rx.el.fieldset(
        rx.el.legend(legend, class_name=styles.SR), *cards, class_name=styles.OPTIONS, **props
    )


def radio_card(
    title: Any, note: Any = "", end: Any = "", *, name: str, value: Text, **props: Any
) -> rx.Component:
    """A choice with a note below its title and something (a price) at its end."""
    return rx.el.label(
        rx.el.input(type="radio", name=name, value=value, class_name=styles.RADIO_MARK, **props),
        rx.el.span(
            rx.el.span(title, class_name=styles.OPTION_TITLE), rx.el.span(note, class_name=styles.OPTION_NOTE)
        ),
        rx.el.span(end, class_name="tabular-nums"),
        class_name=styles.OPTION,
    )


def swatch_radio(
    label: Text, colour: Text, *, name: str, value: Text, out: rx.Var[bool] | bool = False, **props: Any
) -> rx.Component:
    """A colour to choose; a sold-out one is struck through, can still be reached, and says so."""
    dot = rx.cond(out, f"{styles.SWATCH_DOT} {styles.SWATCH_OUT}", styles.SWATCH_DOT)
    return rx.el.label(
        rx.el.input(type="radio", name=name, value=value, class_name=styles.SWATCH_INPUT, **props),
        rx.el.span(class_name=dot, **ground(colour)),
        rx.el.span(label, rx.cond(out, _(", sold out"), ""), class_name=styles.SR),
        class_name=styles.SWATCH,
        title=label,
    )


def size_radio(
    label: Text, note: Text = "", *, name: str, value: Text, out: rx.Var[bool] | bool = False, **props: Any
) -> rx.Component:
    """A size (or any option without colours) to choose."""
    return rx.el.label(
        rx.el.input(type="radio", name=name, value=value, class_name=styles.SWATCH_INPUT, **props),
        rx.el.span(label),
        rx.cond(
            rx.Var.create(note) != "",
            rx.el.small(note, class_name=styles.SIZE_NOTE),
            rx.cond(out, rx.el.small(_("sold out"), class_name=styles.SIZE_NOTE), rx.fragment()),
        ),
        class_name=rx.cond(out, f"{styles.SIZE} {styles.SIZE_OUT}", styles.SIZE),
    )


def ground(colour: Text) -> dict[str, Any]:
    """The props that paint an element's ground in a colour from the data, as a plain style attribute."""
    return {"custom_attrs": {"style": rx.Var.create({"background": colour})}}


def _given(text: Text) -> bool:
    return not isinstance(text, str) or text != ""


def _describe(id: str, hint: Text, error: Text) -> dict[str, Any]:
    if not _given(error):
        return {"aria_describedby": f"{id}-note"} if _given(hint) else {}
    wrong = rx.Var.create(error) != ""
    described: Any = f"{id}-note" if _given(hint) else rx.cond(wrong, f"{id}-note", "")
    return {"aria_invalid": rx.cond(wrong, "true", "false"), "aria_describedby": described}
