"""The sandbox's database: its objects, events, deliveries, idempotency keys and faults in one SQLite file."""

from __future__ import annotations

import json
import secrets
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ..core import own_files
from ..core.clock import now

SCHEMA = """
CREATE TABLE IF NOT EXISTS thing (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT UNIQUE NOT NULL, kind TEXT NOT NULL,
    parent TEXT NOT NULL DEFAULT '', public TEXT NOT NULL, private TEXT NOT NULL DEFAULT '{}');
CREATE INDEX IF NOT EXISTS ix_thing_kind ON thing (kind, parent, seq);
CREATE TABLE IF NOT EXISTS idempotency (
    key TEXT PRIMARY KEY, fingerprint TEXT NOT NULL, owner TEXT NOT NULL, at REAL NOT NULL,
    status INTEGER, reply TEXT);
CREATE TABLE IF NOT EXISTS delivery (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, event_id TEXT NOT NULL, forged INTEGER NOT NULL DEFAULT 0,
    next_try_at REAL NOT NULL, attempts INTEGER NOT NULL DEFAULT 0, last_status INTEGER,
    delivered_at REAL, gone_at REAL);
CREATE INDEX IF NOT EXISTS ix_delivery_due ON delivery (next_try_at) WHERE delivered_at IS NULL;
CREATE TABLE IF NOT EXISTS note (name TEXT PRIMARY KEY, value TEXT NOT NULL);
"""


def new_id(prefix: str) -> str:
    """An id like Stripe's, cs_test_…, pi_…, evt_…; a session's is the secret of its payment page."""
    return f"{prefix}_{secrets.token_hex(14 if prefix != 'cs_test' else 28)}"


class Tables:
    """What can be read and written inside one transaction."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._db = connection

    def execute(self, sql: str, *values: Any) -> sqlite3.Cursor:
        return self._db.execute(sql, values)

    def get(self, kind: str, id: str) -> dict[str, Any] | None:
        row = self.execute("SELECT public FROM thing WHERE id = ? AND kind = ?", id, kind).fetchone()
        return json.loads(row[0]) if row else None

    def private(self, id: str) -> dict[str, Any]:
        row = self.execute("SELECT private FROM thing WHERE id = ?", id).fetchone()
        return json.loads(row[0]) if row else {}

    def put(
        self, item: dict[str, Any], *, parent: str = "", private: dict[str, Any] | None = None
    ) -> dict[str, Any]:
        """Store an object, new or changed; `parent` and `private` are only stored with a new one."""
        self.execute(
            "INSERT INTO thing (id, kind, parent, public, private) VALUES (?, ?, ?, ?, ?)"
            " ON CONFLICT (id) DO UPDATE SET public = excluded.public",
            item["id"],
            item["object"],
            parent,
            json.dumps(item),
            json.dumps(private or {}),
        )
        return item

    def newest(
        self, kind: str, *, limit: int, parent: str = "", after: str = "", before: str = ""
    ) -> list[dict[str, Any]]:
        """At most `limit` objects, newest first: those older than `after`, or newer than `before`."""
        sql, values = "SELECT public FROM thing WHERE kind = ?", [kind]
        if parent:
            sql, values = sql + " AND parent = ?", [*values, parent]
        for id, sign in ((after, "<"), (before, ">")):
            if id:
                sql += f" AND seq {sign} (SELECT seq FROM thing WHERE id = ?)"
                values.append(id)
        order = "ASC" if before else "DESC"
        rows = self.execute(f"{sql} ORDER BY seq {order} LIMIT {int(limit)}", *values).fetchall()
        items = [json.loads(row[0]) for row in rows]
        return items[::-1] if before else items

    def note(self, name: str) -> Any:
        row = self.execute("SELECT value FROM note WHERE name = ?", name).fetchone()
        return json.loads(row[0]) if row else None

    def keep_note(self, name: str, value: Any) -> None:
        self.execute("INSERT OR REPLACE INTO note (name, value) VALUES (?, ?)", name, json.dumps(value))


class Store:
    """The file; it survives a restart, and several processes may share it."""

    def __init__(self, path: Path) -> None:
        own_files.folder(path.parent)
        self._path = path
        self._local = threading.local()
        with self.change() as tables:
            # Their requests ended with the last process, and their operations were undone.
            tables.execute("DELETE FROM idempotency WHERE status IS NULL")

    def _connection(self) -> sqlite3.Connection:
        if not hasattr(self._local, "db"):
            db = sqlite3.connect(self._path, isolation_level=None, timeout=10)
            db.execute("PRAGMA journal_mode=WAL")
            db.execute("PRAGMA synchronous=NORMAL")
            db.executescript(SCHEMA)
            self._local.db = db
        return self._local.db

    @contextmanager
    def change(self) -> Iterator[Tables]:
        """One transaction: all of it, or nothing."""
        db = self._connection()
        db.execute("BEGIN IMMEDIATE")
        try:
            yield Tables(db)
        except BaseException:
            db.execute("ROLLBACK")
            raise
        db.execute("COMMIT")

    @contextmanager
    def reading(self) -> Iterator[Tables]:
        yield Tables(self._connection())


def seconds() -> float:
    """The current time in seconds since 1970, by the shop's clock."""
    return now().timestamp()
