"""A person's words: what texts are searched for, in which somebody may have written about them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import String, cast, func, or_, select
from sqlmodel import Session

from ...models import Address, Cart, Customer, Order, ProviderEvent, table_of
from .declared import Declared
from .person import Person
from .tables import REGISTRY

SHORTEST = 6
"""Signs: what is shorter stands in other people's texts too."""
_customer, _address, _order = table_of(Customer), table_of(Address), table_of(Order)
_ONCE_APPLIED = {ProviderEvent.__tablename__: table_of(ProviderEvent).c.applied_at.is_not(None)}
"""An event that waits to be applied is still needed."""


@dataclass(frozen=True, slots=True)
class Words:
    """What identifies a person in a text: addresses, phone numbers, full names, streets."""

    emails: tuple[str, ...]
    all: tuple[str, ...]

    def are_in(self, text: str) -> bool:
        folded = text.casefold()
        return any(form in folded for word in self.all for form in _forms(word.casefold()))


Found = dict[str, list[dict[str, Any]]]
"""By table, the primary keys of rows with a person's words in them."""


def of(session: Session, person: Person) -> Words:
    """The words of a person, from their account, addresses and orders."""
    run, words = session.connection().execute, set(person.emails)
    for row in run(select(_customer.c.email, _customer.c.name).where(person.has_account(_customer.c.id))):
        words.update(row)
    for row in run(select(_address).where(person.has_account(_address.c.customer_id))):
        words.update(_of_address(row._mapping))
    columns = (_order.c.email, _order.c.phone, _order.c.ship_to, _order.c.bill_to)
    for row in run(select(*columns).where(person.either(_order))):
        words.update((row.email, row.phone, *_of_address(row.ship_to), *_of_address(row.bill_to)))
    return Words(person.emails, tuple(sorted(word for word in words if len(word) >= SHORTEST)))


def _of_address(address: Mapping[str, Any]) -> tuple[str, ...]:
    name = f"{address.get('given_name', '')} {address.get('family_name', '')}".strip()
    return (name, address.get("line1", ""), address.get("phone", ""))


def search(session: Session, words: Words) -> Found:
    """Every row in whose texts the words stand: reads whole tables, so not inside what others wait for."""
    searched = {name: declared for name, declared in REGISTRY.tables.items() if declared.written_in}
    found = {name: _rows(session, declared, _words_for(name, words)) for name, declared in searched.items()}
    return {name: rows for name, rows in found.items() if rows}


def _words_for(table: str, words: Words) -> tuple[str, ...]:
    """A cart is somebody's where their address stands in it; two people may have one name."""
    return words.emails if table == Cart.__tablename__ else words.all


def _rows(session: Session, declared: Declared, words: Iterable[str]) -> list[dict[str, Any]]:
    table = declared.table
    texts = [func.lower(cast(table.c[name], String)) for name in declared.written_in]
    forms = {form for word in words for form in _forms(word)}
    if not forms:
        return []
    hit = or_(*(text.contains(form, autoescape=True) for text in texts for form in forms))
    where = [hit, _ONCE_APPLIED[table.name]] if table.name in _ONCE_APPLIED else [hit]
    return [
        dict(row._mapping) for row in session.connection().execute(select(*table.primary_key).where(*where))
    ]


def _forms(word: str) -> set[str]:
    """A word as it may stand in a text, in JSON too, in small letters; SQLite folds those of ASCII alone."""
    return {
        form for text in (word, word.lower()) for form in (text.lower(), _ascii_small(text), _escaped(text))
    }


def _ascii_small(text: str) -> str:
    return "".join(sign.lower() if sign.isascii() else sign for sign in text)


def _escaped(text: str) -> str:
    return json.dumps(_ascii_small(text))[1:-1]


def without(value: Any, words: Words) -> Any:
    """A column's value without the texts that have one of the words in them."""
    if isinstance(value, str):
        return "" if words.are_in(value) else value
    if isinstance(value, dict):
        return {key: without(part, words) for key, part in value.items()}
    return [without(part, words) for part in value] if isinstance(value, list) else value


def scrub(session: Session, found: Found, words: Words, tables: Iterable[str]) -> None:
    """Take the words out of the texts that they were found in, as far as the rows are still there."""
    for name in tables:
        declared, run = REGISTRY.tables[name], session.connection().execute
        table = declared.table
        for key in found.get(name, ()):
            same = [table.c[column] == value for column, value in key.items()]
            row = run(select(*(table.c[column] for column in declared.written_in)).where(*same)).first()
            if row is not None:
                values = {column: without(value, words) for column, value in row._mapping.items()}
                run(table.update().where(*same).values(values))
