"""GET /metrics: the shop's numbers in Prometheus' text format, for this machine and its private network.

Whoever comes through a proxy isn't answered, and neither is a public address: the shop then says that there
is no such page. Each server process counts for itself, several into a folder that they share, and any of them
answers for all.
"""

from __future__ import annotations

import asyncio
import ipaddress
import os
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead
from prometheus_client.registry import Collector
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shop_app.core import db, metrics
from shop_app.core.clock import now
from shop_app.core.errors import ShopError
from shop_app.core.metrics_folder import SHARED_FOLDER
from shop_app.core.settings import settings
from shop_app.core.tasks import meanwhile
from shop_app.services.desk import backlog

from . import hosts, proxies

PATH = "/metrics"
LOOKS_SECONDS = 5
KINDS = ("media", "assets", "fonts", "webhooks", "sandbox", "admin", "uploads", "healthz", "readyz")
"""First parts of addresses that are counted by themselves; all others are pages."""
PROXY_SIGNS = proxies.SIGNS | {b"via"}


class Metered:
    """ASGI, in front of the edge: measures every request, and answers those for the numbers."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
        elif scope["path"] == PATH and scope["method"] == "GET" and _is_private(scope):
            await (await answer())(scope, receive, send)
        else:
            await self._measured(scope, receive, send)

    async def _measured(self, scope: Scope, receive: Receive, send: Send) -> None:
        began, status = time.perf_counter(), 500

        async def noted(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self.app(scope, receive, noted)
        finally:
            seconds = time.perf_counter() - began
            metrics.REQUESTS.labels(_kind(scope["path"]), f"{status // 100}xx").observe(seconds)


def _kind(path: str) -> str:
    first = path[1:].partition("/")[0]
    return first if first in KINDS else "page"


def _is_private(scope: Scope) -> bool:
    """Whether a request comes straight from this machine or its private network."""
    if any(name in PROXY_SIGNS for name, _value in scope["headers"]):
        return False
    if settings().mode == "production" and hosts.given_host(scope) in hosts.own_hosts():
        # Under its public name the shop is asked through a proxy, even where that adds no header.
        return False
    try:
        address = ipaddress.ip_address((scope.get("client") or ("",))[0])
    except ValueError:
        return False
    mapped = getattr(address, "ipv4_mapped", None) or address
    return mapped.is_private or mapped.is_loopback


async def answer() -> Response:
    """The numbers of all server processes of this machine, and what the database has."""
    registry = CollectorRegistry()
    if folder := os.environ.get(SHARED_FOLDER):
        _forget_dead(Path(folder))
        MultiProcessCollector(registry, path=folder)
    registry.register(await _of_database())
    own = b"" if folder else await asyncio.to_thread(generate_latest, metrics.OWN)
    body = own + await asyncio.to_thread(generate_latest, registry)
    return Response(body, headers={"Cache-Control": "no-store", "Content-Type": CONTENT_TYPE_LATEST})


class _Found(Collector):
    def __init__(self, families: list[Metric]) -> None:
        self._families = families

    def collect(self) -> Iterator[Metric]:
        yield from self._families


async def _of_database() -> _Found:
    up = GaugeMetricFamily("shop_database_up", "Whether the database answered")
    try:
        queues = await db.read(backlog.waiting)
        runs = await db.read(backlog.runs)
    except ShopError:
        up.add_metric([], 0)
        return _Found([up])
    up.add_metric([], 1)
    count = GaugeMetricFamily("shop_waiting", "Work that waits in the background", labels=["queue"])
    oldest = GaugeMetricFamily("shop_waiting_oldest_seconds", "How long the oldest waits", labels=["queue"])
    for name, found in queues.items():
        count.add_metric([name], found.count)
        oldest.add_metric([name], found.oldest.total_seconds())
    ran = GaugeMetricFamily("shop_job_last_run_age_seconds", "Time since a job last began", labels=["job"])
    took = GaugeMetricFamily("shop_job_last_run_seconds", "How long that took", labels=["job"])
    failed = GaugeMetricFamily("shop_job_failed", "1 where a job's last run failed", labels=["job"])
    for name, run in runs.items():
        ran.add_metric([name], (now() - run.at).total_seconds())
        took.add_metric([name], run.took.total_seconds())
        failed.add_metric([name], int(run.failed))
    return _Found([up, count, oldest, ran, took, failed])


def _forget_dead(folder: Path) -> None:
    """Take away what processes that have ended said of themselves alone; what they counted stays."""
    for path in folder.glob("gauge_live*_*.db"):
        pid = path.stem.rpartition("_")[2]
        if pid.isdigit() and not Path(f"/proc/{pid}").exists():
            mark_process_dead(pid, str(folder))


@asynccontextmanager
async def looked_at() -> AsyncIterator[None]:
    """Look every few seconds at what isn't counted as it happens: a server process's lifespan."""
    async with meanwhile(_look()):
        yield


async def _look() -> None:
    while True:
        pool = db.engine().pool
        metrics.CONNECTIONS.set(getattr(pool, "checkedout", int)())
        metrics.CONNECTIONS_MOST.set(getattr(pool, "size", int)() + max(0, getattr(pool, "_max_overflow", 0)))
        await asyncio.sleep(LOOKS_SECONDS)
