"""The real shop in a process of its own: `python -m shop_app serve`, demo and all, on a free port."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Engine
from sqlmodel import Session

from shop_app.core import db
from shop_app.core.settings import ROOT
from tests import prepared

FIRST_START_SECONDS = 300
"""The pages may have to be built."""


class DidNotStart(Exception):
    """The shop ended or never answered; the message is what it printed."""


@dataclass(slots=True)
class Shop:
    """A running shop: its address, its data folder, and what it has printed."""

    url: str
    data: Path
    log: Path
    process: subprocess.Popen[bytes]
    start_seconds: float
    engine: Engine

    def printed(self) -> str:
        return self.log.read_text(errors="replace")

    def session(self) -> Session:
        """A session on the shop's own database, for looking from outside."""
        return Session(self.engine, expire_on_commit=False)

    def get(self, path: str, *, headers: Mapping[str, str] | None = None) -> tuple[int, str]:
        """Status and body of a page, as a machine without scripts sees it."""
        request = urllib.request.Request(self.url + path, headers=dict(headers or {}))
        try:
            with urllib.request.urlopen(request, timeout=20) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()

    def memory_mb(self) -> float:
        """What the server process keeps in memory."""
        import psutil

        return psutil.Process(self.process.pid).memory_info().rss / 1e6


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextmanager
def running(folder: Path, *, root: Path = ROOT, **environment: str) -> Iterator[Shop]:
    """The shop on a free port with its data in `folder`; ended by SIGTERM, as an operator would.

    `root` is the worktree whose code runs.

    Errors  DidNotStart.
    """
    port = int(environment.pop("PORT", "0")) or free_port()
    url = f"http://localhost:{port}"
    data = folder / "data"
    log = folder / "shop.log"
    keep = {name: value for name, value in os.environ.items() if not name.startswith(("SHOP_", "STRIPE_"))}
    with log.open("wb") as output:
        started = time.monotonic()
        process = subprocess.Popen(
            [sys.executable, "-m", "shop_app", "serve"],
            cwd=root,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=keep | {"PORT": str(port), "SHOP_DATA_DIR": str(data), "PYTHONUNBUFFERED": "1"} | environment,
        )
        try:
            _wait(process, url, log)
            seconds = time.monotonic() - started
            engine = db.make_engine(f"sqlite:///{data / 'shop.db'}")
            yield Shop(url, data, log, process, seconds, engine)
            engine.dispose()
        finally:
            end(process)


@contextmanager
def demo_running(folder: Path, **environment: str) -> Iterator[Shop]:
    """`running` on the demo as it was set up for all tests."""
    data = folder / "data"
    data.mkdir(mode=0o700)
    shutil.copyfile(prepared.demo_of_today(), data / "shop.db")
    with running(folder, **environment) as shop:
        yield shop


def _wait(process: subprocess.Popen[bytes], url: str, log: Path) -> None:
    ends = time.monotonic() + FIRST_START_SECONDS
    while time.monotonic() < ends:
        if process.poll() is not None:
            break
        try:
            with urllib.request.urlopen(url + "/readyz", timeout=2) as answer:
                if answer.status == 200:
                    return
        except (urllib.error.URLError, OSError):
            pass
        time.sleep(0.05)
    raise DidNotStart(log.read_text(errors="replace")[-4000:])


def end(process: subprocess.Popen[bytes]) -> int | None:
    """Ask it to end, and make it after a while; its exit code."""
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(5)
    return process.returncode
