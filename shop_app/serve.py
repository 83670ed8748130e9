"""Starting the server: the database, the front end where its sources changed, then everything on one port."""

from __future__ import annotations

import asyncio
import gc
import hashlib
import importlib
import importlib.metadata
import importlib.util
import logging
import os
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, NoReturn

from filelock import FileLock
from starlette.types import ASGIApp

from shop_app.core import live_hosts, metrics_folder
from shop_app.core.settings import ROOT, settings
from shop_app.core.shop import shop

log = logging.getLogger(__name__)

STAMP = ROOT / ".web" / "shop_sources.sha256"
BUILT = ROOT / ".web" / "build" / "client" / "__spa-fallback.html"
# The front end doesn't depend on these, apart from web/frontend.py, which changes the build.
_NOT_BUILT = (
    "core/access/",
    "core/db.py",
    "core/live_hosts.py",
    "core/metrics",
    "models/",
    "providers/",
    "sandbox/",
    "demo/",
    "web/",
    "worker/",
    "cli/",
    "__main__.py",
    "serve.py",
)
BACKLOG = 4_096
"""Connections that the system queues until the server accepts them."""
MAX_CONNECTIONS = 8_000
FILES_BESIDE = 500
"""Open files that are no connections."""
HEADER_SECONDS = 15
"""So long a request's head may take, and a connection may be silent between two requests."""
HEADER_BYTES = 64 * 1024
DEMO_LOGINS = (
    ("owner@example.com", "demo-owner"),
    ("clerk@example.com", "demo-clerk"),
    ("shopper@example.com", "demo-shopper"),
)


def run() -> None:
    """Prepare everything and serve until SIGINT or SIGTERM.

    Errors  SystemExit with one sentence where the port is taken or the front end can't be built.
    """
    started = time.monotonic()
    os.chdir(ROOT)
    settings()
    speak()
    prepare_database()
    live_hosts.claim()
    build_front_end()
    token = _set_up_token()
    os.environ |= {"REFLEX_ENV_MODE": "prod", "__REFLEX_SKIP_COMPILE": "true"}
    if settings().workers > 1:
        _serve_many(started, token)
    else:
        application = asgi()
        _announce(started, token)
        serve_until_stopped(application, settings().port)


def speak() -> None:
    """Take the shop's language from its row, for the texts of this process and of those that it starts.

    Before anything with texts is imported; a database without the row has the setting's.
    """
    from sqlalchemy import text
    from sqlalchemy.exc import SQLAlchemyError

    from shop_app.core import db

    with suppress(SQLAlchemyError), db.engine().connect() as connection:
        if locale := connection.execute(text("SELECT locale FROM shop_profile")).scalar():
            os.environ["SHOP_LOCALE"] = locale
            settings.cache_clear()


def prepare_database() -> None:
    """Bring the schema to the newest, and fill an empty database with the demo catalogue."""
    bring_up_to_date()
    fill_demo()


def bring_up_to_date() -> tuple[str | None, str]:
    """Migrate, lay the base data, and project what a new schema needs; the revisions before and after."""
    from shop_app.core import db, migrate
    from shop_app.services.opening import base_data
    from shop_app.services.search import listing_index
    from shop_app.services.shop import profile

    revisions = migrate.migrate()
    with db.transaction() as session:
        base_data.lay(session)
        if settings().mode != "demo":
            profile.open_existing(session)
    last = None
    while last != 0:
        with db.transaction() as session:
            last = listing_index.complete(session, after=last or 0)
    db.read_here(profile.load)
    return revisions


def fill_demo() -> None:
    """In demo mode, fill an empty database with the demo shop, and say so."""
    if settings().mode != "demo":
        return
    from shop_app.core import db
    from shop_app.demo import identity, load

    loaded = load.fill()
    # A demo from before shops had a row.
    with db.transaction() as session:
        identity.open_shop(session)
    if loaded:
        print(
            f"Loaded the demo: {loaded.products} products, {loaded.reviews} reviews, {loaded.orders} orders."
        )


def sources() -> Iterator[Path]:
    """Every file that the built front end depends on."""
    for path in sorted((ROOT / "shop_app").rglob("*")):
        inside = path.relative_to(ROOT / "shop_app").as_posix()
        if path.suffix in (".py", ".css", ".js") and (
            not inside.startswith(_NOT_BUILT) or inside == "web/frontend.py"
        ):
            yield path
    for folder in ("assets", "reflex.lock", "locales"):
        yield from (path for path in sorted((ROOT / folder).rglob("*")) if path.is_file())
    yield from _extension_sources()
    yield ROOT / "rxconfig.py"


def _extension_sources() -> Iterator[Path]:
    """The files of the package that builds the application, where it isn't this one."""
    package = app_module().partition(".")[0]
    spec = importlib.util.find_spec(package)
    if package == "shop_app" or spec is None:
        return
    if spec.submodule_search_locations is None:
        yield Path(spec.origin or "")
    for folder in spec.submodule_search_locations or ():
        paths = sorted(Path(folder).rglob("*"))
        yield from (path for path in paths if path.suffix in (".py", ".css", ".js"))


def sources_hash() -> str:
    """A hash over the sources of the front end, the settings that its texts depend on, and Reflex."""
    depends_on = (
        importlib.metadata.version("reflex"),
        shop().locale,
    )
    digest = hashlib.sha256(repr(depends_on).encode())
    for path in sources():
        digest.update(os.path.relpath(path, ROOT).encode() + b"\0")
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


def build_front_end(*, force: bool = False) -> bool:
    """Build the front end where its sources changed; says whether it did.

    Two servers that start together build once: the second waits, and finds it done.

    Errors  SystemExit with the build's last lines where it fails; the old build then stays unused.
    """
    # Outside of .web, which a build may delete.
    with FileLock(STAMP.parent.with_name(".web.lock")):
        return _build_front_end(force)


def _build_front_end(force: bool) -> bool:
    wanted_hash = sources_hash()
    if not force and BUILT.exists() and STAMP.exists() and STAMP.read_text() == wanted_hash:
        return False
    print("Building the pages; this happens once, and again when they change …", flush=True)
    STAMP.unlink(missing_ok=True)
    # In a process of its own, because the compiler takes memory and changes Reflex's global state.
    completed = subprocess.run(
        [sys.executable, "-m", "reflex", "export", "--frontend-only", "--no-zip"],
        cwd=ROOT,
        env=os.environ | {"REFLEX_ENV_MODE": "prod", "TERM": "dumb", "NO_COLOR": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    if completed.returncode or not BUILT.exists():
        raise SystemExit("The pages can't be built:\n" + "\n".join(completed.stdout.splitlines()[-40:]))
    # Hashed again: a first build changes reflex.lock.
    STAMP.write_text(sources_hash())
    return True


def app_module() -> str:
    """The module whose `app` is served: `app_module_import` of rxconfig.py, else the shop's own."""
    from reflex_base.config import get_config

    return get_config().module


def application() -> Any:
    """Import the application, which sets the ways to pay and the providers of this process."""
    # Reflex looks for rxconfig.py in the working directory.
    os.chdir(ROOT)
    return importlib.import_module(app_module()).app


def asgi() -> ASGIApp:
    """The ASGI application that the server runs; called once in each process."""
    from shop_app.web.request_target import PathsOnly

    return PathsOnly(application()())


def serve_until_stopped(application: ASGIApp, port: int, *, host: str = "") -> NoReturn:
    """Serve in this process until SIGINT or SIGTERM, then end it.

    Handlers that are running may finish (`HANDLERS_FINISH_SECONDS` in shop_app.py), and the lifespan ends.
    Granian 2.8 leaves tasks for open sockets that can't be cancelled, so the process exits without waiting
    for them; browsers see a lost connection and reconnect.
    """
    asyncio.new_event_loop().run_until_complete(_serve(application, port, host or settings().listen_host))
    logging.shutdown()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)


def server_options() -> dict[str, Any]:
    """Granian's options, in one process as in several: the bounds of connections, see docs/operations.md.

    `backpressure` is the number of connections that are open at the same time; more wait until one closes.
    It is far above what pages need, and below the files that this process may open.
    """
    from granian.constants import HTTPModes, Interfaces
    from granian.http import HTTP1Settings

    return {
        "interface": Interfaces.ASGI,
        # Proxies and browsers can all speak HTTP/1.1, and it has no streams that would need a bound.
        "http": HTTPModes.http1,
        "http1_settings": HTTP1Settings(
            header_read_timeout=HEADER_SECONDS * 1000, keep_alive=True, max_buffer_size=HEADER_BYTES
        ),
        "backlog": BACKLOG,
        "backpressure": most_connections(),
        "log_enabled": False,
    }


def most_connections() -> int:
    """How many connections this process may have open, after raising its limit of open files for them.

    `FILES_BESIDE` are left for the database, pictures and the front end's files.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    needed = MAX_CONNECTIONS + FILES_BESIDE
    if soft != resource.RLIM_INFINITY and soft < needed:
        soft = needed if hard == resource.RLIM_INFINITY else min(needed, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    return (
        MAX_CONNECTIONS
        if soft == resource.RLIM_INFINITY
        else max(128, min(MAX_CONNECTIONS, soft - FILES_BESIDE))
    )


async def _serve(application: ASGIApp, port: int, host: str) -> None:
    from granian.server.embed import Server

    logging.getLogger("_granian").setLevel(logging.ERROR)
    # The objects that exist now stay until the end: the garbage collector can skip them.
    gc.collect()
    gc.freeze()
    # Most objects of an event are freed by reference counts alone; looking for cycles after every 700
    # new objects cost a tenth of the time.
    gc.set_threshold(20_000, 20, 50)
    server = Server(application, address=host, port=port, **server_options())
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, server.stop)
    await server.serve()


def _serve_many(started: float, token: str | None) -> None:
    from granian import Granian

    metrics_folder.share()
    server = Granian(
        "shop_app.serve:asgi",
        address=settings().listen_host,
        port=settings().port,
        workers=settings().workers,
        factory=True,
        workers_kill_timeout=20,
        respawn_failed_workers=True,
        **server_options(),
    )
    _announce(started, token)
    server.serve()


def _set_up_token() -> str | None:
    """A new token for who opens the shop, made before there are several processes; None where it is open."""
    from shop_app.core import db
    from shop_app.services.opening import token

    with db.transaction() as session:
        return token.renew(session)


def _announce(started: float, token: str | None) -> None:
    chosen = settings()
    print(f"\nThe shop is open: {chosen.public_url}   (ready in {time.monotonic() - started:.1f} s)")
    if chosen.mode == "demo":
        print("Demo logins: " + ", ".join(f"{email} / {password}" for email, password in DEMO_LOGINS))
    if token:
        print(f"Nobody runs this shop yet. Open it at {chosen.public_url}/admin with this token: {token}")
        print("It is valid for 24 hours, and once; the next start prints another one.")
    letters = "sent by mail" if chosen.smtp_url else f"written to {chosen.data_dir / 'letters'}"
    print(f"Letters are {letters}. Ctrl-C ends it.\n", flush=True)
