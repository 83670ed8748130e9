"""Where a shop process dies: named lines of checkout and refund, reached from outside of the shop's code."""

from __future__ import annotations

import os
import signal
from collections.abc import Awaitable, Callable
from typing import Any

from shop_app import db
from shop_app.providers.payments.stripe import StripeProvider

POINTS: dict[str, tuple[str, str]] = {
    "before the order is written": ("before", "place"),
    "inside the order's transaction": ("inside", "place"),
    "after the order is written": ("after", "place"),
    "after the attempt to pay is written": ("after", "start_attempt"),
    "after the company opened the payment": ("answered", "start"),
    "inside noting the open payment": ("inside", "opened"),
    "after noting the open payment": ("after", "opened"),
    "before a webhook is kept": ("before", "receive"),
    "after a webhook is kept": ("after", "receive"),
    "after looking, before settling": ("answered", "look"),
    "inside settling": ("inside", "apply"),
    "after settling": ("after", "apply"),
    "inside writing a refund": ("inside", "request"),
    "after a refund is written": ("after", "request"),
    "after the company gave money back": ("answered", "refund"),
    "inside noting the refund": ("inside", "answered"),
    "inside sending a parcel": ("inside", "ship"),
    "after sending a parcel": ("after", "ship"),
    "inside cancelling": ("inside", "cancel"),
    "after cancelling": ("after", "cancel"),
    "inside holding the cart's units": ("inside", "enter"),
    "in the sweep, after the company ended a payment": ("answered", "expire"),
    "in the sweep, inside the end of an order": ("inside", "give_up"),
}
"""Name -> moment and verb: of the database's verbs before, inside (all done, not committed) and after
their transaction; of the company's verbs once they were answered."""
OUTSIDE = ("start", "look", "expire", "refund")

Reached = Callable[[str, str], None]


def die() -> None:
    """As if the machine had been taken away: no handler, no flush, no goodbye."""
    os.kill(os.getpid(), signal.SIGKILL)


def arm(name: str, times: int, tell: Callable[[], object]) -> None:
    """Have this process killed when it reaches that point for the n-th time; `tell` is its last word."""
    wanted, left = POINTS[name], times

    def reached(moment: str, verb: str) -> None:
        nonlocal left
        if (moment, verb) == wanted:
            left -= 1
            if left == 0:
                tell()
                die()

    _watch_the_database(reached)
    _watch_the_company(reached)


def _watch_the_database(reached: Reached) -> None:
    def watched(write: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
        async def call(verb: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
            name = verb.__name__

            def inside(*given: Any, **named: Any) -> Any:
                result = verb(*given, **named)
                reached("inside", name)
                return result

            reached("before", name)
            result = await write(inside, *args, **kwargs)
            reached("after", name)
            return result

        return call

    for name in ("in_transaction", "in_durable_transaction"):
        setattr(db, name, watched(getattr(db, name)))


def _watch_the_company(reached: Reached) -> None:
    def watched(verb: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any, **kwargs: Any) -> Any:
            result = verb(*args, **kwargs)
            reached("answered", verb.__name__)
            return result

        return call

    for name in OUTSIDE:
        setattr(StripeProvider, name, watched(getattr(StripeProvider, name)))
