"""Digests: what finds an erased person again in a backup from before, and says nothing about them else."""

from __future__ import annotations

import hmac
from collections.abc import Collection, Iterator
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlmodel import Session

from ...core.settings import settings
from ...models import Customer, Erasure, table_of
from .person import Person
from .tables import REGISTRY

_customer, _erasure = table_of(Customer), table_of(Erasure)
_ADDRESSES = ("email", "to_email")
Entry = tuple[datetime, tuple[str, ...]]
"""When somebody was erased, and their digests."""


def of(session: Session, person: Person) -> tuple[str, ...]:
    """The digests of a person: of the account first, where there is one."""
    statement = select(_customer.c.id, _customer.c.created_at).where(person.has_account(_customer.c.id))
    accounts = [_of_account(row) for row in session.connection().execute(statement)]
    return (*accounts, *(_keyed(email) for email in person.emails))


def listed(session: Session) -> list[Entry]:
    """Everybody who was erased, as far as this database knows."""
    rows = session.connection().execute(select(_erasure.c.at, _erasure.c.digests).order_by(_erasure.c.at))
    return [(row.at, tuple(row.digests)) for row in rows]


def note(session: Session, entries: Collection[Entry]) -> None:
    """Add to the list what it lacks."""
    there = set(listed(session))
    for at, digests in entries:
        if (at, digests) not in there:
            session.connection().execute(_erasure.insert(), {"at": at, "digests": list(digests)})


def matching(session: Session, wanted: Collection[str]) -> list[Person]:
    """The persons of these digests, as far as anything is kept about them."""
    wanted = set(wanted)
    run = session.connection().execute
    accounts = {
        row.id: row.email
        for row in run(select(_customer.c.id, _customer.c.created_at, _customer.c.email))
        if _of_account(row) in wanted
    }
    emails = {email for email in _emails(session) if _keyed(email) in wanted}
    ids = {email: id for id, email in accounts.items()}
    persons = [Person(id, (email,) if email in emails else ()) for id, email in accounts.items()]
    return [*persons, *(Person(0, (email,)) for email in sorted(emails - ids.keys()))]


def _emails(session: Session) -> Iterator[str]:
    """Every address in a personal column; some come more than once."""
    for declared in REGISTRY.tables.values():
        for name in set(_ADDRESSES) & set(declared.personal):
            column: Any = declared.table.c[name]
            yield from session.connection().execute(select(column).where(column != "").distinct()).scalars()


def _of_account(row: Any) -> str:
    return _keyed(f"account {row.id} of {int(row.created_at.timestamp())}")


def _keyed(text: str) -> str:
    return hmac.digest(settings().signing_key.encode(), b"erased:" + text.encode(), "sha256").hex()
