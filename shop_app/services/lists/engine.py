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

from sqlalchemy import ColumnElement, Select, TypeDecorator, func, literal_column, select, tuple_
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


def page(
    session: Session, spec: ListSpec, query: ListQuery, size: int = PAGE_SIZE, total: Count | None = None
) -> Ids:
    """The ids of the page that the query asks for, `size` at most; `total` is its count, where it is known.

    A place that can't be read, or that lies before everything, gives the first page, one behind everything
    the last.
    """
    some = _some(session, spec, query, total)
    place = _read_place(some.order, query.before or query.after)
    if place is None:
        rows = _range(session, some, None, size + 1)
        following = _place(rows[size - 1]) if len(rows) > size else ""
        return Ids(_ids(rows[:size]), "", following, bool(query.before or query.after))
    if query.before:
        return _page_before(session, some, place, size)
    rows = _range(session, some, place, size + 1)
    if not rows:
        # What was behind this place is gone: the last page instead.
        return replace(_page_before(session, some, place, size), is_lost=True)
    previous = _place(rows[0]) if _range_back(session, some, rows[0], 1) else ""
    following = _place(rows[size - 1]) if len(rows) > size else ""
    return Ids(_ids(rows[:size]), previous, following)


def _page_before(session: Session, some: _Some, place: _Place, size: int) -> Ids:
    rows = _range_back(session, some, place, size + 1)
    if len(rows) <= size:
        # The beginning: a whole page from there.
        rows = _range(session, some, None, size + 1)
        return Ids(_ids(rows[:size]), "", _place(rows[size - 1]) if len(rows) > size else "")
    shown = rows[:size][::-1]
    return Ids(_ids(shown), _place(shown[0]), _place(shown[-1]))


def all_ids(session: Session, spec: ListSpec, query: ListQuery, most: int = MAX_IDS) -> tuple[int, ...]:
    """The ids of all records of the query, in its order, `most` at most."""
    return _ids(_range(session, _some(session, spec, query, None), None, most))


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


@dataclass(frozen=True, slots=True)
class _Some:
    """Records that are read in an order: few of them by their filters, many by the order's index.

    No database chooses well between the two by itself: it doesn't know how many fit.
    """

    spec: ListSpec
    limits: tuple[Condition, ...]
    order: _Order
    are_few: bool

    def backwards(self) -> _Some:
        return replace(self, order=self.order.reversed())


def _some(session: Session, spec: ListSpec, query: ListQuery, total: Count | None) -> _Some:
    limits = where(spec, session, query)
    few = bool(limits) and not (total or count(session, spec, query)).is_capped
    if limits and not few and session.get_bind().dialect.name == "sqlite":
        # SQLite takes any range for a rare one unless it is told otherwise.
        limits = [func.likelihood(limit, literal_column("0.9375")) for limit in limits]
    return _Some(spec, tuple(limits), order_of(spec, query), few)


def _select(spec: ListSpec, columns: Sequence[Any], limits: Sequence[Condition]) -> Select[*tuple[Any, ...]]:
    return select(*columns).select_from(spec.source).where(*limits)


def _range(session: Session, some: _Some, place: _Place | None, most: int) -> list[_Place]:
    """So many records behind a place, or from the start: those with a value first, then those without."""
    if not some.order.nullable or some.order.by is some.order.key:
        return _part(session, some, place, most)
    rows: list[_Place] = []
    if place is None or place[0] is not None:
        rows = _part(session, some, place, most, has_value=True)
        place = None
    if len(rows) < most:
        rows += _part(session, some, place, most - len(rows), has_value=False)
    return rows


def _range_back(session: Session, some: _Some, place: _Place, most: int) -> list[_Place]:
    """So many records in front of a place, the nearest first."""
    back = some.backwards()
    if not some.order.nullable or some.order.by is some.order.key:
        return _part(session, back, place, most)
    rows: list[_Place] = []
    start: _Place | None = place
    if place[0] is None:
        rows = _part(session, back, place, most, has_value=False)
        start = None
    if len(rows) < most:
        rows += _part(session, back, start, most - len(rows), has_value=True)
    return rows


def _part(
    session: Session, some: _Some, place: _Place | None, most: int, *, has_value: bool | None = None
) -> list[_Place]:
    """A range of the records that have a value of the sort, that have none, or of all."""
    order = some.order
    statement = _select(some.spec, [order.by.label("value"), order.key.label("id")], some.limits)
    if some.are_few:
        # The limit keeps the two apart: first the few by their filters, then their order.
        inner = statement.limit(COUNT_CAP + 1).subquery()
        order = replace(order, by=inner.c.value, key=inner.c.id)
        statement = select(inner.c.value, inner.c.id)
    if has_value is not None:
        statement = statement.where(order.by.is_not(None) if has_value else order.by.is_(None))
    if has_value is False or some.order.by is some.order.key:
        order = replace(order, by=order.key)
    if place is not None:
        statement = statement.where(_behind(order, place))
    ends = [order.by, order.key] if order.by is not order.key else [order.key]
    statement = statement.order_by(*(end.desc() if order.descending else end.asc() for end in ends))
    found = session.connection().execute(statement.limit(most))
    return [(None if has_value is False else row.value, row.id) for row in found]


def _behind(order: _Order, place: _Place) -> Condition:
    if order.by is order.key:
        return order.key < place[1] if order.descending else order.key > place[1]
    here, there = tuple_(order.by, order.key), tuple_(*place, types=[order.by.type, order.key.type])
    return here < there if order.descending else here > there


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
        parts = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
        if not isinstance(parts, list) or len(parts) != 2:
            return None
        value, key = _value(order, parts[0]), parts[1]
    except (ValueError, RecursionError):
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
    if issubclass(kind, date) and isinstance(value, str):
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
