"""The bounds of an address: its length, the number of its fields, and text without control characters."""

from __future__ import annotations

from urllib.parse import unquote_to_bytes

from starlette.responses import PlainTextResponse
from starlette.types import Scope

from shop_app.core.pages import has_controls

ADDRESS_BYTES = 8 * 1024
FIELDS = 100
"""A search with every filter has some twenty."""


def refusal(scope: Scope) -> PlainTextResponse | None:
    """The answer to an address that no link of ours has; None for all others."""
    path, query = scope["path"], scope["query_string"]
    if len(path) + len(query) > ADDRESS_BYTES:
        return PlainTextResponse("This address is longer than the shop takes.", 414)
    # PostgreSQL takes no NUL in a text, and a line break could forge a line of a log.
    if "\t" in path or has_controls(path) or not all(map(_is_text, (scope.get("raw_path") or b"", query))):
        return PlainTextResponse("This address has characters that no address of the shop has.", 400)
    if query.count(b"&") >= FIELDS:
        return PlainTextResponse("This address has more fields than the shop takes.", 400)
    return None


def _is_text(encoded: bytes) -> bool:
    """Whether a part of an address is text in UTF-8 without control characters, also where it is encoded."""
    try:
        return not has_controls(unquote_to_bytes(encoded).decode())
    except UnicodeDecodeError:
        return False
