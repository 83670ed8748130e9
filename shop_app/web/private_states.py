"""States that hold what only some may see: they are emptied as soon as someone else is there to see it."""

from __future__ import annotations

from weakref import WeakKeyDictionary

from reflex.state import BaseState
from reflex_base.registry import RegistrationContext

from shop_app.core.access.principal import NOBODY, Principal

from ..core.access.policy import policy_of

_filled_for: WeakKeyDictionary[BaseState, Principal] = WeakKeyDictionary()
"""The root of a tab's States -> for whom the private ones among them were filled."""


def private_states() -> set[type[BaseState]]:
    """Every State that has a handler for customers or staff: what it holds is theirs alone."""
    handlers = RegistrationContext.get().event_handlers.values()
    return {
        registered.states[0]
        for registered in handlers
        if (policy := policy_of(registered.handler.fn)) and policy.kind in ("customer", "staff")
    }


async def empty_unless_filled_for(root: BaseState, principal: Principal) -> bool:
    """Empty a tab's private States where they were filled for someone else; says whether they were.

    Someone else is also the same clerk with another role, after a dismissal, or signed out.
    """
    if _filled_for.get(root, NOBODY) == principal:
        return False
    for cls in private_states():
        (await root.get_state(cls)).reset()
    _filled_for[root] = principal
    return True
