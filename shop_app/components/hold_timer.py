"""The time for which the things in the cart are kept: counted down by the browser, kept longer by a click."""

from __future__ import annotations

from shop_app.core.i18n import _
from shop_app.state.checkout import Checkout

from . import styles
from .badges import note
from .controls import button
from .icons import icon
from .kit import Component, both, el, fragment, length, match, of, when


def hold_timer(otherwise: Component) -> Component:
    """For the head of the checkout; `otherwise` stands there while there is nothing to keep."""
    shown = match(
        of(Checkout).hold.state,
        {
            "held": _counting(),
            "over": el.span(
                icon("clock", styles.ICON_S),
                _("Not held any more"),
                class_name=styles.HOLD,
                data_testid="hold-timer",
            ),
        },
        otherwise,
    )
    return fragment(shown)


def _counting() -> Component:
    return el.div(
        el.span(
            icon("clock", styles.ICON_S),
            _("Held for you"),
            # The script writes the time here; screen readers get it below, twice only.
            el.b("–:––", class_name=styles.HOLD_CLOCK, data_hold_clock="true"),
            role="timer",
            class_name=styles.HOLD,
            data_testid="hold-timer",
            data_hold_ends=of(Checkout).hold.ends_at,
            data_hold_as_of=of(Checkout).hold.as_of,
        ),
        el.span(
            class_name=styles.SR,
            aria_live="polite",
            data_hold_says="true",
            data_five=_("Your things are held for five more minutes."),
            data_one=_("Your things are held for one more minute."),
        ),
        el.button(
            type="button",
            hidden=True,
            tab_index=-1,
            aria_hidden="true",
            data_hold_over="true",
            on_click=Checkout.end_hold,
        ),
        when(
            of(Checkout).hold.can_stay,
            el.button(
                _("Keep longer"),
                type="button",
                class_name=styles.HOLD_LONGER,
                on_click=Checkout.extend_hold,
                data_testid="hold-longer",
            ),
        ),
        class_name=styles.HOLD_ROW,
    )


def hold_news() -> Component:
    """What there is to say about the hold beside its time: that it can't be longer, or that it is over."""
    most = note(
        el.p(
            _(
                "This is the longest we can hold your things. After that your cart stays as it is,"
                " and others can buy them again."
            )
        ),
        kind="info",
        data_testid="hold-most",
    )
    over = note(
        el.p(
            _(
                "We have stopped holding your things, so others can buy them now. Your cart and what you"
                " typed are still here."
            )
        ),
        el.div(
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
    return el.div(
        when(
            of(Checkout).hold.at_most,
            el.div(most, class_name="mb-8"),
            when(
                both(of(Checkout).hold.state == "over", length(of(Checkout).hold.short) == 0),
                el.div(over, class_name="mb-8"),
            ),
        ),
        role="status",
    )
