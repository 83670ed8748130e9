"""Every handler of staff that changes something writes into the audit, or says here why it doesn't."""

from __future__ import annotations

import ast
import functools
import inspect
import sys
import textwrap
from collections.abc import Iterator
from types import FunctionType, ModuleType
from typing import Any

import pytest
from reflex_base.registry import RegistrationContext

import shop_app.shop_app  # noqa: F401  (registers the States)
from shop_app.core import db
from shop_app.core.access.policy import policy_of
from shop_app.services.staff import audit
from shop_app.web import session_look_up
from shop_app.workflows.note_refused_right import note_refused_right

_OWN_LOOK = "how somebody's own lists look"
_COUNTING = "what somebody has counted so far: booking it is written down"
_PRESENCE = "who has an order open just now"
WITHOUT_AUDIT: dict[str, str] = {
    "RecordList.choose_columns": _OWN_LOOK,
    "RecordList.set_density": _OWN_LOOK,
    "RecordList.usual_columns": _OWN_LOOK,
    "RecordList.put_away_job": "somebody's own notice of a job that is done",
    "OrderAdmin.load": _PRESENCE,
    "OrderAdmin.tell": _PRESENCE,
    "Security.begin_codes": "a secret that counts once its first code came, which is written down",
    "StocktakeDesk.again": _COUNTING,
    "StocktakeDesk.count": _COUNTING,
    "StocktakeDesk.discard": _COUNTING,
    "StocktakeDesk.drop": _COUNTING,
    "StocktakeDesk.scan": _COUNTING,
}
"""`State.handler` that writes without an entry -> why nobody has to know who did it."""
WRITES = {db.write, db.transaction}
NOT_FOLLOWED = {session_look_up.signed_in, session_look_up.signed_in_by, note_refused_right}
"""Finds out who asks, and notes refusals: neither is what a handler does."""


def handlers() -> dict[str, Any]:
    """The handlers that staff alone may call, as `State.handler`."""
    registered = RegistrationContext.ensure_context().event_handlers.values()
    functions = [one.handler.fn for one in registered]
    return {
        function.__qualname__: function
        for function in functions
        if function.__module__.startswith("shop_app.")
        and (policy := policy_of(function))
        and policy.kind == "staff"
    }


def used_by(function: FunctionType) -> Iterator[Any]:
    """The values that a function names: globals, attributes of those, and methods of its State."""
    try:
        tree = ast.parse(textwrap.dedent(inspect.getsource(function)))
    except SyntaxError:
        # A lambda inside of another expression, whose lines alone are no code.
        yield from (function.__globals__.get(name) for name in function.__code__.co_names)
        return
    owner = _owner(function)
    for node in ast.walk(tree):
        if isinstance(node, ast.Name | ast.Attribute):
            value = _value(node, function, owner)
            if value is not None:
                yield value


def _owner(function: FunctionType) -> Any:
    value: Any = sys.modules.get(function.__module__)
    for part in function.__qualname__.split(".")[:-1]:
        value = getattr(value, part, None)
    return value


def _value(node: ast.expr, function: FunctionType, owner: Any) -> Any:
    if isinstance(node, ast.Name):
        return owner if node.id == "self" else function.__globals__.get(node.id)
    if isinstance(node, ast.Attribute):
        return getattr(_value(node.value, function, owner), node.attr, None)
    return None


def functions_in(value: Any) -> Iterator[FunctionType]:
    """The shop's functions that a value is, wraps, or has in it."""
    if isinstance(value, functools.partial):
        yield from functions_in(value.func)
    elif isinstance(value, dict):
        yield from (found for one in value.values() for found in functions_in(one))
    elif isinstance(value, tuple | list):
        yield from (found for one in value for found in functions_in(one))
    elif isinstance(value, FunctionType):
        value = inspect.unwrap(value)
        if (value.__module__ or "").startswith("shop_app."):
            yield value


@functools.cache
def reached(function: FunctionType) -> frozenset[FunctionType]:
    """Every function of the shop that a function names, directly or through others; itself too."""
    seen, waiting = {function}, [function]
    while waiting:
        for value in used_by(waiting.pop()):
            if isinstance(value, ModuleType | type):
                continue
            for found in functions_in(value):
                if found not in seen | NOT_FOLLOWED:
                    seen.add(found)
                    waiting.append(found)
    return frozenset(seen)


def unaudited(found: dict[str, Any]) -> list[str]:
    return sorted(
        name
        for name, function in found.items()
        if reached(function) & WRITES and audit.record not in reached(function)
    )


def test_every_handler_of_staff_that_writes_writes_into_the_audit():
    found = handlers()
    assert len(found) > 30
    assert [name for name in unaudited(found) if name not in WITHOUT_AUDIT] == []


def test_nothing_is_excused_that_has_no_need_of_it():
    assert set(WITHOUT_AUDIT) <= set(unaudited(handlers()))


async def _writes_silently() -> None:
    await db.write(_silent)


def _silent(_session: Any) -> None:
    return None


async def _reads() -> None:
    await db.read(_silent)


async def _writes_and_says_so() -> None:
    await db.write(_audited)


def _audited(session: Any) -> None:
    audit.record(session, "x", "y", "z", "k")


@pytest.mark.parametrize(
    ("function", "is_found"), [(_writes_silently, True), (_reads, False), (_writes_and_says_so, False)]
)
def test_the_walk_finds_what_is_missing(monkeypatch, function, is_found):
    for one in (function, _silent, _audited):
        monkeypatch.setattr(one, "__module__", "shop_app.of_this_test")
    reached.cache_clear()
    assert (unaudited({"it": function}) == ["it"]) is is_found
