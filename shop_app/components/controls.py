"""What is pressed: buttons, links that look like buttons, the quantity stepper."""

from __future__ import annotations

from typing import Any, Literal

import reflex as rx
from reflex_components_core.el.elements.base import BaseHTML

from shop_app.words import _

from . import look
from .icons import icon

Kind = Literal["primary", "outline", "plain", "danger"]
Size = Literal["xs", "s", "m", "l"]
Text = str | rx.Var[str]

KINDS = {"primary": look.PRIMARY, "outline": look.OUTLINE, "plain": look.PLAIN, "danger": look.DANGER}
HEIGHTS = {"xs": look.SIZE_XS, "s": look.SIZE_S, "m": look.SIZE_M, "l": look.SIZE_L}


def classes(kind: Kind, size: Size, more: str = "") -> str:
    """The classes of a button, for elements that are none."""
    return f"{look.BTN} {KINDS[kind]} {HEIGHTS[size]} {more}".strip()


def button(
    *children: Any,
    kind: Kind = "primary",
    size: Size = "m",
    busy: rx.Var[bool] | bool | None = None,
    busy_label: str = "",
    class_name: str = "",
    **props: Any,
) -> rx.Component:
    """A button. While `busy` it can't be pressed again, turns its wheel, and says `busy_label`."""
    props.setdefault("type", "button")
    inner: tuple[Any, ...] = children
    if busy is not None:
        waiting = rx.el.span(
            rx.el.span(class_name=look.SPIN, aria_hidden="true"), busy_label, class_name="contents"
        )
        inner = (rx.cond(busy, waiting, rx.el.span(*children, class_name="contents")),)
        props["aria_busy"] = rx.cond(busy, "true", "false")
        props["disabled"] = busy | props["disabled"] if "disabled" in props else busy
    return rx.el.button(*inner, class_name=classes(kind, size, class_name), **props)


def link_button(
    *children: Any, href: Text, kind: Kind = "primary", size: Size = "m", class_name: str = "", **props: Any
) -> rx.Component:
    """A link that looks like a button."""
    return rx.el.a(*children, href=href, class_name=classes(kind, size, class_name), **props)


def icon_button(
    name: str, label: Text, *, small: bool = False, class_name: str = "", **props: Any
) -> rx.Component:
    """A button with an icon alone; `label` is its name."""
    props.setdefault("type", "button")
    look_of = look.ICON_BUTTON_S if small else look.ICON_BUTTON
    return rx.el.button(
        icon(name, look.ICON_S if small else look.ICON),
        aria_label=label,
        class_name=f"{look_of} {class_name}".strip(),
        **props,
    )


class _HereLink(BaseHTML):
    """A bare anchor: rx.el.a would make another address of "#part", and go there."""

    tag = "a"
    href: rx.Var[str]


def here_link(*children: Any, href: str, **props: Any) -> rx.Component:
    """A link to a part of this page, "#part"."""
    return _HereLink.create(*children, href=href, **props)


def text_link(*children: Any, href: Text, class_name: str = "", **props: Any) -> rx.Component:
    return rx.el.a(*children, href=href, class_name=f"{look.LINK} {class_name}".strip(), **props)


def stepper(
    value: rx.Var[int] | int,
    *,
    on_less: Any,
    on_more: Any,
    on_set: Any,
    most: rx.Var[int] | int,
    least: int = 1,
    label: Text = "",
    small: bool = False,
    **input_props: Any,
) -> rx.Component:
    """A quantity: one fewer, the number, one more. `on_set` gets what was typed, on leaving the field."""
    size = look.ICON_S
    number = rx.Var.create(value)
    name = label if isinstance(label, rx.Var) or label else _("Quantity")
    return rx.el.div(
        rx.el.button(
            icon("minus", size), type="button", aria_label=_("One fewer"), on_click=on_less,
            disabled=number <= least, class_name=look.STEP,
        ),
        rx.el.input(
            default_value=number.to(str), key=number.to(str), on_blur=on_set, aria_label=name,
            input_mode="numeric", auto_complete="off", max_length=3, class_name=look.STEP_INPUT,
            **input_props,
        ),
        rx.el.button(
            icon("plus", size), type="button", aria_label=_("One more"), on_click=on_more,
            disabled=number >= most, class_name=look.STEP,
        ),
        class_name=look.STEPPER_S if small else look.STEPPER,
        role="group",
        aria_label=name,
    )  # fmt: skip
