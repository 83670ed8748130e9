"""Makes the dump of this release, as the last step before it goes out: `python -m tests.upgrade.make`."""

from __future__ import annotations

import json
import os
import sys
import tempfile
from pathlib import Path

from shop_app import models
from shop_app.core import db, migrate
from shop_app.core.version import VERSION
from tests import postgres
from tests.conftest import forget_caches
from tests.upgrade import dumps, shop

assert models.__name__


def make(name: str) -> None:
    """Fill a shop on each database with the code that is here, and keep both under that name."""
    with tempfile.TemporaryDirectory() as folder, postgres.server() as address:
        postgres.execute(address, "CREATE DATABASE dump")
        found = []
        for kind, url in (("sqlite", ""), ("postgres", address.format(database="dump"))):
            os.environ |= {"SHOP_DATA_DIR": f"{folder}/{kind}", "SHOP_DATABASE_URL": url}
            forget_caches()
            engine = db.engine()
            migrate.migrate(engine)
            shop.fill(Path(folder) / kind)
            found.append(dumps.figures(engine))
            {"sqlite": dumps.write_sqlite, "postgres": dumps.write_postgres}[kind](engine, name)
            engine.dispose()
    if found[0] != found[1]:
        sys.exit(f"The two databases differ: {[t for t in found[0] if found[0][t] != found[1].get(t)]}")
    about = {"revision": migrate.newest(), "migrations": dumps.digests(), "figures": found[0]}
    (dumps.DUMPS / f"{name}.json").write_text(json.dumps(about, indent=1) + "\n")
    for path in sorted(dumps.DUMPS.glob(f"{name}.*")):
        print(f"{path.name}: {path.stat().st_size:,} bytes")


if __name__ == "__main__":
    make(VERSION)
