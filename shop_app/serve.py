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
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any, NoReturn

from filelock import FileLock
from starlette.types import ASGIApp

from shop_app import prepare, supervisor
from shop_app.core import db, live_hosts, metrics_folder, starting
from shop_app.core.settings import ROOT, settings
from shop_app.core.shop import shop
from shop_app.core.version import VERSION
from shop_app.web import kept_builds, logs, tcp_timeout, under_way
from shop_app.web.under_way import UnderWay
from shop_app.worker import alone

log = logging.getLogger(__name__)

STAMP = ROOT / ".web" / "shop_sources.sha256"
BUILT = ROOT / ".web" / "build" / "client" / "__spa-fallback.html"
# The front end doesn't depend on these, apart from web/frontend*.py, which change the build.
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
    "prepare.py",
    "supervisor.py",
)
BACKLOG = 4_096
"""Connections that the system queues until the server accepts them."""
MAX_CONNECTIONS = 8_000
FILES_BESIDE = 500
"""Open files that are no connections."""
HEADER_SECONDS = 15
"""So long a request's head may take, and a connection may be silent between two requests."""
HEADER_BYTES = 64 * 1024
LOOK_SECONDS = 0.02
IN_PRODUCTION = {"REFLEX_ENV_MODE": "prod", "__REFLEX_SKIP_COMPILE": "true"}
DEMO_LOGINS = (
    ("owner@example.com", "demo-owner"),
    ("clerk@example.com", "demo-clerk"),
    ("shopper@example.com", "demo-shopper"),
)


def run() -> None:
    """Prepare everything and serve until SIGINT or SIGTERM.

    Errors  CantStart where the port or the data folder is taken; SystemExit with one sentence where the front
            end can't be built, or workers can't run.
    """
    started = time.monotonic()
    os.chdir(ROOT)
    settings()
    starting.refuse_taken_port(settings())
    with starting.take_data_folder(settings()):
        _run(started)


def _run(started: float) -> NoReturn:
    prepare.speak()
    prepare.prepare_database()
    live_hosts.claim()
    build_front_end()
    kept_builds.keep(BUILT.parent, settings().data_dir / kept_builds.FOLDER)
    token = prepare.set_up_token()
    os.environ |= IN_PRODUCTION
    announce = partial(_announce, started, token)
    if settings().workers > 1:
        metrics_folder.share()
        # Workers have connections of their own; this process needs none any more.
        db.engine().dispose()
        sys.exit(supervisor.supervise(settings().workers, announce))
    serve_until_stopped(asgi(), settings().port, announce=announce)


def work_as(number: int) -> NoReturn:
    """Serve as one of several workers, which `supervisor` has started, until SIGTERM or the supervisor's end.

    The port is shared: the system gives each connection to one of the processes that listen on it.
    """
    os.chdir(ROOT)
    supervisor.obey()
    logs.name_process(f"worker {number}")
    prepare.know_shop()
    serve_until_stopped(asgi(), settings().port, announce=supervisor.say_ready)


def work_alone() -> NoReturn:
    """Do background work without serving, until SIGINT or SIGTERM, then end this process."""
    os.environ |= IN_PRODUCTION
    logs.name_process("work")
    live_hosts.claim()
    application()
    asyncio.new_event_loop().run_until_complete(alone.run_until_stopped())
    _exit()


def sources() -> Iterator[Path]:
    """Every file that the built front end depends on."""
    for path in sorted((ROOT / "shop_app").rglob("*")):
        inside = path.relative_to(ROOT / "shop_app").as_posix()
        if path.suffix in (".py", ".css", ".js") and (
            not inside.startswith(_NOT_BUILT) or inside.startswith("web/frontend")
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
        VERSION,
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
    # First without the lock: where the pages are built before, as in an image, nothing has to be written.
    if not force and _is_built():
        return False
    try:
        # Outside of .web, which a build may delete.
        with FileLock(STAMP.parent.with_name(".web.lock")):
            return _build_front_end(force)
    except PermissionError as error:
        raise SystemExit(
            f"The pages have to be built, and {error.filename} can't be written. Build them before the start,"
            f" with SHOP_LOCALE={shop().locale}, the language of this shop."
        ) from None


def _is_built() -> bool:
    """Whether the front end is there, and built of the sources as they are now."""
    return BUILT.exists() and STAMP.exists() and STAMP.read_text(encoding="utf-8") == sources_hash()


def _build_front_end(force: bool) -> bool:
    if not force and _is_built():
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
        encoding="utf-8",
        errors="replace",
    )
    if completed.returncode or not BUILT.exists():
        raise SystemExit("The pages can't be built:\n" + "\n".join(completed.stdout.splitlines()[-40:]))
    # Hashed again: a first build changes reflex.lock.
    STAMP.write_text(sources_hash(), encoding="utf-8")
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

    return UnderWay(PathsOnly(application()()))


def serve_until_stopped(
    application: ASGIApp, port: int, *, host: str = "", announce: Callable[[], object] = lambda: None
) -> NoReturn:
    """Serve in this process until SIGINT or SIGTERM, then end it; `announce` is called once it answers.

    What has begun may finish (`web/under_way.py`) while its sockets are open, then the lifespan ends; a
    second signal ends the waiting. Granian 2.8 leaves tasks for open sockets that can't be cancelled, so the
    process exits without waiting for them; browsers see a lost connection and reconnect.
    """
    serving = _serve(application, port, host or settings().listen_host, announce)
    was_asked = asyncio.new_event_loop().run_until_complete(serving)
    if not was_asked:
        log.error("The server couldn't start, or ended by itself")
    _exit(0 if was_asked else 1)


def _exit(code: int = 0) -> NoReturn:
    """End without waiting for threads: of a job that hangs, or of the server."""
    logging.shutdown()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


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


async def _serve(application: ASGIApp, port: int, host: str, announce: Callable[[], object]) -> bool:
    """Serve; says at the end whether the server was asked to stop."""
    from granian.server.embed import Server

    logging.getLogger("_granian").setLevel(logging.ERROR)
    # The objects that exist now stay until the end: the garbage collector can skip them.
    gc.collect()
    gc.freeze()
    # Most objects of an event are freed by reference counts alone; looking for cycles after every 700
    # new objects cost a tenth of the time.
    gc.set_threshold(20_000, 20, 50)
    server = Server(application, address=host, port=port, **server_options())
    stop = _Stop(server.stop)
    loop = asyncio.get_running_loop()
    for number in supervisor.stop_signals():
        loop.add_signal_handler(number, stop)
    supervisor.watch(stop)
    answering = loop.create_task(_when_answering(host, port, announce))
    try:
        await server.serve()
    finally:
        answering.cancel()
    return stop.was_asked


class _Stop:
    """Stops the server when what is under way has finished, or at once when it is called again."""

    def __init__(self, stop: Callable[[], object]) -> None:
        self._stop = stop
        self._waiting: asyncio.Task[None] | None = None

    @property
    def was_asked(self) -> bool:
        return self._waiting is not None

    def __call__(self) -> None:
        if self._waiting is None:
            self._waiting = asyncio.get_running_loop().create_task(self._finish())
        else:
            self._waiting.cancel()
            under_way.cut_short()
            self._stop()

    async def _finish(self) -> None:
        log.info("Stopping: %s requests and handlers are under way", under_way.count())
        if left := await under_way.finished():
            log.warning("Stopped without waiting any longer for %s requests or handlers", left)
        self._stop()


async def _when_answering(host: str, port: int, announce: Callable[[], object]) -> None:
    """Call `announce` once this process listens and a request was answered."""
    here = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)
    while True:
        if tcp_timeout.is_listening(port) and await _answers(here, port):
            announce()
            return
        await asyncio.sleep(LOOK_SECONDS)


async def _answers(host: str, port: int) -> bool:
    with suppress(OSError, asyncio.IncompleteReadError):
        reader, writer = await asyncio.open_connection(host, port)
        try:
            writer.write(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
            return await reader.readexactly(5) == b"HTTP/"
        finally:
            writer.close()
    return False


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
