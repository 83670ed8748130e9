"""The page that is served where another one couldn't be made, with a way on and a reference number."""

from __future__ import annotations

from shop_app.core.i18n import _

from . import layout, styles, texts
from .controls import link_button
from .kit import Component, el


def broken_page(reference: str) -> Component:
    """As HTML alone: the reactive page takes its place as soon as it has loaded."""
    return layout.page(
        el.div(
            el.div(
                el.p(texts.BROKEN_EYEBROW, class_name=styles.EYEBROW),
                el.h1(texts.BROKEN_TITLE, class_name=styles.D2),
                el.p(texts.BROKEN_TEXT, class_name="text-ink-2"),
                el.p(
                    _("If it happens again, write to us with this number: "),
                    el.span(reference, class_name="tabular-nums"),
                    class_name="text-sm text-ink-3",
                ),
                el.div(
                    link_button(_("Try again"), href=""),
                    link_button(_("Write to us"), href="/contact", kind="outline"),
                    class_name=styles.EMPTY_ACTIONS,
                ),
                class_name=styles.EMPTY,
            ),
            class_name=styles.PROSE_PAGE,
        )
    )
