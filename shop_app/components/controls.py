"""What is pressed: buttons, and links that look like buttons."""

from __future__ import annotations

from typing import Any, Literal

from reflex_components_core.el.elements.base import BaseHTML

from . import styles
from .icons import icon
from .kit import Component, Text, either, el, is_html, when

Kind = Literal["primary", "outline", "plain", "danger"]
Size = Literal["xs", "s", "m", "l"]

KINDS = {"primary": styles.PRIMARY, "outline": styles.OUTLINE, "plain": styles.PLAIN, "danger": styles.DANGER}
HEIGHTS = {"xs": styles.SIZE_XS, "s": styles.SIZE_S, "m": styles.SIZE_M, "l": styles.SIZE_L}


def classes(kind: Kind, size: Size, more: str = "") -> str:
    """The classes of a button, for elements that are none."""
    return f"{styles.BTN} {KINDS[kind]} {HEIGHTS[size]} {more}".strip()


def button(
    *children: Any,
    kind: Kind = "primary",
    size: Size = "m",
    busy: Any | bool | None = None,
    busy_label: str = "",
    class_name: str = "",
    **props: Any,
) -> Component:
    """A button. While `busy` it can't be pressed again, turns its wheel, and says `busy_label`."""
    props.setdefault("type", "button")
    inner: tuple[Any, ...] = children
    if busy is not None:
        waiting = el.span(
            el.span(class_name=styles.SPIN, aria_hidden="true"), busy_label, class_name="contents"
        )
        inner = (when(busy, waiting, el.span(*children, class_name="contents")),)
        props["aria_busy"] = when(busy, "true", "false")
        props["disabled"] = either(busy, props["disabled"]) if "disabled" in props else busy
    return el.button(*inner, class_name=classes(kind, size, class_name), **props)


def link_button(
    *children: Any, href: Text, kind: Kind = "primary", size: Size = "m", class_name: str = "", **props: Any
) -> Component:
    """A link that looks like a button."""
    return el.a(*children, href=href, class_name=classes(kind, size, class_name), **props)


def icon_button(
    name: str, label: Text, *, small: bool = False, class_name: str = "", **props: Any
) -> Component:
    """A button with an icon alone; `label` is its name."""
    props.setdefault("type", "button")
    look_of = styles.ICON_BUTTON_S if small else styles.ICON_BUTTON
    return el.button(
        icon(name, styles.ICON_S if small else styles.ICON),
        aria_label=label,
        class_name=f"{look_of} {class_name}".strip(),
        **props,
    )


class _HereLink(BaseHTML):
    """A bare anchor: el.a would make another address of "#part", and go there."""

    tag = "a"
    href: Any


def here_link(*children: Any, href: str, **props: Any) -> Component:
    """A link that the page itself doesn't follow: to a part of it, "#part", or to a file."""
    if is_html():
        return el.a(*children, href=href, **props)
    return _HereLink.create(*children, href=href, **props)


def text_link(*children: Any, href: Text, class_name: str = "", **props: Any) -> Component:
    return el.a(*children, href=href, class_name=f"{styles.LINK} {class_name}".strip(), **props)
