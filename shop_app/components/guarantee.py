"""The notice of the EU's legal guarantee: the official file where it is in place, else a text for it."""

from __future__ import annotations

from shop_app.core.i18n import _
from shop_app.state.shell import Shell

from . import styles
from .icons import icon
from .kit import Component, el, match, of


def guarantee_notice(class_name: str = "mt-6") -> Component:
    """Where the shop shows it: on a product's page, in the cart and in the last step of checkout."""
    shop = of(Shell).shop
    return match(shop.guarantee, {"text": lambda: _text(class_name), "picture": lambda: _picture(class_name)})


def _picture(class_name: str) -> Component:
    # Never drawn anew, cut or coloured: it has to look as the EU has made it.
    return el.img(
        src=of(Shell).shop.guarantee_picture,
        alt=_("Legal guarantee: goods have a legal guarantee of at least two years in the EU."),
        class_name=f"w-full max-w-[420px] {class_name}",
        data_testid="guarantee-notice",
    )


def _text(class_name: str) -> Component:
    return el.aside(
        icon("done", f"{styles.ICON} mt-px text-ink-2"),
        el.div(
            el.p(_("Legal guarantee: at least two years")),
            el.p(
                _(
                    "Where something is faulty, you can have it repaired or replaced at no cost, or pay "
                    "less, or get your money back. This text stands in for the EU's official notice."
                ),
                class_name="text-sm text-ink-3",
            ),
        ),
        aria_label=_("Legal guarantee"),
        class_name=f"flex gap-3.5 rounded-r2 border border-line px-4 py-3 text-md {class_name}",
        data_testid="guarantee-notice",
    )
