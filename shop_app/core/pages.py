"""What a page is asked with and what stands in its head: plain values, without HTML and without Reflex."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any
from urllib.parse import parse_qs, quote, unquote_plus

from .settings import settings

MAX_FIELDS = 100
"""Parameters of one query; further ones are ignored."""
_PARAMETER = re.compile(r"\[(\w+)\]")
_PLAIN_IN_PATH = "/-._~!$&'()*+,;=:@"
"""What stands in a path as it is (RFC 3986, section 3.3)."""
_CONTROL = re.compile("[\x00-\x08\x0a-\x1f\x7f-\x9f]")


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
    """What this address named has another one: this path, with some fields of its query changed.

    A field that is "" is taken out, the others stay. `is_permanent` is False where the old address may come
    to name something again.
    """

    def __init__(
        self, path: str, fields: Mapping[str, str] | None = None, *, is_permanent: bool = True
    ) -> None:
        super().__init__(path)
        self.path, self.fields, self.is_permanent = path, fields or {}, is_permanent

    def location(self, query: str) -> str:
        """The new address of one whose text after the question mark is `query`.

        >>> MovedTo("/products", {"category": "lamps", "after": ""}).location("q=%20&category=Lamps&after=1")
        '/products?category=lamps&q=%20'
        """
        changed = [f"{quote(name)}={quote(value, safe='')}" for name, value in self.fields.items() if value]
        kept = [
            field
            for field in query.split("&")
            if field and unquote_plus(field.partition("=")[0]) not in self.fields
        ]
        return f"{self.path}?{'&'.join([*changed, *kept])}" if changed or kept else self.path


@cache
def pattern(route: str) -> re.Pattern[str]:
    """The pattern of the paths that a route (`/products/[slug]`) matches, its parameters as named groups.

    Letters of the route itself match in either case; `path_of` writes them as they should be.
    """
    literal = [
        re.escape(part) if at % 2 == 0 else f"(?P<{part}>[^/]+)" for at, part in enumerate(_parts(route))
    ]
    return re.compile("/" + "".join(literal), re.IGNORECASE | re.ASCII)


def path_of(route: str, parameters: Mapping[str, str]) -> str:
    """The path of a route with these parameters, as links write it.

    >>> path_of("products/[slug]", {"slug": "a b"}), path_of("index", {})
    ('/products/a%20b', '/')
    """
    parts = [part if at % 2 == 0 else parameters[part] for at, part in enumerate(_parts(route))]
    return "/" + quote("".join(parts), safe=_PLAIN_IN_PATH)


def _parts(route: str) -> list[str]:
    """The texts of a route at even places, the names of its parameters between them."""
    path = "" if route.strip("/") in ("", "index") else route.strip("/")
    return _PARAMETER.split(path)


def has_controls(text: str) -> bool:
    """Whether the text has a control character, which no address and no database takes; a tab is a blank."""
    return _CONTROL.search(text) is not None


def read_address(route: str, path: str, query: str) -> Address:
    """The address that path and query (the text after the question mark) are for a page of this route."""
    matched = pattern(route).fullmatch(path.rstrip("/") or "/")
    fields = parse_qs("&".join(query.split("&")[:MAX_FIELDS]))
    return Address(matched.groupdict() if matched else {}, fields)


def absolute(path: str) -> str:
    """The public address of a path; whole addresses pass through."""
    return settings().public_url + path if path.startswith("/") else path
