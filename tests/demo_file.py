"""The demo's database on SQLite, made once for all tests that want one, as a file to copy."""

from __future__ import annotations

import datetime as dt
import shutil
import tempfile
from functools import lru_cache
from pathlib import Path

import time_machine

from shop_app.core import db, migrate
from shop_app.core.settings import settings
from shop_app.demo import load

SEEDED_AT = dt.datetime(2026, 11, 20, 10, 0, tzinfo=dt.UTC)


@lru_cache(maxsize=1)
def demo_database() -> Path:
    """The path of the file; it must only be copied or read."""
    path = Path(tempfile.mkdtemp(prefix="shop-demo-")) / "shop.db"
    engine = db.make_engine(f"sqlite:///{path}")
    with time_machine.travel(SEEDED_AT, tick=False):
        migrate.migrate(engine)
        load.fill(on=engine)
    with engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    engine.dispose()
    return path


def put_demo_into_place() -> None:
    """Make the demo the database of this test's data folder."""
    folder = settings().data_dir
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(demo_database(), folder / "shop.db")
