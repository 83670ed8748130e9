"""Which values of its States a page has when its socket connects, and which it has to be sent.

A page that has just been opened has the values that it was built with, and those of its document: `held`
writes them into it, with a digest of each. With its first event the page says so, and is sent every value
that is another one here. A page that connects again may have any values, says nothing, and is sent them all.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from contextvars import ContextVar
from dataclasses import dataclass
from functools import cache
from typing import Any

from reflex.istate.delta import _resolve_delta
from reflex.state import BaseState, State, all_base_state_classes, state_snapshot_hashes
from reflex_base.constants.state import FIELD_MARKER
from reflex_base.utils.format import json_dumps

from shop_app.reflex_private import Delta

from . import wire

is_opened: ContextVar[bool] = ContextVar("is_opened", default=False)
"""Whether the page that loads was just opened with its document, in contrast to one that connects again."""

_OF_CONNECTION = tuple(name + FIELD_MARKER for name in ("rx_router_headers", "rx_router_session"))
"""What the server knows of a socket, and no page shows."""


@dataclass(frozen=True, slots=True)
class _Built:
    """The values that pages are built with."""

    classes: int
    """How many State classes there were."""
    values: Delta
    hashes: list[str]
    """Of `values`, as the built pages send them."""
    names: dict[str, tuple[str, str]]
    """The name by which a page calls a value -> its State and key."""


_built: dict[type[BaseState], _Built] = {}


async def _built_with(kind: type[BaseState]) -> _Built:
    known = _built.get(kind)
    if known is None or known.classes != len(all_base_state_classes):
        values = await _resolve_delta(kind(_reflex_internal_init=True).dict(initial=True))
        names = {_short(state, key): (state, key) for state in values for key in values[state]}
        known = _Built(len(all_base_state_classes), values, state_snapshot_hashes(values), names)
        _built[kind] = known
    return known


async def built_hashes() -> list[str]:
    """What a page says of the values that it was built with."""
    return (await _built_with(State)).hashes


def held(states: Mapping[type[BaseState], Mapping[str, Any]]) -> str:
    """What a document has of its page's States, as JSON: of each State the values of some vars by name.

    `values` in it is the delta that the page begins with, `held` what the page says of it when it connects.
    Names that a State has no var of are left out. From any thread.
    """
    delta, said = [], []
    for kind, values in states.items():
        name, texts = kind.get_full_name(), []
        for var, value in values.items():
            if var in kind.base_vars:
                key, written = var + FIELD_MARKER, wire.write(value)
                texts.append(f"{json_dumps(key)}:{written.text}")
                said.append(f"{_short(name, key)}:{written.digest}")
        delta.append(f"{json_dumps(name)}:{{{','.join(texts)}}}")
    return f'{{"values":{{{",".join(delta)}}},"held":{json_dumps(said)}}}'


@cache
def _short(state: str, key: str) -> str:
    return hashlib.sha1(f"{state} {key}".encode()).hexdigest()[:10]


async def missing(root: BaseState, said: Sequence[str]) -> Delta:
    """The delta after which a page whose socket has just connected shows its States as they are here.

    `said` is what the page says of its values: `built_hashes`, and `held` of its document.
    All States count as sent from then on.
    """
    built = await _built_with(type(root))
    fresh = list(said[: len(built.hashes)]) == built.hashes
    digests: dict[str, dict[str, str]] = {}
    for entry in said[len(built.hashes) :]:
        short, _colon, digest = entry.partition(":")
        if short in built.names:
            name, key = built.names[short]
            digests.setdefault(name, {})[key] = digest
    delta = {}
    for state in _tree(root):
        name, own = state.get_full_name(), _own_values(state)
        if not fresh:
            delta[name] = built.values.get(name, {}) | own
        elif own or name in digests:
            news = _news(built.values.get(name, {}), own, digests.get(name, {}))
            if news:
                delta[name] = news
    for key in _OF_CONNECTION:
        delta.get(root.get_full_name(), {}).pop(key, None)
    root._clean()
    return await _resolve_delta(delta)


def _news(before: Mapping[str, Any], own: Mapping[str, Any], digests: Mapping[str, str]) -> dict[str, Any]:
    """The values of one State that a page doesn't have: it has those from `before`, save for `digests`."""
    news = {
        key: value for key, value in own.items() if key not in digests and not _same(value, before.get(key))
    }
    for key, digest in digests.items():
        value = own[key] if key in own else before[key]
        if wire.digest(value) != digest:
            news[key] = value
    return news


def _tree(state: BaseState) -> Iterator[BaseState]:
    yield state
    for below in state.substates.values():
        yield from _tree(below)


def _own_values(state: BaseState) -> dict[str, Any]:
    """The values of a State's vars that were ever set or read; all others are as pages are built."""
    if not state.__dict__ and not state.computed_vars:
        return {}
    names = [name for name in state.__dict__ if name in state.base_vars]
    names += [name for name, var in state.computed_vars.items() if not var._backend]
    return {name + FIELD_MARKER: state.get_value(name) for name in names}


def _same(one: Any, other: Any) -> bool:
    """Whether two values are one and the same in a page: 1, 1.0 and True are equal here, and aren't there."""
    return one is other or (one == other and json_dumps(one) == json_dumps(other))
