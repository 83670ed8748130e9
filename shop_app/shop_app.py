"""The composition root: what the shop is made of, each kind of thing in one visible list."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial

import reflex as rx
from reflex.state import FrontendEventExceptionState
from reflex.utils.exec import is_prod_mode
from starlette.applications import Starlette
from starlette.routing import BaseRoute
from starlette.types import ASGIApp

from shop_app.live.bus import bus
from shop_app.pages import home, lost
from shop_app.settings import settings
from shop_app.state import live
from shop_app.state.base import answer_failure, notice_events
from shop_app.web import health, logs
from shop_app.web.documents import DocumentRoute, Documents
from shop_app.web.edge import Edge
from shop_app.web.guard import Guard, refuse_unguarded
from shop_app.web.shells import read_build

# Addresses that are no pages: webhooks, sign-in forms, media, the sandbox, health, sitemap.
ROUTES: list[BaseRoute] = [
    *health.routes,
]

# What the HTML of a page carries before any script has run; pages that aren't here serve their shell.
DOCUMENTS: list[DocumentRoute] = [
    DocumentRoute("/"),
    DocumentRoute("/products"),
    DocumentRoute("/products/[slug]"),
    DocumentRoute("404"),
]

HANDLERS_FINISH_SECONDS = 10
FONTS = ("instrument-sans-latin-wght-normal", "instrument-serif-latin-400-normal")


def edge(inner: ASGIApp) -> ASGIApp:
    """The HTTP edge around Reflex: documents, and the guard rails in front of everything."""
    # Pages and their states are known by now.
    refuse_unguarded()
    build = read_build() if is_prod_mode() else None
    if build:
        inner = Documents(inner, build=build, routes=DOCUMENTS)
    origins = rx.config.get_config().cors_allowed_origins
    return Edge(inner, origins=origins, script_hashes=build.script_hashes if build else ())


app = rx.App(
    html_lang=settings().locale,
    stylesheets=["/tokens.css"],
    head_components=[
        rx.el.link(
            rel="preload", href=f"/fonts/{font}.woff2", type="font/woff2",
            custom_attrs={"as": "font"}, cross_origin="anonymous",
        )
        for font in FONTS
    ]
    + [rx.el.link(rel="icon", href="/icon.svg", type="image/svg+xml")],  # fmt: skip
    # No toasts: they are evaluated script, which the content security policy forbids.
    toaster=None,
    app_wraps={},
    backend_exception_handler=answer_failure,
    api_transformer=[Starlette(routes=ROUTES), edge],
)
app.add_middleware(Guard(notice_events))
# Reflex answers some errors of the browser with evaluated script that reloads; our policy forbids it.
FrontendEventExceptionState.auto_reload_on_errors = []
logs.redact()


@asynccontextmanager
async def running() -> AsyncIterator[None]:
    """From the start of a server process to its end: the live bus, and time for handlers to finish."""
    app.event_processor.graceful_shutdown_timeout = HANDLERS_FINISH_SECONDS
    bus.start(partial(live.emit, app))
    yield
    await bus.stop()


app.register_lifespan_task(running)

# Pages: component, address, title.
app.add_page(home.page, route="/", title="Shop", image="/favicon.ico")
app.add_page(home.page, route="/products", title="All products", image="/favicon.ico")
app.add_page(home.page, route="/products/[slug]", title="Product", image="/favicon.ico")
app.add_page(lost.page, route="404", title="Not found", image="/favicon.ico")
