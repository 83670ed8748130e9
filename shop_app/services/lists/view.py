"""A list as its page shows it: rows, columns, chips, and every address that leads on from here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from sqlmodel import Session

from ...core import money
from ...core.access.principal import Principal
from ...core.i18n import _, plural
from ...core.shop import shop
from . import engine, query
from .chips import FilterShown, chip_of, shown_filters
from .query import ListQuery
from .spec import Cell, Column, ListSpec, Row

MAX_BLAMED = 6
"""Of so many filters each is asked whether it emptied the list."""


@dataclass(frozen=True, slots=True)
class CellShown:
    text: str = ""
    tone: str = ""
    icon: str = ""
    href: str = ""
    title: str = ""
    picture: str = ""
    sub: str = ""
    align: str = "left"
    place: str = ""
    label: str = ""
    """The column's, for cards."""
    is_first: bool = False
    """Whether it leads to the record."""


@dataclass(frozen=True, slots=True)
class RowShown:
    id: str = ""
    href: str = ""
    label: str = ""
    marks: dict[str, str] = field(default_factory=dict)
    cells: list[CellShown] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class ColumnShown:
    """A column's head. `href` sorts by it; `direction` is ascending or descending where it is the sort."""

    key: str = ""
    label: str = ""
    align: str = "left"
    place: str = ""
    href: str = ""
    direction: str = ""


@dataclass(frozen=True, slots=True)
class ColumnChoice:
    key: str = ""
    label: str = ""
    shown: bool = True


@dataclass(frozen=True, slots=True)
class TabShown:
    key: str = ""
    label: str = ""
    href: str = ""
    count: str = ""
    current: bool = False


@dataclass(frozen=True, slots=True)
class Blamed:
    """A filter without which the list wouldn't be empty."""

    chip: str = ""
    count: str = ""
    href: str = ""


@dataclass(frozen=True, slots=True)
class ListShown:
    rows: list[RowShown] = field(default_factory=list)
    columns: list[ColumnShown] = field(default_factory=list)
    choices: list[ColumnChoice] = field(default_factory=list)
    filters: list[FilterShown] = field(default_factory=list)
    text: str = ""
    density: str = "comfortable"
    count: str = ""
    """ "19 orders" """
    sum: str = ""
    matching: str = ""
    """How many there are in all pages: "19", "1,000+"."""
    can_take_all: bool = False
    """Whether there are more than those of this page."""
    previous_href: str = ""
    next_href: str = ""
    reset_href: str = ""
    export_csv_href: str = ""
    export_xlsx_href: str = ""
    is_limited: bool = False
    is_empty: bool = False
    blamed: list[Blamed] = field(default_factory=list)
    unread: list[str] = field(default_factory=list)
    address: str = ""
    """Of this page of the list, as it is written; a selection counts for it alone."""


def read(
    session: Session,
    spec: ListSpec,
    asked: ListQuery,
    by: Principal,
    *,
    columns: Sequence[str] = (),
    density: str = "",
) -> ListShown:
    """The page of a list that a query asks for; `columns` and `density` where the query names none.

    Errors  Forbidden without the list's permission.
    """
    by.need(spec.needs)
    total = engine.count(session, spec, asked)
    found = engine.page(session, spec, asked, total=total)
    shown = shown_columns(spec, asked.columns or columns)
    loaded = spec.load(session, found.ids, by) if found.ids else {}
    rows = [_row(loaded[id], shown) for id in found.ids if id in loaded]
    exported = query.text_of(replace(asked.first_page(), columns=tuple(one.key for one in shown), view=0))
    currency = spec.currency(session) if spec.currency else shop().currency
    return ListShown(
        rows=rows,
        columns=[_head(spec, asked, column) for column in shown],
        choices=_choices(spec, shown),
        filters=shown_filters(session, spec, asked, currency),
        text=asked.text,
        density=asked.density or density or "comfortable",
        count=counted(spec, total),
        sum=money.show(total.sum_minor, currency, shop().locale) if total.sum_minor is not None else "",
        matching=total.text,
        can_take_all=total.is_capped or total.count > len(rows),
        previous_href=query.address(spec, asked, after="", before=found.previous) if found.previous else "",
        next_href=query.address(spec, asked, before="", after=found.following) if found.following else "",
        reset_href=query.address(spec, asked, text="", filters=()),
        export_csv_href=f"/admin/export/{spec.name}.csv?{exported}",
        export_xlsx_href=f"/admin/export/{spec.name}.xlsx?{exported}",
        is_limited=asked.is_limited,
        is_empty=not rows,
        blamed=_blamed(session, spec, asked, currency) if not rows else [],
        unread=[
            *asked.unread,
            *([_("That page isn't there any more; this is another one.")] * found.is_lost),
        ],
        address=query.address(spec, asked),
    )


def again(session: Session, spec: ListSpec, shown: ListShown, by: Principal) -> ListShown:
    """The same page with its records as they are now; those that are gone are left out.

    Errors  Forbidden without the list's permission.
    """
    by.need(spec.needs)
    columns = shown_columns(spec, [column.key for column in shown.columns])
    loaded = spec.load(session, [int(row.id) for row in shown.rows], by) if shown.rows else {}
    rows = [_row(loaded[id], columns) for row in shown.rows if (id := int(row.id)) in loaded]
    return replace(shown, rows=rows)


def counted(spec: ListSpec, total: engine.Count) -> str:
    """ "19 orders", "1,000+ orders"."""
    return f"{total.text} {spec.one if total.count == 1 and not total.is_capped else spec.many}"


def tabs(session: Session, spec: ListSpec, asked: ListQuery, by: Principal) -> list[TabShown]:
    """The built-in views with their counts."""
    by.need(spec.needs)
    shown = []
    here = _same_list(asked) if not asked.view else None
    for tab in spec.tabs:
        wanted = query.read(spec, query.fields_of(tab.query))
        shown.append(
            TabShown(
                key=tab.key,
                label=tab.label,
                href=query.address(spec, wanted),
                count=engine.count(session, spec, wanted).text,
                current=here == _same_list(wanted),
            )
        )
    return shown


def _same_list(asked: ListQuery) -> tuple[object, ...]:
    """What two queries have to share to be one view: not how it is sorted or drawn."""
    return (asked.text, frozenset(asked.filters))


def shown_columns(spec: ListSpec, keys: Sequence[str]) -> list[Column]:
    """The columns with these keys in this order, else those that are shown unless someone chooses."""
    chosen = [column for key in keys if (column := spec.column(key))]
    return chosen or [column for column in spec.columns if column.shown]


def _choices(spec: ListSpec, shown: Sequence[Column]) -> list[ColumnChoice]:
    """Every column, those that are shown first and in their order."""
    rest = [column for column in spec.columns if column not in shown]
    return [ColumnChoice(column.key, column.label, column in shown) for column in [*shown, *rest]]


def _head(spec: ListSpec, asked: ListQuery, column: Column) -> ColumnShown:
    if column.sort is None:
        return ColumnShown(column.key, column.label, column.align, column.phone)
    now = asked.sort or spec.default_sort
    is_sort, descending = now.removeprefix("-") == column.key, now.startswith("-")
    # Amounts and moments begin with the largest, texts with A.
    first = (
        f"-{column.key}" if column.align == "right" or spec.default_sort == f"-{column.key}" else column.key
    )
    other = column.key if descending else f"-{column.key}"
    wanted = other if is_sort else first
    direction = ("descending" if descending else "ascending") if is_sort else ""
    href = query.address(spec, asked, sort="" if wanted == spec.default_sort else wanted)
    return ColumnShown(column.key, column.label, column.align, column.phone, href, direction)


def _row(row: Row, columns: Sequence[Column]) -> RowShown:
    cells = [
        _cell(row.cells.get(column.key, Cell()), column, row, at == 0) for at, column in enumerate(columns)
    ]
    return RowShown(str(row.id), row.href, row.label, _marks(row.marks), cells)


def _marks(marks: Mapping[str, str]) -> dict[str, str]:
    return dict(marks)


def _cell(cell: Cell, column: Column, row: Row, is_first: bool) -> CellShown:
    return CellShown(
        cell.text,
        cell.tone,
        cell.icon,
        cell.href or (row.href if is_first else ""),
        cell.title,
        cell.picture,
        cell.sub,
        column.align,
        column.phone,
        column.label if column.phone == "line" and column.align == "right" else "",
        is_first,
    )


def _blamed(session: Session, spec: ListSpec, asked: ListQuery, currency: str) -> list[Blamed]:
    """The filters without which there would be records, where the list is empty because of them."""
    blamed = []
    for one in asked.filters[:MAX_BLAMED]:
        without = asked.with_filter(one.key, ())
        left = engine.count(session, spec, without)
        if left.count:
            chip = chip_of(session, spec, one, currency)
            blamed.append(Blamed(chip, counted(spec, left), query.address(spec, without)))
    if asked.text and asked.filters:
        without = replace(asked.first_page(), text="")
        left = engine.count(session, spec, without)
        if left.count:
            words = _("Search: {text}").format(text=asked.text)
            blamed.append(Blamed(words, counted(spec, left), query.address(spec, without)))
    return blamed


def waiting(count: int) -> str:
    """ "3 new", "99+ new": what has come since the page was read."""
    return (
        _("{count}+ new").format(count=count) if count >= 99 else plural("{count} new", "{count} new", count)
    )
