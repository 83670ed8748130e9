"""The dumps of releases: what is in `dumps/`, how one is written, and how it is brought back.

SQLite's is the file itself, PostgreSQL's what `pg_dump` writes, both compressed. The JSON beside them has the
revision of the schema, the rows of each table and the sums of what may not change, and the digests of the
migrations that the release came with.
"""

from __future__ import annotations

import hashlib
import json
import lzma
import sqlite3
import subprocess
from contextlib import closing
from pathlib import Path
from typing import Any

import psycopg
from sqlalchemy import Connection, Engine, Integer, column, func, inspect, select, table, text
from sqlalchemy.engine.interfaces import ReflectedColumn

from shop_app.core import migrate
from shop_app.core.settings import ROOT

DUMPS = Path(__file__).with_name("dumps")
VERSIONS = ROOT / "alembic" / "versions"
MADE_ANEW = ("search_", "sqlite_", "alembic_version", "listing_", "order_word")
"""How tables begin that are made from others, and made anew by some migrations."""
UNITS = {"on_hand", "allocated", "held", "units", "quantity", "used", "value"}
"""Columns that are added up, beside every amount of money and whatever else counts units."""
_SUFFIXES = ("_minor", "_delta", "_fulfilled", "_returned", "_cancelled", "_received", "_restocked")


def names() -> list[str]:
    """Every release, and state before there were any, oldest first."""
    return sorted((path.stem for path in DUMPS.glob("*.json")), key=lambda name: about(name)["revision"])


def about(name: str) -> dict[str, Any]:
    """What the JSON of a release says."""
    return json.loads((DUMPS / f"{name}.json").read_text())


def former() -> str:
    """The newest revision of the release before: of the last dump, if the schema has gone on since."""
    revisions = [about(name)["revision"] for name in names()]
    return revisions[-1] if revisions[-1] != migrate.newest() else revisions[-2]


def digests() -> dict[str, str]:
    """Each migration's file, and the digest of what is in it."""
    return {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(VERSIONS.glob("*.py"))
    }


# --- What may not change -----------------------------------------------------------------------------


def figures(engine: Engine) -> dict[str, dict[str, int]]:
    """Of each table: its `rows`, and the sum of each column of money or units."""
    found = {}
    with engine.connect() as connection:
        look = inspect(connection)
        for name in sorted(look.get_table_names()):
            if not name.startswith(MADE_ANEW):
                columns = [one["name"] for one in look.get_columns(name) if _is_summed(one)]
                found[name] = _of_table(connection, name, columns)
    return found


def figures_of(engine: Engine, before: dict[str, dict[str, int]]) -> dict[str, dict[str, int]]:
    """The same tables and columns now."""
    with engine.connect() as connection:
        return {
            name: _of_table(connection, name, [one for one in figures if one != "rows"])
            for name, figures in before.items()
        }


def _is_summed(there: ReflectedColumn) -> bool:
    name = there["name"]
    return isinstance(there["type"], Integer) and (name in UNITS or name.endswith(_SUFFIXES))


def _of_table(connection: Connection, name: str, columns: list[str]) -> dict[str, int]:
    sums = [func.coalesce(func.sum(column(one)), 0).label(one) for one in columns]
    question = select(func.count().label("rows"), *sums).select_from(table(name))
    row = connection.execute(question).mappings().one()
    return {key: int(value) for key, value in row.items()}


# --- Writing and bringing back ------------------------------------------------------------------------


def write_sqlite(engine: Engine, name: str) -> None:
    whole = Path(engine.url.database or "").with_suffix(".whole")
    with closing(sqlite3.connect(engine.url.database or "")) as connection:
        connection.execute("VACUUM INTO ?", (str(whole),))
    (DUMPS / f"{name}.sqlite.xz").write_bytes(lzma.compress(whole.read_bytes(), preset=9))


def write_postgres(engine: Engine, name: str) -> None:
    with engine.connect() as connection:
        setting = text("SELECT setting FROM pg_config WHERE name = 'BINDIR'")
        program = Path(connection.execute(setting).scalar_one()) / "pg_dump"
    address = engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
    options = ("--inserts", "--rows-per-insert=500", "--no-owner", "--no-privileges", "--no-comments")
    done = subprocess.run(
        [program, *options, address], check=True, capture_output=True, text=True, timeout=60
    )
    # What only psql or only this version of the server understands.
    lines = [line for line in done.stdout.splitlines() if not line.startswith(("\\", "SET ", "--"))]
    (DUMPS / f"{name}.postgres.sql.xz").write_bytes(lzma.compress("\n".join(lines).encode(), preset=9))


def bring_back(engine: Engine, name: str) -> None:
    """Make the empty database of this engine what it was in that release."""
    if engine.dialect.name == "sqlite":
        path = Path(engine.url.database or "")
        path.write_bytes(lzma.decompress((DUMPS / f"{name}.sqlite.xz").read_bytes()))
        return
    dump = lzma.decompress((DUMPS / f"{name}.postgres.sql.xz").read_bytes()).decode()
    address = engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(address) as connection:
        connection.execute("SET LOCAL statement_timeout = 0")
        # Without parameters it may be many statements.
        connection.execute(dump)  # pyright: ignore[reportArgumentType, reportCallIssue]
