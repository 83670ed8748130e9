"""Index caches: built once, by one of the threads that come first, and before a server answers."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlmodel import Session

from shop_app.core import db
from shop_app.core.settings import ROOT
from shop_app.services.search import facet_fold, index_cache, listing_index, word_index
from shop_app.services.search.index_cache import IndexCache
from shop_app.services.storefront import home as storefront
from tests.factories import make_basics, make_product


@pytest.fixture
def new(monkeypatch: pytest.MonkeyPatch) -> None:
    """Caches of this test alone."""
    monkeypatch.setattr(index_cache, "_all", [])


@pytest.mark.usefixtures("new")
def test_of_many_who_come_first_one_builds_it(engine):
    built, others = [], threading.Event()

    def build(_session: Session) -> object:
        built.append(1)
        # Long enough for another to come in, if it could.
        others.wait(0.05 if len(built) == 1 else 0)
        if len(built) > 1:
            others.set()
        return object()

    cache = IndexCache(build)

    def get(_number: int) -> object:
        with db.reading() as session:
            return cache.get(session, "")

    with ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(get, range(8)))) == 1
    assert built == [1]


@pytest.mark.usefixtures("new")
def test_what_follows_changes_is_computed_anew_behind_after_its_time(engine, monkeypatch):
    """A reader never waits for it, and what failed once is tried again."""
    monkeypatch.setattr(index_cache, "AT_ONCE_S", -1.0)
    monkeypatch.setattr(index_cache, "REST", 0)
    monkeypatch.setattr(index_cache, "WHOLE_FOR_SECONDS", -1)
    built, go_on, failed = [], threading.Event(), threading.Event()

    def build(_session: Session) -> str:
        built.append(1)
        if len(built) == 2:
            failed.set()
            raise OSError("once")
        if len(built) > 2:
            go_on.wait(30)
        return f"built {len(built)}"

    cache = IndexCache(build, renew=lambda _session, value: f"{value}, renewed")

    def get() -> str:
        with db.transaction() as session:
            listing_index.changes(session)
        with db.reading() as session:
            return cache.get(session, index_cache.stamp(session))

    assert get() == "built 1"
    assert get() == "built 1, renewed"
    assert failed.wait(30)
    ends = time.monotonic() + 30
    while len(built) < 3 and time.monotonic() < ends:
        assert get().startswith("built 1, renewed")
    go_on.set()
    while not get().startswith("built 3") and time.monotonic() < ends:
        pass
    assert get().startswith("built")
    assert "built 1" not in get()


def test_warming_computes_everything_that_pages_need(engine, monkeypatch):
    with db.transaction() as session:
        make_basics(session)
        listing_index.refresh(session, [make_product(session, "Fable Lamp").id or 0])
    with db.reading() as session:
        index_cache.warm(session)
    for cache in (facet_fold.counts, word_index.vocabulary):
        monkeypatch.setattr(cache, "_build", lambda _session: pytest.fail("it was computed again"))
    with db.reading() as session:
        assert facet_fold.counts.get(session, index_cache.stamp(session)).everything == 1
        assert "lamp" in word_index.vocabulary.get(session, index_cache.stamp(session)).frequencies


async def test_what_isnt_cached_yet_is_never_computed_on_the_loop(engine, monkeypatch):
    build, threads = facet_fold.counts._build, []

    def noted(session: Session) -> object:
        threads.append(threading.current_thread())
        return build(session)

    monkeypatch.setattr(facet_fold.counts, "_build", noted)
    await db.read(storefront.home)
    assert len(threads) == 1
    assert threads[0] is not threading.main_thread()


START = """
import asyncio, threading
from shop_app.core import db, migrate
from shop_app.services.search import categories
from shop_app.services.search import facet_fold, index_cache
from shop_app import shop_app as shop

migrate.migrate()
threads = []
for cache in index_cache._all:
    def noted(session, build=cache._build):
        threads.append(threading.current_thread() is threading.main_thread())
        return build(session)
    cache._build = noted

async def start():
    sent, received = asyncio.Queue(), asyncio.Queue()
    serving = asyncio.create_task(shop.app()({"type": "lifespan", "state": {}}, received.get, sent.put))
    received.put_nowait({"type": "lifespan.startup"})
    assert (await sent.get())["type"] == "lifespan.startup.complete"
    before = len(threads)
    await db.read(categories.navigation)
    assert len(threads) == before == len(index_cache._all) > 2, threads
    assert not any(threads), "it was computed on the loop"
    print("COMPUTED ON THREADS", flush=True)
    received.put_nowait({"type": "lifespan.shutdown"})
    await serving

asyncio.run(start())
"""


def test_a_server_computes_on_a_thread_before_it_answers(tmp_path: Path):
    """A process of its own: it is the server's real start, with caches of its own."""
    started = subprocess.run(
        [sys.executable, "-c", START],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        env={
            "PATH": "/usr/bin:/bin",
            "SHOP_TESTING": "1",
            "SHOP_DATA_DIR": str(tmp_path / "data"),
            "__REFLEX_SKIP_COMPILE": "true",
            "REFLEX_ENV_MODE": "dev",
        },
    )
    assert "COMPUTED ON THREADS" in started.stdout, started.stdout + started.stderr
