"""The time for which the things in the cart are kept: counted down by the browser, kept longer by a click."""

from __future__ import annotations

import reflex as rx

from shop_app.core.i18n import _
from shop_app.state.checkout import Checkout

from . import styles
from .badges import note
from .controls import button
from .icons import icon


def hold_timer(otherwise: rx.Component) -> rx.Component:
    """For the head of the checkout; `otherwise` stands there while there is nothing to keep."""
    shown = rx.match(
        Checkout.hold.state,
        ("held", _counting()),
        (
            "over",
            rx.el.span(
                icon("clock", styles.ICON_S),
                _("Not held any more"),
                class_name=styles.HOLD,
                data_testid="hold-timer",
            ),
        ),
        otherwise,
    )
    return rx.fragment(shown)


def _counting() -> rx.Component:
    return rx.el.div(
        rx.el.span(
            icon("clock", styles.ICON_S),
            _("Held for you"),
            # The script writes the time here; screen readers get it below, twice only.
            rx.el.b("–:––", class_name=styles.HOLD_CLOCK, data_hold_clock="true"),
            role="timer",
            class_name=styles.HOLD,
            data_testid="hold-timer",
            data_hold_ends=Checkout.hold.ends_at,
            data_hold_as_of=Checkout.hold.as_of,
        ),
        rx.el.span(
            class_name=styles.SR,
            aria_live="polite",
            data_hold_says="true",
            data_five=_("Your things are held for five more minutes."),
            data_one=_("Your things are held for one more minute."),
        ),
        rx.el.button(
            type="button",
            hidden=True,
            tab_index=-1,
            aria_hidden="true",
            data_hold_over="true",
            on_click=Checkout.end_hold,
        ),
        rx.cond(
            Checkout.hold.can_stay,
            rx.el.button(
                _("Keep longer"),
                type="button",
                class_name=styles.HOLD_LONGER,
                on_click=Checkout.extend_hold,
                data_testid="hold-longer",
            ),
            rx.fragment(),
        ),
        class_name=styles.HOLD_ROW,
    )


def hold_news() -> rx.Component:
    """What there is to say about the hold beside its time: that it can't be longer, or that it is over."""
    most = note(
        rx.el.p(
            _(
                "This is the longest we can hold your things. After that your cart stays as it is,"
                " and others can buy them again."
            )
        ),
        kind="info",
        data_testid="hold-most",
    )
    over = note(
        rx.el.p(
            _(
                "We have stopped holding your things, so others can buy them now. Your cart and what you"
                " typed are still here."
            )
        ),
        rx.el.div(
            button(
                _("Hold them again"),
                kind="outline",
                size="s",
                on_click=Checkout.renew_hold,
                data_testid="hold-again",
            ),
            class_name="mt-3",
        ),
        kind="wait",
        data_testid="hold-over",
    )
    return rx.el.div(
        rx.cond(
            Checkout.hold.at_most,
            rx.el.div(most, class_name="mb-8"),
            rx.cond(
                (Checkout.hold.state == "over") & (Checkout.hold.short.length() == 0),
                rx.el.div(over, class_name="mb-8"),
                rx.fragment(),
            ),
        ),
        role="status",
    )
