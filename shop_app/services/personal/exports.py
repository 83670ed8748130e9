"""Exports: files with everything about a customer: asked for, made in the background, fetched for a day."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import Select, or_, update
from sqlmodel import Session, col, select

from ...core import events
from ...core.access.principal import Principal
from ...core.clock import now
from ...core.dates import full_moment
from ...core.errors import Forbidden, NotFound
from ...core.i18n import _
from ...models import Customer, DataExport, table_of
from .. import outbox
from .person import Person
from .tables import REGISTRY

LASTS = timedelta(hours=24)
"""How long a file can be fetched; one that couldn't be made is given up after it too."""
CLAIMED_FOR = timedelta(minutes=2)
LETTER = "data_export"
_export = table_of(DataExport)


@dataclass(frozen=True, slots=True)
class ExportView:
    """A customer's file as their page shows it."""

    state: str = ""
    """ "", making or ready."""
    percent: int = 0
    href: str = ""
    size: str = ""
    until: str = ""


@dataclass(frozen=True, slots=True)
class ToMake:
    id: int
    customer_id: int
    token: str


@dataclass(frozen=True, slots=True)
class Part:
    """The rows of one table that are a person's."""

    name: str
    columns: tuple[str, ...]
    statement: Select[Any]


def ask(session: Session, by: Principal) -> None:
    """Have a file made for a customer; asking again while one is being made is asking once.

    A file that was ready is replaced.

    Errors  Forbidden for everybody but customers.
    """
    if by.kind != "customer":
        raise Forbidden(_("Sign in to do that."))
    # Locked, so that two tabs ask for one file.
    session.get_one(Customer, by.id, with_for_update=True)
    row = session.connection().execute(select(_export).where(_export.c.customer_id == by.id)).first()
    if row and row.ready_at is None and row.expires_at > now():
        return
    session.connection().execute(_export.delete().where(_export.c.customer_id == by.id))
    token, at = secrets.token_urlsafe(24), now()
    session.add(DataExport(customer_id=by.id, token=token, asked_at=at, expires_at=at + LASTS))
    session.flush()
    events.publish(session, events.DataExportMoved(by.id))


def claim(session: Session) -> ToMake | None:
    """The oldest file that nobody is making, claimed for two minutes."""
    at = now()
    is_free = or_(col(DataExport.claimed_until).is_(None), col(DataExport.claimed_until) < at)
    waiting = select(DataExport).where(
        col(DataExport.ready_at).is_(None), is_free, col(DataExport.expires_at) > at
    )
    wanted = waiting.order_by(col(DataExport.id)).limit(1).with_for_update(skip_locked=True)
    row = session.exec(wanted).first()
    if row is None:
        return None
    row.claimed_until = at + CLAIMED_FOR
    session.flush()
    assert row.id
    return ToMake(row.id, row.customer_id, row.token)


def got_on(session: Session, made: ToMake, percent: int) -> bool:
    """Note how much is written; False where it isn't wanted any more."""
    values = {"percent": percent, "claimed_until": now() + CLAIMED_FOR}
    return _changed(session, made, values)


def finish(session: Session, made: ToMake, size_bytes: int) -> bool:
    """The file can be fetched from now on, and its letter is written; False where nobody wants it now."""
    at = now()
    values = {"percent": 100, "size_bytes": size_bytes, "ready_at": at, "expires_at": at + LASTS}
    if not _changed(session, made, values):
        return False
    email = session.get_one(Customer, made.customer_id).email
    outbox.write(session, LETTER, email, f"{LETTER}:{made.id}", {"until": full_moment(at + LASTS)})
    return True


def _changed(session: Session, made: ToMake, values: dict[str, Any]) -> bool:
    still = (_export.c.id == made.id, _export.c.token == made.token)
    if not session.connection().execute(update(_export).where(*still).values(values)).rowcount:
        return False
    events.publish(session, events.DataExportMoved(made.customer_id))
    return True


def file_of(session: Session, by: Principal, token: str) -> str:
    """The name of a customer's own file.

    Errors  NotFound for another's, for one whose day is over, and for one that isn't ready: they look alike.
    """
    ready = (_export.c.ready_at.is_not(None), _export.c.expires_at > now())
    own = (_export.c.token == token, _export.c.customer_id == by.id)
    found = session.connection().execute(select(_export.c.token).where(*own, *ready)).scalar()
    if by.kind != "customer" or found is None:
        raise NotFound(_("This file isn't there any more. Files can be fetched for a day."))
    return found


def tokens(session: Session) -> set[str]:
    """The names of the files that somebody may still fetch."""
    return set(
        session.connection().execute(select(_export.c.token).where(_export.c.expires_at > now())).scalars()
    )


def view(session: Session, customer_id: int) -> ExportView:
    mine = (_export.c.customer_id == customer_id, _export.c.expires_at > now())
    row = session.connection().execute(select(_export).where(*mine)).first()
    if row is None:
        return ExportView()
    if row.ready_at is None:
        return ExportView("making", row.percent)
    size = _("{count} KB").format(count=f"{-(-row.size_bytes // 1024):,}")
    return ExportView("ready", 100, f"/account/data/{row.token}.zip", size, full_moment(row.expires_at))


def parts(person: Person) -> Iterator[Part]:
    """What an export has, a table each: every column of theirs but secrets and what is staff's."""
    for declared in REGISTRY.tables.values():
        if declared.file and declared.whose:
            columns = declared.shown
            statement = select(*columns).where(declared.whose(person)).order_by(*declared.table.primary_key)
            yield Part(declared.file, tuple(column.name for column in columns), statement)
