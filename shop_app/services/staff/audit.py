"""The audit log: who changed what, before and after; written with the change, never edited."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import insert
from sqlmodel import Session

from ...core.clock import now
from ...models import AuditEntry

_RECORD = insert(AuditEntry)


def record(
    session: Session,
    actor: str,
    action: str,
    object_kind: str,
    object_key: str,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
    *,
    staff_id: int | None = None,
) -> None:
    """Write one entry, with what differs between `before` and `after`; they must not contain secrets."""
    old, new = dict(before or {}), dict(after or {})
    same = {name for name in old.keys() & new.keys() if old[name] == new[name]}
    session.connection().execute(
        _RECORD,
        {
            "at": now(),
            "actor": actor[:200],
            "action": action,
            "object_kind": object_kind,
            "object_key": object_key[:255],
            "staff_id": staff_id,
            "before": {name: value for name, value in old.items() if name not in same},
            "after": {name: value for name, value in new.items() if name not in same},
        },
    )
