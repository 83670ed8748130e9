"""What a page is asked with and what stands in its head: plain values, without HTML and without Reflex."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any
from urllib.parse import parse_qs

from .settings import settings

MAX_FIELDS = 100
"""Parameters of one query; further ones are ignored."""
_PARAMETER = re.compile(r"\[(\w+)\]")


@dataclass(frozen=True, slots=True)
class Address:
    """The address of a page: the parameters of its route, and the values of its query by name.

    `is_free` marks addresses that anybody can make up without end, such as searches.
    """

    parameters: Mapping[str, str] = field(default_factory=dict)
    query: Mapping[str, Sequence[str]] = field(default_factory=dict)
    is_free: bool = False

    def __hash__(self) -> int:
        return hash((*self.parameters.items(), *((name, *values) for name, values in self.query.items())))

    def parameter(self, name: str, most: int = 128) -> str:
        """A parameter of the route, cut to `most` characters."""
        return self.parameters.get(name, "")[:most]

    def first(self, name: str, most: int = 255) -> str:
        """The first value of that name in the query, cut to `most` characters; "" where there is none."""
        values = self.query.get(name, ())
        return values[0][:most] if values else ""


def only(*names: str) -> Callable[[Address], Address]:
    """A function that keeps of an address its parameters and the first values of these names in its query."""

    def shared(address: Address) -> Address:
        values = ((name, address.first(name)) for name in names)
        return Address(address.parameters, {name: (value,) for name, value in values if value})

    return shared


@dataclass(frozen=True, slots=True)
class Head:
    """What a page says about itself besides its title.

    canonical  path or whole address; a route without parameters is its own where this is ""
    image      path of the picture that previews show
    preload    key of the picture that is seen first, and the `sizes` that it is shown in
    robots     "noindex" for what search engines leave out
    json_ld    structured data
    """

    description: str = ""
    canonical: str = ""
    image: str = ""
    preload: tuple[str, str] | None = None
    robots: str = ""
    json_ld: Sequence[Mapping[str, Any]] = ()


class MovedTo(Exception):
    """What this address named has another one now, which `location` is."""

    def __init__(self, location: str) -> None:
        super().__init__(location)
        self.location = location


@cache
def pattern(route: str) -> re.Pattern[str]:
    """The pattern of the paths that a route (`/products/[slug]`) matches, its parameters as named groups."""
    path = "" if route.strip("/") in ("", "index") else route.strip("/")
    parts = _PARAMETER.split(path)
    literal = [re.escape(part) if at % 2 == 0 else f"(?P<{part}>[^/]+)" for at, part in enumerate(parts)]
    return re.compile("/" + "".join(literal))


def read_address(route: str, path: str, query: str) -> Address:
    """The address that path and query (the text after the question mark) are for a page of this route."""
    matched = pattern(route).fullmatch(path.rstrip("/") or "/")
    fields = parse_qs("&".join(query.split("&")[:MAX_FIELDS]))
    return Address(matched.groupdict() if matched else {}, fields)


def absolute(path: str) -> str:
    """The public address of a path; whole addresses pass through."""
    return settings().public_url + path if path.startswith("/") else path
