"""The plain pages: a headline, a lead, and parts with text."""

from __future__ import annotations

from collections.abc import Callable

import reflex as rx

from shop_app.components import layout, styles
from shop_app.components.plain_texts import PAGES, Part


def page(name: str) -> Callable[[], rx.Component]:
    """The component of one of the plain pages, as a page list takes it."""
    text = PAGES[name]

    def draw() -> rx.Component:
        return layout.page(
            rx.el.div(
                rx.el.h1(text.title, class_name=styles.D2),
                rx.el.p(text.lead, class_name=styles.PROSE_LEAD),
                rx.el.div(*map(_part, text.parts), class_name=styles.PROSE),
                class_name=styles.PROSE_PAGE,
            )
        )

    draw.__name__ = f"{name}_page"
    return draw


def _part(part: Part) -> rx.Component:
    rows = (rx.fragment(rx.el.dt(name), rx.el.dd(value)) for name, value in part.rows)
    return rx.el.section(
        rx.el.h2(part.title),
        *map(rx.el.p, part.texts),
        rx.el.dl(*rows, class_name=styles.SPEC) if part.rows else rx.fragment(),
        *(rx.el.p(rx.el.a(label, href=href)) for label, href in part.links),
    )
