"""Which host a request is for: exactly one, and the shop's own.

Requests for another host are refused before anything is rendered, so that no redirect, link or cache ever has
a host that a client chose.
"""

from __future__ import annotations

import os
import re
from functools import lru_cache
from urllib.parse import urlsplit

from starlette.responses import PlainTextResponse
from starlette.types import Scope

from shop_app.core.settings import settings

HEALTH = ("/healthz", "/readyz")
"""Load balancers request these by address, some without a Host; the answers name no host."""
LOCAL = ("localhost", "127.0.0.1", "[::1]")
_PORTS = {"http": ":80", "https": ":443"}
_READABLE = re.compile(r"[a-z0-9.:\[\]_-]{1,100}")


@lru_cache(maxsize=1)
def own_hosts() -> frozenset[str]:
    """The hosts, with their ports, that the shop answers to: that of SHOP_BASE_URL, and in demo mode this
    machine's own names too."""
    public = urlsplit(settings().public_url)
    own = {public.netloc, public.netloc.removesuffix(_PORTS[public.scheme])}
    own |= {f"{name}{_PORTS[public.scheme]}" for name in own if public.port is None}
    if settings().mode == "demo":
        hosts = {*LOCAL, settings().own_host}
        own |= {f"{name}:{settings().port}" for name in hosts} | (hosts if settings().port == 80 else set())
    return frozenset(own)


def _is_own(host: str) -> bool:
    if host in own_hosts():
        return True
    # Under `make dev` pages and server have different ports, and Vite forwards the page's.
    development = settings().mode == "demo" and os.environ.get("REFLEX_ENV_MODE", "dev") == "dev"
    return development and re.sub(r":\d+$", "", host) in LOCAL


def given_host(scope: Scope) -> str:
    """The host that a request names, for the log: "" for none, several or one that can't be read."""
    hosts = [value.decode("latin-1").lower() for name, value in scope["headers"] if name == b"host"]
    return hosts[0] if len(hosts) == 1 and _READABLE.fullmatch(hosts[0]) else ""


def refusal(scope: Scope) -> PlainTextResponse | None:
    """The answer to a request that isn't for this shop; None where it is."""
    hosts = [value.decode("latin-1").strip().lower() for name, value in scope["headers"] if name == b"host"]
    checks_health = scope["path"] in HEALTH
    if len(hosts) > 1 or (not any(hosts) and not (checks_health and scope.get("http_version") == "1.0")):
        return PlainTextResponse("A request has to name exactly one host.", 400)
    if not checks_health and not _is_own(hosts[0]):
        return PlainTextResponse("This shop isn't at the address that was asked for.", 421)
    return None
