"""The bounds of an address: its length, the number of its fields, and no control characters."""

from __future__ import annotations

from starlette.responses import PlainTextResponse
from starlette.types import Scope

ADDRESS_BYTES = 8 * 1024
FIELDS = 100
"""A search with every filter has some twenty."""
_CONTROL = frozenset(map(chr, (*range(0x20), 0x7F)))


def refusal(scope: Scope) -> PlainTextResponse | None:
    """The answer to an address that no link of ours has; None for all others."""
    path, query = scope["path"], scope["query_string"]
    if len(path) + len(query) > ADDRESS_BYTES:
        return PlainTextResponse("This address is longer than the shop takes.", 414)
    # PostgreSQL takes no NUL in a text, and a line break in a path could forge a line of a log.
    if not _CONTROL.isdisjoint(path) or b"%00" in query or b"\0" in query:
        return PlainTextResponse("This address has characters that no address of the shop has.", 400)
    if query.count(b"&") >= FIELDS:
        return PlainTextResponse("This address has more fields than the shop takes.", 400)
    return None
