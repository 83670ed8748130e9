"""Several processes: one leads, none stays dead, and what has begun finishes before one stops."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import TypeVar

import psutil
import pytest
from sqlalchemy import Connection, make_url, text

from shop_app.core import db
from shop_app.core.settings import ROOT
from shop_app.services import outbox
from shop_app.worker import timetable
from tests import postgres
from tests.conftest import skip_or_fail
from tests.shop import Shop, end, running
from tests.socket_client import Closed, Tab, delta_of

from .pgbouncer import NoPgBouncer, in_front_of
from .servers import Redis, scaled_shop, worker_pids

LONG = os.environ.get("SHOP_TESTS_LONG") == "1"
pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]
PATIENCE_SECONDS = 60
ADD = "reflex___state____state.shop_app___state___cart____cart.add"
VIEW = "shop_app___state___cart____cart.view"
WORKERS = 3
LEADS = "This process leads"
MINUTES = 5


T = TypeVar("T")


def until(look: Callable[[], T], seconds: float = PATIENCE_SECONDS) -> T:
    """What `look` finds, once it finds something."""
    ends = time.monotonic() + seconds
    while not (found := look()):
        assert time.monotonic() < ends, "it didn't happen"
        time.sleep(0.05)
    return found


# --- One leader ------------------------------------------------------------------------------------

TICKING = """
import asyncio, os, sys, threading
from shop_app.worker import timetable
from shop_app.worker.timetable import Job

def tick():
    with open(sys.argv[1], "a") as file:
        file.write(f"{os.getpid()}\\n")

async def work():
    async with timetable.run_jobs([Job("tick", tick, 0.2)], threading.Event()):
        await asyncio.sleep(600)

asyncio.run(work())
"""


@contextmanager
def ticking(file: Path, url: str, folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A process that runs one quick job by the timetable."""
    own = {"SHOP_DATABASE_URL": url, "SHOP_DATA_DIR": str(folder), "PATH": os.environ["PATH"]}
    process = subprocess.Popen([sys.executable, "-c", TICKING, str(file)], cwd=ROOT, env=own)
    try:
        yield process
    finally:
        process.send_signal(signal.SIGCONT)
        end(process)


@pytest.fixture(params=["sqlite", "postgres", "pgbouncer"])
def database_url(request: pytest.FixtureRequest) -> Iterator[str]:
    """SHOP_DATABASE_URL for each way to a database; "" for SQLite's."""
    if request.param == "sqlite":
        yield ""
        return
    url: str = request.getfixturevalue("postgres_url")
    if request.param == "postgres":
        yield url
        return
    try:
        with in_front_of(request.getfixturevalue("postgres_server")) as address:
            yield address.format(database=make_url(url).database)
    except NoPgBouncer as error:
        skip_or_fail("pgbouncer", f"PGBOUNCER TESTS SKIPPED: {error}")


def test_a_job_of_the_clock_runs_in_one_of_the_processes_and_on_after_that_is_killed(
    tmp_path: Path, database_url: str
):
    url = database_url
    file = tmp_path / "ticks"
    file.touch()

    def ticks() -> list[int]:
        return [int(line) for line in file.read_text().split()]

    with ExitStack() as stack:
        processes = [stack.enter_context(ticking(file, url, tmp_path / "data")) for _ in range(WORKERS)]
        until(lambda: len(ticks()) >= 10)
        assert len(set(ticks())) == 1
        first = ticks()[-1]
        os.kill(first, signal.SIGKILL)
        until(lambda: ticks()[-1] != first)
        began = len(ticks())
        until(lambda: len(ticks()) >= began + 10)
        second = ticks()[-1]
        assert set(ticks()) == {first, second}
        # Asked to end, it leaves the lead at once.
        os.kill(second, signal.SIGTERM)
        until(lambda: ticks()[-1] not in (first, second))
        assert {process.pid for process in processes} == set(ticks())


# --- Start -----------------------------------------------------------------------------------------


def test_two_servers_on_an_empty_database_both_start(tmp_path: Path, postgres_server: str):
    """On PostgreSQL alone: a data folder with SQLite's file has one server."""
    name = f"shop_{os.urandom(6).hex()}"
    postgres.execute(postgres_server, f"CREATE DATABASE {name}")
    environment = {
        "SHOP_DATA_DIR": str(tmp_path / "data"),
        "SHOP_DATABASE_URL": postgres_server.format(database=name),
    }
    folders = [tmp_path / "one", tmp_path / "two"]
    with ExitStack() as stack:
        shops = _started_together(stack, folders, environment)
        for shop in shops:
            until(lambda: "The shop is open" in shop.printed())  # noqa: B023
            assert shop.get("/products")[0] == 200
            assert "Traceback" not in shop.printed()
        assert sum("Loaded the demo" in shop.printed() for shop in shops) == 1
        books = _command("check-books", environment)
    assert books.returncode == 0, books.stdout


def _started_together(stack: ExitStack, folders: list[Path], environment: dict[str, str]) -> list[Shop]:
    for folder in folders:
        folder.mkdir()
    entered = [running(folder, **environment) for folder in folders]
    with ThreadPoolExecutor(len(entered)) as threads:
        shops = list(threads.map(lambda one: one.__enter__(), entered))
    for one in entered:
        stack.push(one)
    return shops


def _command(name: str, environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "shop_app", name],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"]} | environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=PATIENCE_SECONDS,
        check=False,
    )


def test_work_refuses_what_it_can_not_do_with_one_sentence(
    tmp_path: Path, postgres_server: str, redis: Redis
):
    alone = _command("work", {"SHOP_DATA_DIR": str(tmp_path)})
    assert (alone.returncode, len(alone.stdout.splitlines())) == (1, 1)
    assert "needs PostgreSQL in SHOP_DATABASE_URL and Redis" in alone.stdout
    name = f"shop_{os.urandom(6).hex()}"
    postgres.execute(postgres_server, f"CREATE DATABASE {name}")
    url = postgres_server.format(database=name)
    several = {"SHOP_DATA_DIR": str(tmp_path), "SHOP_DATABASE_URL": url, "SHOP_REDIS_URL": redis.url}
    empty = _command("work", several)
    assert (empty.returncode, len(empty.stdout.splitlines())) == (1, 1)
    assert "python -m shop_app migrate" in empty.stdout


def test_a_process_for_background_work_alone_sends_a_letter_that_another_wrote_and_ends_cleanly(
    tmp_path: Path, postgres_url: str, redis: Redis
):
    data, log = tmp_path / "data", tmp_path / "work.log"
    own = {"SHOP_DATA_DIR": str(data), "SHOP_DATABASE_URL": postgres_url, "SHOP_REDIS_URL": redis.url}
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "shop_app", "work"],
            cwd=ROOT,
            env={"PATH": os.environ["PATH"]} | own,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        until(lambda: LEADS in log.read_text())
        engine = db.make_engine(postgres_url.replace("postgresql://", "postgresql+psycopg://"))
        with db.transaction(on=engine) as session:
            outbox.write(session, "test_letter", "staff@example.com", "test_letter:1", {})
        engine.dispose()
        until(lambda: list((data / "letters").glob("*.eml")))
        process.terminate()
        assert process.wait(PATIENCE_SECONDS) == 0
        assert "[work] shop_app.worker.alone Background work has ended" in log.read_text()
        assert "Traceback" not in log.read_text()
    finally:
        end(process)


# --- A shop of three workers -----------------------------------------------------------------------


def _leader(shop: Shop) -> int:
    """The number of the worker that said last that it leads."""
    said = re.findall(rf"\[worker (\d+)\] shop_app\.worker\.leader {LEADS}", shop.printed())
    return int(said[-1]) if said else 0


def _mugs(shop: Shop) -> str:
    """A SKU of which there is plenty."""
    with shop.engine.connect() as connection:
        return connection.execute(
            text("""
            SELECT sku FROM variant JOIN stock_level ON variant_id = variant.id
            ORDER BY on_hand - allocated - held DESC LIMIT 1
        """)
        ).scalar_one()


async def _opened(shop: Shop, count: int) -> list[Tab]:
    tabs = [Tab(shop.url) for _ in range(count)]
    for tab in tabs:
        await tab.connect("/")
        await tab.settle(quiet=0.1)
    return tabs


async def _answer(tab: Tab) -> str:
    """What the cart's page was told: the new view, or that the socket is closed."""
    try:
        while VIEW not in delta_of(updates := await tab.answer(seconds=20)):
            assert updates
    except Closed:
        return "closed"
    return "answered"


def test_open_is_said_when_all_workers_answer_and_each_has_said_who_it_is(shop: Shop):
    until(lambda: "The shop is open" in shop.printed())
    assert len(worker_pids(shop)) == WORKERS
    assert until(lambda: _leader(shop)) in range(1, WORKERS + 1)


async def test_a_killed_worker_comes_back_and_carts_are_kept(shop: Shop):
    until(lambda: "The shop is open" in shop.printed())
    sku = _mugs(shop)
    tabs = await _opened(shop, 12)
    for tab in tabs:
        await tab.send(ADD, {"sku": sku, "quantity": 1})
    assert Counter(await asyncio.gather(*map(_answer, tabs))) == {"answered": len(tabs)}
    before = shop.printed()
    leader = await asyncio.to_thread(until, lambda: _leader(shop))
    pids = worker_pids(shop)
    victim = next(pid for pid in pids if _number(pid) == leader)
    os.kill(victim, signal.SIGKILL)

    def led_again() -> bool:
        return shop.printed().count(LEADS) > before.count(LEADS)

    await asyncio.to_thread(until, led_again)
    await asyncio.to_thread(until, lambda: len(set(worker_pids(shop)) - {victim}) == WORKERS)
    assert f"Worker {leader} ended: killed by SIGKILL. It is started again" in shop.printed()
    closed = 0
    for tab in tabs:
        async with Tab(shop.url, visitor=tab.visitor) as again:
            shown = delta_of(await again.settle(quiet=0.5))
        assert shown[VIEW]["count"] == 1
        closed += await _is_closed(tab)
        await tab.close()
    assert closed < len(tabs)


@pytest.mark.skipif(not LONG, reason="what runs once a minute takes minutes: SHOP_TESTS_LONG=1")
def test_each_job_runs_once_a_minute_over_all_workers_and_on_after_its_leader_is_killed(shop: Shop):
    before = until(lambda: _leader(shop))
    runs: dict[str, set[datetime]] = {}
    ends = time.monotonic() + 60 * MINUTES
    kills_at = ends - 60 * MINUTES / 2
    while time.monotonic() < ends:
        with shop.engine.connect() as connection:
            for name, started_at in connection.execute(text("SELECT name, started_at FROM job_run")):
                runs.setdefault(name, set()).add(started_at)
        if kills_at and time.monotonic() > kills_at:
            kills_at = 0
            os.kill(next(pid for pid in worker_pids(shop) if _number(pid) == before), signal.SIGKILL)
        time.sleep(0.5)
    for job in timetable.shop_jobs(lambda _seconds: False):
        if job.every_seconds == 60 and not job.wakes_on:
            gaps = [later - sooner for sooner, later in pairwise(sorted(runs[job.name]))]
            assert len(gaps) >= MINUTES - 2, (job.name, gaps)
            # One more than the period for the lead to pass on; one sooner only where it did.
            assert max(gaps) < timedelta(seconds=75), (job.name, gaps)
            assert sum(gap < timedelta(seconds=55) for gap in gaps) <= 1, (job.name, gaps)


def _number(pid: int) -> int:
    """The number of the worker that a process is, by its command line."""
    return int(psutil.Process(pid).cmdline()[-1])


async def _is_closed(tab: Tab) -> bool:
    try:
        await tab.settle(quiet=0.05)
    except Closed:
        return True
    return False


async def test_sigterm_lets_a_hundred_handlers_that_wait_for_a_lock_finish_with_their_answers(
    tmp_path: Path, postgres_server: str, redis: Redis
):
    with scaled_shop(tmp_path, postgres_server, redis.url) as shop:
        until(lambda: "The shop is open" in shop.printed())
        sku = _mugs(shop)
        tabs = await _opened(shop, 100)
        with shop.engine.connect() as connection:
            connection.execute(text("LOCK TABLE cart_line IN ACCESS EXCLUSIVE MODE"))
            for tab in tabs:
                await tab.send(ADD, {"sku": sku, "quantity": 1})
            await asyncio.to_thread(until, lambda: _waiting(connection) >= WORKERS)
            shop.process.send_signal(signal.SIGTERM)
            await asyncio.to_thread(until, lambda: shop.printed().count("Stopping: ") == WORKERS)
            connection.rollback()
        said = re.findall(r"Stopping: (\d+) requests and handlers", shop.printed())
        outcomes = Counter(await asyncio.gather(*map(_answer, tabs)))
        assert outcomes == {"answered": len(tabs)}
        assert sum(map(int, said)) >= len(tabs)
        assert await asyncio.to_thread(shop.process.wait, PATIENCE_SECONDS) == 0
        assert "Stopped without waiting" not in shop.printed()
        for tab in tabs:
            await tab.close()


def _waiting(connection: Connection) -> int:
    return connection.execute(text("SELECT count(*) FROM pg_locks WHERE NOT granted")).scalar_one()
