"""Reads a page of a list: a range by the sort's value and the id, never by counting rows from the start.

Records whose sort has no value come last in either direction, on both databases: they are a second range,
ordered by the id alone. Counts and sums stop at a cap.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, TypeDecorator, func, select, tuple_
from sqlalchemy.types import NullType
from sqlmodel import Session

from .query import ListQuery, conditions
from .spec import Condition, ListSpec

PAGE_SIZE = 50
COUNT_CAP = 1000
MAX_IDS = 10_000
"""So many records can be taken into one bulk action."""


@dataclass(frozen=True, slots=True)
class Ids:
    """A page of a list as ids; `previous` and `following` are the places of the pages around it, or ""."""

    ids: tuple[int, ...]
    previous: str = ""
    following: str = ""
    is_lost: bool = False
    """Whether there is no page at the asked place, and this is another one."""


@dataclass(frozen=True, slots=True)
class Count:
    """How many records there are, `COUNT_CAP` at most, and what they come to where none is left out."""

    count: int = 0
    is_capped: bool = False
    sum_minor: int | None = None

    @property
    def text(self) -> str:
        return f"{self.count:,}+" if self.is_capped else f"{self.count:,}"


@dataclass(frozen=True, slots=True)
class _Order:
    """The order of a list: by an expression, then by the key, both in one direction."""

    by: ColumnElement[Any]
    key: ColumnElement[Any]
    descending: bool
    nullable: bool

    def reversed(self) -> _Order:
        return replace(self, descending=not self.descending)


def where(spec: ListSpec, session: Session, query: ListQuery) -> list[Condition]:
    """Everything that limits which records there are."""
    limits = conditions(spec, query)
    if spec.where is not None:
        limits.append(spec.where)
    if query.text and spec.search:
        limits.append(spec.search(session, query.text))
    return limits


def page(session: Session, spec: ListSpec, query: ListQuery, size: int = PAGE_SIZE) -> Ids:
    """The ids of the page that the query asks for, `size` at most.

    A place that can't be read, or that lies before everything, gives the first page, one behind everything
    the last.
    """
    limits, order = where(spec, session, query), order_of(spec, query)
    place = _read_place(order, query.before or query.after)
    if place is None:
        rows = _range(session, spec, limits, order, None, size + 1)
        following = _place(rows[size - 1]) if len(rows) > size else ""
        return Ids(_ids(rows[:size]), "", following, bool(query.before or query.after))
    if query.before:
        return _page_before(session, spec, limits, order, place, size)
    rows = _range(session, spec, limits, order, place, size + 1)
    if not rows:
        # What was behind this place is gone: the last page instead.
        return replace(_page_before(session, spec, limits, order, place, size), is_lost=True)
    previous = _place(rows[0]) if _is_behind(session, spec, limits, order, rows[0]) else ""
    following = _place(rows[size - 1]) if len(rows) > size else ""
    return Ids(_ids(rows[:size]), previous, following)


def _page_before(
    session: Session, spec: ListSpec, limits: list[Condition], order: _Order, place: _Place, size: int
) -> Ids:
    rows = _range_back(session, spec, limits, order, place, size + 1)
    if len(rows) <= size:
        # The beginning: a whole page from there.
        rows = _range(session, spec, limits, order, None, size + 1)
        return Ids(_ids(rows[:size]), "", _place(rows[size - 1]) if len(rows) > size else "")
    shown = rows[:size][::-1]
    return Ids(_ids(shown), _place(shown[0]), _place(shown[-1]))


def all_ids(session: Session, spec: ListSpec, query: ListQuery, most: int = MAX_IDS) -> tuple[int, ...]:
    """The ids of all records of the query, in its order, `most` at most."""
    limits, order = where(spec, session, query), order_of(spec, query)
    return _ids(_range(session, spec, limits, order, None, most))


def count(session: Session, spec: ListSpec, query: ListQuery, *, cap: int = COUNT_CAP) -> Count:
    """How many records the query finds, and what they come to where the list has amounts."""
    columns = [spec.key.label("id"), *([spec.amount.label("amount")] if spec.amount is not None else [])]
    some = _select(spec, columns, where(spec, session, query)).limit(cap + 1).subquery()
    wanted = [func.count(), *([func.sum(some.c.amount)] if spec.amount is not None else [])]
    row = session.connection().execute(select(*wanted).select_from(some)).one()
    capped = row[0] > cap
    total = int(row[1] or 0) if spec.amount is not None and not capped else None
    return Count(min(row[0], cap), capped, total)


def newer_than(session: Session, spec: ListSpec, query: ListQuery, newest_id: int, *, cap: int = 99) -> int:
    """How many records that the query finds were added after the one with that id, `cap` at most."""
    limits = [*where(spec, session, query), spec.key > newest_id]
    some = _select(spec, [spec.key.label("id")], limits).limit(cap).subquery()
    return session.connection().execute(select(func.count()).select_from(some)).scalar_one()


def newest_id(session: Session, spec: ListSpec) -> int:
    """The largest id of the list's records, 0 where there is none."""
    newest = select(spec.key).select_from(spec.source).order_by(spec.key.desc()).limit(1)
    return session.connection().execute(newest).scalar() or 0


def order_of(spec: ListSpec, query: ListQuery) -> _Order:
    """The order that a query asks for, else the list's own."""
    wanted = query.sort or spec.default_sort
    column = spec.column(wanted.removeprefix("-"))
    if column is None or column.sort is None:
        raise ValueError(f"{spec.name}: {wanted} isn't a sort")
    return _Order(column.sort, spec.key, wanted.startswith("-"), column.nullable)


# --- Ranges -----------------------------------------------------------------------------------------

_Place = tuple[Any, int]
"""The sort's value and the id of a record; the value is None where it has none."""


def _select(spec: ListSpec, columns: Sequence[Any], limits: Sequence[Condition]) -> Select[*tuple[Any, ...]]:
    return select(*columns).select_from(spec.source).where(*limits)


def _range(
    session: Session,
    spec: ListSpec,
    limits: list[Condition],
    order: _Order,
    place: _Place | None,
    most: int,
) -> list[_Place]:
    """So many records behind a place, or from the start: those with a value first, then those without."""
    if not order.nullable or order.by is order.key:
        return _part(session, spec, limits, order, place, most)
    rows: list[_Place] = []
    if place is None or place[0] is not None:
        rows = _part(session, spec, [*limits, order.by.is_not(None)], order, place, most)
        place = None
    if len(rows) < most:
        without = [*limits, order.by.is_(None)]
        rows += _part(session, spec, without, _by_key(order), place, most - len(rows), has_value=False)
    return rows


def _range_back(
    session: Session, spec: ListSpec, limits: list[Condition], order: _Order, place: _Place, most: int
) -> list[_Place]:
    """So many records in front of a place, the nearest first."""
    back = order.reversed()
    if not order.nullable or order.by is order.key:
        return _part(session, spec, limits, back, place, most)
    rows: list[_Place] = []
    start: _Place | None = place
    if place[0] is None:
        without = [*limits, order.by.is_(None)]
        rows = _part(session, spec, without, _by_key(back), place, most, has_value=False)
        start = None
    if len(rows) < most:
        rows += _part(session, spec, [*limits, order.by.is_not(None)], back, start, most - len(rows))
    return rows


def _by_key(order: _Order) -> _Order:
    return replace(order, by=order.key)


def _part(
    session: Session,
    spec: ListSpec,
    limits: Sequence[Condition],
    order: _Order,
    place: _Place | None,
    most: int,
    *,
    has_value: bool = True,
) -> list[_Place]:
    statement = _select(spec, [order.by.label("value"), order.key.label("id")], limits)
    if place is not None:
        statement = statement.where(_behind(order, place))
    ends = [order.by, order.key] if order.by is not order.key else [order.key]
    statement = statement.order_by(*(end.desc() if order.descending else end.asc() for end in ends))
    found = session.connection().execute(statement.limit(most))
    return [(row.value if has_value else None, row.id) for row in found]


def _behind(order: _Order, place: _Place) -> Condition:
    if order.by is order.key:
        return order.key < place[1] if order.descending else order.key > place[1]
    here, there = tuple_(order.by, order.key), tuple_(*place, types=[order.by.type, order.key.type])
    return here < there if order.descending else here > there


def _is_behind(
    session: Session, spec: ListSpec, limits: list[Condition], order: _Order, first: _Place
) -> bool:
    """Whether there is a record in front of this one."""
    return bool(_range_back(session, spec, limits, order, first, 1))


def _ids(rows: Sequence[_Place]) -> tuple[int, ...]:
    return tuple(row[1] for row in rows)


# --- Places as texts --------------------------------------------------------------------------------


def _place(row: _Place) -> str:
    value, key = row
    if isinstance(value, datetime | date):
        value = value.isoformat()
    return (
        base64.urlsafe_b64encode(json.dumps([value, key], ensure_ascii=False).encode()).decode().rstrip("=")
    )


def _read_place(order: _Order, text: str) -> _Place | None:
    """The place that a text stands for; None where it is none, or of another sort."""
    try:
        value, key = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
        value = _value(order, value)
    except (ValueError, TypeError, RecursionError, NotImplementedError):
        return None
    is_key = type(key) is int and 0 <= key < 2**63
    return (value, key) if is_key else None


def _python_type(column: ColumnElement[Any]) -> type[Any]:
    kind = column.type
    if isinstance(kind, TypeDecorator):
        kind = kind.impl_instance
    return str if isinstance(kind, NullType) else kind.python_type


def _value(order: _Order, value: Any) -> Any:
    """The sort's value as the database compares it.

    Errors  ValueError for one that it doesn't have.
    """
    if value is None and order.nullable:
        return None
    kind = _python_type(order.by)
    if issubclass(kind, date):
        value = kind.fromisoformat(value)
    if type(value) is not kind:
        raise ValueError("of another type")
    if isinstance(value, str) and ("\x00" in value or not value.isascii() and not value.encode()):
        raise ValueError("not a text for a database")
    if isinstance(value, int) and abs(value) >= 2**63:
        raise ValueError("too large")
    if isinstance(value, datetime) and value.tzinfo is None:
        raise ValueError("without a zone")
    return value
