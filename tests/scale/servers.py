"""Real servers beside the shop: a Redis that can be stopped and started, and a shop of several workers."""

from __future__ import annotations

import os
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psutil
import redis

from shop_app.core import db
from shop_app.core.settings import ROOT
from tests import postgres, prepared, programs
from tests.shop import Shop, free_port, running

STARTS_SECONDS = 20


class NoRedis(Exception):
    """No Redis can be started here; the message says why."""


@dataclass(slots=True)
class Redis:
    """A Redis server of the test's own, at an address that stays the same over its starts."""

    port: int
    folder: Path
    process: subprocess.Popen[bytes] | None = field(default=None)

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    def client(self) -> redis.Redis:
        return redis.Redis.from_url(self.url, socket_timeout=5)

    def start(self) -> None:
        """Start it with nothing in it, and wait until it answers."""
        path = programs.find("redis-server")
        if path is None:
            raise NoRedis("redis-server isn't installed")
        self.process = subprocess.Popen(
            [path, "--port", str(self.port), "--bind", "127.0.0.1", "--save", "", "--dir", self.folder],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        until = time.monotonic() + STARTS_SECONDS
        while time.monotonic() < until:
            try:
                self.client().ping()
                return
            except redis.RedisError:
                time.sleep(0.02)
        raise NoRedis("redis-server doesn't answer")

    def stop(self) -> None:
        """End it at once, as a crash does; connections are refused from then on."""
        if self.process:
            self.process.kill()
            self.process.wait()
            self.process = None

    def pause(self) -> None:
        """Let it hang: connections stay open, and nothing is answered."""
        assert self.process
        self.process.send_signal(signal.SIGSTOP)

    def go_on(self) -> None:
        assert self.process
        self.process.send_signal(signal.SIGCONT)


@contextmanager
def redis_server() -> Iterator[Redis]:
    """A running Redis.

    Errors  NoRedis where none starts.
    """
    with tempfile.TemporaryDirectory(prefix="shop-redis-") as folder:
        server = Redis(free_port(), Path(folder))
        try:
            server.start()
            yield server
        finally:
            if server.process:
                server.go_on()
            server.stop()


@contextmanager
def scaled_shop(
    folder: Path,
    postgres_address: str,
    redis_url: str,
    *,
    workers: int = 3,
    name: str = "",
    root: Path = ROOT,
    **environment: str,
) -> Iterator[Shop]:
    """A demo shop of several workers on a database of its own; several of one `name` share it.

    postgres_address  as `tests.postgres.server` gives it
    root              the worktree whose code runs
    """
    database = name or f"shop_{os.urandom(6).hex()}"
    url = postgres_address.format(database=database)
    if database not in postgres.databases(postgres_address):
        demo = prepared.demo_template(postgres_address)
        postgres.execute(postgres_address, f"CREATE DATABASE {database} TEMPLATE {demo} STRATEGY file_copy")
    folder.mkdir(parents=True, exist_ok=True)
    settings = {
        "SHOP_DATABASE_URL": url,
        "SHOP_REDIS_URL": redis_url,
        "SHOP_WORKERS": str(workers),
        "SHOP_LOAD_TEST": "1",
    }
    with running(folder, root=root, **settings | environment) as shop:
        shop.engine.dispose()
        shop.engine = db.make_engine(url)
        yield shop
        shop.engine.dispose()


def worker_pids(shop: Shop) -> list[int]:
    """A shop's workers, without the process that watches over them: those that listen at its port."""
    port = int(shop.url.rpartition(":")[2])
    return sorted(
        child.pid
        for child in psutil.Process(shop.process.pid).children(recursive=True)
        if _listens(child, port)
    )


def _listens(process: psutil.Process, port: int) -> bool:
    try:
        connections = process.net_connections("tcp")
    except psutil.Error:
        return False
    return any(one.status == psutil.CONN_LISTEN and one.laddr.port == port for one in connections)
