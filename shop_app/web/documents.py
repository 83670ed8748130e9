"""The pages as HTML: the built shell of a route, filled with its content.

Pages that are the same for everybody are kept until a fact empties them, and sent from there without a
thread and without a turn.

Wraps Reflex's own application. What isn't a page or a built file is passed on to it; what it doesn't have
either is answered with the not-found page and 404.
"""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from urllib.parse import quote

from starlette.datastructures import Headers, QueryParams
from starlette.responses import PlainTextResponse, RedirectResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shop_app.core import fact_cache
from shop_app.core.access import policy, security_log
from shop_app.core.access.clients import client_address
from shop_app.core.errors import NotFound
from shop_app.core.fact_cache import FactCache
from shop_app.core.pages import Address, MovedTo, path_of, pattern

from . import kept_builds
from .document import Document
from .held_values import PREFIX, HeldValues
from .page_queue import PageQueue, PageQueueFull
from .served import Served, ServePage, block, early_head, late_head
from .shells import BuiltFrontEnd, file_response

log = logging.getLogger(__name__)

NOT_FOUND = "404"
STAFF_SIGN_IN, CUSTOMER_SIGN_IN = "/admin/login", "/account/login"
_SLASHES = re.compile("/{2,}")
KEPT_BYTES = 64 * 1024 * 1024
KEPT_BYTES_OF_FREE = 16 * 1024 * 1024
"""Of addresses that anybody can make up without end, such as searches: they push out only each other."""


@dataclass(frozen=True, slots=True)
class DocumentRoute:
    """A page's route as Reflex writes it (`products/[slug]`), and the function that makes its content.

    `shared` is given for a page that is the same for everybody: it is made from what this function returns of
    its address alone, and kept.
    `needs` is the permission that staff need to be served it, "" for any member of staff, None for everybody.
    `for_customers` says that only customers are served it.
    """

    route: str
    serve: ServePage | None = None
    shared: Callable[[Address], Address] | None = None
    needs: str | None = None
    for_customers: bool = False

    @property
    def name(self) -> str:
        """Reflex's own name of the route, without slashes at its ends; the home page is `index`."""
        return self.route.strip("/") or "index"


class Documents:
    """ASGI: answers GET and HEAD of every page and every built file."""

    def __init__(
        self,
        app: ASGIApp,
        *,
        build: BuiltFrontEnd,
        routes: Sequence[DocumentRoute],
        kept_builds_in: Path | None = None,
    ) -> None:
        self.app = app
        self.build = build
        self.kept_builds_in = kept_builds_in
        # Routes without parameters come first: /orders/lookup is no order's token.
        sorted_routes = sorted((r for r in routes if r.name != NOT_FOUND), key=lambda r: r.route.count("["))
        self.routes = [(pattern(route.name), route) for route in sorted_routes]
        self.not_found = next((r for r in routes if r.name == NOT_FOUND), DocumentRoute(NOT_FOUND))
        self.queue = PageQueue()
        self.kept = FactCache(KEPT_BYTES, _size_bytes)
        self.kept_free = FactCache(KEPT_BYTES_OF_FREE, _size_bytes)
        self.held_values = HeldValues()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] not in ("GET", "HEAD"):
            await self.app(scope, receive, send)
        elif response := await self._own(scope, scope["path"]):
            await response(scope, receive, send)
        else:
            await self._pass_on(scope, receive, send)

    async def _own(self, scope: Scope, path: str) -> ASGIApp | None:
        """The answer to the address of a page or a built file, None for others."""
        file = self.build.files.get(path)
        if file is None and self.kept_builds_in:
            file = kept_builds.find(self.kept_builds_in, path)
        if file:
            return file_response(file, path, Headers(scope=scope))
        if path.startswith(PREFIX):
            return self.held_values.answer(path, Headers(scope=scope))
        if not (route_match := self._match(_SLASHES.sub("/", path).rstrip("/") or "/")):
            return None
        route, params = route_match
        as_asked = scope["raw_path"].decode("latin-1") if scope.get("raw_path") else quote(path)
        canonical = path_of(route.name, params)
        try:
            if as_asked != canonical:
                # The reactive page reads the address in the browser's own writing.
                raise MovedTo(canonical)
            return await self._page(scope, route, params)
        except MovedTo as moved:
            location = moved.location(scope["query_string"].decode("latin-1"))
            return RedirectResponse(location, 301 if moved.is_permanent else 302)

    async def _page(self, scope: Scope, route: DocumentRoute, params: dict[str, str]) -> ASGIApp:
        """The document of a route, kept or made now.

        Errors  MovedTo.
        """
        query = QueryParams(scope["query_string"])
        if (route.needs is not None or route.for_customers) and (elsewhere := await _elsewhere(scope, route)):
            return elsewhere
        if route.shared is None:
            return await self._in_turn(
                scope, partial(_ready, scope, partial(self._answer, route, params, query))
            )
        address = route.shared(Address(params, {name: query.getlist(name) for name in query}))
        cache, key = self.kept_free if address.is_free else self.kept, (route.route, address)
        kept = cache.find(key)
        if kept and (not isinstance(kept, Document) or kept.is_ready(scope)):
            return kept
        given = QueryParams([(name, value) for name, values in address.query.items() for value in values])
        make = partial(self._answer, route, dict(address.parameters), given)
        return await self._in_turn(scope, partial(_ready, scope, partial(cache.get, key, make)))

    async def _in_turn(self, scope: Scope, make: Callable[[], ASGIApp]) -> ASGIApp:
        """The result of `make`, called on a thread once it is the client's turn."""
        address = client_address(scope)
        try:
            async with self.queue.turn(address):
                return await asyncio.to_thread(make)
        except PageQueueFull:
            security_log.note("limit", address=address, detail="pages")
            sentence = "Too many pages were asked for at once. Wait a few seconds and load it again."
            return PlainTextResponse(sentence, 429, {"Retry-After": "10", "Cache-Control": "no-store"})

    def _match(self, path: str) -> tuple[DocumentRoute, dict[str, str]] | None:
        for path_pattern, route in self.routes:
            if match := path_pattern.fullmatch(path):
                return route, match.groupdict()
        return None

    def _answer(self, route: DocumentRoute, params: dict[str, str], query: QueryParams) -> ASGIApp:
        """The document of a route: its content, or the not-found page where there is none.

        On a thread as a whole: reading, filling in and compressing take milliseconds each.
        """
        page = _ask(route, params, query)
        if page.status == 404 and not page.html:
            # Without a body of its own: the reactive page of this address shows that nothing is here.
            fact_cache.dont_keep()
            return self._not_found_page()
        return self._document(route, page)

    def _not_found_page(self) -> ASGIApp:
        make = partial(_ask, self.not_found, {}, QueryParams(""))
        return self.kept.get(NOT_FOUND, lambda: self._document(self.not_found, make(), 404))

    def _document(self, route: DocumentRoute, page: Served, status: int | None = None) -> Document:
        # Of pages that are the same for everybody: everybody may read the script.
        values = self.held_values.add(page.states) if route.shared and page.states else ""
        html = self.build.shell.filled(
            early_head(page) + self.build.preloads(route.name),
            late_head(page),
            block(page, values),
            own_title=bool(page.title),
        )
        document = Document(html, status or page.status, page.headers, is_shared=route.shared is not None)
        if page.status >= 500 or not (document.is_shared or status):
            fact_cache.dont_keep()
        return document

    async def _pass_on(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let the rest of the application answer; its plain "Not Found" becomes the not-found page."""
        # Browsers say in this header what they load: a missing picture or script needs no page.
        if Headers(scope=scope).get("sec-fetch-dest", "document") not in ("document", "iframe"):
            await self.app(scope, receive, send)
            return
        unknown = False

        async def watch(message: Message) -> None:
            nonlocal unknown
            if message["type"] == "http.response.start":
                kind = Headers(raw=message["headers"]).get("content-type", "")
                unknown = message["status"] == 404 and kind.startswith("text/plain")
            if not unknown:
                await send(message)

        await self.app(scope, receive, watch)
        if unknown:
            response = await self._in_turn(scope, partial(_ready, scope, self._not_found_page))
            await response(scope, receive, send)


async def _elsewhere(scope: Scope, route: DocumentRoute) -> ASGIApp | None:
    """Where somebody is sent who may not be served a page; None for whoever may.

    Staff without the permission are staff all the same: the page is served empty, and says what is missing.
    """
    principal = await policy.who(Headers(scope=scope).get("cookie", ""))
    kind, sign_in = ("staff", STAFF_SIGN_IN) if route.needs is not None else ("customer", CUSTOMER_SIGN_IN)
    if principal.kind == kind:
        return None
    asked = quote(scope["path"] + ("?" + scope["query_string"].decode("latin-1")).rstrip("?"), safe="")
    return RedirectResponse(f"{sign_in}?next={asked}", 303, {"Cache-Control": "no-store"})


def _ask(route: DocumentRoute, params: dict[str, str], query: QueryParams) -> Served:
    if route.serve is None:
        return Served()
    try:
        return route.serve(params, query)
    except MovedTo:
        raise
    except NotFound:
        return Served(status=404)
    except Exception:
        # The reactive page may still work; search engines come back later.
        log.exception("The content of %s can't be served", route.name)
        return Served(status=503, headers={"Retry-After": "30"})


def _ready(scope: Scope, make: Callable[[], ASGIApp]) -> ASGIApp:
    """What `make` returns, compressed as the request takes it."""
    answer = make()
    if isinstance(answer, Document) and not answer.is_ready(scope):
        answer.make_ready(scope)
    return answer


def _size_bytes(answer: ASGIApp) -> int:
    return answer.size_bytes if isinstance(answer, Document) else 0
