"""Events as no page sends them: types, depths, sizes, names that mean something elsewhere."""

from __future__ import annotations

import json
import random
from typing import Any

from reflex_base.utils.form import FORM_DATA_ENTRIES_KEY

ODD: tuple[Any, ...] = (
    None,
    True,
    False,
    0,
    -1,
    7,
    1.5,
    10**30,
    -(10**18),
    "",
    " ",
    "x",
    "x" * 5_000,
    "\u0000",
    "\ud800",
    [],
    {},
    [[]],
    [{}],
    {"a": {}},
    ["__proto__"],
    {"__proto__": {"x": 1}},
    {"constructor": {"prototype": 1}},
    {"__class__": "x"},
    {"$ne": 1},
    "//[",
    "//evil.test/",
    "http://[::1",
    "javascript:1",
    "%ff%fe",
    "/..%2f..",
    "/products/dune-mug",
    "/orders/" + "t" * 40,
    "../../etc/passwd",
    "' OR 1=1 --",
)
RAW = (
    "NaN",
    "Infinity",
    "-Infinity",
    "1e999",
    "-1e999",
    "9" * 4_000,
    "9" * 4_400,
    "[" * 60 + "]" * 60,
    "[" * 5_000 + "]" * 5_000,
    '{"a":' * 900 + "1" + "}" * 900,
    '"\\ud800"',
    "tru",
    "{",
    "]",
)
"""Values as text: JSON that Python reads otherwise than browsers, too deep, or none at all."""
KEYS = ("name", "payload", "router_data", "token", "event_actions", "headers", "__proto__", "sid", "ip", "x")
FIELDS = (
    "email",
    "number",
    "note",
    "code",
    "credit",
    "quantity-0",
    "shown_minor",
    "reason",
    "q",
    "price_min",
)
ROUTER = ("pathname", "asPath", "query", "headers", "token", "sid", "ip", "path", "__proto__", "hash")


def frames(names: list[str], count: int, seed: int) -> list[str]:
    """`count` text frames of a socket, the same for the same seed; `names` are handlers that there are."""
    chance = random.Random(seed)
    return [f'42/_event,["event",{_event(chance, names)}]' for _ in range(count)]


def _event(chance: random.Random, names: list[str]) -> str:
    name = chance.choice([*names, *names, "no.such", "State.hydrate", "__init__", *ODD])
    event: dict[str, Any] = {"name": name, "payload": _some(chance), "router_data": _router(chance)}
    for _ in range(chance.randrange(3)):
        event[chance.choice(KEYS)] = _some(chance)
    if chance.random() < 0.2:
        event.pop(chance.choice(list(event)))
    text = json.dumps(event)
    if chance.random() < 0.15:
        # A key that comes twice: the last one counts for Python, and the check has to see the same one.
        text = text[:-1] + f',"{chance.choice(KEYS)}":{chance.choice(RAW)}}}'
    return chance.choice((text, text, text, text, *RAW)) if chance.random() < 0.1 else text


def _router(chance: random.Random) -> Any:
    if chance.random() < 0.2:
        return chance.choice(ODD)
    good: dict[str, Any] = {"pathname": "/", "asPath": "/", "query": {}}
    for _ in range(chance.randrange(1, 4)):
        good[chance.choice(ROUTER)] = _some(chance)
    return good


def _some(chance: random.Random, depth: int = 0) -> Any:
    kind = chance.random()
    if depth > 12 or kind < 0.6:
        return chance.choice(ODD)
    if kind < 0.8:
        return [_some(chance, depth + 1) for _ in range(chance.randrange(4))]
    if kind < 0.85:
        return {"form": _form(chance, depth)}
    return {
        chance.choice((*KEYS, "sku", "quantity", "form", "code")): _some(chance, depth + 1)
        for _ in range(chance.randrange(4))
    }


def _form(chance: random.Random, depth: int) -> Any:
    """A form, in one of the two ways in which it arrives, with some fields that no form has."""
    entries = [
        [chance.choice((*FIELDS, *KEYS)), _some(chance, depth + 1)] for _ in range(chance.randrange(1, 5))
    ]
    return {FORM_DATA_ENTRIES_KEY: entries} if chance.random() < 0.5 else dict(entries)
