"""What every test stands on: a world of its own with a fresh database, and no way out to the network."""

from __future__ import annotations

import datetime as dt
import functools
import ipaddress
import os
import shutil
import socket
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, NoReturn

# Before the first import of the shop: a developer's .env must not reach the tests.
os.environ["SHOP_TESTING"] = "1"

import hypothesis
import pytest
import time_machine
from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher
from sqlalchemy import Engine, event
from sqlmodel import Session

from shop_app.core import db, events, fact_cache, migrate, working_days
from shop_app.core.settings import Settings, settings
from shop_app.providers.payments import registry
from shop_app.services.accounts import passwords
from shop_app.services.customers import addresses, postcodes
from tests import postgres, prepared

Settings.model_config["env_file"] = None

# How many examples each property is tried with: SHOP_TESTS_LONG=1 is for the night.
hypothesis.settings.register_profile("quick", max_examples=200, deadline=None)
hypothesis.settings.register_profile("long", max_examples=10_000, deadline=None)
hypothesis.settings.load_profile("long" if os.environ.get("SHOP_TESTS_LONG") == "1" else "quick")

NEEDED = os.environ.get("SHOP_TESTS_NEED", "").split()
"""What must not be skipped here: browser, postgres, redis, proxies, pgbouncer."""
OURS = ("SHOP_", "STRIPE_", "REFLEX_")
PURE = (
    working_days._free_days,
    passwords._known_passwords,
    postcodes.rules_of,
    addresses.country_name,
    addresses.countries,
)
"""Caches that take long to fill and hold nothing of settings or databases: they last over all tests."""
DIRECTORIES = ("state", "realtime", "web", "races", "faults", "scale", "journeys")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """`both` runs a test on each database, `postgres` on that one alone."""
    if "engine" not in metafunc.fixturenames:
        return
    if metafunc.definition.get_closest_marker("both"):
        metafunc.parametrize("engine", ["sqlite", "postgres"], indirect=True)
    elif metafunc.definition.get_closest_marker("postgres"):
        metafunc.parametrize("engine", ["postgres"], indirect=True)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Quick ones first; the browser last, because its driver keeps an event loop of its own running."""

    def order(item: pytest.Item) -> int:
        room = item.path.parent.name
        return DIRECTORIES.index(room) + 1 if room in DIRECTORIES else 0

    for item in items:
        if item.path.parent.name == "journeys":
            item.add_marker(pytest.mark.browser)
    items.sort(key=order)


def skip_or_fail(what: str, why: str) -> NoReturn:
    """Skip what this machine can't do, unless SHOP_TESTS_NEED says that it has to."""
    if what in NEEDED:
        pytest.fail(f"{what} is needed here, and can't be had: {why}")
    pytest.skip(why)


# --- No network ---------------------------------------------------------------------------------


class NetworkRefused(RuntimeError):
    """A test tried to leave this machine."""


def _is_here(address: Any) -> bool:
    if not isinstance(address, tuple):
        return True
    host = str(address[0])
    if host in ("localhost", ""):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


@pytest.fixture(autouse=True)
def _no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    connect, connect_ex, resolve = socket.socket.connect, socket.socket.connect_ex, socket.getaddrinfo

    def guarded(original: Callable[..., Any]) -> Callable[..., Any]:
        def call(self: socket.socket, address: Any) -> Any:
            if self.family in (socket.AF_INET, socket.AF_INET6) and not _is_here(address):
                raise NetworkRefused(f"Tests don't reach out to {address!r}")
            return original(self, address)

        return call

    def resolved(host: Any, *args: Any, **kwargs: Any) -> Any:
        name = host.decode() if isinstance(host, bytes) else host
        # A number needs no name server, so asking for one leaves nothing.
        if name and not _is_here((name,)) and not _is_number(name):
            raise NetworkRefused(f"Tests don't look up {name!r}")
        return resolve(host, *args, **kwargs)

    monkeypatch.setattr(socket.socket, "connect", guarded(connect))
    monkeypatch.setattr(socket.socket, "connect_ex", guarded(connect_ex))
    monkeypatch.setattr(socket, "getaddrinfo", resolved)


def _is_number(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


# --- A world of its own -------------------------------------------------------------------------


@functools.lru_cache(maxsize=8)
def _caches(_loaded: int) -> list[functools._lru_cache_wrapper[Any]]:
    """Every cache of the shop's modules, looked up again when more modules are loaded."""
    return [
        value
        for name, module in sys.modules.copy().items()
        if name.startswith("shop_app")
        for value in list(vars(module).values())
        if isinstance(value, functools._lru_cache_wrapper) and value not in PURE
    ]


def forget_caches() -> None:
    """Empty the caches of the shop that may hold something of the settings or of a database."""
    for cache in _caches(len(sys.modules)):
        cache.cache_clear()
    fact_cache.deliver_unknown()


@pytest.fixture(autouse=True)
def _own_world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Settings, data folder, listeners and caches of this test alone."""
    for name in list(os.environ):
        if name.startswith(OURS) and name not in ("SHOP_TESTING", "SHOP_TESTS_NEED"):
            monkeypatch.delenv(name)
    monkeypatch.delenv("PORT", raising=False)
    monkeypatch.setenv("SHOP_DATA_DIR", str(tmp_path / "data"))
    registry.offer(registry.OWN)
    forget_caches()
    yield
    for listeners in events._listeners.values():
        # The shop's own, which a module adds when it is first imported, stay.
        listeners[:] = [
            one for one in listeners if (getattr(one, "__module__", None) or "").startswith("shop_app")
        ]
    if db.engine.cache_info().currsize:
        db.engine().dispose()
    forget_caches()


@pytest.fixture(autouse=True)
def _quick_hashes(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Passwords are hashed in a millisecond, but where a test is `slow_hashes`: the real way takes 250."""
    if not request.node.get_closest_marker("slow_hashes"):
        quick = PasswordHash((Argon2Hasher(time_cost=1, memory_cost=64, parallelism=1),))
        monkeypatch.setattr(passwords, "_hasher", lambda: quick)


@pytest.fixture
def configure(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Settings]:
    """Set settings for this test: configure(SHOP_MODE="production", PORT="4000") -> Settings."""

    def change(**names: str) -> Settings:
        for name, value in names.items():
            monkeypatch.setenv(name, value)
        forget_caches()
        return settings()

    return change


# --- Databases ----------------------------------------------------------------------------------


def _compile_once() -> None:
    """Let all engines of a kind share their compiled statements: each test has an engine of its own."""
    create, connected = db.create_engine, dict[str, Engine]()

    def create_sharing(url: Any, **options: Any) -> Engine:
        engine = create(url, **options)
        if first := connected.get(engine.dialect.name):
            engine.dialect = engine.pool._dialect = first.dialect
            engine._compiled_cache = first._compiled_cache
        else:
            # A dialect knows its server once it has been connected to one.
            event.listen(engine, "connect", lambda *_: connected.setdefault(engine.dialect.name, engine))
        return engine

    db.create_engine = create_sharing


_compile_once()


@pytest.fixture(scope="session")
def _sqlite_template() -> Path:
    return prepared.empty_database()


@contextmanager
def own_postgres() -> Iterator[str]:
    """A PostgreSQL server for whoever enters this; the test is skipped, or fails, where none can be had."""
    with ExitStack() as stack:
        try:
            address = stack.enter_context(postgres.server())
        except postgres.NoPostgres as error:
            skip_or_fail("postgres", f"POSTGRESQL TESTS SKIPPED: {error}")
        yield address


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """A PostgreSQL server with a migrated template, `shop`: its address with `{database}` to fill in.

    `tests.run` has one for all parts. A test that ends servers has its own (`own_postgres`).
    """
    with ExitStack() as stack:
        address = os.environ.get("TESTS_POSTGRES") or stack.enter_context(own_postgres())
        prepared.made_once(f"template-{Path(address).name}", lambda path: _make_template(address, path))
        yield address


def _make_template(address: str, path: Path) -> None:
    postgres.execute(address, f"CREATE DATABASE {postgres.TEMPLATE}")
    empty = db.make_engine(sqlalchemy_url(address, postgres.TEMPLATE))
    migrate.migrate(empty)
    empty.dispose()
    path.touch()


@pytest.fixture(scope="session")
def _postgres_databases(postgres_server: str) -> Iterator[postgres.Databases]:
    databases = postgres.Databases(postgres_server)
    yield databases
    databases.close()


def sqlalchemy_url(address: str, database: str) -> str:
    return address.format(database=database).replace("postgresql://", "postgresql+psycopg://")


@pytest.fixture
def postgres_url(postgres_server: str, _postgres_databases: postgres.Databases) -> Iterator[str]:
    """A clean migrated PostgreSQL database of this test, as SHOP_DATABASE_URL takes it."""
    with _postgres_databases.lent() as name:
        yield postgres_server.format(database=name)
        if db.engine.cache_info().currsize:
            db.engine().dispose()


@pytest.fixture
def engine(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Engine:
    """The shop's own engine (`db.engine()`) on a fresh migrated database."""
    if getattr(request, "param", "sqlite") == "postgres":
        monkeypatch.setenv("SHOP_DATABASE_URL", request.getfixturevalue("postgres_url"))
    else:
        template = request.getfixturevalue("_sqlite_template")
        folder = settings().data_dir
        folder.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(template, folder / "shop.db")
    forget_caches()
    return db.engine()


@pytest.fixture
def session(engine: Engine) -> Iterator[Session]:
    """An open transaction that may write and is undone at the end.

    On SQLite it keeps every other writer out: a test that commits uses `db.transaction()` instead.
    What was published so far stands in `session.info["events"]`.
    """
    with Session(engine, expire_on_commit=False) as opened:
        opened.connection(execution_options={"writes": True})
        yield opened
        opened.rollback()


# --- Time ---------------------------------------------------------------------------------------


@pytest.fixture
def clock() -> Iterator[time_machine.Coordinates]:
    """Time stands still on Friday 20 November 2026, 10:00 UTC, until `move_to` or `shift` (seconds)."""
    moment = dt.datetime(2026, 11, 20, 10, 0, tzinfo=dt.UTC)
    with time_machine.travel(moment, tick=False) as coordinates:
        yield coordinates
