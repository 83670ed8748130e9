"""Private States: those of customers, staff and shoppers, emptied when the tab's principal changes."""

from __future__ import annotations

from weakref import WeakKeyDictionary

from reflex.state import BaseState
from reflex_base.registry import RegistrationContext

from shop_app.core.access.policy import PERSONAL, policy_of
from shop_app.core.access.principal import NOBODY, Principal

_filled_for: WeakKeyDictionary[BaseState, Principal] = WeakKeyDictionary()
"""The root of a tab's States -> the principal for whom its private States were filled."""


def private_states() -> set[type[BaseState]]:
    """Every State that has a handler for customers or staff, or is said to be personal."""
    handlers = RegistrationContext.get().event_handlers.values()
    return PERSONAL | {
        registered.states[0]
        for registered in handlers
        if (policy := policy_of(registered.handler.fn)) and policy.kind in ("customer", "staff")
    }


async def empty_unless_filled_for(root: BaseState, principal: Principal) -> bool:
    """Empty a tab's private States where they were filled for another principal; returns whether they were.

    A member of staff who signed out, or whose role changed, is another principal too.
    """
    if _filled_for.get(root, NOBODY) == principal:
        return False
    for cls in private_states():
        (await root.get_state(cls)).reset()
    _filled_for[root] = principal
    return True
