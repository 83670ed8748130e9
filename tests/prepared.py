"""What all tests stand on and one process makes for all: a migrated file, the demo's data folder.

`tests.run` names a folder for them in TESTS_PREPARED, which the processes of all parts share; a run of pytest
without it makes its own.
"""

from __future__ import annotations

import atexit
import datetime as dt
import fcntl
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path

import time_machine

from shop_app.core import db, migrate
from shop_app.core.settings import ROOT, settings
from shop_app.demo import load
from tests import postgres

SEEDED_AT = dt.datetime(2026, 11, 20, 10, 0, tzinfo=dt.UTC)


@lru_cache(maxsize=1)
def _folder() -> Path:
    if shared := os.environ.get("TESTS_PREPARED"):
        return Path(shared)
    own = tempfile.mkdtemp(prefix="shop-tests-")
    atexit.register(shutil.rmtree, own, ignore_errors=True)
    return Path(own)


def made_once(name: str, make: Callable[[Path], None]) -> Path:
    """The path of what `make` has made, in whichever process came first. It must only be copied or read."""
    path = _folder() / name
    with (_folder() / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not path.exists():
            unfinished = path.with_name(f"{name}.unfinished")
            make(unfinished)
            unfinished.rename(path)
    return path


def empty_database() -> Path:
    """A migrated SQLite file."""
    return made_once("empty.db", lambda path: _written(path, migrate.migrate))


def demo_database() -> Path:
    """The demo's database on SQLite, seeded on Friday 20 November 2026, 10:00 UTC."""
    return made_once("demo.db", _write_demo)


def _write_demo(path: Path) -> None:
    with time_machine.travel(SEEDED_AT, tick=False):
        shutil.copyfile(empty_database(), path)
        _written(path, lambda engine: load.fill(on=engine))


def demo_of_today() -> Path:
    """The demo's database on SQLite as `setup` leaves it, seeded at the real time."""
    return made_once("demo-of-today.db", _set_up_file)


def _set_up_file(path: Path) -> None:
    with tempfile.TemporaryDirectory() as data:
        _set_up(data)
        shutil.copyfile(Path(data) / "shop.db", path)


def demo_template(address: str) -> str:
    """The name of a database on that PostgreSQL with the demo as `setup` leaves it, for copies of it.

    address  as `tests.postgres.server` gives it
    """
    name = "demo"

    def make(path: Path) -> None:
        postgres.execute(address, f"CREATE DATABASE {name}")
        with tempfile.TemporaryDirectory() as data:
            _set_up(data, SHOP_DATABASE_URL=address.format(database=name))
        path.touch()

    made_once(f"demo-of-{Path(address).name}", make)
    return name


def _set_up(data: str, **settings: str) -> None:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("SHOP_")}
    subprocess.run(
        [sys.executable, "-m", "shop_app", "setup"],
        cwd=ROOT,
        env=environment | {"SHOP_DATA_DIR": data} | settings,
        stdout=subprocess.DEVNULL,
        check=True,
    )


def _written(path: Path, write: Callable[..., object]) -> None:
    engine = db.make_engine(f"sqlite:///{path}")
    write(engine)
    # In one file, so that it can be copied.
    with engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    engine.dispose()


def put_demo_into_place() -> None:
    """Make the demo the database of this test's data folder."""
    folder = settings().data_dir
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(demo_database(), folder / "shop.db")
