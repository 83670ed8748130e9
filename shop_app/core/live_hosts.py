"""Which machines serve this database at this moment, and whether they can do so together.

A machine is a data folder on a running kernel. Each server keeps a transaction open that holds a shared
advisory lock of PostgreSQL with the machine's number: it ends with the server however that ends, and holds
behind a pool of connections too. SQLite is one machine's by its nature.
"""

from __future__ import annotations

import hashlib
import uuid
from pathlib import Path

from sqlalchemy import Connection, text

from . import db
from .cant_start import CantStart, ExitCode
from .settings import settings

LOCK_CLASS = 7_301_300
"""The first number of these advisory locks; the second is the machine's."""
BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
_HELD_BY = text(
    "SELECT objid::bigint FROM pg_locks"
    " WHERE locktype = 'advisory' AND granted AND objsubid = 2 AND classid = :lock_class"
    " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
)

_claims: list[Connection] = []


class AnotherMachine(CantStart):
    """This server would serve the database together with a machine that it shares no files with."""

    exit_code = ExitCode.TAKEN


def claim() -> None:
    """Say that this machine serves the database, until the process ends; called once, as a server starts.

    Errors  AnotherMachine where another machine does, and one of the two keeps pictures in its data folder or
            payments in the sandbox.
    """
    if db.engine().dialect.name == "sqlite":
        return
    # One at a time: of two that start together, one finds the other.
    with db.engine().begin() as turn:
        turn.execute(text("SELECT pg_advisory_xact_lock(:lock_class)"), {"lock_class": LOCK_CLASS})
        connection = db.engine().connect()
        # Outside of the pool, which would end the transaction.
        connection.detach()
        connection.execute(text("SET LOCAL idle_in_transaction_session_timeout = 0"))
        numbers = {"lock_class": LOCK_CLASS, "machine": own_number()}
        connection.execute(text("SELECT pg_advisory_xact_lock_shared(:lock_class, :machine)"), numbers)
        others = _live(connection) - {own_number()}
        # The driver's last query with parameters keeps its snapshot until the next one: for as long as this
        # server runs, nothing could be vacuumed.
        connection.exec_driver_sql("SELECT")
    # The last bit of a machine's number says that it keeps something for itself.
    if others and (own_number() & 1 or any(other & 1 for other in others)):
        connection.close()
        raise AnotherMachine(f"Another machine serves this database, and this one can't beside it: {_why()}.")
    _claims.append(connection)


def any_live() -> bool:
    """Whether a server, of any machine, serves the database now. On SQLite that isn't known: False."""
    if db.engine().dialect.name == "sqlite":
        return False
    with db.engine().connect() as connection:
        return bool(_live(connection))


def resign() -> None:
    """Take back what this process said: for tests."""
    while _claims:
        _claims.pop().close()


def own_number() -> int:
    """This machine's number, of 31 bits; the last is 1 where it keeps pictures or payments for itself."""
    # Two folders on one machine are as far apart as two machines. A copied folder is on another kernel.
    kernel = BOOT_ID.read_text(encoding="utf-8") if BOOT_ID.exists() else f"{uuid.getnode()}"
    digest = hashlib.sha256(f"{kernel}{settings().folder_id}".encode()).digest()
    return (int.from_bytes(digest[:4], "big") >> 1 & ~1) | _kept_here()


def _live(connection: Connection) -> set[int]:
    return set(connection.execute(_HELD_BY, {"lock_class": LOCK_CLASS}).scalars())


def _kept_here() -> bool:
    return settings().media_bucket is None or settings().uses_sandbox


def _why() -> str:
    if settings().media_bucket is None:
        return "its pictures are kept in the data folder. Set SHOP_MEDIA_URL on all of them"
    if settings().uses_sandbox:
        return "its payments go to the built-in sandbox. Set STRIPE_SECRET_KEY on all of them"
    return (
        "that one keeps pictures or payments for itself. Set SHOP_MEDIA_URL and STRIPE_SECRET_KEY there too"
    )
