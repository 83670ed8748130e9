"""robots.txt and the sitemap, for search engines: one file, or an index of several where there is more."""

from __future__ import annotations

import asyncio
import os
import tempfile
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from datetime import datetime
from functools import partial
from typing import IO, NamedTuple
from xml.sax.saxutils import escape

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route

from shop_app.core import own_files
from shop_app.core.clock import day_of
from shop_app.core.pages import absolute
from shop_app.core.settings import settings

MAX_ADDRESSES = 50_000
MAX_BYTES = 50_000_000
"""The protocol's limits for one file, https://www.sitemaps.org/protocol.html."""
CHUNK_BYTES = 256 * 1024
CACHING = {"Cache-Control": "public, max-age=3600"}

_CLOSED_TO_ENGINES = ("/admin", "/account", "/cart", "/checkout", "/orders", "/webhooks", "/sandbox")
_HEAD = (
    '<?xml version="1.0" encoding="UTF-8"?>\n<{kind} xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">\n'
)

SitemapEntries = Iterable[tuple[str, datetime | None]]
"""Paths for search engines, each with when it changed, None where that isn't known."""


class _Entry(NamedTuple):
    part: int
    """The number of the file that it is in, from 1."""
    line: bytes
    changed_at: datetime | None


def robots_text() -> str:
    """robots.txt: everything may be read but the back office and what belongs to one shopper."""
    closed = "".join(f"Disallow: {path}\n" for path in _CLOSED_TO_ENGINES)
    return f"User-agent: *\n{closed}\nSitemap: {absolute('/sitemap.xml')}\n"


def _entries(addresses: SitemapEntries, most: int) -> Iterator[_Entry]:
    part, count, size = 1, 0, 0
    for path, changed_at in addresses:
        line = _line("url", path, changed_at)
        if count == most or size + len(line) > MAX_BYTES - 1000:
            part, count, size = part + 1, 0, 0
        count, size = count + 1, size + len(line)
        yield _Entry(part, line, changed_at)


def _line(kind: str, path: str, changed_at: datetime | None) -> bytes:
    changed = f"<lastmod>{day_of(changed_at).isoformat()}</lastmod>" if changed_at else ""
    return f"<{kind}><loc>{escape(absolute(path))}</loc>{changed}</{kind}>\n".encode()


def _file(kind: str, lines: Iterable[bytes]) -> IO[bytes]:
    """A file of the data folder that is gone when it is closed: a sitemap needs no memory."""
    file = tempfile.TemporaryFile(dir=own_files.folder(settings().data_dir))  # noqa: SIM115
    file.write(_HEAD.format(kind=kind).encode())
    file.writelines(lines)
    file.write(f"</{kind}>\n".encode())
    file.flush()
    return file


def _first_or_index(addresses: Callable[[], SitemapEntries], most: int) -> IO[bytes]:
    """The sitemap, or where it doesn't fit into one file the index of its parts."""
    changes: dict[int, datetime | None] = {}
    """When each part changed, by its number."""

    def of_first() -> Iterator[bytes]:
        for part, line, changed_at in _entries(addresses(), most):
            before = changes.setdefault(part, changed_at)
            changes[part] = max(filter(None, (before, changed_at)), default=None)
            if part == 1:
                yield line

    first = _file("urlset", of_first())
    if len(changes) < 2:
        return first
    first.close()
    lines = (_line("sitemap", f"/sitemap-{part}.xml", at) for part, at in changes.items())
    return _file("sitemapindex", lines)


def _part(addresses: Callable[[], SitemapEntries], most: int, part: int) -> IO[bytes] | None:
    """One part of the sitemap, None where there are fewer."""
    found = False

    def of_part() -> Iterator[bytes]:
        nonlocal found
        for entry in _entries(addresses(), most):
            if entry.part > part:
                return
            if entry.part == part:
                found = True
                yield entry.line

    file = _file("urlset", of_part())
    if found:
        return file
    file.close()
    return None


def routes(addresses: Callable[[], SitemapEntries], most: int = MAX_ADDRESSES) -> list[Route]:
    """The three routes; `addresses` returns what the sitemap lists, and is called on a thread.

    `most` addresses are in one file.
    """
    making: dict[int, asyncio.Task[IO[bytes] | None]] = {}
    turn = asyncio.Lock()

    async def made(make: Callable[[], IO[bytes] | None]) -> IO[bytes] | None:
        # One at a time: a hundred thousand addresses take some seconds.
        async with turn:
            return await asyncio.to_thread(make)

    async def answer(part: int, make: Callable[[], IO[bytes] | None]) -> Response:
        # Requests that come meanwhile share it.
        if part not in making:
            making[part] = asyncio.create_task(made(make))
            making[part].add_done_callback(lambda _task: making.pop(part))
        file = await asyncio.shield(making[part])
        if file is None:
            return PlainTextResponse("Not Found", 404)
        headers = CACHING | {"Content-Length": str(os.fstat(file.fileno()).st_size)}
        return StreamingResponse(_chunks(file), media_type="application/xml", headers=headers)

    async def robots(_request: Request) -> Response:
        return PlainTextResponse(robots_text(), headers=CACHING)

    async def sitemap(_request: Request) -> Response:
        return await answer(0, partial(_first_or_index, addresses, most))

    async def part_of_sitemap(request: Request) -> Response:
        number = request.path_params["part"]
        if not 0 < number < 100_000 or request.url.path != f"/sitemap-{number}.xml":
            return PlainTextResponse("Not Found", 404)
        return await answer(number, partial(_part, addresses, most, number))

    return [
        Route("/robots.txt", robots),
        Route("/sitemap.xml", sitemap),
        Route("/sitemap-{part:int}.xml", part_of_sitemap),
    ]


async def _chunks(file: IO[bytes]) -> AsyncIterator[bytes]:
    """What is in the file; each reader has a place of its own in it."""
    place = 0
    while chunk := os.pread(file.fileno(), CHUNK_BYTES, place):
        place += len(chunk)
        yield chunk
