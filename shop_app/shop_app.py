"""The composition root: what the shop is made of, each kind of thing in one visible list."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

import reflex as rx
from reflex.state import FrontendEventExceptionState
from reflex.utils.exec import is_prod_mode
from starlette.applications import Starlette
from starlette.routing import BaseRoute, Mount
from starlette.types import ASGIApp

from shop_app import sandbox
from shop_app.components import plain_texts, texts
from shop_app.core import db, own_files
from shop_app.core.access import policy
from shop_app.core.access.principal import Principal
from shop_app.core.settings import settings
from shop_app.pages import cart, checkout, home, listing, lookup, lost, order, plain, product, withdrawal
from shop_app.realtime.bus import bus
from shop_app.services import accounts
from shop_app.services.catalog import storefront
from shop_app.services.listing import kept
from shop_app.state import live, pushes
from shop_app.state.base import answer_failure, notice_delta
from shop_app.state.cart import Cart
from shop_app.state.checkout import Checkout
from shop_app.state.credit_desk import CreditDesk
from shop_app.state.home import Home
from shop_app.state.listing import Browse
from shop_app.state.order import Order
from shop_app.state.order_desk import OrderDesk
from shop_app.state.product import Product
from shop_app.state.promotion_desk import PromotionDesk
from shop_app.state.return_desk import ReturnDesk
from shop_app.state.shell import Shell
from shop_app.state.stock_desk import StockDesk
from shop_app.web import health, logs, media, sitemap, unread, uploads, webhooks
from shop_app.web.documents import DocumentRoute, Documents
from shop_app.web.edge import Edge
from shop_app.web.event_entry import guard_entry
from shop_app.web.guard import Guard, refuse_unguarded
from shop_app.web.last_resort import LastResort
from shop_app.web.served import ServePage
from shop_app.web.shells import read_build
from shop_app.web.storefront import documents
from shop_app.worker import timetable

log = logging.getLogger(__name__)

HANDLERS_FINISH_SECONDS = 10
FONTS = ("instrument-sans-latin-wght-normal", "instrument-serif-latin-400-normal")


@dataclass(frozen=True)
class Page:
    """A page: its address in Reflex's words, its component, its title once it is reactive.

    `load` is the handler that runs when the page opens or its socket comes back; `serve` makes the
    content that the HTML carries before any script has run, see `web/served.py`.
    """

    route: str
    component: Callable[[], rx.Component]
    title: str | rx.Var
    load: Any = None
    serve: ServePage | None = None


# What every page with a header loads before its own.
FRAME = (Shell.load, Cart.load)

PAGES: list[Page] = [
    Page("/", home.page, texts.HOME_TITLE, [*FRAME, Home.load], documents.home),
    Page("/products", listing.page, listing.TITLE, [*FRAME, Browse.load], documents.products),
    Page("/products/[slug]", product.page, product.TITLE, [*FRAME, Product.load], documents.product),
    Page("/cart", cart.page, cart.TITLE, [*FRAME, Cart.load_countries], documents.desk(cart.NAME)),
    Page("/checkout", checkout.page, checkout.TITLE, [*FRAME, Checkout.load], documents.desk(checkout.NAME)),
    Page("/orders/lookup", lookup.page, lookup.TITLE, [*FRAME], documents.desk(lookup.NAME)),
    Page("/orders/[token]", order.page, order.TITLE, [*FRAME, Order.load], documents.order),
    Page("/withdrawal", withdrawal.page, withdrawal.TITLE, [*FRAME, *withdrawal.LOAD], documents.withdrawal),
    *(
        Page(f"/{name}", plain.page(name), documents.title_of(text.title), [*FRAME], documents.plain(name))
        for name, text in plain_texts.PAGES.items()
    ),
    Page("404", lost.page, documents.title_of(texts.LOST_TITLE), [*FRAME], documents.lost),
]

# What staff may do already, although no page shows it yet: being named here makes it reachable.
DESKS: list[type[rx.State]] = [CreditDesk, OrderDesk, PromotionDesk, ReturnDesk, StockDesk]


def addresses() -> sitemap.Entries:
    """What the sitemap lists."""
    with db.reading() as session:
        for entry in storefront.sitemap(session):
            yield entry.path, entry.changed_at
    for name in (*plain_texts.PAGES, "withdrawal"):
        yield f"/{name}", None


# Addresses that are no pages: health, sitemap, media, webhooks, uploads, and the sandbox in demo mode.
ROUTES: list[BaseRoute] = [
    *health.routes,
    *media.routes,
    *sitemap.routes(addresses),
    *webhooks.routes,
    *uploads.routes,
]
SANDBOX = sandbox.built_in()
if SANDBOX:
    ROUTES.append(Mount("/sandbox", SANDBOX.app))


def edge(inner: ASGIApp) -> ASGIApp:
    """The HTTP edge around Reflex: documents, and the guard rails in front of everything."""
    # Pages and their states are known by now.
    refuse_unguarded()
    build = read_build() if is_prod_mode() else None
    if build:
        routes = [DocumentRoute(page.route, page.serve) for page in PAGES]
        inner = Documents(inner, build=build, routes=routes)
    origins = rx.config.get_config().cors_allowed_origins
    return Edge(inner, origins=origins, script_hashes=build.script_hashes if build else ())


async def signed_in(session_hash: str) -> Principal:
    """Whose session that is, asked of the database on every event."""
    return await db.read(accounts.who, session_hash)


def preload(font: str) -> rx.Component:
    """The link that fetches a font before the stylesheet asks for it."""
    return rx.el.link(
        rel="preload",
        href=f"/fonts/{font}.woff2",
        type="font/woff2",
        cross_origin="anonymous",
        custom_attrs={"as": "font"},
    )


app = rx.App(
    html_lang=settings().locale,
    stylesheets=["/tokens.css"],
    head_components=[
        *map(preload, FONTS),
        rx.el.link(rel="icon", href="/icon.svg", type="image/svg+xml"),
        rx.el.script(src="/shop.js", defer=True),
    ],
    # No toasts: they are evaluated script, which the content security policy forbids.
    toaster=None,
    app_wraps={},
    backend_exception_handler=answer_failure,
    api_transformer=[Starlette(routes=ROUTES), edge, LastResort],
)
app.add_middleware(Guard(notice_delta))
guard_entry(app)
policy.set_look_up(signed_in)
# Reflex answers some errors of the browser with evaluated script that reloads; our policy forbids it.
FrontendEventExceptionState.auto_reload_on_errors = []
logs.redact()


async def warm() -> None:
    """Fold the catalogue before anybody asks: what takes long is done once, and not on the loop."""
    try:
        await db.read(kept.warm)
    except Exception:
        # Whoever asks first has it folded then, once the database is back.
        log.exception("The catalogue couldn't be folded at the start")


@asynccontextmanager
async def running() -> AsyncIterator[None]:
    """From the start of a server process to its end: pushes, jobs, and time for handlers to finish."""
    own_files.close(settings().data_dir)
    app.event_processor.graceful_shutdown_timeout = HANDLERS_FINISH_SECONDS
    await warm()
    bus.start(partial(live.emit, app))
    async with AsyncExitStack() as stack:
        stack.push_async_callback(bus.stop)
        await stack.enter_async_context(unread.bounded(settings().port))
        await stack.enter_async_context(pushes.running())
        await stack.enter_async_context(timetable.running())
        if SANDBOX:
            await stack.enter_async_context(SANDBOX.running())
        yield


app.register_lifespan_task(running)

for page in PAGES:
    app.add_page(page.component, page.route, title=page.title, on_load=page.load, image="/icon.svg")
