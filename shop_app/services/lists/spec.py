"""What a list of the back office is declared with: one frozen `ListSpec` for each kind of record.

A subject declares its list beside its queries, and the composition root offers it (`catalogue.offer`). Pages,
exports, saved views and bulk actions are all made from the declaration.

A filter's `sql(op, value)` is called with
  choice          op "is" or "not", value a tuple of the options' keys
  text            op "is", "starts" or "has", value a folded text
  number, amount  op "min" or "max" (both inclusive), value an int; amounts in minor units
  day             op "from" (inclusive) or "before" (exclusive), value an aware moment in UTC
  flag            op "is", value a bool
and answers with a condition on the columns of `source`. The makers below cover the usual columns.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from sqlalchemy import ColumnElement, FromClause, and_, false, func, not_, or_, select
from sqlmodel import Session

from ...core.access.principal import Principal
from ...core.errors import ShopError

Condition = ColumnElement[bool]
Tone = Literal["", "calm", "green", "amber", "coral", "blue"]
Kind = Literal["choice", "text", "number", "amount", "day", "flag"]
Sql = Callable[[str, Any], Condition]
Options = tuple[tuple[str, str], ...]
"""Key and label of each choice."""

OPS: dict[str, tuple[str, ...]] = {
    "choice": ("is", "not"),
    "text": ("is", "starts"),
    "number": ("min", "max"),
    "amount": ("min", "max"),
    "day": ("from", "to", "on", "last"),
    "flag": ("is",),
}
"""What a filter of each kind can be asked in the address; "has" of texts only where a filter says so."""


@dataclass(frozen=True, slots=True)
class Cell:
    """What one column shows of one record.

    tone    the tint of a badge; "" for plain text
    icon    the icon of a badge, a name of components/icon_paths.py
    href    where the text leads
    title   what is said on hover: the exact moment of "14:06"
    picture the address of a small picture before the text
    sub     a second, quieter line
    plain   what files have instead of the text: "80.70" for "€80.70"
    """

    text: str = ""
    tone: Tone = ""
    icon: str = ""
    href: str = ""
    title: str = ""
    picture: str = ""
    sub: str = ""
    plain: str = ""


@dataclass(frozen=True, slots=True)
class Row:
    """A record as its list shows it. `marks` are the data attributes that the list names in its `marks`."""

    id: int
    href: str = ""
    label: str = ""
    """How sentences and screen readers name it: "Order 1042"."""
    marks: Mapping[str, str] = field(default_factory=dict)
    cells: Mapping[str, Cell] = field(default_factory=dict)
    """By the column's key."""


@dataclass(frozen=True, slots=True)
class Column:
    """A column. `sort` is an SQL expression on `source` with an index (expression, key) behind it, or None.

    phone  where a phone's card has it; "" leaves it out there
    """

    key: str
    label: str
    sort: ColumnElement[Any] | None = None
    align: Literal["left", "right"] = "left"
    shown: bool = True
    phone: Literal["", "title", "end", "line", "badges"] = ""
    nullable: bool = True
    """Whether `sort` can be NULL; such records come last in either direction."""


@dataclass(frozen=True, slots=True)
class Filter:
    key: str
    label: str
    kind: Kind = "choice"
    sql: Sql = field(default=lambda _op, _value: and_(True))
    options: Options | Callable[[Session], Options] = ()
    ops: tuple[str, ...] = ()
    """Those of `OPS` where this is ()."""

    @property
    def known_ops(self) -> tuple[str, ...]:
        return self.ops or OPS[self.kind]


@dataclass(frozen=True, slots=True)
class Plan:
    """What a bulk action would do: how many records change, and which it skips, each with its reason."""

    will: tuple[int, ...] = ()
    """The ids of those that change."""
    skipped: tuple[tuple[int, str, str], ...] = ()
    """Id, label and reason."""


@dataclass(frozen=True, slots=True)
class Ask:
    """What a bulk action needs besides its records; its value comes to `run` as a text."""

    key: str
    label: str
    kind: Literal["line", "lines", "choice"] = "line"
    options: Options = ()
    hint: str = ""
    required: bool = True


Arguments = Mapping[str, str]


class Unchanged(ShopError):
    """A bulk action found nothing to do for this record; the message says why."""

    code = "unchanged"


@dataclass(frozen=True, slots=True)
class Action:
    """A bulk action.

    plan    `plan(session, ids, by)` -> Plan; reads only
    run     `run(session, id, by, arguments)`: changes one record inside a transaction of its own. A ShopError
            is the reason why this record was refused, `Unchanged` that there was nothing to do
    work    instead of `run`, for workflows: `await work(id, by, arguments, request_key)`; it may be called
            again with the same `request_key` after a crash, and has to do its work once
    check   `check(arguments)` raises Invalid where what was filled in can't be used, before anything runs
    opens   instead of both, for what changes nothing: an address with "{ids}" in it, opened in a new tab
    """

    key: str
    label: str
    icon: str
    needs: str
    plan: Callable[[Session, Sequence[int], Principal], Plan] | None = None
    """None: every record can take it, and those that can't are refused one by one."""
    run: Callable[[Session, int, Principal, Arguments], object] | None = None
    work: Callable[..., Any] | None = None
    ask: tuple[Ask, ...] = ()
    check: Callable[[Arguments], None] | None = None
    opens: str = ""
    danger: bool = False


@dataclass(frozen=True, slots=True)
class Tab:
    """A built-in view: `query` is the text after the question mark, "status=pending&sort=placed"."""

    key: str
    label: str
    query: str = ""


@dataclass(frozen=True, slots=True)
class Empty:
    """What a list says while there is nothing at all, and the first thing to do."""

    title: str = ""
    text: str = ""
    action: str = ""
    href: str = ""


@dataclass(frozen=True, slots=True)
class ListSpec:
    """A list of the back office.

    name      in addresses of exports, saved views and jobs; the page is at `path`, else at /admin/{name}
    one, many what its records are called in sentences, in lower case: "order", "orders"
    needs     the permission that reads it
    source    the table or join that it reads; `key` its unique 64-bit id
    search    `search(session, text)` -> condition, for the box above the list; None without one
    load      `load(session, ids, by)` -> the rows of these ids, by id, with a few queries for all of them
    amount    the column, in minor units, whose sum the head shows; `currency` gives its currency
    default_sort  a column's key, with "-" in front for the largest first
    marks     names of the data attributes of each row: ("data-testid", "data-number")
    where     what is left out of the list always, such as rows that aren't the staff's to see
    """

    name: str
    title: str
    one: str
    many: str
    needs: str
    source: FromClause
    key: ColumnElement[Any]
    columns: tuple[Column, ...]
    load: Callable[[Session, Sequence[int], Principal], Mapping[int, Row]]
    default_sort: str
    filters: tuple[Filter, ...] = ()
    search: Callable[[Session, str], Condition] | None = None
    search_hint: str = ""
    tabs: tuple[Tab, ...] = ()
    actions: tuple[Action, ...] = ()
    amount: ColumnElement[Any] | None = None
    currency: Callable[[Session], str] | None = None
    empty: Empty = Empty()
    marks: tuple[str, ...] = ()
    where: Condition | None = None
    path: str = ""

    @property
    def address(self) -> str:
        return self.path or f"/admin/{self.name}"

    def column(self, key: str) -> Column | None:
        return next((column for column in self.columns if column.key == key), None)

    def filter(self, key: str) -> Filter | None:
        return next((one for one in self.filters if one.key == key), None)

    def tab(self, key: str) -> Tab | None:
        return next((one for one in self.tabs if one.key == key), None)

    def action(self, key: str) -> Action | None:
        return next((one for one in self.actions if one.key == key), None)


# --- Makers of a filter's `sql` ---------------------------------------------------------------------


def choice(column: ColumnElement[Any]) -> Sql:
    """The column has one of the words, or none of them."""

    def sql(op: str, words: tuple[str, ...]) -> Condition:
        return column.in_(words) if op == "is" else column.not_in(words)

    return sql


def between(column: ColumnElement[Any]) -> Sql:
    """Numbers, amounts and moments; a record without any is in no range."""

    def sql(op: str, value: Any) -> Condition:
        if op in ("min", "from"):
            return column >= value
        return column <= value if op == "max" else column < value

    return sql


def words(column: ColumnElement[Any], *, folded: bool = False) -> Sql:
    """Texts; with `folded` the column is in lower case, and so is what is asked for."""

    def sql(op: str, value: str) -> Condition:
        value = value.lower() if folded else value
        if op == "starts":
            return starts_with(column, value)
        return column.contains(value, autoescape=True) if op == "has" else column == value

    return sql


def starts_with(column: ColumnElement[Any], value: str) -> Condition:
    """The column begins with the text: a range, which an index of either database serves."""
    return and_(column >= value, column < value + "\U0010ffff")


def one_of_conditions(op: str, conditions: Sequence[Condition]) -> Condition:
    """For choices that are no column's words: one of the conditions holds, or with "not" none of them."""
    some = or_(false(), *conditions)
    return some if op == "is" else not_(some)


def distinct(session: Session, column: ColumnElement[Any], most: int = 60) -> list[str]:
    """The words that a column with an index has, each found behind the one before, in any table quickly."""
    words: list[str] = []
    while len(words) < most:
        following = select(func.min(column)).where(column > (words[-1] if words else ""))
        word = session.connection().execute(following).scalar()
        if word is None:
            break
        words.append(word)
    return words


def flag(condition: Condition) -> Sql:
    """The condition holds, or it doesn't."""

    def sql(_op: str, value: bool) -> Condition:
        return condition if value else not_(func.coalesce(condition, False))

    return sql
