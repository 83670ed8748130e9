"""What a browser may send as an event: its shape, checked before Reflex sees any of it.

Reflex reads an event's `router_data` before it calls the guard, and trusts that an address is a string and a
query is a dict. An event that the browser's own code wouldn't send is dropped.
"""

from __future__ import annotations

import math
import re
from collections.abc import Collection
from typing import Any
from urllib.parse import unquote, urlsplit

from shop_app.core.pages import has_controls

KEYS = frozenset({"name", "payload", "router_data", "event_actions"})
ROUTER_KEYS = frozenset({"pathname", "asPath", "query"})
MAX_NAME_CHARS = 300
MAX_PATH_CHARS = 8_400
"""A little more than a request's own address may have: the part after "#" is in it."""
MAX_FIELDS = 120
MAX_TEXT_CHARS = 20_000
MAX_VALUES = 2_000
"""Texts, numbers, lists and dicts in one payload, at any depth."""
DEEPEST = 8

# Control characters, and lone surrogates, which no database takes.
_NO_ADDRESS = re.compile("[\x00-\x1f\x7f\ud800-\udfff]")


class Misshapen(ValueError):
    """An event that no page of the shop sends; the text names the part, and holds nothing that was sent."""


def shaped(data: Any, names: Collection[str]) -> dict[str, Any]:
    """The event as Reflex may have it: its name, payload and router_data alone, bounded in size.

    names   the full names of the handlers that there are

    Errors  Misshapen for everything else.
    """
    if not isinstance(data, dict) or not data.keys() <= KEYS:
        raise Misshapen("keys")
    name = data.get("name")
    if not isinstance(name, str) or len(name) > MAX_NAME_CHARS or name not in names:
        raise Misshapen("name")
    return {
        "name": name,
        "payload": _payload(data.get("payload")),
        "router_data": _router_data(data.get("router_data")),
    }


def _payload(payload: Any) -> dict[str, Any]:
    if payload is None:
        return {}
    if not isinstance(payload, dict):
        raise Misshapen("payload")
    left = MAX_VALUES
    waiting: list[tuple[Any, int]] = [(payload, 0)]
    while waiting:
        value, depth = waiting.pop()
        left -= 1
        if left < 0 or depth > DEEPEST or not _plain(value):
            raise Misshapen("payload")
        if isinstance(value, dict):
            waiting += ((part, depth + 1) for pair in value.items() for part in pair)
        elif isinstance(value, list):
            waiting += ((part, depth + 1) for part in value)
    return payload


def _plain(value: Any) -> bool:
    """Whether a value is one that JSON has, and of a size that a page sends. NaN and Infinity aren't JSON."""
    if isinstance(value, str):
        return len(value) <= MAX_TEXT_CHARS
    if isinstance(value, float):
        return math.isfinite(value)
    return value is None or isinstance(value, int | dict | list)


def _router_data(router_data: Any) -> dict[str, Any]:
    if router_data is None:
        return {}
    if not isinstance(router_data, dict) or not router_data.keys() <= ROUTER_KEYS:
        raise Misshapen("router_data")
    for name in ("pathname", "asPath"):
        if name in router_data:
            _path(router_data[name])
    _query(router_data.get("query", {}))
    return router_data


def _path(path: Any) -> None:
    """An address within the shop, as the browser's address line has it."""
    if not isinstance(path, str) or len(path) > MAX_PATH_CHARS or not path.startswith("/"):
        raise Misshapen("address")
    if _NO_ADDRESS.search(path) or has_controls(unquote(path)):
        raise Misshapen("address")
    try:
        # Reflex puts the page's origin before it and splits the result: that must not fail later.
        urlsplit("http://shop.example" + path)
    except ValueError:
        raise Misshapen("address") from None


def _query(query: Any) -> None:
    """The fields of the address and of its route: texts, or a list of them where the route takes any path."""
    if not isinstance(query, dict):
        raise Misshapen("query")
    texts = [text for value in query.values() for text in (value if isinstance(value, list) else [value])]
    if len(query) > MAX_FIELDS or len(texts) > MAX_FIELDS or not all(isinstance(text, str) for text in texts):
        raise Misshapen("query")
    if sum(map(len, query)) + sum(map(len, texts)) > MAX_PATH_CHARS or any(map(has_controls, texts)):
        raise Misshapen("query")
