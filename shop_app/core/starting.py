"""Looks at data folder, database and Redis before a command begins, and waits for what may be coming up."""

from __future__ import annotations

import errno
import os
import socket
import sqlite3
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

from filelock import FileLock, Timeout
from sqlalchemy import URL, make_url

from . import own_files
from .cant_start import CantStart, ExitCode
from .settings import Settings

SQLITE_HEAD = b"SQLite format 3\x00"
LOOK_AGAIN_SECONDS = 0.5
ANSWER_SECONDS = 3
_NAMES = frozenset({"product", "variant", "cart", "customer_order", "customer"})
_STARTING_UP = ("starting up", "shutting down", "in recovery mode", "too many")
"""What a server of PostgreSQL that refuses now may not say in a moment."""


class _NotYet(Exception):
    """A service doesn't answer, which it may in a moment."""


def look(chosen: Settings, *, with_redis: bool = False) -> None:
    """Whether a command can begin; changes nothing but to make the data folder.

    Errors  CantStart with a sentence that says what, where and what to do.
    """
    look_at_folder(chosen.data_dir)
    look_at_database(chosen, wait_seconds=chosen.start_wait_seconds)
    if with_redis and chosen.redis_url:
        look_at_redis(chosen, wait_seconds=chosen.start_wait_seconds)


def look_at_database(chosen: Settings, *, wait_seconds: float) -> None:
    """Errors  CantStart where it doesn't answer, refuses, or is no shop's."""
    url = make_url(chosen.sqlalchemy_url)
    if url.get_backend_name() == "sqlite":
        _look_at_file(Path(url.database or ""))
    else:
        _wait(lambda: _look_at_postgres(url), wait_seconds, ExitCode.DATABASE)


def look_at_redis(chosen: Settings, *, wait_seconds: float) -> None:
    """Errors  CantStart where it doesn't answer, or refuses."""
    _wait(lambda: _look_at_redis(chosen.redis_url), wait_seconds, ExitCode.REDIS)


def refuse_taken_port(chosen: Settings) -> None:
    """Errors  CantStart where another program listens on the port, a shop too."""
    host, port = chosen.listen_host, chosen.port
    if error := _refusal_to_bind(host, port):
        why = {
            errno.EADDRINUSE: f"Port {port} is taken by another program; set PORT to another one.",
            errno.EACCES: f"This user may not listen on port {port}; set PORT to one above 1023.",
        }.get(error.errno or 0, f"The shop can't listen on {host}, port {port}: {error.strerror}.")
        raise CantStart(why, ExitCode.PORT) from error
    # A browser that goes to localhost takes IPv6 first: there, it would find the other program.
    error = _refusal_to_bind("::1", port) if not chosen.base_url and ":" not in host else None
    if error and error.errno == errno.EADDRINUSE:
        why = f"Port {port} is taken by another program on IPv6 (::1); set PORT to another one."
        raise CantStart(why, ExitCode.PORT) from error


def _refusal_to_bind(host: str, port: int) -> OSError | None:
    """Servers share a port with those who want to share it; this socket doesn't."""
    try:
        with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((host, port))
    except OSError as error:
        return error
    return None


def take_data_folder(chosen: Settings) -> AbstractContextManager[object]:
    """The lock of a data folder that has the database in it: with PostgreSQL, servers may share a folder.

    Errors  CantStart where another server has it.
    """
    if not chosen.sqlalchemy_url.startswith("sqlite"):
        return nullcontext()
    lock = FileLock(chosen.data_dir / ".serve.lock")
    try:
        lock.acquire(timeout=0)
    except Timeout:
        raise CantStart(
            f"Another server works with the data folder {chosen.data_dir}. End it, or name another folder"
            " in SHOP_DATA_DIR.",
            ExitCode.TAKEN,
        ) from None
    return lock


def look_at_folder(folder: Path) -> None:
    """Errors  CantStart where it can't be made or written."""
    try:
        own_files.folder(folder)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise CantStart(
            f"The data folder {folder} can't be written: {error.strerror}."
            " Let this user write there, or name another folder in SHOP_DATA_DIR.",
            ExitCode.DATA_FOLDER,
        ) from None


def _look_at_file(path: Path) -> None:
    """A database of SQLite; one that isn't there yet is well."""
    advice = "Move it away, restore a backup, or name another folder in SHOP_DATA_DIR."
    try:
        if not path.exists() or not path.stat().st_size:
            return
        with path.open("rb") as file:
            head = file.read(len(SQLITE_HEAD))
    except OSError as error:
        sentence = f"The database {path} can't be read: {error.strerror}. {advice}"
        raise CantStart(sentence, ExitCode.DATABASE) from None
    if not os.access(path, os.W_OK):
        sentence = f"This user may not write the database {path}: chown or chmod it, or start as its owner."
        raise CantStart(sentence, ExitCode.DATABASE)
    if head != SQLITE_HEAD:
        raise CantStart(f"{path} isn't a database of SQLite. {advice}", ExitCode.DATABASE)
    try:
        connection = sqlite3.connect(path, timeout=ANSWER_SECONDS)
        try:
            tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_master")}
        finally:
            connection.close()
    except sqlite3.OperationalError:
        # Somebody writes at this moment.
        return
    except sqlite3.DatabaseError as error:
        raise CantStart(f"The database {path} is damaged: {error}. {advice}", ExitCode.DATABASE) from None
    _refuse_foreign(tables)


def _look_at_postgres(url: URL) -> None:
    import psycopg

    place = f"PostgreSQL at {_place(url.host or url.query.get('host'), url.port or 5432)}"
    address = url.set(drivername="postgresql").render_as_string(hide_password=False)
    try:
        with psycopg.connect(address, connect_timeout=ANSWER_SECONDS) as connection:
            rows = connection.execute("SELECT relname FROM pg_class WHERE pg_table_is_visible(oid)")
            tables = {name for (name,) in rows}
    except psycopg.OperationalError as error:
        said = str(error).strip().splitlines()[-1].strip()
        _head, is_answer, reason = said.partition("FATAL: ")
        if is_answer and not any(words in said for words in _STARTING_UP):
            sentence = f"{place} refuses the shop: {reason.strip()}. Look at SHOP_DATABASE_URL."
            raise CantStart(sentence, ExitCode.DATABASE) from None
        raise _NotYet(f"{place} doesn't answer. Start it, or look at SHOP_DATABASE_URL.") from None
    _refuse_foreign(tables)


def _refuse_foreign(tables: set[str]) -> None:
    """Errors  CantStart where tables have names of the shop's, and no release has made them."""
    if "alembic_version" not in tables and (foreign := sorted(tables & _NAMES)):
        raise CantStart(
            f"The database has tables that no release of the shop has made, such as {foreign[0]}. Name an"
            " empty one in SHOP_DATABASE_URL, or another folder in SHOP_DATA_DIR.",
            ExitCode.DATABASE,
        )


def _look_at_redis(address: str) -> None:
    import redis

    url = make_url(address)
    place = f"Redis at {_place(url.host or url.database, url.port or 6379)}"
    client = redis.Redis.from_url(
        address, socket_timeout=ANSWER_SECONDS, socket_connect_timeout=ANSWER_SECONDS
    )
    try:
        client.ping()
    except (redis.BusyLoadingError, redis.TimeoutError):
        raise _NotYet(f"{place} doesn't answer. Start it, or look at SHOP_REDIS_URL.") from None
    except (redis.AuthenticationError, redis.ResponseError) as error:
        sentence = f"{place} refuses the shop: {str(error).rstrip('.?')}. Look at SHOP_REDIS_URL."
        raise CantStart(sentence, ExitCode.REDIS) from None
    except redis.RedisError:
        raise _NotYet(f"{place} doesn't answer. Start it, or look at SHOP_REDIS_URL.") from None
    finally:
        client.close()


def _place(host: object, port: int) -> str:
    """Where a service is, as a person looks for it; never with a name or password of its account."""
    first = host[0] if isinstance(host, tuple) else host
    return str(first) if str(first).startswith("/") else f"{first or 'localhost'}:{port}"


def _wait(look_once: Callable[[], None], seconds: float, exit_code: ExitCode) -> None:
    """Look until there is an answer; say once that it is waited for.

    Errors  CantStart.
    """
    ends, has_said = time.monotonic() + seconds, False
    while True:
        try:
            look_once()
            return
        except _NotYet as not_yet:
            if time.monotonic() >= ends:
                raise CantStart(str(not_yet), exit_code) from None
            if not has_said:
                what = str(not_yet).partition(" doesn't answer")[0]
                sys.stderr.write(f"Waiting up to {seconds:.0f} s for {what} …\n")
                has_said = True
            time.sleep(LOOK_AGAIN_SECONDS)
