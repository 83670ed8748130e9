"""Who may call what: the mark that every event handler carries, and the people that a mark speaks of.

`@public` is for everyone, `@customer` for a signed-in customer, `@staff("orders.refund")` for staff
with that permission, `@internal` only for events that the server itself chains (`return Other.load`),
never for a browser. The guard reads the marks; see `web/guard.py`.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, Literal, TypeVar

from shop_app.core.access.principal import NOBODY, Principal

from . import cookies

F = TypeVar("F", bound=Callable[..., Any])
MARK = "__shop_policy__"


@dataclass(frozen=True, slots=True)
class Policy:
    """`permission` counts for staff alone."""

    kind: Literal["public", "customer", "staff", "internal"]
    permission: str = ""


def allows(policy: Policy, principal: Principal) -> bool:
    """Whether they may call a handler of that policy; `internal` is nobody's to call."""
    if policy.kind == "public":
        return True
    if policy.kind != principal.kind:
        return False
    return policy.kind == "customer" or policy.permission in principal.permissions


LookUp = Callable[[str], Awaitable[Principal]]
"""From the hash of a session's key to who that is now; NOBODY where it ended."""


async def _nobody(_session_hash: str) -> Principal:
    return NOBODY


_look_up: LookUp = _nobody
_principal: ContextVar[Principal | None] = ContextVar("principal", default=None)


def _marked(policy: Policy) -> Callable[[F], F]:
    def mark(handler: F) -> F:
        setattr(handler, MARK, policy)
        return handler

    return mark


public = _marked(Policy("public"))
customer = _marked(Policy("customer"))
internal = _marked(Policy("internal"))


def staff(permission: str) -> Callable[[F], F]:
    """The policy of a handler that needs staff with `permission`."""
    return _marked(Policy("staff", permission))


def policy_of(handler: Callable[..., Any]) -> Policy | None:
    """The policy that a handler declares, None where it declares none."""
    return getattr(handler, MARK, None)


def set_look_up(look_up: LookUp) -> None:
    """Say how a session is looked up; called once, by the composition root."""
    global _look_up
    _look_up = look_up


async def who(cookie_header: str) -> Principal:
    """Who sends this Cookie header: asked afresh each time, so that a sign-out counts at once."""
    key = cookies.session_key(cookie_header)
    if key is None:
        return NOBODY
    return await _look_up(cookies.key_hash(key))


def set_principal(principal: Principal | None) -> None:
    """Keep who was found for the event that is being handled; the guard alone calls this."""
    _principal.set(principal)


def current_principal() -> Principal | None:
    """Whom the guard found for the event at hand; None in public handlers, where it doesn't ask."""
    return _principal.get()
