"""robots.txt and the sitemap, for search engines."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from itertools import islice
from xml.sax.saxutils import escape

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from shop_app.core.clock import day_of
from shop_app.core.pages import absolute

MAX_ADDRESSES = 50_000
"""The protocol's limit for one file, https://www.sitemaps.org/protocol.html."""

_CLOSED_TO_ENGINES = ("/admin", "/account", "/cart", "/checkout", "/orders", "/webhooks", "/sandbox")

SitemapEntries = Iterable[tuple[str, datetime | None]]
"""Paths for search engines, each with when it changed, None where that isn't known."""


def robots_text() -> str:
    """robots.txt: everything may be read but the back office and what belongs to one shopper."""
    closed = "".join(f"Disallow: {path}\n" for path in _CLOSED_TO_ENGINES)
    return f"User-agent: *\n{closed}\nSitemap: {absolute('/sitemap.xml')}\n"


def _lines(addresses: SitemapEntries) -> Iterator[str]:
    yield '<?xml version="1.0" encoding="UTF-8"?>\n<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">\n'
    for path, changed_at in islice(addresses, MAX_ADDRESSES):
        changed = f"<lastmod>{day_of(changed_at).isoformat()}</lastmod>" if changed_at else ""
        yield f"<url><loc>{escape(absolute(path))}</loc>{changed}</url>\n"
    yield "</urlset>\n"


def routes(addresses: Callable[[], SitemapEntries]) -> list[Route]:
    """The two routes; `addresses` returns what the sitemap lists, and is called on a thread."""

    async def robots(_request: Request) -> Response:
        return PlainTextResponse(robots_text(), headers={"Cache-Control": "public, max-age=3600"})

    making: asyncio.Task[str] | None = None

    async def sitemap(_request: Request) -> Response:
        nonlocal making
        # Requests that come meanwhile share it: thousands of addresses take some seconds.
        if making is None or making.done():
            making = asyncio.create_task(asyncio.to_thread(lambda: "".join(_lines(addresses()))))
        text = await asyncio.shield(making)
        return Response(text, media_type="application/xml", headers={"Cache-Control": "public, max-age=3600"})

    return [Route("/robots.txt", robots), Route("/sitemap.xml", sitemap)]
