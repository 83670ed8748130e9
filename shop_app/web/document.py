"""A document as it is answered: its bytes in each encoding, its tags, and who may keep it.

A document that is the same for everybody may be kept by caches in front of the shop, which ask whether it
still holds (`no-cache`). The visitor's cookie is never part of what they keep: an answer that sets one is
whole and private, also where the request would be content with 304.
"""

from __future__ import annotations

import gzip
import hashlib
from collections.abc import Mapping
from functools import lru_cache

import brotli
from starlette.types import Receive, Scope, Send

from shop_app.core.access import cookies
from shop_app.core.access.clients import header

SHARED = b"public, no-cache"
PRIVATE = b"private, no-cache"
BROTLI_QUALITY = 4
GZIP_LEVEL = 6
_BESIDE_BYTES = 2_000
"""What a document takes up beside its bodies."""


class Document:
    """ASGI: a page's HTML.

    `headers` are the page's own. One with a Cache-Control of its own, or another status than 200, is never
    shared, whatever `is_shared` says.
    """

    def __init__(
        self,
        html: str,
        status: int = 200,
        headers: Mapping[str, str] | None = None,
        *,
        is_shared: bool = False,
    ) -> None:
        own = {name.lower(): value for name, value in (headers or {}).items()}
        self.status = status
        self.is_shared = is_shared and status == 200 and "cache-control" not in own
        self._own_caching = own.pop("cache-control", "").encode()
        self._headers = [
            (b"content-type", b"text/html; charset=utf-8"),
            (b"vary", b"Accept-Encoding"),
            *((name.encode("latin-1"), value.encode("latin-1")) for name, value in own.items()),
        ]
        plain = html.encode()
        # What is kept is kept compressed: a tenth of it. Whoever takes no encoding waits for a moment.
        self._bodies = {"br": compressed(plain, "br")} if self.is_shared else {"": plain}
        self._tag = hashlib.sha256(plain).hexdigest()[:32] if self.is_shared else ""

    @property
    def size_bytes(self) -> int:
        """What it takes up, about, once it was sent in each encoding."""
        return 2 * sum(map(len, self._bodies.values())) + _BESIDE_BYTES

    def is_ready(self, scope: Scope) -> bool:
        """Whether it can be sent at once, without compressing anything."""
        coding = coding_of(header(scope, b"accept-encoding"))
        return not coding or coding in self._bodies

    def make_ready(self, scope: Scope) -> None:
        """Compress it as this request takes it. Takes milliseconds: on a thread."""
        coding = coding_of(header(scope, b"accept-encoding"))
        self._bodies[coding] = compressed(self._body(""), coding)

    def _body(self, coding: str) -> bytes:
        body = self._bodies.get(coding)
        return brotli.decompress(self._bodies["br"]) if body is None else body

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        coding = coding_of(header(scope, b"accept-encoding"))
        tag = f'"{self._tag}{coding and "-"}{coding}"'
        status, body, headers = self.status, self._body(coding), [*self._headers]
        caching = self._own_caching or PRIVATE
        if cookies.visitor_key(header(scope, b"cookie")) is None:
            headers.append((b"set-cookie", _new_visitor().encode()))
        elif self.is_shared:
            caching = SHARED
            if _has(header(scope, b"if-none-match"), tag):
                status, body = 304, b""
        if self.is_shared:
            headers.append((b"etag", tag.encode()))
        headers.append((b"cache-control", caching))
        if status != 304:
            headers.append((b"content-length", str(len(body)).encode()))
            if coding:
                headers.append((b"content-encoding", coding.encode()))
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else body})


def compressed(body: bytes, coding: str) -> bytes:
    """The body in that encoding, br or gzip. Takes about a millisecond for 100 KB."""
    if coding == "br":
        return brotli.compress(body, mode=brotli.MODE_TEXT, quality=BROTLI_QUALITY)
    return gzip.compress(body, compresslevel=GZIP_LEVEL, mtime=0)


def _new_visitor() -> str:
    name, key = cookies.visitor_cookie(), cookies.new_key()
    return cookies.set_cookie(name, key, max_age=cookies.visitor_seconds())


def _has(if_none_match: str, tag: str) -> bool:
    """Whether an If-None-Match names the tag; proxies that compress mark it as weak."""
    return if_none_match == "*" or tag in (
        given.strip().removeprefix("W/") for given in if_none_match.split(",")
    )


@lru_cache(maxsize=256)
def coding_of(accept_encoding: str) -> str:
    """The best encoding that a client takes: br, gzip or "" for none.

    >>> coding_of("gzip, deflate, br;q=0.9"), coding_of("br;q=0, GZIP"), coding_of("identity")
    ('br', 'gzip', '')
    """
    taken = set()
    for part in accept_encoding.lower().split(","):
        name, _semicolon, weight = part.partition(";")
        if weight.replace(" ", "").rstrip("0") not in ("q=", "q=0."):
            taken.add(name.strip())
    return next((coding for coding in ("br", "gzip") if coding in taken), "")
