"""A real PgBouncer in transaction mode in front of the tests' PostgreSQL."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg

from tests import programs
from tests.postgres import NOBODY

NEWEST_THAT_LACKS = (1, 21)
"""1.21 prepares statements for clients, and 1.22 knows how psycopg forgets them all."""
STARTS_SECONDS = 20
# As docs/operations.md has it, and small enough that connections are shared and statements dropped.
SETTINGS = """
[databases]
* = host={server}

[pgbouncer]
unix_socket_dir = {folder}
listen_port = 6432
auth_type = trust
auth_file = {folder}/users
logfile = {folder}/pgbouncer.log
pool_mode = transaction
default_pool_size = 4
max_prepared_statements = 40
server_login_retry = 1
query_wait_timeout = 5
"""


class NoPgBouncer(Exception):
    """No PgBouncer that is new enough can be started here; the message says why."""


def _program() -> Path:
    path = programs.find("pgbouncer")
    if path is None:
        raise NoPgBouncer("pgbouncer isn't installed")
    said = subprocess.run([path, "--version"], capture_output=True, text=True, timeout=10).stdout
    version = re.search(r"(\d+)\.(\d+)", said)
    if version is None or (int(version[1]), int(version[2])) <= NEWEST_THAT_LACKS:
        raise NoPgBouncer(f"1.22 or newer is needed, and {path} is {said.splitlines()[0]}")
    return path


@contextmanager
def in_front_of(address: str) -> Iterator[str]:
    """The address of a PgBouncer before that server, with `{database}` to be filled in.

    Errors  NoPgBouncer where none can be started.
    """
    program = _program()
    folder = Path(tempfile.mkdtemp(prefix="shop-pgb-"))
    try:
        (folder / "users").write_text('"shop" ""\n"plain" ""\n')
        (folder / "pgbouncer.ini").write_text(
            SETTINGS.format(server=address.rsplit("host=", 1)[1], folder=folder)
        )
        # It refuses to be root, as PostgreSQL does.
        user = NOBODY if os.geteuid() == 0 else None
        if user:
            folder.chmod(0o755)
            for path in (folder, *folder.iterdir()):
                shutil.chown(path, user)
        process = subprocess.Popen(
            [program, "-q", folder / "pgbouncer.ini"],
            cwd=folder,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            user=user,
        )
        try:
            own = f"{address.partition('?')[0]}?host={folder}&port=6432"
            _wait(own, folder)
            yield own
        finally:
            process.kill()
            process.wait()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _wait(address: str, folder: Path) -> None:
    until = time.monotonic() + STARTS_SECONDS
    while time.monotonic() < until:
        try:
            psycopg.connect(address.format(database="postgres")).close()
            return
        except psycopg.OperationalError:
            time.sleep(0.02)
    log = folder / "pgbouncer.log"
    raise NoPgBouncer(log.read_text()[-500:] if log.exists() else "it doesn't answer")
