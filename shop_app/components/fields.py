"""What is filled in: labelled fields with their hint or error, selects, check boxes, radio cards."""

from __future__ import annotations

from typing import Any

from shop_app.core.i18n import _

from . import styles
from .icons import icon
from .kit import Component, Text, el, fragment, painted, when


def field(
    label: Text,
    control: Any,
    *,
    id: str,
    hint: Text = None,
    error: Text = None,
    optional: bool = False,
    required: bool = False,
    class_name: str = "",
) -> Component:
    """A label above `control`, and below it the error, or else the hint, never both.

    `control` must have the id `id`, and point at "{id}-note" with `aria_describedby`. A `required` field is
    marked for the eye; its control says so itself.
    """
    note = f"{id}-note"
    extra = required_mark() if required else optional_mark() if optional else None
    below_hint = el.p(hint, id=note, class_name=styles.HINT) if hint is not None else fragment()
    below = below_hint if error is None else when(error, field_error(error, id=note), below_hint)
    return el.div(
        el.label(label, extra, html_for=id, class_name=styles.LABEL)
        if extra
        else el.label(label, html_for=id, class_name=styles.LABEL),
        control,
        below,
        class_name=f"{styles.FIELD} {class_name}".strip(),
    )


def required_mark() -> Component:
    return el.span(" *", class_name=styles.REQUIRED, aria_hidden="true")


def optional_mark() -> Component:
    return el.span(" ", _("optional"), class_name=styles.OPTIONAL)


def field_error(text: Text, *, id: str) -> Component:
    return el.p(icon("error", styles.ERROR_ICON), el.span(text), id=id, class_name=styles.ERROR)


def text_field(
    label: Text,
    *,
    name: str,
    id: str = "",
    hint: Text = None,
    error: Text = None,
    optional: bool = False,
    class_name: str = "",
    lines: bool = False,
    **props: Any,
) -> Component:
    """A field for a line of text (or several, with `lines`); `props` go to the input."""
    id = id or f"field-{name}"
    make = el.textarea if lines else el.input
    required = bool(props.get("required"))
    control = make(
        id=id,
        name=name,
        class_name=styles.TEXTAREA if lines else styles.INPUT,
        **({} if lines else {"type": props.pop("type", "text")}),
        **_describe(id, hint, error),
        **props,
    )
    return field(
        label,
        control,
        id=id,
        hint=hint,
        error=error,
        optional=optional,
        required=required,
        class_name=class_name,
    )


def select_field(
    label: Text,
    *options: Any,
    name: str,
    id: str = "",
    hint: Text = None,
    error: Text = None,
    optional: bool = False,
    class_name: str = "",
    **props: Any,
) -> Component:
    """A labelled select; `options` are el.option(…) or an each(…) of them."""
    id = id or f"field-{name}"
    required = bool(props.get("required"))
    control = el.select(
        *options,
        id=id,
        name=name,
        class_name=f"{styles.INPUT} {styles.SELECT}",
        **_describe(id, hint, error),
        **props,
    )
    return field(
        label,
        control,
        id=id,
        hint=hint,
        error=error,
        optional=optional,
        required=required,
        class_name=class_name,
    )


def checkbox(label: Any, **props: Any) -> Component:
    """A check box with its label beside it."""
    return el.label(
        el.input(type="checkbox", class_name=styles.CHECK_BOX, **props),
        el.span(label),
        class_name=styles.CHECK,
    )


def options(*cards: Any, legend: Text, **props: Any) -> Component:
    """A group of `radio_card`s, one of which is chosen."""
    return el.fieldset(el.legend(legend, class_name=styles.SR), *cards, class_name=styles.OPTIONS, **props)


def radio_card(
    title: Any, note: Any = "", end: Any = "", *, name: str, value: Text, **props: Any
) -> Component:
    """A choice with a note below its title and something (a price) at its end."""
    return el.label(
        el.input(type="radio", name=name, value=value, class_name=styles.RADIO_MARK, **props),
        el.span(el.span(title, class_name=styles.OPTION_TITLE), el.span(note, class_name=styles.OPTION_NOTE)),
        el.span(end, class_name="tabular-nums"),
        class_name=styles.OPTION,
    )


def swatch_radio(
    label: Text, colour: Text, *, name: str, value: Text, out: Any | bool = False, **props: Any
) -> Component:
    """A colour to choose; a sold-out one is struck through, can still be reached, and says so."""
    dot = when(out, f"{styles.SWATCH_DOT} {styles.SWATCH_OUT}", styles.SWATCH_DOT)
    return el.label(
        el.input(type="radio", name=name, value=value, class_name=styles.SWATCH_INPUT, **props),
        el.span(class_name=dot, **ground(colour)),
        el.span(label, when(out, _(", sold out"), ""), class_name=styles.SR),
        class_name=styles.SWATCH,
        title=label,
    )


def size_radio(
    label: Text, note: Text = "", *, name: str, value: Text, out: Any | bool = False, **props: Any
) -> Component:
    """A size (or any option without colours) to choose."""
    return el.label(
        el.input(type="radio", name=name, value=value, class_name=styles.SWATCH_INPUT, **props),
        el.span(label),
        when(
            note != "",
            el.small(note, class_name=styles.SIZE_NOTE),
            when(out, el.small(_("sold out"), class_name=styles.SIZE_NOTE)),
        ),
        class_name=when(out, f"{styles.SIZE} {styles.SIZE_OUT}", styles.SIZE),
    )


def ground(colour: Text) -> dict[str, Any]:
    """The props that paint an element's ground in a colour from the data, as a plain style attribute."""
    return painted(background=colour)


def _describe(id: str, hint: Text, error: Text) -> dict[str, Any]:
    if error is None:
        return {"aria_describedby": f"{id}-note"} if hint is not None else {}
    wrong = error != ""
    described: Any = f"{id}-note" if hint is not None else when(wrong, f"{id}-note", "")
    return {"aria_invalid": when(wrong, "true", "false"), "aria_describedby": described}
