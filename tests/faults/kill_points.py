"""Where a shop process dies: named lines of workflows and services, reached from outside of their code."""

from __future__ import annotations

import os
import signal
from collections.abc import Awaitable, Callable, Collection
from typing import Any

from shop_app.core import db
from shop_app.providers.payments.base import Notice
from shop_app.providers.payments.stripe import StripeProvider
from shop_app.services.credit import commands as credit_commands
from shop_app.services.credit import payments as credit_payments
from shop_app.services.payments import disputes
from shop_app.services.returns import status as return_status

POINTS: dict[str, tuple[str, str]] = {
    "before the order is written": ("before", "place"),
    "inside the order's transaction": ("inside", "place"),
    "after the order is written": ("after", "place"),
    "after the attempt to pay is written": ("after", "start_attempt"),
    "after the company opened the payment": ("answered", "start"),
    "inside noting the open payment": ("inside", "opened"),
    "after noting the open payment": ("after", "opened"),
    "before a webhook is kept": ("before", "payments.inbox.receive"),
    "after a webhook is kept": ("after", "payments.inbox.receive"),
    "after looking, before settling": ("answered", "retrieve"),
    "inside settling": ("inside", "apply"),
    "after settling": ("after", "apply"),
    "inside writing a refund": ("inside", "payments.refunds.request"),
    "after a refund is written": ("after", "payments.refunds.request"),
    "after the company gave money back": ("answered", "refund"),
    "inside noting the refund": ("inside", "record_answer"),
    "inside sending a parcel": ("inside", "ship"),
    "after sending a parcel": ("after", "ship"),
    "inside cancelling": ("inside", "fulfilment.cancelling.cancel"),
    "after cancelling": ("after", "fulfilment.cancelling.cancel"),
    "inside holding the cart's units": ("inside", "enter"),
    "in the sweep, after the company ended a payment": ("answered", "expire"),
    "in the sweep, inside the end of an order": ("inside", "end_unpaid"),
    "after the company captured, before it is noted": ("answered", "capture"),
    "after the company let go, before it is noted": ("answered", "void"),
    "after credit was set aside, before the order's commit": ("within", "credit.payments.take"),
    "after credit was captured, before the settling's commit": ("within", "credit.payments.capture"),
    "after an entry of credit, before its commit": ("within", "credit.commands.add_entry"),
    "after a dispute's webhook is kept, before it is applied": ("after", "a dispute's webhook"),
    "after looking at a dispute, before settling": ("answered", "look at disputes"),
    "after a dispute is noted, before its commit": ("within", "payments.disputes.take"),
    "inside asking for a return": ("inside", "returns.commands.request"),
    "inside a withdrawal": ("inside", "withdraw"),
    "inside receiving a return": ("inside", "returns.admin.receive"),
    "after a return is received": ("after", "returns.admin.receive"),
    "after a return counts as refunded, before its refund's commit": ("within", "returns.status.refunded"),
}
"""Name -> moment and command: of the database's commands before, inside (all done, not committed) and after
their transaction; of a step that is only a part of one, within it; of the provider's once they were
answered. A command goes by its name, by that with its subject's and module's where several have it, or by
what
it is told."""
OUTSIDE = ("start", "retrieve", "expire", "refund", "capture", "void")
STEPS = (
    (credit_payments, "take"),
    (credit_payments, "capture"),
    (credit_commands, "give"),
    (disputes, "take"),
    (return_status, "refunded"),
)
"""What others call through its module, in the middle of a transaction of theirs."""

Reached = Callable[[str, Collection[str]], None]


def die() -> None:
    """As if the machine had been taken away: no handler, no flush, no goodbye."""
    os.kill(os.getpid(), signal.SIGKILL)


def arm(name: str, times: int, tell: Callable[[], object]) -> None:
    """Have this process killed when it reaches that point for the n-th time; `record_event` is its last
    word."""
    (function_name, command), left = POINTS[name], times

    def reached(moment: str, commands: Collection[str]) -> None:
        nonlocal left
        if moment == function_name and command in commands:
            left -= 1
            if left == 0:
                tell()
                die()

    _watch_the_database(reached)
    _watch_the_steps(reached)
    _watch_the_provider(reached)


def _names_of(command: Callable[..., Any], args: tuple[Any, ...]) -> list[str]:
    """What a command is called in `POINTS`."""
    names = [command.__name__, f"{command.__module__.removeprefix('shop_app.services.')}.{command.__name__}"]
    if any(isinstance(given, Notice) and "dispute" in given.kind for given in args):
        names.append("a dispute's webhook")
    return names


def _watch_the_database(reached: Reached) -> None:
    def watched(write: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
        async def call(command: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
            names = _names_of(command, args)

            def inside(*given: Any, **named: Any) -> Any:
                result = command(*given, **named)
                reached("inside", names)
                return result

            reached("before", names)
            result = await write(inside, *args, **kwargs)
            reached("after", names)
            return result

        return call

    db.write = watched(db.write)  # pyright: ignore[reportAttributeAccessIssue]


def _watch_the_steps(reached: Reached) -> None:
    def watched(step: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any, **kwargs: Any) -> Any:
            result = step(*args, **kwargs)
            reached("within", _names_of(step, args))
            return result

        return call

    for module, name in STEPS:
        setattr(module, name, watched(getattr(module, name)))


def _watch_the_provider(reached: Reached) -> None:
    def watched(command: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any, **kwargs: Any) -> Any:
            result = command(*args, **kwargs)
            reached("answered", [command.__name__, *(["look at disputes"] if kwargs.get("disputes") else [])])
            return result

        return call

    for name in OUTSIDE:
        setattr(StripeProvider, name, watched(getattr(StripeProvider, name)))
