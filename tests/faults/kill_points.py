"""Where a shop process dies: named moments of commands and of calls to the provider."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Awaitable, Callable
from typing import Any

from shop_app.core import db
from shop_app.providers.payments.base import Notice
from shop_app.providers.payments.stripe import StripeProvider
from shop_app.services.cart import holds as cart_holds
from shop_app.services.credit import commands as credit_commands
from shop_app.services.credit import payments as credit_payments
from shop_app.services.fulfilment import cancelling
from shop_app.services.fulfilment import commands as fulfilment_commands
from shop_app.services.orders import placing
from shop_app.services.payments import commands as payment_commands
from shop_app.services.payments import disputes, refunds
from shop_app.services.payments import inbox as payment_inbox
from shop_app.services.payments import ledger as payment_ledger
from shop_app.services.returns import admin as return_admin
from shop_app.services.returns import commands as return_commands
from shop_app.services.returns import status as return_status

Function = Callable[..., Any]
POINTS: dict[str, tuple[str, Function]] = {
    "before the order is written": ("before", placing.place),
    "inside the order's transaction": ("inside", placing.place),
    "after the order is written": ("after", placing.place),
    "after the attempt to pay is written": ("after", payment_commands.start_attempt),
    "after the provider opened the payment": ("answered", StripeProvider.start),
    "inside noting the open payment": ("inside", payment_commands.opened),
    "after noting the open payment": ("after", payment_commands.opened),
    "before a webhook is stored": ("before", payment_inbox.receive),
    "after a webhook is stored": ("after", payment_inbox.receive),
    "after retrieving a payment, before applying it": ("answered", StripeProvider.retrieve),
    "inside applying a snapshot": ("inside", payment_ledger.apply),
    "after applying a snapshot": ("after", payment_ledger.apply),
    "inside writing a refund": ("inside", refunds.request),
    "after a refund is written": ("after", refunds.request),
    "after the provider refunded": ("answered", StripeProvider.refund),
    "inside noting the refund": ("inside", refunds.record_answer),
    "inside shipping": ("inside", fulfilment_commands.ship),
    "after shipping": ("after", fulfilment_commands.ship),
    "inside cancelling": ("inside", cancelling.cancel),
    "after cancelling": ("after", cancelling.cancel),
    "inside holding the cart's units": ("inside", cart_holds.enter),
    "in the sweep, after the provider ended a payment": ("answered", StripeProvider.expire),
    "in the sweep, inside the end of an order": ("inside", payment_commands.end_unpaid),
    "after the provider captured, before it is noted": ("answered", StripeProvider.capture),
    "after the provider voided, before it is noted": ("answered", StripeProvider.void),
    "after credit was set aside, before the order's commit": ("within", credit_payments.take),
    "after credit was captured, before the payment's commit": ("within", credit_payments.capture),
    "after an entry of credit, before its commit": ("within", credit_commands.add_entry),
    "after a dispute's webhook is stored, before it is applied": ("after", payment_inbox.receive),
    "after retrieving a dispute, before applying it": ("answered", StripeProvider.retrieve),
    "after a dispute is noted, before its commit": ("within", disputes.take),
    "inside requesting a return": ("inside", return_commands.request),
    "inside a withdrawal": ("inside", return_commands.withdraw),
    "inside receiving a return": ("inside", return_admin.receive),
    "after a return is received": ("after", return_admin.receive),
    "after a return counts as refunded, before its refund's commit": ("within", return_status.refunded),
}
"""Name -> moment and function. A command of the database: before, inside (all done, not committed) and after
its transaction. A function that others call in a transaction of theirs: within it. A call to the provider:
once it is answered. Of a point that names a dispute, calls about anything else don't count."""

Reached = Callable[[str, Function, tuple[Any, ...], dict[str, Any]], None]
"""(moment, function, args, kwargs)"""


def die() -> None:
    """As if the machine had lost its power: no handler and no flush."""
    os.kill(os.getpid(), signal.SIGKILL)


def arm(name: str, times: int, report: Callable[[], object]) -> None:
    """Have this process killed when it reaches that point for the n-th time, right after `report`."""
    (expected_moment, expected_function), left = POINTS[name], times

    def reached(moment: str, function: Function, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        nonlocal left
        if (moment, function) != (expected_moment, expected_function):
            return
        if "dispute's webhook" in name and not _is_of_dispute(args):
            return
        if "retrieving a dispute" in name and not kwargs.get("disputes"):
            return
        left -= 1
        if left == 0:
            report()
            die()

    _watch_the_database(reached)
    for moment, function in set(POINTS.values()):
        if moment in ("within", "answered"):
            owner = StripeProvider if moment == "answered" else sys.modules[function.__module__]
            setattr(owner, function.__name__, _watched(moment, function, reached))


def _is_of_dispute(args: tuple[Any, ...]) -> bool:
    return any(isinstance(given, Notice) and "dispute" in given.kind for given in args)


def _watch_the_database(reached: Reached) -> None:
    write: Callable[..., Awaitable[Any]] = db.write

    async def watched(command: Function, *args: Any, **kwargs: Any) -> Any:
        def inside(*given: Any, **named: Any) -> Any:
            result = command(*given, **named)
            reached("inside", command, args, kwargs)
            return result

        reached("before", command, args, kwargs)
        result = await write(inside, *args, **kwargs)
        reached("after", command, args, kwargs)
        return result

    db.write = watched  # pyright: ignore[reportAttributeAccessIssue]


def _watched(moment: str, function: Function, reached: Reached) -> Function:
    def call(*args: Any, **kwargs: Any) -> Any:
        result = function(*args, **kwargs)
        reached(moment, function, args, kwargs)
        return result

    return call
