"""Who may call what: the policy that every event handler declares, and the look-up of who is calling.

`@public` is for everyone, `@customer` for a signed-in customer, `@staff("orders.refund")` for staff
with that permission, `@staff()` for any staff, `@internal` only for events that the server itself
chains (`return Other.load`),
never for a browser. `web/guard.py` enforces the policies.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, Literal, TypeVar

from . import cookies
from .principal import NOBODY, Principal

F = TypeVar("F", bound=Callable[..., Any])
S = TypeVar("S", bound=type)
ATTRIBUTE = "__shop_policy__"


@dataclass(frozen=True, slots=True)
class Policy:
    """`permission` is only used where `kind` is staff; "" for any of them."""

    kind: Literal["public", "customer", "staff", "internal"]
    permission: str = ""


def allows(policy: Policy, principal: Principal) -> bool:
    """Whether they may call a handler of that policy; nobody may call an `internal` one."""
    if policy.kind == "public":
        return True
    if policy.kind != principal.kind:
        return False
    return policy.permission == "" or policy.permission in principal.permissions


LookUp = Callable[[str], Awaitable[Principal]]
"""From the hash of a session's key to who that is now; NOBODY where it ended."""
LookUpOf = Callable[[int], Awaitable[Principal]]
"""The same from a session's id, for sockets that were opened with its key."""


async def _nobody(_session: str | int) -> Principal:
    return NOBODY


_look_up: LookUp = _nobody
_look_up_of: LookUpOf = _nobody
_principal: ContextVar[Principal | None] = ContextVar("principal", default=None)


def _declares(policy: Policy) -> Callable[[F], F]:
    def decorate(handler: F) -> F:
        setattr(handler, ATTRIBUTE, policy)
        return handler

    return decorate


public = _declares(Policy("public"))
customer = _declares(Policy("customer"))
internal = _declares(Policy("internal"))


def staff(permission: str = "") -> Callable[[F], F]:
    """The policy of a handler that needs staff with `permission`, or any member of staff."""
    return _declares(Policy("staff", permission))


PERSONAL: set[type] = set()
"""States with handlers for everybody that hold a shopper's own."""


def personal(state: S) -> S:
    """The State holds what is a shopper's own: it is emptied when they sign out, or their session ends.

    A State that has a handler for customers or staff alone is so by itself.
    """
    PERSONAL.add(state)
    return state


def policy_of(handler: Callable[..., Any]) -> Policy | None:
    """The policy that a handler declares, None where it declares none."""
    return getattr(handler, ATTRIBUTE, None)


def set_look_up(look_up: LookUp, look_up_of: LookUpOf = _nobody) -> None:
    """Say how a session is looked up; called once, by the composition root."""
    global _look_up, _look_up_of
    _look_up, _look_up_of = look_up, look_up_of


async def who(cookie_header: str) -> Principal:
    """Who sends this Cookie header: looked up each time, so that a sign-out counts at once."""
    key = cookies.session_key(cookie_header)
    if key is None:
        return NOBODY
    return await _look_up(cookies.key_hash(key))


async def who_of(session_id: int) -> Principal:
    """Who has that session; NOBODY where it has ended."""
    return await _look_up_of(session_id)


def set_principal(principal: Principal | None) -> None:
    """Say who sent the event that is being handled; the guard alone calls this."""
    _principal.set(principal)


def current_principal() -> Principal | None:
    """Who sent the event that is being handled; None in public handlers where the browser has no session."""
    return _principal.get()
