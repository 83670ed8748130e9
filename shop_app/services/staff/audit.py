"""The audit: who changed what, before and after, when and from where; written with the change.

Entries are only ever added: triggers in the database refuse everything else, except inside `erasing`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from sqlalchemy import delete, func, insert, select
from sqlmodel import Session

from ...core.access.origin import current_origin
from ...core.access.principal import Principal
from ...core.clock import now
from ...models import AuditEntry, AuditErasure, Staff, table_of
from .audit_words import AuditView, view_of

_entry, _staff = table_of(AuditEntry), table_of(Staff)
_RECORD = insert(AuditEntry)
_PERMISSION_OF_KIND = {
    "order": "orders.view",
    "return": "orders.view",
    "product": "products.view",
    "category": "products.view",
    "collection": "products.view",
    "variant": "inventory.view",
    "customer": "customers.view",
    "promotion": "discounts.edit",
    "credit": "credit.edit",
    "setting": "settings.view",
    "staff": "staff.view",
    "role": "staff.view",
}
"""What lets somebody read a record lets them read its history; every other kind needs audit.view."""
MOST = 200
"""Entries of one record that are shown."""


def record(
    session: Session,
    actor: str | Principal,
    action: str,
    object_kind: str,
    object_key: str,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
    *,
    staff_id: int | None = None,
) -> None:
    """Write one entry, with what differs between `before` and `after`; they must not contain secrets.

    actor  whoever did it, or their name in ledgers (`Principal.actor`), such as "system"

    Where it comes from is the origin of whoever runs this (`core/access/origin.py`).
    """
    old, new = dict(before or {}), dict(after or {})
    same = {name for name in old.keys() & new.keys() if old[name] == new[name]}
    if isinstance(actor, Principal):
        actor, staff_id = actor.actor, actor.id or None
    origin = current_origin()
    session.connection().execute(
        _RECORD,
        {
            "at": now(),
            "actor": actor[:200],
            "action": action,
            "object_kind": object_kind,
            "object_key": object_key[:255],
            "staff_id": staff_id or None,
            "before": {name: value for name, value in old.items() if name not in same},
            "after": {name: value for name, value in new.items() if name not in same},
            "origin": origin.kind,
            "address": origin.address,
        },
    )


def of_record(session: Session, kind: str, key: str, by: Principal) -> list[AuditView]:
    """The newest `MOST` entries about one record, the newest first.

    kind, key  as its commands give them to `record`

    Errors  MissingRight.
    """
    by.need(_PERMISSION_OF_KIND.get(kind, "audit.view"))
    about = (_entry.c.object_kind == kind, _entry.c.object_key == key)
    ids = select(_entry.c.id).where(*about).order_by(_entry.c.id.desc()).limit(MOST)
    return list(views(session, session.connection().execute(ids).scalars().all()).values())


def views(session: Session, ids: Any) -> dict[int, AuditView]:
    """The entries with these ids as people read them, the newest first."""
    entries = (
        select(_entry, _staff.c.name.label("staff_name"))
        .outerjoin(_staff, _staff.c.email == _actor_address())
        .where(_entry.c.id.in_(list(ids)))
        .order_by(_entry.c.id.desc())
    )
    return {row.id: view_of(row) for row in session.connection().execute(entries)}


def _actor_address() -> Any:
    """The e-mail address in an actor like "staff:ada@example.com"."""
    return func.substr(_entry.c.actor, len("staff:") + 1)


@contextmanager
def erasing(session: Session, reason: str) -> Iterator[None]:
    """Inside, this transaction may change and delete entries: for what is forgotten by its age or by law.

    This is the one way; it changes nothing for other transactions.
    """
    connection = session.connection()
    connection.execute(insert(AuditErasure).values(reason=reason))
    yield
    # Where something was raised, the transaction is undone, and the row with it.
    connection.execute(delete(AuditErasure))
