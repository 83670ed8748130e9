"""Ordering again: the button, and beside the order what became of each of its lines."""

from __future__ import annotations

from typing import Any

from shop_app.core.i18n import _
from shop_app.state.again import Again
from shop_app.state.base import Notice

from . import styles
from .badges import badge
from .controls import Size, button, link_button, text_link
from .kit import Component, Text, each, el, fragment, match, of, text, when
from .parts import busy_button, focus_box


def again_button(number: Text, event: Any, *, size: Size = "s") -> Component:
    return busy_button(
        _("Order again"),
        el.span(" ", _("what was in order "), number, class_name=styles.SR),
        answer=f"{of(Again).answers}-{of(Notice).number}",
        busy_label=_("Looking"),
        kind="outline",
        size=size,
        on_click=event,
        data_testid="order-again",
    )


def again_note(number: Text) -> Component:
    """Takes the focus when it comes; nothing beside other orders than the one that was ordered again."""
    return focus_box(
        when(of(Again).view.number == number, _note),
        news=text(of(Again).answers),
        shown=of(Again).view.number == number,
        class_name="rounded-r2 empty:hidden print:hidden",
    )


def _note() -> Component:
    view = of(Again).view
    return el.div(
        el.p(view.headline, class_name="font-medium"),
        el.ul(each(view.lines, _line), class_name="mt-3 grid gap-3"),
        el.div(
            when(view.taken > 0, link_button(_("Go to cart"), href="/cart", size="s")),
            button(_("Close"), kind="plain", size="s", on_click=Again.dismiss),
            class_name="mt-4 flex flex-wrap gap-2",
        ),
        class_name="mt-4 max-w-[640px] rounded-r2 border border-line bg-surface p-5 text-md",
        role="status",
        data_testid="again-note",
    )


def _line(line: Any) -> Component:
    mark = match(
        line.outcome,
        {
            "taken": match(
                line.price,
                {
                    "dearer": badge(_("Dearer"), "amber", "up"),
                    "cheaper": badge(_("Cheaper"), "green", "down"),
                },
                badge(_("In the cart"), "green", "check"),
            ),
            "fewer": badge(_("Not all"), "amber", "warning"),
            "sold_out": badge(_("Sold out"), "amber", "clock"),
            "options": badge(_("Other options"), "amber", "info"),
            "full": badge(_("No room"), "amber", "warning"),
        },
        badge(_("Gone"), "calm", "cancelled"),
    )
    return el.li(
        el.div(el.span(line.title, class_name="font-medium"), mark, class_name=styles.ENTRY_HEAD),
        el.p(
            line.text,
            when(line.href, fragment(" ", text_link(_("Look at it"), href=line.href))),
            class_name="text-ink-2",
        ),
        data_testid="again-line",
        data_outcome=line.outcome,
        data_price=line.price,
    )
