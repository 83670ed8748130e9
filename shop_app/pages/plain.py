"""The legal pages: a headline, a lead, and the sections of the text."""

from __future__ import annotations

from shop_app.components import layout, styles, texts
from shop_app.components.kit import Component, Text, el, raw_html
from shop_app.core.pages import Head
from shop_app.page import Page
from shop_app.services.shop import legal
from shop_app.state.legal import Legal, LegalShown, shared, view_of


def page(this: type[Legal]) -> Component:
    return layout.page(
        el.div(
            el.h1(this.view.title, class_name=styles.D2),
            el.p(this.view.lead, class_name=styles.PROSE_LEAD),
            raw_html(this.view.html, class_name=styles.PROSE),
            class_name=styles.PROSE_PAGE,
        ),
        ready=this.loaded,
    )


def title(this: type[Legal]) -> Text:
    return texts.titled(this.view.title)


def head(shown: LegalShown) -> Head:
    return Head(description=shown.view.lead)


PAGES = tuple(
    Page(
        f"/{name}",
        page,
        title=title,
        view=view_of(name),
        shared=shared,
        state=Legal,
        load=(Legal.load,),
        head=head,
        sitemap=True,
    )
    for name in legal.PAGES
    if name != "withdrawal"
)
"""The withdrawal's text stands below its form."""
