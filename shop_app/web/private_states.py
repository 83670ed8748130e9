"""Private States: those with handlers for customers or staff, emptied when the tab's principal changes.

Those that every shopper has, a guest too, are emptied when the tab leaves an account: what a guest has typed
stays at the sign-in, and nothing of a customer stays after it.
"""

from __future__ import annotations

from weakref import WeakKeyDictionary

from reflex.state import BaseState
from reflex_base.registry import RegistrationContext

from shop_app.core.access.policy import policy_of
from shop_app.core.access.principal import NOBODY, Principal

_filled_for: WeakKeyDictionary[BaseState, Principal] = WeakKeyDictionary()
"""The root of a tab's States -> the principal for whom its private States were filled."""

_of_shoppers: set[type[BaseState]] = set()


def empty_with_account(*states: type[BaseState]) -> None:
    """Say which States every shopper has; called by the composition root."""
    _of_shoppers.update(states)


def private_states() -> set[type[BaseState]]:
    """Every State that has a handler for customers or staff."""
    handlers = RegistrationContext.get().event_handlers.values()
    return {
        registered.states[0]
        for registered in handlers
        if (policy := policy_of(registered.handler.fn)) and policy.kind in ("customer", "staff")
    }


async def empty_unless_filled_for(root: BaseState, principal: Principal) -> bool:
    """Empty a tab's private States where they were filled for another principal; returns whether they were.

    A member of staff who signed out, or whose role changed, is another principal too.
    """
    before = _filled_for.get(root, NOBODY)
    if before == principal:
        return False
    leaves = before.kind == "customer" and (before.kind, before.id) != (principal.kind, principal.id)
    for cls in private_states() | (_of_shoppers if leaves else set()):
        (await root.get_state(cls)).reset()
    _filled_for[root] = principal
    return True
