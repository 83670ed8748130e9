"""The plain pages: a headline, a lead, and parts with text."""

from __future__ import annotations

from functools import partial

from shop_app.components import layout, styles, texts
from shop_app.components.kit import Component, el, fragment
from shop_app.components.plain_texts import PAGES as TEXTS
from shop_app.components.plain_texts import Part, PlainPage
from shop_app.core.pages import Head, only
from shop_app.page import Page


def page(text: PlainPage) -> Component:
    return layout.page(
        el.div(
            el.h1(text.title, class_name=styles.D2),
            el.p(text.lead, class_name=styles.PROSE_LEAD),
            el.div(*map(_part, text.parts), class_name=styles.PROSE),
            class_name=styles.PROSE_PAGE,
        )
    )


def _part(part: Part) -> Component:
    rows = (fragment(el.dt(name), el.dd(value)) for name, value in part.rows)
    return el.section(
        el.h2(part.title),
        *map(el.p, part.texts),
        el.dl(*rows, class_name=styles.SPEC) if part.rows else None,
        *(el.p(el.a(label, href=href)) for label, href in part.links),
    )


PAGES = tuple(
    Page(
        f"/{name}",
        partial(page, text),
        title=texts.titled(text.title),
        head=Head(description=text.lead),
        shared=only(),
        sitemap=True,
    )
    for name, text in TEXTS.items()
)
