"""Idempotency keys, as Stripe keeps them: the first reply is replayed, other parameters are refused."""

from __future__ import annotations

import hashlib
import json
import secrets
from typing import Any

from .replies import Refused
from .store import Store, Tables, seconds

KEPT_SECONDS = 24 * 3600
ABANDONED_SECONDS = 90


def fingerprint(path: str, given: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps([path, given], sort_keys=True).encode()).hexdigest()


def claim(store: Store, key: str, mark: str) -> tuple[str, tuple[int, dict[str, Any]] | None]:
    """Take the key: returns a new owner's name, and the earlier reply if there is one.

    Errors  Refused for other parameters under the key (400), or while the first request runs (409).
    """
    owner = secrets.token_hex(8)
    with store.change() as tables:
        tables.execute("DELETE FROM idempotency WHERE at < ?", seconds() - KEPT_SECONDS)
        row = tables.execute(
            "SELECT fingerprint, at, status, reply FROM idempotency WHERE key = ?", key
        ).fetchone()
        if row and row[0] != mark:
            raise Refused(
                "Keys for idempotent requests can only be used with the same parameters they were first used"
                f" with. Try using a key other than '{key}' if you meant to execute a different request.",
                kind="idempotency_error",
            )
        if row and row[2] is not None:
            return owner, (row[2], json.loads(row[3]))
        if row and seconds() - row[1] < ABANDONED_SECONDS:
            raise Refused(
                f"There is currently another in-progress request using this Idempotent Key: {key}.",
                status=409,
                code="idempotency_key_in_use",
            )
        tables.execute(
            "INSERT OR REPLACE INTO idempotency (key, fingerprint, owner, at) VALUES (?, ?, ?, ?)",
            key,
            mark,
            owner,
            seconds(),
        )
    return owner, None


def keep(tables: Tables, key: str, owner: str, status: int, reply: dict[str, Any]) -> None:
    """Store the reply in the transaction of the operation itself.

    Errors  Refused where another request has taken the key over; the operation is then undone.
    """
    result = tables.execute(
        "UPDATE idempotency SET status = ?, reply = ? WHERE key = ? AND owner = ?",
        status,
        json.dumps(reply),
        key,
        owner,
    )
    if result.rowcount != 1:
        raise Refused("Another request uses this key.", status=409, code="idempotency_key_in_use")


def release(store: Store, key: str, owner: str) -> None:
    """Free a key whose request ended without a reply to keep."""
    with store.change() as tables:
        tables.execute("DELETE FROM idempotency WHERE key = ? AND owner = ? AND status IS NULL", key, owner)
