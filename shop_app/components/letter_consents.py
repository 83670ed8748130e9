"""The boxes of checkout about letters that aren't about the order, and what is said where there is none."""

from __future__ import annotations

from shop_app.core.i18n import _
from shop_app.services.consents import PURPOSES
from shop_app.state.letter_consents import LetterConsents

from .fields import checkbox
from .kit import Component, el, of, when


def letter_consents(class_name: str = "") -> Component:
    view = of(LetterConsents).view
    return el.div(
        when(
            view.asks_reminders,
            checkbox(
                PURPOSES["reminders"],
                checked=view.reminders_on,
                on_change=LetterConsents.remind,
                data_testid="agree-reminders",
            ),
        ),
        when(
            view.asks_reviews,
            checkbox(PURPOSES["reviews"], name="agree_reviews", value="1", data_testid="agree-reviews"),
        ),
        when(
            view.tells_of_reviews,
            el.p(
                _(
                    "Some days after the delivery we ask you once, by e-mail, how you like what you bought. "
                    "You can object at any time."
                ),
                class_name="text-sm text-ink-3",
            ),
        ),
        class_name=f"grid gap-3 empty:hidden {class_name}",
    )
