"""The composition root: `build` makes the application of the shop's own parts and its extensions."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from functools import partial
from typing import Any

import reflex as rx
from reflex.state import FrontendEventExceptionState
from reflex.utils.exec import is_prod_mode
from reflex_base.registry import RegistrationContext
from reflex_base.utils.exceptions import ReflexRuntimeError
from starlette.applications import Starlette
from starlette.routing import Mount
from starlette.types import ASGIApp

from shop_app import sandbox
from shop_app.components import set_up
from shop_app.components.admin import menu
from shop_app.components.admin.menu import MenuEntry
from shop_app.core import db, events, own_files
from shop_app.core.access import permissions, policy
from shop_app.core.settings import settings
from shop_app.core.shop import shop
from shop_app.extension import Extension, Page, as_permission, combined
from shop_app.letters import samples
from shop_app.pages.own import PAGES
from shop_app.providers import mail, taxes
from shop_app.providers.payments import registry
from shop_app.realtime import other_processes
from shop_app.realtime.bus import Push, bus
from shop_app.services.bulk_jobs import runs
from shop_app.services.bulk_jobs.list import BULK_JOBS
from shop_app.services.bulk_jobs.runs import JobKnown
from shop_app.services.desk import letter_kinds
from shop_app.services.desk import letters as letters_list
from shop_app.services.desk.letters import LETTERS
from shop_app.services.desk.products import PRODUCTS
from shop_app.services.desk.received_events import EVENTS
from shop_app.services.inventory.stock_list import INVENTORY
from shop_app.services.lists import catalogue
from shop_app.services.order_desk import order_list
from shop_app.services.order_desk.order_list import ORDERS
from shop_app.services.search import index_cache
from shop_app.services.shop import profile
from shop_app.services.staff.audit_list import AUDIT
from shop_app.state import live, pushes
from shop_app.state.account import frame as account_frame
from shop_app.state.account.frame import Account
from shop_app.state.admin import pushes as admin_pushes
from shop_app.state.admin import shell as back_office
from shop_app.state.admin import sign_in
from shop_app.state.admin.credit import CreditAdmin
from shop_app.state.admin.history import History
from shop_app.state.admin.orders import OrderAdmin
from shop_app.state.admin.promotions import PromotionAdmin
from shop_app.state.admin.shell import BackOffice
from shop_app.state.base import answer_failure, failure_delta, notice_delta
from shop_app.state.cart import Cart
from shop_app.state.missed import catch_up
from shop_app.state.reauth import Reauth
from shop_app.state.shell import Shell
from shop_app.web import (
    app_manifest,
    customer_account,
    customer_sign_in,
    data_files,
    exports,
    health,
    kept_builds,
    letters,
    line_links,
    logs,
    media,
    metrics,
    open_sockets,
    own_account,
    refused_sign_ins,
    session_look_up,
    sitemap,
    staff_sign_in,
    tcp_timeout,
    under_way,
    uploads,
    webhooks,
)
from shop_app.web.documents import DocumentRoute, Documents
from shop_app.web.edge import Edge
from shop_app.web.error_boundary import ErrorBoundary
from shop_app.web.event_entry import guard_entry
from shop_app.web.guard import Guard, refuse_unguarded, refuse_unknown_permissions
from shop_app.web.metrics import Metered
from shop_app.web.page_load import PageLoad
from shop_app.web.set_up import SetUp
from shop_app.web.shells import read_build
from shop_app.web.sitemap import SitemapEntries
from shop_app.web.sockets_elsewhere import elsewhere
from shop_app.worker import alone, jobs, timetable
from shop_app.worker.timetable import Job
from shop_app.workflows import learn_methods, ship_all

log = logging.getLogger(__name__)

FONTS = ("instrument-sans-latin-wght-normal", "instrument-serif-latin-400-normal")

FRAME = (Account.look, Shell.load, Cart.load)
"""What every page loads after its own; the reactive page replaces the served content once this is there."""
BACK_OFFICE_FRAME = (BackOffice.load,)
"""The same for the pages of the back office that are for staff alone."""

LISTS = (ORDERS, PRODUCTS, INVENTORY, AUDIT, LETTERS, EVENTS, BULK_JOBS)
"""The lists of the back office."""

FOLLOWS = (pushes.running, admin_pushes.running, other_processes.followed)  # By whoever changes something.
SHOP = Extension(
    name="shop",
    pages=PAGES,
    routes=(
        *app_manifest.routes,
        *health.routes,
        *media.routes,
        *webhooks.routes,
        *uploads.routes,
        *exports.routes,
        *staff_sign_in.routes,
        *own_account.routes,
        *customer_account.routes,
        *customer_sign_in.routes,
        *data_files.routes,
        *letters.routes,
        *line_links.routes,
    ),
    payment_methods=registry.OWN,
    lists=LISTS,
    permissions=permissions.OWN,
    # Handlers of the back office, whose pages are still to come.
    states=(CreditAdmin, History, PromotionAdmin, Reauth),
    lifespans=(
        *FOLLOWS,
        elsewhere.told,
        learn_methods.hourly,
        refused_sign_ins.written_down,
        metrics.looked_at,
        lambda: tcp_timeout.bounded(settings().port),
    ),
)


def build(*extensions: Extension) -> rx.App:
    """The shop with these extensions, as Reflex runs it.

    A process can serve one application: ways to pay, providers and permissions are set for the process, and
    every State class that was imported belongs to all of its applications.

    Errors  ExtensionError where two parts claim the same, or a field has a value that it doesn't take.
    """
    # Filled once all parts are combined: the sitemap's own addresses have to be among them.
    pages: list[Page] = []
    addresses = Extension("sitemap", routes=tuple(sitemap.routes(partial(_addresses, pages))))
    parts = combined([SHOP, addresses, *_sandbox(), *extensions])
    pages += parts.pages
    registry.offer(parts.payment_methods)
    taxes.use(parts.providers.get(taxes.TaxEngine))
    mail.use(parts.providers.get(mail.Mailer))
    catalogue.offer(parts.lists)
    letters_list.compose_with(jobs.letter_as_sent)
    letter_kinds.sample_with(samples.kinds(), samples.sample)
    runs.offer(_known(job) for job in [*timetable.shop_jobs(lambda _seconds: False), *parts.jobs])
    permissions.offer(map(as_permission, parts.permissions))
    policy.set_look_up(session_look_up.signed_in, session_look_up.signed_in_by)
    logs.redact()
    # After some errors Reflex reloads the page by an evaluated script, which the content policy forbids.
    FrontendEventExceptionState.auto_reload_on_errors = []
    _take_own_context()
    app = _app(parts)
    guard = Guard(notice_delta)
    app.add_middleware(guard)
    app.add_middleware(PageLoad(guard, failure_delta))
    guard_entry(app)
    _offer_back_office(parts.pages)
    order_list.ship_with(ship_all.ship_all)
    pushes.show_orders_by(live.handler_name(OrderAdmin.follow))
    app.register_lifespan_task(_running(app, parts))
    alone.offer(partial(_working, parts))
    for page in parts.pages:
        component, title, load = page.reactive()
        app.add_page(component, page.route, title=title, on_load=[*load, *_frame(page)], image="/icon.svg")
    return app


def _frame(page: Page) -> tuple[Any, ...]:
    if page.needs is not None:
        return BACK_OFFICE_FRAME
    return (Shell.load,) if page.is_back_office else FRAME


def _offer_back_office(pages: Iterable[Page]) -> None:
    """Tell navigation and shell which pages of the back office there are."""
    own = [(page, page.needs) for page in pages if page.needs is not None]
    back_office.offer({page.route: needs for page, needs in own})
    menu.offer(MenuEntry(page.menu, page.route, needs) for page, needs in own if page.menu)


def _known(job: Job) -> JobKnown:
    return JobKnown(job.name, job.label or job.name, job.every_seconds)


def _sandbox() -> tuple[Extension, ...]:
    """The built-in payment sandbox in demo mode."""
    server = sandbox.built_in()
    if server is None:
        return ()
    return (Extension("sandbox", routes=(Mount("/sandbox", server.app),), lifespans=(server.running,)),)


def _take_own_context() -> None:
    """Reflex has one application for each registration context: a second one in a process needs another."""
    context = RegistrationContext.ensure_context()
    try:
        _other = context.app
    except ReflexRuntimeError:
        # There is none yet.
        return
    RegistrationContext.set(context.fork())


def _app(parts: Extension) -> rx.App:
    return rx.App(
        html_lang=shop().locale,
        stylesheets=["/tokens.css"],
        head_components=[
            *map(_preload, FONTS),
            rx.el.link(rel="icon", href="/icon.svg", type="image/svg+xml"),
            rx.el.link(rel="manifest", href="/manifest.webmanifest"),
            rx.el.script(src="/shop.js", defer=True),
        ],
        # No toasts: they are evaluated script, which the content security policy forbids.
        toaster=None,
        app_wraps={},
        backend_exception_handler=answer_failure,
        api_transformer=[Starlette(routes=list(parts.routes)), partial(_edge, parts), ErrorBoundary],
    )


def _preload(font: str) -> rx.Component:
    """The link that fetches a font before the stylesheet asks for it."""
    return rx.el.link(
        rel="preload",
        href=f"/fonts/{font}.woff2",
        type="font/woff2",
        cross_origin="anonymous",
        custom_attrs={"as": "font"},
    )


def _edge(parts: Extension, inner: ASGIApp) -> ASGIApp:
    """The HTTP edge around Reflex: documents, and the checks in front of everything."""
    # Here, and not in `build`: Reflex calls this once all pages and States are registered.
    refuse_unguarded()
    refuse_unknown_permissions({permission.key for permission in permissions.catalogue()})
    front_end = read_build() if is_prod_mode() else None
    if front_end:
        routes = [
            DocumentRoute(page.route, page.serve, page.shared, page.needs, page.for_customers)
            for page in parts.pages
        ]
        kept_builds_in = settings().data_dir / kept_builds.FOLDER
        inner = Documents(inner, build=front_end, routes=routes, kept_builds_in=kept_builds_in)
    stylesheets = front_end.stylesheets if front_end else ()
    inner = SetUp(inner, draw=partial(set_up.document, stylesheets=stylesheets))
    origins = rx.config.get_config().cors_allowed_origins
    hashes = front_end.script_hashes if front_end else ()
    return Metered(Edge(inner, origins=origins, script_hashes=hashes))


def _addresses(pages: Iterable[Page]) -> SitemapEntries:
    with db.reading() as session:
        for page in pages:
            yield from page.addresses(session)


def _running(app: rx.App, parts: Extension) -> Callable[[], AbstractAsyncContextManager[None]]:
    @asynccontextmanager
    async def running() -> AsyncIterator[None]:
        """From the start of a server process to its end: pushes, jobs, and time for handlers to finish."""
        own_files.close(settings().data_dir)
        under_way.follow(app)
        await warm()
        emit = live.emitter(app)
        bus().start(emit, catch_up(app, emit, (pushes.of_rooms, admin_pushes.of_rooms)))
        async with AsyncExitStack() as stack:
            await stack.enter_async_context(open_sockets.watched(app, _show_ended))
            stack.push_async_callback(bus().stop)
            _listen(parts, stack)
            for lifespan in parts.lifespans:
                await stack.enter_async_context(lifespan())
            by_others = settings().jobs == "elsewhere"
            work = timetable.on_demand(parts.jobs) if by_others else timetable.running(parts.jobs)
            await stack.enter_async_context(work)
            yield

    return running


async def _show_ended(root: rx.State) -> None:
    """Say on a tab that its session has ended; a page of the storefront goes on as a guest's."""
    if not (await sign_in.show_ended(root) or await account_frame.show_ended(root)):
        live.connect_again(root)


def _listen(parts: Extension, stack: AsyncExitStack) -> None:
    for listener in parts.listeners:
        stack.callback(events.subscribe(listener.event, listener.call))


@asynccontextmanager
async def _working(parts: Extension) -> AsyncIterator[None]:
    """From the start to the end of a process for background work alone, which no page is connected to."""
    own_files.close(settings().data_dir)
    bus().start(_nothing, _nothing)
    async with AsyncExitStack() as stack:
        stack.push_async_callback(bus().stop)
        _listen(parts, stack)
        for lifespan in FOLLOWS:
            await stack.enter_async_context(lifespan())
        await stack.enter_async_context(timetable.running(parts.jobs, alone=True))
        yield


async def _nothing(*_push: Push) -> None:
    """Pages are connected to other processes: nothing is sent here, and nothing is missed."""


async def warm() -> None:
    """Know the shop, and fill the caches of the listing index, before the first request."""
    try:
        await db.read(profile.load)
        await db.read(index_cache.warm)
    except Exception:
        # The first request fills them, once the database is back.
        log.exception("The caches of the listing index couldn't be filled at the start")


app = build()
